//! Stepwright provisions AWS Step Functions workflows that run ECS tasks, from one TOML stack file.
//!
//! # The way data flows
//!
//! ```text
//! stack file ── stack ──► Stack ────────────────┐
//! state file + journal ── state ──► State ──────┼── plan ──► Plan ── apply ──► calls to AWS
//! ids of the State ── observe ──► what is live ─┘                      │
//!                                        journal, State, progress ◄────┘
//! ```
//!
//! # Where things are
//!
//! A module imports only from those above it; `tests/cli/architecture.rs` holds that.
//!
//! | module | holds | to change |
//! |---|---|---|
//! | [`address`], [`arn`], [`template`], [`value`], [`secret`], [`place`], [`diagnostic`] | the vocabulary | the stack language's expressions |
//! | [`document`] | IAM policies, the Amazon States Language | what documents mean, when they are equal |
//! | [`flow`] | the picture of a state machine: nodes, edges, groups, and where each stands | what is drawn of a machine |
//! | [`schema`] | what a spec may look like; normal form, differences, AWS's spelling | a rule that fields can have |
//! | [`execution`] | what an execution of a machine has done so far, folded from its history | what is known of an execution |
//! | [`aws`] | clients, classes of errors, retries | what is retried |
//! | [`resource`] | what a resource type is | the contract of all types |
//! | [`resources`] | the types | **a new AWS type: one file here and a line in its list** |
//! | [`graph`], [`stack`] | text → [`stack::Stack`], all problems at once | the stack file |
//! | [`state`] | the record on disk: file, journal, lock | what is remembered, and how it survives |
//! | [`plan`] | desired × recorded × live → [`plan::Plan`], a function | what is decided, and its reasons |
//! | [`observe`] | reading AWS, in batches | what is looked at |
//! | [`consult`] | asking AWS beforehand: what it thinks of a spec, what is there of what is only named | what is asked before anything is made |
//! | [`export`] | live resources → the text of a stack file; what a Terraform state holds | how an exported stack looks, what it refers to |
//! | [`rebuild`] | live resources → the record of a stack whose state is lost | what is known of a resource by its tags |
//! | [`apply`] | one loop that carries a plan out | concurrency, interrupts, settling |
//! | [`render`] | plans, progress, state for people and programs | what is shown |
//! | [`cli`] | one file for each command | flags, exit codes |
//!
//! # What is always true
//!
//! - Nothing is sent to AWS before the intent to do it is on disk, with the identity by which it can be found again.
//! - The engine knows no resource type by name: what differs between types is data.
//! - What a plan calls known is made exactly so.
//! - A sensitive value is written nowhere; its keyed digest is.
//! - Input never panics, and all of its problems are told at once.
//!
//! # Every file that is read or written
//!
//! | file | by |
//! |---|---|
//! | the stack file, the documents that it names, `--var-file` | read by [`stack::load`] |
//! | `state/NAME.json`, its `.journal`, its `.lock`, the folder `.history` and what is kept `.aside` | read and written by [`state`] |
//! | `plan --out FILE` | written by `plan`, read by `apply` |
//! | `export --out FILE` | the stack file, written by `export` |
//! | `--from-terraform FILE` | a Terraform state, read |
//! | the AWS configuration and credential files | read by the AWS SDK |
//!
//! `docs/ARCHITECTURE.md` tells why it is so.

pub mod address;
pub mod arn;
pub mod diagnostic;
pub mod place;
pub mod secret;
pub mod template;
pub mod value;

pub mod document;
pub mod schema;

pub mod flow;

pub mod execution;

pub mod aws;
pub mod resource;
pub mod resources;

pub mod graph;
pub mod stack;
pub mod state;

pub mod plan;

pub mod consult;
pub mod observe;

pub mod export;

pub mod rebuild;

pub mod apply;

pub mod render;

pub mod cli;
