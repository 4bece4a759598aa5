//! One binary for all integration tests: a module for each command or promise.
//!
//! Each test runs the real binary in a folder of its own, against an AWS account of its own: see [`support`].

mod adoption;
mod architecture;
mod definition;
mod derived_role;
mod drain;
mod drift;
mod drift_fields;
mod encryption;
mod equality;
mod events;
mod export;
mod faults;
mod flow;
mod history;
mod hostile;
mod interrupt;
mod kill;
mod log_group;
mod mistakes;
mod operator_permissions;
mod permissions;
mod plan_file;
mod random_specs;
mod rebuild;
mod reference;
mod references;
mod refusals;
mod run;
mod s3_state;
mod schema;
mod secrets;
mod support;
mod workflow;
