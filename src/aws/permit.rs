//! Whether this process may still call AWS.
//!
//! A run that holds its lock on loan must not send anything once the loan is over: another run may have begun. So
//! every attempt of every call asks first, also one that the SDK repeats by itself a minute later.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_sdk_ecs::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;

type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Unlimited, until it is bound to a condition. Clones are the same one.
#[derive(Clone, Default)]
pub struct Permit(Arc<OnceLock<Check>>);

impl Permit {
    /// From now on calls are sent only while `check` allows it. It may block the thread until it knows.
    pub fn bind(&self, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        // One run has one lock: a second one would be the same.
        let _ = self.0.set(Box::new(check));
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "Permit(bound)" } else { "Permit(unlimited)" })
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Permit {
    fn name(&self) -> &'static str {
        "Permit"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match self.0.get().map(|check| check()) {
            Some(Err(why)) => Err(format!("not sent, since the lock of the state was lost: {why}").into()),
            Some(Ok(())) | None => Ok(()),
        }
    }
}
