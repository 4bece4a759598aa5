//! What managing a log group takes.

use crate::document::permissions::{Calls, Need, named, with_suffix};
use crate::resource::Work;
use crate::value::Value;

pub fn needs(spec: &Value, work: Work) -> Vec<Need> {
    // Tags hang on the ARN without the `:*`, all else on the one with it.
    let bare = [named("logs", "log-group:", spec.get("name"))];
    let whole = [with_suffix(&bare[0], ":*")];
    // It is asked by a prefix, and so for all of the region.
    let every = [named("logs", "log-group:", None)];
    let mut calls = Calls::default();
    match work {
        Work::Read | Work::LookUp => {
            let reason = if work == Work::Read { "read" } else { "looked up" };
            calls.on(&every, &["logs:DescribeLogGroups"], reason);
            calls.on(&bare, &["logs:ListTagsForResource"], reason);
        }
        Work::Change => {
            calls.on(&whole, &["logs:CreateLogGroup"], "created");
            calls.on(&bare, &["logs:TagResource", "logs:UntagResource"], "tagged, also with whose it is");
            calls.on(&whole, &["logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy"], "its retention is changed");
            calls.on(&whole, &["logs:AssociateKmsKey", "logs:DisassociateKmsKey"], "its key is changed");
            calls.on(&whole, &["logs:PutLogGroupDeletionProtection"], "its protection is changed");
        }
        Work::Check => {}
        Work::Delete => calls.on(&whole, &["logs:DeleteLogGroup"], "deleted"),
    }
    calls.needs
}
