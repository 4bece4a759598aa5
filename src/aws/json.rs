//! Requests and answers as JSON, past the typed structs of the SDK.
//!
//! A spec is spelt by the API's own member names, so its request is the spec by one rule of case
//! ([`crate::schema::wire`]). Going through the SDK's builders instead would name each of a task
//! definition's 129 members twice more, once in each direction, and would drop those that an SDK of
//! last month does not know yet. Signing, retries, endpoints and errors remain the SDK's.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value as Json;

use crate::aws::{Error, ErrorKind};

/// An interceptor that sends a body of ours and keeps the body of the answer.
///
/// ```text
/// let exchange = JsonExchange::sending(&request);
/// client.register_task_definition().customize().interceptor(exchange.clone()).send().await?;
/// let answer = exchange.answer("ecs:RegisterTaskDefinition")?;
/// ```
#[derive(Clone, Default)]
pub struct JsonExchange {
    request: Option<String>,
    answer: Arc<Mutex<Option<Vec<u8>>>>,
}

/// What the SDK logs of a client it logs of its interceptors too, and both bodies may hold secrets.
impl fmt::Debug for JsonExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonExchange").finish_non_exhaustive()
    }
}

impl JsonExchange {
    /// Replaces the request's body by `request`.
    pub fn sending(request: &Json) -> Self {
        Self { request: Some(request.to_string()), ..Self::default() }
    }

    /// Leaves the request as it is.
    pub fn listening() -> Self {
        Self::default()
    }

    /// The answer to the last attempt.
    pub fn answer(&self, operation: &'static str) -> Result<Json, Error> {
        let bytes = self.answer.lock().map(|mut answer| answer.take()).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(operation, ErrorKind::Unanswered, format!("the answer is not JSON: {error}")))
    }

    /// The answer to a call that was sent with this. Where AWS agreed and the SDK could not read what it said, we may.
    pub fn outcome<T, E>(&self, operation: &'static str, sent: Result<T, SdkError<E, HttpResponse>>) -> Result<Json, Error>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Err(error) = sent else { return self.answer(operation) };
        let is_agreed = matches!(&error, SdkError::ResponseError(context) if context.raw().status().is_success());
        match self.answer(operation) {
            Ok(json) if is_agreed => Ok(json),
            _ => Err(Error::from_sdk(operation, error)),
        }
    }
}

impl Intercept for JsonExchange {
    fn name(&self) -> &'static str {
        "JsonExchange"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = &self.request {
            let request = context.request_mut();
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body.as_str());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(mut answer) = self.answer.lock() {
            *answer = context.response().body().bytes().map(<[u8]>::to_vec);
        }
        Ok(())
    }
}
