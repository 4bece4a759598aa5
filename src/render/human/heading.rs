//! What happens to a resource, and why, in words.

use std::io::{Result, Write};

use crate::plan::{Action, Change, Reason};
use crate::render::Style;
use crate::render::clean::clean;
use crate::render::literal;
use crate::render::mask::Mask;
use crate::render::style::Ink;
use crate::render::words::Words;
use crate::value::Path;

/// The comment above a resource.
pub(super) fn write(out: &mut dyn Write, change: &Change, style: Style) -> Result<()> {
    let mut subject = literal::address(&change.address);
    if let Some(arn) = &change.deposed {
        subject.push_str(&format!(" (deposed {})", clean(arn)));
    }
    let (before, verb, ink) = what(change);
    let (comment, verb) = (style.paint(Ink::Bold, &format!("# {subject} {before}")), style.paint(ink, verb));
    writeln!(out, "    {comment}{verb}")?;
    for reason in reasons(change) {
        writeln!(out, "    {}", style.paint(Ink::Dim, &format!("# ({reason})")))?;
    }
    Ok(())
}

/// `will be ` and `destroyed`, the last word in its colour.
fn what(change: &Change) -> (&'static str, &'static str, Ink) {
    let has = |reason: Reason| change.reasons.contains(&reason);
    match change.action {
        Action::NoOp => ("is ", "unchanged", Ink::Bold),
        Action::Create if has(Reason::Missing) => {
            ("has been deleted outside of Stepwright, and will be ", "created again", Ink::Bold)
        }
        Action::Create => ("will be ", "created", Ink::Bold),
        Action::Update => ("will be ", "updated in-place", Ink::Bold),
        Action::Replace(_) if has(Reason::Requested) => ("will be ", "replaced, as requested", Ink::Alert),
        Action::Replace(_) if has(Reason::Interrupted) => ("is incomplete, so it must be ", "replaced", Ink::Alert),
        Action::Replace(_) => ("must be ", "replaced", Ink::Alert),
        Action::Delete => ("will be ", "destroyed", Ink::Alert),
        Action::Import if !change.has_spec_differences() => ("will be ", "imported", Ink::Bold),
        Action::Import => ("will be ", "imported and updated in-place", Ink::Bold),
        Action::Refresh => ("has ", "changed outside of Stepwright", Ink::Bold),
        Action::Forget if !has(Reason::Missing) => ("will be ", "forgotten", Ink::Bold),
        Action::Forget => ("has been deleted outside of Stepwright, and will be ", "forgotten", Ink::Bold),
    }
}

/// A sentence for each kind of reason that the heading and the changed fields do not tell already.
fn reasons(change: &Change) -> Vec<String> {
    let mask = Mask::of_change(change);
    let words = |path: &Path| Words::of(change.kind.schema(), &mask.path(path)).to_string();
    let mut sentences = Vec::new();
    for reason in &change.reasons {
        match reason {
            Reason::New | Reason::Missing | Reason::Destroy | Reason::Requested | Reason::MustBeReplaced(_) => {}
            Reason::Changed(path) if is_shown(change, path) => {}
            Reason::Drifted(path) if is_shown(change, path) => {}
            Reason::Changed(path) => sentences.push(format!("{} changed in the stack", words(path))),
            Reason::Drifted(path) => {
                sentences.push(format!("{} was changed outside of Stepwright", words(path)));
            }
            Reason::RemovedFromStack => {
                sentences.push(format!("because {} is not in the stack any more", literal::address(&change.address)));
            }
            Reason::UpstreamReplaced(upstream) => {
                sentences.push(format!("because {} gets a new identity", literal::address(upstream)));
            }
            Reason::Interrupted => sentences.push("because an earlier run did not complete it".to_owned()),
            Reason::OwnedByTags => {
                sentences.push("because its tags say that it is this stack's, though the state does not know it".to_owned());
            }
            Reason::MarkedAsAnothers(owner) => sentences.push(format!(
                "its tags say that it is {} of the stack {}, where it stays",
                clean(&owner.address),
                clean(&owner.stack)
            )),
            Reason::Imported => {}
            Reason::Moved(from) => sentences.push(format!("moved from {}", literal::address(from))),
            Reason::Deposed => sentences.push("because an earlier replacement left it to be destroyed".to_owned()),
        }
    }
    let mut forcing: Vec<String> = Vec::new();
    for reason in &change.reasons {
        if let Reason::MustBeReplaced(path) = reason {
            let path = words(path);
            if !forcing.contains(&path) {
                forcing.push(path);
            }
        }
    }
    if !forcing.is_empty() {
        sentences.push(format!("cannot be changed in place: {}", forcing.join(", ")));
    }
    sentences
}

fn is_shown(change: &Change, path: &Path) -> bool {
    change.action != Action::Delete
        && change.differences.iter().any(|difference| difference.path.starts_with(path) || path.starts_with(&difference.path))
}
