//! The harness of the end-to-end tests: real brokers, stores and a registry of schemas, started by the tests themselves.

pub mod batches;
pub mod binaries;
pub mod jobs;
pub mod kafka;
pub mod object_store;
pub mod orders;
mod ports;
pub mod read_back;
pub mod registry;
pub mod resident;
pub mod run;
pub mod serializers;
pub mod targets;
