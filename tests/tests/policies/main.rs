//! Records that cannot be restored: what becomes of them under each policy, through the binary against Apache Kafka,
//! read back `read_committed` by Kafka's own Java client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../../../host/tests/documented/mod.rs"]
mod documented;

mod broken;
mod causes;
mod fixture;
mod matrix;
mod mended;
mod targets;
