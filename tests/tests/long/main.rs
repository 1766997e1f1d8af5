//! Faults of the world that take their time: `just test-all` runs these tests, `just test` does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod nodes;
mod reclaimed;
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../exactly_once/shop.rs"]
mod shop;
mod stores;
mod truncated;
