//! Data keys of KMS, for code that is not asynchronous: the state is read and written by threads that block.
//!
//! Each question is asked by a thread with a small runtime of its own, so that it makes no difference whether the
//! caller stands inside of a runtime or outside. There are few: one new key for a run, and one for each key that what
//! is read was sealed with.

use std::collections::HashMap;
use std::fmt::Debug;
use std::thread;

use age::secrecy::SecretBox;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use zeroize::Zeroize as _;

use crate::aws::connect::{configuration, first_call_retries};
use crate::aws::{Error, ErrorKind};

/// The bytes of a data key.
pub const DATA_KEY_BYTES: usize = 32;

/// A key that data is sealed with; it is wiped from memory when it goes.
pub type PlainKey = SecretBox<[u8; DATA_KEY_BYTES]>;

/// A data key as it may lie beside what it has sealed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WrappedKey {
    /// The ARN of the key of KMS that can open it.
    pub key_arn: String,
    /// The stack that it was made for: KMS gives it out for no other.
    pub stack: String,
    pub bytes: Vec<u8>,
}

/// A new data key.
#[derive(Debug)]
pub struct DataKey {
    pub plain: PlainKey,
    pub wrapped: WrappedKey,
}

/// What makes and opens data keys.
pub trait KeyService: Debug + Send + Sync {
    /// A data key for `stack` under the key `key_id`: an id, an ARN or an alias.
    fn new_data_key(&self, key_id: &str, stack: &str) -> Result<DataKey, Error>;

    fn open_data_key(&self, wrapped: &WrappedKey) -> Result<PlainKey, Error>;
}

/// KMS itself.
#[derive(Clone, Debug, Default)]
pub struct Kms {
    /// Of a key that is not named by its ARN; absent, the environment's.
    pub region: Option<String>,
}

impl KeyService for Kms {
    fn new_data_key(&self, key_id: &str, stack: &str) -> Result<DataKey, Error> {
        const OPERATION: &str = "kms:GenerateDataKey";
        let (region, key_id, stack) = (self.region_of(key_id), key_id.to_owned(), stack.to_owned());
        blocking(OPERATION, async move {
            let request = client(region.as_deref()).await.generate_data_key().key_id(key_id);
            let request = request.key_spec(DataKeySpec::Aes256).set_encryption_context(Some(context(&stack)));
            let answer = request.send().await.map_err(|error| Error::from_sdk(OPERATION, error))?;
            let plain = answer.plaintext.map(|blob| plain_key(OPERATION, blob)).transpose()?;
            match (plain, answer.ciphertext_blob, answer.key_id) {
                (Some(plain), Some(bytes), Some(key_arn)) => {
                    Ok(DataKey { plain, wrapped: WrappedKey { key_arn, stack, bytes: bytes.into_inner() } })
                }
                _ => Err(Error::new(OPERATION, ErrorKind::Bug, "AWS answered without a whole key")),
            }
        })
    }

    fn open_data_key(&self, wrapped: &WrappedKey) -> Result<PlainKey, Error> {
        const OPERATION: &str = "kms:Decrypt";
        let (region, WrappedKey { key_arn, stack, bytes }) = (self.region_of(&wrapped.key_arn), wrapped.clone());
        blocking(OPERATION, async move {
            let request = client(region.as_deref()).await.decrypt().key_id(key_arn).ciphertext_blob(Blob::new(bytes));
            let request = request.set_encryption_context(Some(context(&stack)));
            let answer = request.send().await.map_err(|error| Error::from_sdk(OPERATION, error))?;
            let plain = answer.plaintext.ok_or_else(|| Error::new(OPERATION, ErrorKind::Bug, "AWS answered without a key"))?;
            plain_key(OPERATION, plain)
        })
    }
}

impl Kms {
    /// `arn:aws:kms:REGION:…`, or what else counts.
    fn region_of(&self, key_id: &str) -> Option<String> {
        let of_arn = key_id.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2)).filter(|region| !region.is_empty());
        of_arn.map(str::to_owned).or_else(|| self.region.clone())
    }
}

/// What KMS holds a data key to: it gives it out only to who names the same stack, and writes that into its log.
fn context(stack: &str) -> HashMap<String, String> {
    [("stepwright:stack".to_owned(), stack.to_owned())].into()
}

async fn client(region: Option<&str>) -> aws_sdk_kms::Client {
    let config = configuration(region).await;
    aws_sdk_kms::Client::from_conf(aws_sdk_kms::config::Builder::from(&config).retry_config(first_call_retries()).build())
}

fn plain_key(operation: &'static str, blob: Blob) -> Result<PlainKey, Error> {
    let mut bytes = blob.into_inner();
    let key = <Box<[u8; DATA_KEY_BYTES]>>::try_from(bytes.clone().into_boxed_slice());
    bytes.zeroize();
    match key {
        Ok(key) => Ok(SecretBox::new(key)),
        Err(mut odd) => {
            odd.zeroize();
            Err(Error::new(operation, ErrorKind::Bug, format!("AWS answered with a key that is not {DATA_KEY_BYTES} bytes long")))
        }
    }
}

/// The outcome of `future`, waited for by a thread with a runtime of its own.
fn blocking<T: Send + 'static>(
    operation: &'static str,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let broken = |why: String| Error::new(operation, ErrorKind::Unanswered, why);
    let thread = thread::Builder::new().name("kms".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| Error::new(operation, ErrorKind::Unanswered, error.to_string()))?.block_on(future)
    });
    let thread = thread.map_err(|error| broken(format!("no thread to ask with: {error}")))?;
    thread.join().unwrap_or_else(|_| Err(broken("the thread that asked has ended early".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_in_its_own_region() {
        let kms = Kms { region: Some("eu-central-1".to_owned()) };
        for (key, region) in [
            ("arn:aws:kms:us-west-2:123456789012:key/k", "us-west-2"),
            ("alias/state", "eu-central-1"),
            ("1234abcd", "eu-central-1"),
            ("arn:aws:kms", "eu-central-1"),
        ] {
            assert_eq!(kms.region_of(key).as_deref(), Some(region), "{key}");
        }
    }
}
