//! Stepwright provisions AWS Step Functions workflows that run ECS tasks, from one TOML stack file.

pub mod address;
pub mod diagnostic;
pub mod place;
pub mod template;
pub mod value;

pub mod document;
pub mod schema;

pub mod aws;
pub mod resource;
pub mod resources;

pub mod stack;

pub mod graph;

pub mod state;

pub mod plan;

pub mod observe;

pub mod apply;

pub mod render;

pub mod cli;
