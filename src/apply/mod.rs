//! Carrying a plan out.
//!
//! ```text
//!            ┌─────────────── one loop owns State, journal and reporter ───────────────┐
//! Schedule ──► intent, durable ──► task ──(exists, waiting, finished)──► entry, durable ──► Schedule::reach
//! ```
//!
//! Steps run concurrently and only send messages; the loop alone decides, writes and reports. A failed
//! step stops the start of new ones; those in flight finish. A first Ctrl-C does the same; a second one
//! leaves them where they are, and the next run settles what they were about to do.

pub mod event;
mod promise;
mod run;
mod schedule;
mod settle;
mod step;
#[cfg(test)]
mod tests;

pub use event::{Event, Summary};
pub use run::{ApplyOptions, Work, apply};
pub use settle::{Settled, settle};
