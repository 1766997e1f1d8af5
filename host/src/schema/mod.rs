//! Values that have a schema: what they are encoded in, and how they change from one schema to another.
//!
//! A restore takes values as the bytes that they are unless its job says more. Where it does, they reach the plugins as
//! JSON, and are written again under the schema that the target wants.

pub mod avro;
