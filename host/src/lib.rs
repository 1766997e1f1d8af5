//! Anabranch restores backups of Kafka topics: it reads them, passes every record through WebAssembly
//! plugins and writes to Kafka with the order of every key preserved.
//!
//! The modules follow a record's way: [`job`] says what is to be done, [`store`] and [`catalog`] find
//! the files, [`read`] turns them into [`batch`]es, [`select`] takes of them what is asked for, [`plugin`]s transform those, [`route`] and [`target`] send them,
//! [`report`] counts; [`registry`] asks for the schemas of their values.

pub mod aside;
pub mod batch;
pub mod catalog;
pub mod cli;
mod clock;
pub mod failure;
pub mod finding;
mod guard;
pub mod job;
mod json;
pub mod lane;
mod mechanism;
pub mod passage;
pub mod plugin;
pub mod position;
pub mod progress;
pub mod read;
pub mod registry;
pub mod report;
pub mod restore;
pub mod route;
pub mod schema;
pub mod select;
pub mod stop;
pub mod store;
pub mod target;
mod text;
pub mod verify;
pub mod write;

#[cfg(test)]
#[path = "../tests/documented/mod.rs"]
mod documented;
