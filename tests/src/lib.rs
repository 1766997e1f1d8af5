//! The harness of the end-to-end tests: real brokers and stores, started by the tests themselves.

pub mod object_store;
//! The harness: brokers, stores and fixtures for the end-to-end tests.

pub mod batches;
pub mod jobs;
pub mod kafka;
pub mod read_back;
pub mod targets;
