//! The calls to S3, from code that is not asynchronous.
//!
//! The client has a small runtime of its own: a state is read and written by ordinary functions, as on a disk, and the
//! heartbeat of the lock goes on whatever the rest of the process does.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RequestChecksumCalculation, ResponseChecksumValidation, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::runtime::Runtime;

use crate::aws;
use crate::state::StateError;
use crate::state::s3::S3Location;

/// The objects of one bucket.
#[derive(Debug)]
pub struct Client {
    runtime: Background,
    s3: aws_sdk_s3::Client,
    /// The same with less patience, until the store has answered once: a wrong endpoint is to be told in seconds.
    first: aws_sdk_s3::Client,
    has_answered: Arc<AtomicBool>,
    bucket: String,
    kms_key_id: Option<String>,
}

/// A runtime that does not wait for its threads when it is dropped, which is forbidden within another runtime.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[derive(Debug)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub etag: String,
    pub modified_at: Option<Timestamp>,
    /// How old it is by the store's own clock.
    pub age: Duration,
}

/// What must be so for a write to take effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is no such object.
    Absent,
    /// Its ETag is this.
    Is(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written, and has this ETag.
    Written(String),
    /// The condition did not hold.
    Refused,
}

/// How often a write is tried again that met another one.
const CONFLICTS: u32 = 8;

impl Client {
    /// By the configuration of the environment.
    pub fn new(location: &S3Location) -> Result<Self, StateError> {
        let region = location.region.clone();
        Self::with(location, async move { aws::configuration(region.as_deref()).await })
    }

    /// By `configuration`.
    pub fn with(
        location: &S3Location,
        configuration: impl Future<Output = SdkConfig> + Send + 'static,
    ) -> Result<Self, StateError> {
        let path = location.url();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("state-store").enable_all().build();
        let runtime = runtime.map_err(|source| StateError::Io { action: "start a thread for", path: path.clone(), source })?;
        let runtime = Background(Some(runtime));
        let Some(config) = wait(&runtime, configuration) else {
            let source = std::io::Error::other("the AWS configuration could not be read");
            return Err(StateError::Io { action: "reach", path, source });
        };
        if config.region().is_none() {
            let source = aws::Error::new("s3:GetObject", aws::ErrorKind::Refused, "no region is set")
                .help("set `region` in [state.s3], AWS_REGION, or `region` in the AWS profile");
            return Err(StateError::Remote { action: "reach", path, source: Box::new(source) });
        }
        let credentials = config.clone();
        let missing = wait(&runtime, async move { aws::missing_credentials(&credentials).await });
        let failed = |source| StateError::Remote { action: "reach", path: path.clone(), source: Box::new(source) };
        if let Some(reason) = missing.transpose().map_err(failed)?.flatten() {
            let source = aws::Error::new("s3:GetObject", aws::ErrorKind::Credentials, reason)
                .help("set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in (`aws sso login`)");
            return Err(failed(source));
        }
        let mut builder = aws_sdk_s3::config::Builder::from(&config)
            .behavior_version(BehaviorVersion::latest())
            // Each part has its own checksum; the newer ones of S3 are unknown to many other stores.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        // The name of a bucket as a host name is a habit of AWS's own.
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if location.endpoint.is_some() || config.endpoint_url().is_some() || is_set("AWS_ENDPOINT_URL_S3") {
            builder = builder.force_path_style(true);
        }
        if let Some(endpoint) = &location.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        let s3 = aws_sdk_s3::Client::from_conf(builder.clone().build());
        let first = aws_sdk_s3::Client::from_conf(builder.retry_config(aws::first_call_retries()).build());
        let (bucket, kms_key_id) = (location.bucket.clone(), location.kms_key_id.clone());
        Ok(Self { runtime, s3, first, has_answered: Arc::default(), bucket, kms_key_id })
    }

    /// `s3://BUCKET/key`, which errors name.
    pub fn url(&self, key: &str) -> PathBuf {
        PathBuf::from(format!("s3://{}/{key}", self.bucket))
    }

    /// Runs `task` beside everything else.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Option<tokio::task::JoinHandle<()>> {
        Some(self.runtime.0.as_ref()?.spawn(task))
    }

    pub fn get(&self, key: &str) -> Result<Option<Object>, StateError> {
        self.block("read", key, self.get_later(key))
    }

    /// The same, to be awaited.
    pub fn get_later(&self, key: &str) -> impl Future<Output = Result<Option<Object>, aws::Error>> + Send + 'static + use<> {
        let has_answered = self.has_answered.clone();
        let s3 = if has_answered.load(Ordering::Relaxed) { self.s3.clone() } else { self.first.clone() };
        let call = get(s3, self.bucket.clone(), key.to_owned());
        async move { call.await.inspect(|_| has_answered.store(true, Ordering::Relaxed)) }
    }

    /// Writes the object if `condition` holds. One whose answer was lost is recognised by its content, which must
    /// therefore be like that of no other write.
    pub fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<Put, StateError> {
        self.block("write", key, self.put_later(key, bytes, condition))
    }

    /// The same, to be awaited.
    pub fn put_later(
        &self,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> impl Future<Output = Result<Put, aws::Error>> + Send + 'static + use<> {
        let (s3, bucket, key, kms_key_id) = (self.s3.clone(), self.bucket.clone(), key.to_owned(), self.kms_key_id.clone());
        async move {
            match put(&s3, (&bucket, &key), &bytes, &condition, kms_key_id).await {
                Ok(Put::Written(etag)) => Ok(Put::Written(etag)),
                // An answer that was lost on the way makes the repetition of the call fail.
                Ok(Put::Refused) => match get(s3, bucket, key).await? {
                    Some(found) if found.bytes == bytes => Ok(Put::Written(found.etag)),
                    _ => Ok(Put::Refused),
                },
                Err(error) => match get(s3, bucket, key).await {
                    Ok(Some(found)) if found.bytes == bytes => Ok(Put::Written(found.etag)),
                    _ => Err(error),
                },
            }
        }
    }

    /// Whether the plain answer to a write with `condition` is that it was refused.
    pub fn refuses(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<bool, StateError> {
        let (s3, bucket, name, kms_key_id) = (self.s3.clone(), self.bucket.clone(), key.to_owned(), self.kms_key_id.clone());
        let call = async move { put(&s3, (&bucket, &name), &bytes, &condition, kms_key_id).await };
        Ok(self.block("write", key, call)? == Put::Refused)
    }

    /// Removes the object; it may be gone already.
    pub fn delete(&self, key: &str) -> Result<(), StateError> {
        let (s3, bucket, name) = (self.s3.clone(), self.bucket.clone(), key.to_owned());
        let call = async move {
            let deleted = s3.delete_object().bucket(bucket).key(name).send().await;
            deleted.map(|_| ()).map_err(|error| described("s3:DeleteObject", error))
        };
        self.block("remove", key, call)
    }

    /// The keys that begin with `prefix`.
    pub fn list(&self, prefix: &str) -> Result<Vec<String>, StateError> {
        Ok(self.list_with_times(prefix)?.into_iter().map(|(key, _)| key).collect())
    }

    /// The same, and when each was written, in seconds since 1970.
    pub fn list_with_times(&self, prefix: &str) -> Result<Vec<(String, i64)>, StateError> {
        let (s3, bucket, begin) = (self.s3.clone(), self.bucket.clone(), prefix.to_owned());
        let call = async move {
            let mut pages = s3.list_objects_v2().bucket(bucket).prefix(begin).into_paginator().send();
            let mut keys = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| described("s3:ListBucket", error))?;
                let times = |object: &aws_sdk_s3::types::Object| {
                    Some((object.key()?.to_owned(), object.last_modified().map_or(0, aws_sdk_s3::primitives::DateTime::secs)))
                };
                keys.extend(page.contents().iter().filter_map(times));
            }
            Ok(keys)
        };
        self.block("list", prefix, call)
    }

    fn block<T: Send + 'static>(
        &self,
        action: &'static str,
        key: &str,
        call: impl Future<Output = Result<T, aws::Error>> + Send + 'static,
    ) -> Result<T, StateError> {
        let answer = wait(&self.runtime, call);
        let bug = || Err(aws::Error::new("s3:Call", aws::ErrorKind::Bug, "the call broke down"));
        let failed = |source| StateError::Remote { action, path: self.url(key), source: Box::new(source) };
        answer.unwrap_or_else(bug).map_err(failed)
    }
}

/// What `future` comes to on `runtime`, from within another runtime or none; `None` if it panicked.
fn wait<T: Send + 'static>(runtime: &Background, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (sender, receiver) = std::sync::mpsc::channel();
    runtime.0.as_ref()?.spawn(async move {
        // Nobody waits for it any more only where the process ends.
        let _ = sender.send(future.await);
    });
    receiver.recv().ok()
}

async fn get(s3: aws_sdk_s3::Client, bucket: String, key: String) -> Result<Option<Object>, aws::Error> {
    let date = ServerDate::default();
    let call = s3.get_object().bucket(bucket).key(key).customize().interceptor(date.clone());
    let found = match call.send().await {
        Ok(found) => found,
        Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
        Err(error) => return Err(described("s3:GetObject", error)),
    };
    let timestamp = |at: &aws_sdk_s3::primitives::DateTime| Timestamp::new(at.secs(), 0).ok();
    let (etag, modified_at) = (found.e_tag().unwrap_or_default().to_owned(), found.last_modified().and_then(timestamp));
    let cut = |error: &dyn std::error::Error| {
        aws::Error::new("s3:GetObject", aws::ErrorKind::Unanswered, format!("the answer ended in the middle: {error}"))
    };
    let bytes = found.body.collect().await.map_err(|error| cut(&error))?.to_vec();
    let age = modified_at.map(|modified_at| date.get().duration_since(modified_at));
    let age = age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
    Ok(Some(Object { bytes, etag, modified_at, age }))
}

async fn put(
    s3: &aws_sdk_s3::Client,
    (bucket, key): (&str, &str),
    bytes: &[u8],
    condition: &Condition,
    kms_key_id: Option<String>,
) -> Result<Put, aws::Error> {
    for attempt in 0.. {
        let call =
            s3.put_object().bucket(bucket).key(key).content_type("application/json").body(ByteStream::from(bytes.to_vec()));
        let call = match condition {
            Condition::Absent => call.if_none_match("*"),
            Condition::Is(etag) => call.if_match(etag),
        };
        let call = match &kms_key_id {
            Some(id) => call.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(id),
            None => call,
        };
        let error = match call.send().await {
            Ok(written) => return Ok(Put::Written(written.e_tag().unwrap_or_default().to_owned())),
            Err(error) => error,
        };
        let status = error.raw_response().map(|response| response.status().as_u16());
        let is_gone = error.code() == Some("NoSuchKey") && matches!(condition, Condition::Is(_));
        if status == Some(412) || is_gone {
            return Ok(Put::Refused);
        }
        // S3 answers so where two conditional writes meet, and wants the call again.
        if error.code() != Some("ConditionalRequestConflict") || attempt == CONFLICTS {
            return Err(described("s3:PutObject", error));
        }
        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
    }
    Ok(Put::Refused)
}

fn described<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> aws::Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let error = aws::Error::from_sdk(operation, error);
    match (error.kind, error.code.as_deref()) {
        // S3 hides that an object is missing from those who may not list.
        (aws::ErrorKind::AccessDenied, _) if operation == "s3:GetObject" => {
            error.help("and s3:ListBucket on the bucket, without which S3 refuses to say that an object is missing")
        }
        (_, Some("NoSuchBucket")) => error.help("create the bucket first, with versioning: stepwright does not make it"),
        _ => error,
    }
}

/// What the store's clock said in its answer; ours, where it says nothing.
#[derive(Clone, Debug, Default)]
struct ServerDate(Arc<Mutex<Option<Timestamp>>>);

impl ServerDate {
    fn get(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(Timestamp::now)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for ServerDate {
    fn name(&self) -> &'static str {
        "ServerDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(|date| rfc2822::parse(date).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date.map(|date| date.timestamp());
        Ok(())
    }
}
