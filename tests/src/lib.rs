//! The harness of the end-to-end tests: real brokers and stores, started by the tests themselves.

pub mod object_store;
