//! What roles must be allowed to do, told by what they are used for.
//!
//! ```text
//! definition  ── machine.rs ────► Need, Need, … ──┬── statement.rs ► the least policy that grants them
//! containers  ── containers.rs ─►                 ├── judge.rs ────► which of them a role's policies do not grant
//!                                                 └── excess.rs ───► what the policies grant that none of them calls for
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `integrations.rs` | what an optimised integration needs, and where its target is named |
//! | `rows.rs` | the optimised integrations, a row each |
//! | `calls.rs` | what a call of `aws-sdk` needs |
//! | `sdk.rs` | what IAM calls the actions of `aws-sdk:SERVICE:ACTION` |
//! | `given.rs` | what the arguments of a task say, as far as it is known before it runs |
//! | `trust.rs` | whether the service that uses a role may take it |
//! | `names.rs` | from a name, a URL or a reference to the ARN that policies speak of |
//! | `caller.rs` | needs of whoever makes the calls himself: the operator |

use crate::template::{Part, Reference, Template};
use crate::value::{Path, Value};

mod caller;
mod calls;
mod containers;
mod excess;
mod given;
mod integrations;
mod judge;
mod machine;
mod names;
mod rows;
mod sdk;
mod statement;
#[cfg(test)]
mod tests;
mod trust;

pub use caller::Calls;
pub use containers::of_containers;
pub use excess::{Beyond, Excess, beyond_need};
pub use given::{Given, given, is_expression};
pub use integrations::{On, managed_rule, row};
pub use judge::{Granted, GrantedPolicy, Sampler, Verdict, judge, managed_policy};
pub use machine::{LOG_DELIVERY, Machine, TaskDefinition, of_machine};
pub use names::{Form, kms_key, named, role_arn, with_suffix};
pub use sdk::target_of;
pub use statement::{Reason, Statement, policy_document, statements, text_of};
pub use trust::{Trust, others, trust};

/// One action that a role must be allowed to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// `ecs:RunTask`.
    pub action: String,
    pub target: Target,
    /// All of these are so of the call.
    pub conditions: Vec<Condition>,
    /// Whether it is certain that the role comes to need it. What is not is granted, and never missed.
    pub is_certain: bool,
    pub cause: Cause,
}

impl Need {
    /// Of `iam:PassRole`: the service that the role is handed to.
    pub fn passed_to(&self) -> Option<&str> {
        self.conditions.iter().find(|condition| condition.key == Condition::PASSED_TO)?.value.as_str()
    }

    /// The same on nothing but these.
    #[must_use]
    pub fn lacking(&self, resources: Vec<Value>) -> Self {
        Self { target: Target::All(resources), ..self.clone() }
    }
}

/// What is so of a call, and may stand in a statement as what must be so.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub operator: &'static str,
    pub key: &'static str,
    /// A text, or a list of texts of which it is one.
    pub value: Value,
}

impl Condition {
    const PASSED_TO: &str = "iam:PassedToService";

    /// Of `iam:PassRole`: the service that the role is handed to.
    pub fn passed_to(service: &str) -> Self {
        Self { operator: "StringEquals", key: Self::PASSED_TO, value: Value::string(service) }
    }
}

/// What an action is done on.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// All of these: ARNs, pending as far as the account and other resources are.
    All(Vec<Value>),
    /// One of these is enough to go on with; all are granted.
    Any(Vec<Value>),
    /// AWS has nothing narrower than `*` for the action.
    Whole,
    /// The definition does not tell, and why.
    Untold(String),
}

/// Why something is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// In the spec that needs it.
    pub path: Path,
    /// The state, or the container.
    pub who: Option<String>,
    /// What it is for: `ecs:runTask.sync`.
    pub reason: String,
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:` and `resource`, in the account and the region of the stack. IAM has no regions.
fn arn(service: &str, resource: impl IntoIterator<Item = Part>) -> Value {
    arn_in(None, service, resource)
}

/// The same in another region, if one is given.
fn arn_in(region: Option<&str>, service: &str, resource: impl IntoIterator<Item = Part>) -> Value {
    let literal = |text: &str| Part::Literal(text.to_owned());
    let region = match (region, service) {
        // The one service here that has accounts and no regions.
        (_, "iam") => literal(""),
        (Some(region), _) => literal(region),
        (None, _) => Part::Reference(Reference::StackRegion),
    };
    let start = [
        literal("arn:"),
        Part::Reference(Reference::AccountPartition),
        literal(&format!(":{service}:")),
        region,
        literal(":"),
        Part::Reference(Reference::AccountId),
        literal(":"),
    ];
    value(Template::from_parts(start.into_iter().chain(resource)))
}

/// The same without region and account, as S3 has it.
pub fn global_arn(service: &str, resource: impl IntoIterator<Item = Part>) -> Value {
    let start =
        [Part::Literal("arn:".to_owned()), Part::Reference(Reference::AccountPartition), Part::Literal(format!(":{service}:::"))];
    value(Template::from_parts(start.into_iter().chain(resource)))
}

/// `template` as a value: text, if nothing in it is open.
fn value(template: Template) -> Value {
    template.as_literal().map(Value::string).unwrap_or(Value::Pending(template))
}

pub fn text(text: impl Into<String>) -> Part {
    Part::Literal(text.into())
}
