//! The harness: brokers, stores and fixtures for the end-to-end tests.

pub mod batches;
pub mod jobs;
pub mod kafka;
pub mod read_back;
pub mod targets;
