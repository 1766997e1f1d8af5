//! Faults of the world that take their time: `just test-all` runs these tests, `just test` does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod by_turns;
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../policies/fixture.rs"]
mod fixture;
mod nodes;
mod reclaimed;
mod refusals;
mod reports;
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../exactly_once/shop.rs"]
mod shop;
mod stores;
mod truncated;
