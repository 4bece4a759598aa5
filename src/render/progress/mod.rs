//! The events of an apply, shown. Nothing here knows the time: whoever watches the clock passes it in.
//!
//! | file | writes |
//! |---|---|
//! | `lines.rs` | `cluster.main: Creation complete after 2s [id=arn:…]` |
//! | `json_lines.rs` | the same as objects, in the shape of Terraform's machine-readable output |
//! | `report.rs` | at the end: what was done, what failed and why, what was not tried |

mod json_lines;
mod lines;
mod report;

pub use json_lines::{event_json, still_running_json};
pub use lines::{event_line, still_running_line};
pub use report::{Failure, report};

use std::time::Duration;

use crate::plan::OperationName;

/// `Creating`, `Creation`, `create`: the words of an operation.
struct Words {
    doing: &'static str,
    deed: &'static str,
    infinitive: &'static str,
    done: &'static str,
}

fn words(operation: OperationName) -> Words {
    let of = |doing, deed, infinitive, done| Words { doing, deed, infinitive, done };
    match operation {
        OperationName::Create => of("Creating", "Creation", "create", "created"),
        OperationName::Update => of("Modifying", "Modifications", "update", "updated"),
        OperationName::Delete => of("Destroying", "Destruction", "destroy", "destroyed"),
        OperationName::Import => of("Importing", "Import", "import", "imported"),
        OperationName::Refresh => of("Refreshing", "Refresh", "refresh", "refreshed"),
        OperationName::Forget => of("Forgetting", "Forgetting", "forget", "forgotten"),
    }
}

/// `Creating`, `Destroying`: what a running step is at.
pub fn doing(operation: OperationName) -> &'static str {
    words(operation).doing
}

/// `2s`, `1m10s`, `1h2m3s`: whole seconds, as Terraform writes them.
fn seconds(elapsed: Duration) -> String {
    let total = elapsed.as_secs();
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests;
