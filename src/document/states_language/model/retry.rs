//! What a state does about errors: try again, or go on elsewhere.

use crate::document::states_language::model::Part;
use crate::value::{Path, Value};

/// Waits that grow so slowly that there are more of them are taken for equal.
const MOST_ADDED: u64 = 10_000;

/// One element of `Retry`, AWS's defaults filled in.
#[derive(Clone, Debug)]
pub struct Retrier<'a> {
    pub path: Path,
    pub value: &'a Value,
    pub error_equals: Vec<&'a str>,
    /// Before the first repetition.
    pub interval_seconds: u64,
    /// Repetitions; the first attempt does not count.
    pub max_attempts: u64,
    /// What each wait is multiplied by for the next.
    pub backoff_rate: f64,
    /// No wait is longer.
    pub max_delay_seconds: Option<u64>,
    /// Whether each wait is a random one between 0 and the one told.
    pub is_jittered: bool,
}

impl<'a> Retrier<'a> {
    pub(super) fn parse(part: Part<'a>) -> Self {
        let whole = |key: &str| part.value.get(key).and_then(Value::as_i64).and_then(|number| u64::try_from(number).ok());
        let rate = match part.value.get("BackoffRate") {
            Some(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        Self {
            error_equals: errors(part.value),
            interval_seconds: whole("IntervalSeconds").unwrap_or(1),
            max_attempts: whole("MaxAttempts").unwrap_or(3),
            backoff_rate: rate.unwrap_or(2.0),
            max_delay_seconds: whole("MaxDelaySeconds"),
            is_jittered: part.value.text("JitterStrategy") == Some("FULL"),
            path: part.path,
            value: part.value,
        }
    }

    /// The wait before the repetition of this number, from 1, in seconds; with jitter, the longest that it can be.
    pub fn wait_seconds(&self, repetition: u64) -> f64 {
        let longest = self.max_delay_seconds.map_or(f64::INFINITY, |seconds| seconds as f64);
        let exponent = repetition.saturating_sub(1).min(i32::MAX as u64) as f64;
        let wait = self.interval_seconds as f64 * self.backoff_rate.powf(exponent);
        // Nothing times for ever is nothing.
        if self.interval_seconds == 0 { 0.0 } else { wait.min(longest) }
    }

    /// The waits before each repetition, in seconds; with jitter, the longest that each can be.
    pub fn waits_seconds(&self) -> impl Iterator<Item = f64> {
        (1..=self.max_attempts).map(|repetition| self.wait_seconds(repetition))
    }

    /// All waits together, in seconds. However many there are, only those that grow are added up one by one.
    pub fn total_wait_seconds(&self) -> f64 {
        let mut total = 0.0;
        for repetition in 1..=self.max_attempts {
            let wait = self.wait_seconds(repetition);
            if !wait.is_finite() {
                return wait;
            }
            if self.backoff_rate <= 1.0 || self.wait_seconds(repetition + 1) <= wait || repetition > MOST_ADDED {
                return total + wait * (self.max_attempts - repetition + 1) as f64;
            }
            total += wait;
        }
        total
    }

    /// Whether it tries again after `error`.
    pub fn catches(&self, error: &str) -> bool {
        self.error_equals.iter().any(|name| matches(name, error))
    }
}

/// One element of `Catch`.
#[derive(Clone, Debug)]
pub struct Catcher<'a> {
    pub path: Path,
    pub value: &'a Value,
    pub error_equals: Vec<&'a str>,
    pub next: Option<Part<'a>>,
}

impl<'a> Catcher<'a> {
    pub(super) fn parse(part: Part<'a>) -> Self {
        let next = Part::of(part.value, "Next", &part.path);
        Self { error_equals: errors(part.value), next, path: part.path, value: part.value }
    }

    /// Whether it goes on after `error`.
    pub fn catches(&self, error: &str) -> bool {
        self.error_equals.iter().any(|name| matches(name, error))
    }
}

fn errors(value: &Value) -> Vec<&str> {
    value.get("ErrorEquals").map(Value::items).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

/// Whether the name in an `ErrorEquals` stands for `error`.
fn matches(name: &str, error: &str) -> bool {
    match name {
        // These two end the execution whatever is caught.
        "States.ALL" => !matches!(error, "States.DataLimitExceeded" | "States.Runtime"),
        "States.TaskFailed" => !matches!(error, "States.Timeout" | "States.DataLimitExceeded" | "States.Runtime"),
        name => name == error,
    }
}
