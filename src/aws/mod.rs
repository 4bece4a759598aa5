//! AWS at the edge: clients, the class of an error, retries and waits.

pub mod error;

pub use error::{Error, ErrorKind};

use crate::place::Place;

/// Clients for one region of one account.
#[derive(Clone, Debug)]
pub struct Aws {
    pub ecs: aws_sdk_ecs::Client,
    pub iam: aws_sdk_iam::Client,
    pub sfn: aws_sdk_sfn::Client,
    /// Where these clients lead; all of it known.
    pub place: Place,
}
