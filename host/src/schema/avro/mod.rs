//! Values in Avro: read as JSON text, written from it, and taken over from one schema to another.
//!
//! Why not by the crates that read Avro: `docs/decisions/0010-avro-values.md`.

#[cfg(test)]
mod against_apache;
mod binary;
#[cfg(test)]
mod crossing_tests;
mod decimal;
mod defaults;
mod from_json;
mod from_text;
mod misfit;
mod parse;
mod resolve;
mod schema;
mod temporal;
#[cfg(test)]
mod tests;
mod to_json;
mod transcode;
mod union;

pub use from_json::{Encoder, Former};
pub use misfit::Misfit;
pub use parse::SchemaError;
pub use resolve::Resolution;
pub use schema::Schema;
