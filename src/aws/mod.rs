//! AWS at the edge: clients, the class of an error, retries and waits.
//!
//! | file | holds |
//! |---|---|
//! | `connect.rs` | the SDK's configuration chain → clients and account |
//! | `error.rs` | what a refusal means |
//! | `json.rs` | requests and answers as JSON, past the SDK's typed structs |
//! | `kms.rs` | data keys, for code that does not wait |
//! | `patience.rs` | retrying and polling with a deadline |
//! | `permit.rs` | whether this process may still call at all |
//! | `roles.rs` | which roles are so new that other services may not know them yet |

mod connect;
pub mod error;
pub mod json;
pub mod kms;
pub mod patience;
mod permit;
pub mod roles;

pub use connect::{Connection, configuration, connect, first_call_retries, missing_credentials};
pub use error::{Error, ErrorKind};
pub use json::JsonExchange;
pub use patience::Patience;
pub use permit::Permit;
pub use roles::ChangedRoles;

use crate::place::Place;

/// Clients for one region of one account.
#[derive(Clone, Debug)]
pub struct Aws {
    pub ecs: aws_sdk_ecs::Client,
    pub iam: aws_sdk_iam::Client,
    pub sfn: aws_sdk_sfn::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Where these clients lead; all of it known.
    pub place: Place,
    /// Roles that were made or changed a moment ago.
    pub changed_roles: ChangedRoles,
    /// What every call asks before it is sent.
    pub permit: Permit,
}
