//! What the user sees, written to any `Write`.

pub mod diagnostic;
