//! The native layout's columns as Arrow arrays, for the formats that are written in columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, ListArray, StringArray, StructArray, UInt32Array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};

use super::TimestampType;
use crate::batch::{Batch, Headers};

/// Names and types of the columns.
pub(super) fn schema() -> SchemaRef {
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

/// The columns of a batch, by [`schema`].
pub(super) fn columns(batch: &Batch, timestamp_type: Option<TimestampType>) -> Result<Vec<ArrayRef>, ArrowError> {
    let rows = batch.len();
    Ok(vec![
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
    ])
}

fn entry() -> Fields {
    Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)])
}

fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(entry()), false))
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
