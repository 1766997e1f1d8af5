//! The parts that tests of schemas are made of: a registry, a proxy in front of it, and Confluent's serializers. What these
//! promise is shown here, so that a test that fails elsewhere is not theirs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../../../host/tests/documented/mod.rs"]
mod documented;
mod example;
mod found;
mod headers;
mod imports;
mod json_schemas;
mod migrations;
mod misfits;
mod plans;
mod protobuf;
mod proxies;
mod restored;
mod round_trips;
mod structured;
