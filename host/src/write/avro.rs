//! The native layout as Avro object container files.
//!
//! The schema is [`SCHEMA`]; each batch is a block. See `docs/native-layout.md`.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_avro::compression::CompressionCodec;
use arrow_avro::schema::SCHEMA_METADATA_KEY;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{Writer, WriterBuilder};
use arrow_schema::{ArrowError, Schema, SchemaRef};

use super::TimestampType;
use super::columns::{self, columns};
use crate::batch::Batch;

/// The schema of every file in the native layout.
pub const SCHEMA: &str = r#"{
  "type": "record", "name": "Record", "namespace": "anabranch",
  "fields": [
    {"name": "key", "type": ["null", "bytes"]},
    {"name": "value", "type": ["null", "bytes"]},
    {"name": "headers", "type": {"type": "array", "items": {
      "type": "record", "name": "Header", "fields": [
        {"name": "key", "type": "string"},
        {"name": "value", "type": ["null", "bytes"]}]}}},
    {"name": "timestamp", "type": "long"},
    {"name": "timestamp_type", "type": ["null", "string"]},
    {"name": "partition", "type": ["null", "int"]},
    {"name": "offset", "type": ["null", "long"]},
    {"name": "topic", "type": "string"}]}"#;

/// Writes records to one file.
pub struct AvroWriter<W: Write> {
    writer: Writer<W, AvroOcfFormat>,
    schema: SchemaRef,
}

impl<W: Write> AvroWriter<W> {
    /// Begins a file, compressed with zstandard.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(output: W) -> Result<Self, ArrowError> {
        Self::with_codec(output, Some(CompressionCodec::ZStandard))
    }

    /// Begins a file with a codec of one's own; `None` is no compression.
    ///
    /// # Errors
    /// What the output says, and a codec that this program does not write.
    pub fn with_codec(output: W, codec: Option<CompressionCodec>) -> Result<Self, ArrowError> {
        let metadata = HashMap::from([(SCHEMA_METADATA_KEY.to_owned(), SCHEMA.to_owned())]);
        let schema = Schema::new_with_metadata(columns::schema().fields().clone(), metadata);
        let writer = WriterBuilder::new(schema.clone()).with_compression(codec).build(output)?;
        Ok(Self { writer, schema: Arc::new(schema) })
    }

    /// Adds the records of a batch as a block.
    ///
    /// # Errors
    /// What the output says.
    pub fn write(&mut self, batch: &Batch, timestamp_type: Option<TimestampType>) -> Result<(), ArrowError> {
        if batch.is_empty() {
            return Ok(());
        }
        let columns = columns(batch, timestamp_type)?;
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
        Ok(())
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> Result<W, ArrowError> {
        self.writer.finish()?;
        Ok(self.writer.into_inner())
    }
}
