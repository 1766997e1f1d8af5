//! Exactly once, resumable: the binary against Apache Kafka, read back `read_committed` by Kafka's own Java client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod changes;
mod configs;
#[path = "../../../host/tests/documented/mod.rs"]
mod documented;
mod faults;
mod kills;
mod ledger;
mod merged;
mod reports;
mod resuming;
mod selecting;
mod shop;
mod signals;
mod stateful;
mod stores;
mod verifying;
