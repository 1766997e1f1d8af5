//! A record's columns from decoded Arrow arrays, by bulk appends; bytes are taken over as they are.

use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray, make_array};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use chrono::DateTime;

use super::headers::HeaderSource;
use crate::batch::{Columns, Limits, NO_TIMESTAMP};
use crate::job::Encoding;
use crate::read::encoding;
use crate::read::mapping::{ABSENT, Column, Mapping, Role, ValueSource};
use crate::read::structured::{JsonText, append_value};
use crate::read::{ReadError, ReadSettings, Rows};

/// Makes rows of the arrays of a file.
pub(super) struct Converter {
    path: Arc<str>,
    key: Content,
    value: Content,
    headers: Option<HeaderSource>,
    timestamp: Option<Vec<usize>>,
    partition: Option<Vec<usize>>,
    offset: Option<Vec<usize>>,
    topic: Option<Vec<usize>>,
    /// Columns of a record's place that must stay null, because they are not read.
    blanks: Vec<(Role, Column)>,
}

/// The JSON texts of a batch together, in bytes. One record may have half of it, and a batch ends soon
/// after its limits, so only texts that are far longer than what they stand for come near; Arrow's
/// offsets end at twice as much.
const TEXTS: usize = 2 * Limits::RECORD;

/// Where keys or values come from.
enum Content {
    None,
    /// A column of bytes or text.
    Bytes(Vec<usize>, Encoding),
    /// A column of another type, as JSON text.
    Json(Vec<usize>, Arc<Field>),
    /// Columns that make up a JSON object.
    Row(Vec<usize>, JsonText),
}

impl Converter {
    /// Prepares for a file with this schema. `blanks` are columns that are not in the mapping because
    /// the first record has nothing in them.
    ///
    /// # Errors
    /// Columns whose types have no bytes or JSON text, or are no headers.
    pub(super) fn new(
        path: &Arc<str>,
        mapping: &Mapping,
        blanks: Vec<(Role, Column)>,
        schema: &Schema,
        settings: &ReadSettings,
    ) -> Result<Self, ReadError> {
        let fail = |message: String| ReadError::Mapping { path: Arc::clone(path), message };
        let steps = |role: Role| mapping.column(role).map(|column| column.steps.clone());
        let content = |role: Role, encoding: Encoding| match steps(role) {
            Some(steps) => Content::of_column(schema, steps, encoding).map_err(|what| fail(told(role, &what))),
            None => Ok(Content::None),
        };
        let value = match &mapping.value {
            ValueSource::Row(row) => {
                let tops: Vec<usize> =
                    row.iter().filter_map(|index| mapping.columns.get(*index)?.steps.first().copied()).collect();
                let fields: Fields = tops.iter().filter_map(|top| schema.fields().get(*top)).cloned().collect();
                Content::Row(tops, JsonText::new(&fields).map_err(|what| fail(told(Role::Value, &what)))?)
            }
            ValueSource::Column(_) | ValueSource::None => content(Role::Value, settings.encoding.value)?,
        };
        let headers = match steps(Role::Headers) {
            Some(steps) => HeaderSource::new(schema, steps, settings.encoding.headers)
                .map_err(|what| fail(told(Role::Headers, &what)))?,
            None => None,
        };
        Ok(Self {
            path: Arc::clone(path),
            key: content(Role::Key, settings.encoding.key)?,
            value,
            headers,
            timestamp: steps(Role::Timestamp),
            partition: steps(Role::Partition).filter(|_| mapping.placing().partition),
            offset: steps(Role::Offset).filter(|_| mapping.placing().offset),
            topic: steps(Role::Topic).filter(|_| mapping.placing().topic),
            blanks,
        })
    }

    /// The rows of a batch, the first of which is `first_row` of the file.
    ///
    /// # Errors
    /// What a row holds that its part of a record cannot be, with the row.
    pub(super) fn rows(&self, first_row: u64, batch: &RecordBatch) -> Result<Rows, ReadError> {
        let fail = |role: Role| {
            move |fault: Fault| ReadError::Corrupt {
                path: Arc::clone(&self.path),
                row: Some(first_row + fault.row as u64),
                message: format!("{}: {}", role.name(), fault.what),
            }
        };
        for (role, blank) in &self.blanks {
            stays_null(batch, *role, blank).map_err(fail(*role))?;
        }
        let column = |steps: &Option<Vec<usize>>| steps.as_ref().and_then(|steps| at(batch, steps));
        let headers = match &self.headers {
            Some(source) => source.headers(batch).map_err(fail(Role::Headers))?,
            None => crate::batch::Headers::none(batch.num_rows()),
        };
        let timestamps = match column(&self.timestamp) {
            Some(array) => timestamps(&array).map_err(fail(Role::Timestamp))?,
            None => vec![NO_TIMESTAMP; batch.num_rows()].into(),
        };
        Ok(Rows {
            first_row,
            columns: Columns {
                keys: self.key.bytes(batch).map_err(fail(Role::Key))?,
                values: self.value.bytes(batch).map_err(fail(Role::Value))?,
                headers,
                timestamps,
            },
            topics: match column(&self.topic) {
                Some(array) => Some(topics(&array).map_err(fail(Role::Topic))?),
                None => None,
            },
            partitions: match column(&self.partition) {
                Some(array) => Some(numbers(&array).map_err(fail(Role::Partition))?),
                None => None,
            },
            offsets: match column(&self.offset) {
                Some(array) => Some(numbers(&array).map_err(fail(Role::Offset))?),
                None => None,
            },
        })
    }
}

/// What is wrong with a row of a batch.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) row: usize,
    pub(super) what: String,
}

/// Attaches the row to what is wrong with it.
pub(super) fn in_row<T>(row: usize, result: Result<T, String>) -> Result<T, Fault> {
    result.map_err(|what| Fault { row, what })
}

fn told(role: Role, what: &str) -> String {
    format!("{}: {what}; name another column in `backup.columns.{}`, or `-` for none", role.name(), role.name())
}

/// Sees that a column of a record's place that is not read has nothing in it. To go on would put the
/// record into the topic or partition of those that have none.
fn stays_null(batch: &RecordBatch, role: Role, column: &Column) -> Result<(), Fault> {
    let Some(array) = at(batch, &column.steps) else { return Ok(()) };
    match (0..array.len()).find(|row| array.is_valid(*row)) {
        None => Ok(()),
        Some(row) => Err(Fault {
            row,
            what: format!(
                "column \"{}\" has a value here, but none in the file's first row, for which it was left out; \
                 `backup.columns.{} = \"{ABSENT}\"` says that it does not count, and if it does, every row needs one",
                column.name,
                role.name()
            ),
        }),
    }
}

/// The field that steps lead to.
pub(super) fn field<'s>(schema: &'s Schema, steps: &[usize]) -> Option<&'s Arc<Field>> {
    let (first, below) = steps.split_first()?;
    let mut field = schema.fields().get(*first)?;
    for step in below {
        let DataType::Struct(fields) = field.data_type() else { return None };
        field = fields.get(*step)?;
    }
    Some(field)
}

/// The column that steps lead to; null wherever a struct on the way is null.
pub(super) fn at(batch: &RecordBatch, steps: &[usize]) -> Option<ArrayRef> {
    let (first, below) = steps.split_first()?;
    let mut array = Arc::clone(batch.columns().get(*first)?);
    for step in below {
        let outer = array.as_struct_opt()?;
        let inner = outer.columns().get(*step)?;
        let nulls = NullBuffer::union(outer.nulls(), inner.nulls());
        array = if inner.data_type() == &DataType::Null {
            Arc::clone(inner)
        } else {
            make_array(inner.to_data().into_builder().nulls(nulls).build().ok()?)
        };
    }
    Some(array)
}

/// Whether a field is text in the end: strings, and Avro's enums.
pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Whether a field is Avro's `uuid`, which is text although it is kept as 16 bytes.
fn is_uuid(field: &Field) -> bool {
    field.metadata().get("logicalType").is_some_and(|logical| logical == "uuid")
        || field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.uuid")
}

impl Content {
    fn of_column(schema: &Schema, steps: Vec<usize>, encoding: Encoding) -> Result<Self, String> {
        let Some(field) = field(schema, &steps) else { return Ok(Self::None) };
        match field.data_type() {
            DataType::Null => Ok(Self::None),
            DataType::Binary => Ok(Self::Bytes(steps, Encoding::Text)),
            DataType::FixedSizeBinary(_) if !is_uuid(field) => Ok(Self::Bytes(steps, Encoding::Text)),
            text if is_text(text) => Ok(Self::Bytes(steps, encoding)),
            _ => {
                // Only to learn whether the type has JSON text.
                JsonText::new(&Fields::from(vec![Arc::clone(field)]))?;
                Ok(Self::Json(steps, Arc::clone(field)))
            }
        }
    }

    fn bytes(&self, batch: &RecordBatch) -> Result<BinaryArray, Fault> {
        match self {
            Self::None => Ok(nulls(batch.num_rows())),
            Self::Bytes(steps, encoding) => match at(batch, steps) {
                Some(array) => decoded(&array, *encoding),
                None => Ok(nulls(batch.num_rows())),
            },
            Self::Json(steps, field) => {
                let Some(array) = at(batch, steps) else { return Ok(nulls(batch.num_rows())) };
                texts(batch.num_rows(), |row, text| {
                    if array.is_valid(row) {
                        append_value(field, &array, row, Limits::RECORD, text)?;
                        if is_uuid(field) {
                            text.retain(|byte| *byte != b'"');
                        }
                    }
                    Ok(array.is_valid(row))
                })
            }
            Self::Row(tops, json) => {
                let columns: Vec<ArrayRef> = tops.iter().filter_map(|top| batch.columns().get(*top)).cloned().collect();
                texts(batch.num_rows(), |row, text| json.append(&columns, row, Limits::RECORD, text).map(|()| true))
            }
        }
    }
}

fn nulls(rows: usize) -> BinaryArray {
    BinaryArray::new_null(rows)
}

/// Builds a column row by row; `append` says whether there is a value.
fn texts(
    rows: usize,
    mut append: impl FnMut(usize, &mut Vec<u8>) -> Result<bool, String>,
) -> Result<BinaryArray, Fault> {
    let mut builder = BinaryBuilder::with_capacity(rows, 0);
    let mut text = Vec::new();
    for row in 0..rows {
        text.clear();
        if in_row(row, append(row, &mut text))? {
            let so_far = builder.values_slice().len();
            if so_far + text.len() > TEXTS {
                let what = format!("with it, the JSON texts of a batch are longer than {} MiB", TEXTS >> 20);
                return in_row(row, Err(what));
            }
            builder.append_value(&text);
        } else {
            builder.append_null();
        }
    }
    Ok(builder.finish())
}

/// The bytes of a column of bytes or text.
pub(super) fn decoded(array: &ArrayRef, encoding: Encoding) -> Result<BinaryArray, Fault> {
    let bytes = match array.data_type() {
        DataType::Binary => array.as_binary::<i32>().clone(),
        DataType::Utf8 => BinaryArray::from(array.as_string::<i32>().clone()),
        _ => {
            let bytes =
                arrow_cast::cast(array, &DataType::Utf8).or_else(|_| arrow_cast::cast(array, &DataType::Binary));
            let bytes = in_row(0, bytes.map_err(|error| error.to_string()))?;
            return decoded(&bytes, encoding);
        }
    };
    if encoding == Encoding::Text {
        return Ok(bytes);
    }
    let mut buffer = Vec::new();
    let mut builder = BinaryBuilder::with_capacity(bytes.len(), bytes.value_data().len());
    for (row, text) in bytes.iter().enumerate() {
        match text {
            Some(text) => builder.append_value(in_row(row, encoding::decode(text, encoding, &mut buffer))?),
            None => builder.append_null(),
        }
    }
    Ok(builder.finish())
}

/// Milliseconds since the epoch; what is finer is cut off towards the past.
fn timestamps(array: &ArrayRef) -> Result<ScalarBuffer<i64>, Fault> {
    let filled = |values: &ScalarBuffer<i64>, per: i64| -> ScalarBuffer<i64> {
        match array.nulls() {
            None if per == 1 => values.clone(),
            _ => (0..values.len())
                .map(|row| if array.is_valid(row) { values[row].div_euclid(per) } else { NO_TIMESTAMP })
                .collect(),
        }
    };
    Ok(match array.data_type() {
        DataType::Int64 => filled(array.as_primitive::<Int64Type>().values(), 1),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            filled(array.as_primitive::<TimestampMillisecondType>().values(), 1)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            filled(array.as_primitive::<TimestampMicrosecondType>().values(), 1000)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            filled(array.as_primitive::<TimestampNanosecondType>().values(), 1_000_000)
        }
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            let parsed = texts.iter().enumerate().map(|(row, text)| match text {
                None => Ok(NO_TIMESTAMP),
                Some(text) => in_row(row, timestamp(text)),
            });
            parsed.collect::<Result<Vec<i64>, Fault>>()?.into()
        }
        DataType::Null => vec![NO_TIMESTAMP; array.len()].into(),
        _ => {
            let cast = arrow_cast::cast(array, &DataType::Int64).map_err(|error| error.to_string());
            return timestamps(&in_row(0, cast)?);
        }
    })
}

fn timestamp(text: &str) -> Result<i64, String> {
    if let Ok(milliseconds) = text.parse() {
        return Ok(milliseconds);
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.timestamp_millis())
        .map_err(|error| format!("`{text}` is no RFC 3339 timestamp: {error}"))
}

/// Partitions or offsets: whole numbers from 0.
fn numbers<N: TryFrom<i64>>(array: &ArrayRef) -> Result<Vec<N>, Fault> {
    let number = |row: usize| -> Result<i64, String> {
        if array.is_null(row) {
            return Err("there is none, but the file has a column of them".to_owned());
        }
        match array.data_type() {
            DataType::Int32 => Ok(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Ok(array.as_primitive::<Int64Type>().value(row)),
            DataType::Utf8 => {
                let text = array.as_string::<i32>().value(row);
                text.parse().map_err(|_| format!("`{text}` is no whole number"))
            }
            other => Err(format!("{other} is no whole number")),
        }
    };
    let checked = |row: usize| {
        let number = number(row)?;
        Some(number)
            .filter(|number| *number >= 0)
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| format!("{number} is no whole number from 0 that fits"))
    };
    (0..array.len()).map(|row| in_row(row, checked(row))).collect()
}

/// Topics; they are text, in whichever type.
fn topics(array: &ArrayRef) -> Result<StringArray, Fault> {
    let texts = arrow_cast::cast(array, &DataType::Utf8).map_err(|error| error.to_string());
    Ok(in_row(0, texts)?.as_string::<i32>().clone())
}
