//! What the tests stand on.
//!
//! ```text
//! World ── a folder with stack files, in which `stepwright` runs
//!   └─ Endpoint ── an AWS account of its own (tests/endpoint/endpoint.py), strict, with faults on demand
//! ```

pub mod endpoint;
pub mod fixture;
pub mod offline;
pub mod pairs;
pub mod random;
#[expect(dead_code, reason = "its faults are for the tests of the state alone")]
#[path = "../../support/s3_server.rs"]
mod s3_server;
pub mod store;
pub mod world;

pub use fixture::{FIXTURES, Fixture};
pub use world::World;
