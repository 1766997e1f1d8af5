//! The Kafka target against Apache Kafka, read back by Kafka's own Java client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod bad_input;
mod conformance;
mod examine;
mod fixtures;
mod limits;
mod memory;
mod permissions;
mod security;
mod timestamps;
mod topics;
