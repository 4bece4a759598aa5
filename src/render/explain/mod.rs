//! What happens when the states of a machine fail, for people (`human.rs`) and programs (`json.rs`).

mod human;
mod json;

pub use human::human;
pub use json::json;

#[cfg(test)]
mod tests;
