//! The native layout as Parquet, for tests, benchmarks and the demonstration.
//!
//! `headers` is a three-level list of structs, `timestamp` a plain `INT64` of milliseconds, so that 0,
//! -1 and instants before the epoch come back. Files have statistics and a page index.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray, UInt32Array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};

use super::TimestampType;
use crate::batch::{Batch, Headers};

/// A row group is written when it has this many bytes, encoded.
const ROW_GROUP: usize = 64 << 20;

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
        Self::with_properties(
            output,
            WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_statistics_enabled(EnabledStatistics::Page)
                .set_max_row_group_bytes(Some(ROW_GROUP)),
        )
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
        let rows = batch.len();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(batch.columns.keys.clone()),
            Arc::new(batch.columns.values.clone()),
            Arc::new(headers(&batch.columns.headers)?),
            Arc::new(Int64Array::new(batch.columns.timestamps.clone(), None)),
            Arc::new(StringArray::from_iter((0..rows).map(|_| timestamp_type.map(TimestampType::name)))),
            Arc::new(Int32Array::from_iter((0..rows).map(|_| batch.source.partition))),
            match &batch.offsets {
                Some(offsets) => Arc::new(Int64Array::new(offsets.clone(), None)),
                None => Arc::new(Int64Array::new_null(rows)),
            },
            Arc::new(StringArray::from_iter_values((0..rows).map(|_| &*batch.source.topic))),
        ];
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

fn entry() -> Fields {
    Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)])
}

fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(entry()), false))
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", DataType::List(element()), false),
        Field::new("timestamp", DataType::Int64, false),
        Field::new("timestamp_type", DataType::Utf8, true),
        Field::new("partition", DataType::Int32, true),
        Field::new("offset", DataType::Int64, true),
        Field::new("topic", DataType::Utf8, false),
    ]))
}

fn headers(headers: &Headers) -> Result<ListArray, ArrowError> {
    let rows = headers.row_offsets();
    let (first, last) = (rows[0], rows[headers.len()]);
    let (start, length) = (first as usize, (last - first) as usize);
    let names = UInt32Array::new(headers.names().slice(start, length), None);
    let names = arrow_select::take::take(headers.dictionary(), &names, None)?;
    let values: ArrayRef = Arc::new(headers.values().slice(start, length));
    let entries = StructArray::try_new_with_length(entry(), vec![names, values], None, length)?;
    let offsets = OffsetBuffer::new(rows.iter().map(|offset| offset - first).collect());
    ListArray::try_new(element(), offsets, Arc::new(entries), None)
}
