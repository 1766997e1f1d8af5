//! The native layout as Parquet, for tests, benchmarks and the demonstration.
//!
//! `headers` is a three-level list of structs, `timestamp` a plain `INT64` of milliseconds, so that 0,
//! -1 and instants before the epoch come back. Files have statistics and a page index.

use std::io::Write;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};

use super::TimestampType;
use super::columns::{columns, schema};
use crate::batch::Batch;

/// A row group is written when it has this many bytes, encoded.
const ROW_GROUP: usize = 64 << 20;

fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Page).set_max_row_group_bytes(Some(ROW_GROUP))
}

/// Writes records to one file.
pub struct ParquetWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file, compressed with zstd.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(output: W) -> Result<Self, ParquetError> {
        Self::with_properties(output, properties().set_compression(Compression::ZSTD(ZstdLevel::default())))
    }

    /// Begins a file, compressed with snappy, as most other writers do by default.
    ///
    /// # Errors
    /// What the output says.
    pub fn snappy(output: W) -> Result<Self, ParquetError> {
        Self::with_properties(output, properties().set_compression(Compression::SNAPPY))
    }

    /// Begins a file with properties of one's own.
    ///
    /// # Errors
    /// What the output says.
    pub fn with_properties(output: W, properties: WriterPropertiesBuilder) -> Result<Self, ParquetError> {
        let schema = schema();
        let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(output, Arc::clone(&schema), options)?;
        Ok(Self { writer, schema })
    }

    /// Adds the records of a batch.
    ///
    /// # Errors
    /// What the output says.
    pub fn write(&mut self, batch: &Batch, timestamp_type: Option<TimestampType>) -> Result<(), ParquetError> {
        let columns = columns(batch, timestamp_type)?;
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.writer.into_inner()
    }
}
