//! What an optimised integration needs, and where its target is named.

use crate::document::permissions::names::Form;
use crate::document::permissions::rows::ROWS;

/// One integration.
#[derive(Debug)]
pub struct Row {
    /// As the `Resource` of a task names it: `ecs:runTask`.
    pub call: &'static str,
    pub grants: &'static [Grant],
    /// What `.sync` needs beyond that.
    pub sync: &'static [Grant],
    /// The rule by which `.sync` hears of the end, which Step Functions itself makes. `Event` and `Events` are AWS's own.
    pub rule: Option<&'static str>,
}

/// Actions on one target.
#[derive(Debug)]
pub struct Grant {
    pub actions: &'static [&'static str],
    pub on: On,
}

/// Where an integration finds its target.
#[derive(Debug)]
pub enum On {
    /// AWS has nothing narrower.
    Whole,
    /// No argument tells, and why.
    Untold(&'static str),
    /// The first of these arguments, divided by `|`, names it.
    Named(&'static str, Form),
    /// These arguments are roles, handed to the service.
    Passed(&'static str, &'static str),
    /// Only where this argument is set, on whatever it makes.
    IfSet(&'static str),
    /// Only where this argument is set: the object in S3 that it names.
    Object(&'static str),
    /// Maybe, and on what: granted, and never missed.
    Perhaps(&'static str),
}

/// The row of `call`.
pub fn row(call: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.call == call)
}

/// The rule that `call` with `.sync` needs.
pub fn managed_rule(call: &str) -> Option<(&'static str, &'static str)> {
    row(call).and_then(|row| Some((row.call, row.rule?)))
}
