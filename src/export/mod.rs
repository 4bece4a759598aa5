//! Live resources → the text of a stack file that takes them over.
//!
//! ```text
//! what was asked for ── discover (asks AWS) ──► Found: everything that it refers to
//!     Found ── names ──► addresses ── references ──► specs with ${…} ── toml ──► text ── verify ──► StackFile
//! ```
//!
//! | file | does |
//! |---|---|
//! | `discover.rs` | reads what was asked for, and what that refers to |
//! | `leaves.rs` | finds where a spec names other resources |
//! | `names.rs` | names for the stack and its addresses |
//! | `references.rs` | puts `${TYPE.NAME.ATTRIBUTE}` where an ARN or a name stood, without making rings |
//! | `toml/` | writes it as people do |
//! | `verify.rs` | reads the text again: it must say what is live |
//! | `terraform/` | what a Terraform state holds |
//!
//! Only discovery asks AWS; everything else is a function of its input.

use crate::address::Address;
use crate::place::Place;
use crate::resource::{Live, ResourceType};

mod discover;
mod leaves;
mod names;
mod references;
pub mod terraform;
#[cfg(test)]
mod tests;
mod toml;
mod verify;

pub use discover::{DiscoverError, Discovery, LeftOut, Reason, Request, Selection, discover};
pub(crate) use leaves::leaves;
pub use names::stack_name;
pub use verify::ExportError;

/// A live resource that is to be in the stack file.
#[derive(Clone, Debug)]
pub struct Found {
    pub kind: &'static dyn ResourceType,
    /// Its spec holds nothing pending.
    pub live: Live,
    /// What it is to be called, where that can be kept.
    pub local_name: Option<String>,
}

/// A found resource that has an address.
#[derive(Clone, Debug)]
pub struct Named {
    pub address: Address,
    pub kind: &'static dyn ResourceType,
    pub live: Live,
}

/// A stack file that takes over what it describes.
#[derive(Debug)]
pub struct StackFile {
    pub text: String,
    /// What is in it, in the order of the file.
    pub resources: Vec<Named>,
}

/// Writes the stack file of `found`: the stack is called `stack_name`, and `place` is where all of it lives.
///
/// # Errors
/// If the text, read again, would not say what is live: then it must not be used.
pub fn stack_file(
    found: &[Found],
    stack_name: &str,
    place: &Place,
    kinds: &[&'static dyn ResourceType],
) -> Result<StackFile, ExportError> {
    let addresses = names::addresses(found, stack_name);
    let named = found.iter().zip(addresses).map(|(found, address)| Named { address, kind: found.kind, live: found.live.clone() });
    let written = references::refer(named.collect(), place, kinds);
    let text = toml::stack(stack_name, place, &written);
    verify::verify(&text, &written, place, kinds)?;
    Ok(StackFile { text, resources: written.into_iter().map(|written| written.named).collect() })
}
