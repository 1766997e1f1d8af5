//! Structured values as JSON text, by the mapping of `docs/structured-values.md`.
//!
//! Parquet and Avro rows whose columns are the value become one JSON object each. The text is stable:
//! the same row gives the same bytes, whichever way it was encoded. It is appended directly, without a
//! tree of values in between.

pub mod avro_schema;
#[cfg(test)]
mod tests;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalYearMonthType,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, MapArray};
use arrow_schema::{DataType, Field, Fields, IntervalUnit, TimeUnit};

use crate::json::{Bounded, append_bytes, append_text, append_uuid, number, quoted, temporal};

/// Writes rows of these columns as JSON objects.
#[derive(Clone, Debug)]
pub struct JsonText {
    fields: Fields,
    /// `"name":` of each column.
    names: Vec<Vec<u8>>,
}

impl JsonText {
    /// For rows of columns with these names and types.
    ///
    /// # Errors
    /// Names the column whose type has no JSON text.
    pub fn new(fields: &Fields) -> Result<Self, String> {
        let mut names = Vec::with_capacity(fields.len());
        for field in fields {
            check(field.data_type()).map_err(|what| format!("column `{}` is {what}", field.name()))?;
            let mut name = Vec::new();
            append_text(field.name(), &mut Bounded::new(&mut name, usize::MAX))?;
            name.push(b':');
            names.push(name);
        }
        Ok(Self { fields: fields.clone(), names })
    }

    /// Appends row `row` as an object with the columns in their order. `columns` are those of the
    /// fields, in their order. The text may have `limit` bytes.
    ///
    /// # Errors
    /// A column that is missing, too short or of another type; a text that is longer than the limit.
    pub fn append(&self, columns: &[ArrayRef], row: usize, limit: usize, out: &mut Vec<u8>) -> Result<(), String> {
        if columns.len() != self.fields.len() {
            return Err(format!("there are {} columns where {} are due", columns.len(), self.fields.len()));
        }
        let out = &mut Bounded::new(out, limit);
        out.push(b'{');
        for (index, ((field, name), column)) in self.fields.iter().zip(&self.names).zip(columns).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name);
            checked_value(field, column, row, out)?;
        }
        out.push(b'}');
        out.check()
    }
}

/// Refuses types that have no text.
fn check(data_type: &DataType) -> Result<(), String> {
    match data_type {
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check(field.data_type())),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _)
        | DataType::RunEndEncoded(_, item) => check(item.data_type()),
        DataType::Dictionary(_, values) => check(values),
        DataType::Union(fields, _) => fields.iter().try_for_each(|(_, field)| check(field.data_type())),
        DataType::Timestamp(_, Some(zone)) if zone.is_empty() => Err("a timestamp with an empty zone".to_owned()),
        _ => Ok(()),
    }
}

/// Appends the value of one row of one column. The text may have `limit` bytes.
///
/// # Errors
/// A column that is too short or not of the field's type; a text that is longer than the limit.
pub fn append_value(
    field: &Field,
    array: &dyn Array,
    row: usize,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let out = &mut Bounded::new(out, limit);
    checked_value(field, array, row, out)?;
    out.check()
}

fn checked_value(field: &Field, array: &dyn Array, row: usize, out: &mut Bounded<'_>) -> Result<(), String> {
    if row >= array.len() {
        return Err(format!("column `{}` has {} rows, but row {row} is due", field.name(), array.len()));
    }
    if array.data_type() != field.data_type() {
        return Err(format!("column `{}` is {} where {} is due", field.name(), array.data_type(), field.data_type()));
    }
    value(field, array, row, out)
}

macro_rules! primitive {
    ($array:expr, $row:expr, $of:ty) => {
        $array.as_primitive::<$of>().value($row)
    };
}

fn value(field: &Field, array: &dyn Array, row: usize, out: &mut Bounded<'_>) -> Result<(), String> {
    out.check()?;
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Null => out.extend_from_slice(b"null"),
        DataType::Boolean => {
            out.extend_from_slice(if array.as_boolean().value(row) { b"true" } else { b"false" });
        }
        DataType::Int8 => number::integer(i64::from(primitive!(array, row, Int8Type)), out),
        DataType::Int16 => number::integer(i64::from(primitive!(array, row, Int16Type)), out),
        DataType::Int32 => number::integer(i64::from(primitive!(array, row, Int32Type)), out),
        DataType::Int64 => number::integer(primitive!(array, row, Int64Type), out),
        DataType::UInt8 => number::unsigned(u64::from(primitive!(array, row, UInt8Type)), out),
        DataType::UInt16 => number::unsigned(u64::from(primitive!(array, row, UInt16Type)), out),
        DataType::UInt32 => number::unsigned(u64::from(primitive!(array, row, UInt32Type)), out),
        DataType::UInt64 => number::unsigned(primitive!(array, row, UInt64Type), out),
        DataType::Float16 => number::single(primitive!(array, row, Float16Type).to_f32(), out)?,
        DataType::Float32 => number::single(primitive!(array, row, Float32Type), out)?,
        DataType::Float64 => number::double(primitive!(array, row, Float64Type), out)?,
        DataType::Decimal32(_, scale) => number::decimal(primitive!(array, row, Decimal32Type), *scale, out),
        DataType::Decimal64(_, scale) => number::decimal(primitive!(array, row, Decimal64Type), *scale, out),
        DataType::Decimal128(_, scale) => number::decimal(primitive!(array, row, Decimal128Type), *scale, out),
        DataType::Decimal256(_, scale) => number::decimal(primitive!(array, row, Decimal256Type), *scale, out),
        DataType::Utf8 => append_text(array.as_string::<i32>().value(row), out)?,
        DataType::LargeUtf8 => append_text(array.as_string::<i64>().value(row), out)?,
        DataType::Utf8View => append_text(array.as_string_view().value(row), out)?,
        DataType::Binary => append_bytes(array.as_binary::<i32>().value(row), out)?,
        DataType::LargeBinary => append_bytes(array.as_binary::<i64>().value(row), out)?,
        DataType::BinaryView => append_bytes(array.as_binary_view().value(row), out)?,
        DataType::FixedSizeBinary(_) => {
            let value = array.as_fixed_size_binary().value(row);
            match <[u8; 16]>::try_from(value) {
                Ok(value) if is_uuid(field) => append_uuid(value, out),
                _ => append_bytes(value, out)?,
            }
        }
        DataType::Date32 => quoted(out, |out| temporal::date(i64::from(primitive!(array, row, Date32Type)), out)),
        DataType::Date64 => quoted(out, |out| temporal::date64(primitive!(array, row, Date64Type), out)),
        DataType::Time32(unit) | DataType::Time64(unit) => {
            let time = match unit {
                TimeUnit::Second => i64::from(primitive!(array, row, Time32SecondType)),
                TimeUnit::Millisecond => i64::from(primitive!(array, row, Time32MillisecondType)),
                TimeUnit::Microsecond => primitive!(array, row, Time64MicrosecondType),
                TimeUnit::Nanosecond => primitive!(array, row, Time64NanosecondType),
            };
            quoted(out, |out| temporal::time(time, *unit, out));
        }
        DataType::Timestamp(unit, zone) => {
            let instant = match unit {
                TimeUnit::Second => primitive!(array, row, TimestampSecondType),
                TimeUnit::Millisecond => primitive!(array, row, TimestampMillisecondType),
                TimeUnit::Microsecond => primitive!(array, row, TimestampMicrosecondType),
                TimeUnit::Nanosecond => primitive!(array, row, TimestampNanosecondType),
            };
            quoted(out, |out| temporal::timestamp(instant, *unit, zone.is_some(), out));
        }
        DataType::Duration(unit) => {
            let duration = match unit {
                TimeUnit::Second => primitive!(array, row, DurationSecondType),
                TimeUnit::Millisecond => primitive!(array, row, DurationMillisecondType),
                TimeUnit::Microsecond => primitive!(array, row, DurationMicrosecondType),
                TimeUnit::Nanosecond => primitive!(array, row, DurationNanosecondType),
            };
            quoted(out, |out| temporal::duration(duration, *unit, out));
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let months = primitive!(array, row, IntervalYearMonthType);
            quoted(out, |out| temporal::interval(months, 0, 0, TimeUnit::Second, out));
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let interval = primitive!(array, row, IntervalDayTimeType);
            let millis = i64::from(interval.milliseconds);
            quoted(out, |out| temporal::interval(0, interval.days, millis, TimeUnit::Millisecond, out));
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let interval = primitive!(array, row, IntervalMonthDayNanoType);
            let (months, days, nanos) = (interval.months, interval.days, interval.nanoseconds);
            quoted(out, |out| temporal::interval(months, days, nanos, TimeUnit::Nanosecond, out));
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            out.push(b'{');
            for (index, (field, column)) in fields.iter().zip(columns).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                append_text(field.name(), out)?;
                out.push(b':');
                value(field, column, row, out)?;
            }
            out.push(b'}');
        }
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            items(item, list.values(), offsets[row] as usize, offsets[row + 1] as usize, out)?;
        }
        DataType::LargeList(item) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            items(item, list.values(), offsets[row] as usize, offsets[row + 1] as usize, out)?;
        }
        DataType::ListView(item) => {
            let list = array.as_list_view::<i32>();
            let start = list.value_offset(row) as usize;
            items(item, list.values(), start, start + list.value_size(row) as usize, out)?;
        }
        DataType::LargeListView(item) => {
            let list = array.as_list_view::<i64>();
            let start = list.value_offset(row) as usize;
            items(item, list.values(), start, start + list.value_size(row) as usize, out)?;
        }
        DataType::FixedSizeList(item, length) => {
            let list = array.as_fixed_size_list();
            let start = list.value_offset_at(row);
            items(item, list.values(), start, start + *length as usize, out)?;
        }
        DataType::Map(_, _) => map(array.as_map(), row, out)?,
        DataType::Dictionary(_, values) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys_at(row)?;
            let inner = with_type(field, values);
            return value(&inner, dictionary.values(), key, out);
        }
        DataType::RunEndEncoded(ends, item) => {
            let (inner, at) = match ends.data_type() {
                DataType::Int16 => run_at::<Int16Type>(array, row),
                DataType::Int32 => run_at::<Int32Type>(array, row),
                _ => run_at::<Int64Type>(array, row),
            }
            .ok_or("a run-end encoded column has ends of an unknown type")?;
            return value(item, &inner, at, out);
        }
        DataType::Union(fields, _) => {
            let union = array.as_union();
            let id = union.type_id(row);
            let branch = fields.iter().find(|(branch, _)| *branch == id);
            let (_, branch) = branch.ok_or_else(|| format!("a union has no branch {id}"))?;
            return value(branch, union.child(id), union.value_offset(row), out);
        }
    }
    Ok(())
}

/// The index of a row in its dictionary, without a vector of all of them.
trait KeyAt {
    fn normalized_keys_at(&self, row: usize) -> Result<usize, String>;
}

impl KeyAt for dyn arrow_array::array::AnyDictionaryArray + '_ {
    fn normalized_keys_at(&self, row: usize) -> Result<usize, String> {
        let keys = self.keys();
        let key = match keys.data_type() {
            DataType::Int8 => i64::from(primitive!(keys, row, Int8Type)),
            DataType::Int16 => i64::from(primitive!(keys, row, Int16Type)),
            DataType::Int32 => i64::from(primitive!(keys, row, Int32Type)),
            DataType::Int64 => primitive!(keys, row, Int64Type),
            DataType::UInt8 => i64::from(primitive!(keys, row, UInt8Type)),
            DataType::UInt16 => i64::from(primitive!(keys, row, UInt16Type)),
            DataType::UInt32 => i64::from(primitive!(keys, row, UInt32Type)),
            _ => i64::try_from(primitive!(keys, row, UInt64Type)).unwrap_or(-1),
        };
        usize::try_from(key)
            .ok()
            .filter(|key| *key < self.values().len())
            .ok_or_else(|| format!("a dictionary of {} values has no value {key}", self.values().len()))
    }
}

fn run_at<R: arrow_array::types::RunEndIndexType>(array: &dyn Array, row: usize) -> Option<(ArrayRef, usize)> {
    let runs = array.as_run_opt::<R>()?;
    Some((std::sync::Arc::clone(runs.values()), runs.get_physical_index(row)))
}

fn with_type(field: &Field, data_type: &DataType) -> Field {
    field.clone().with_data_type(data_type.clone())
}

fn items(item: &Field, values: &ArrayRef, start: usize, end: usize, out: &mut Bounded<'_>) -> Result<(), String> {
    out.push(b'[');
    for index in start..end {
        if index > start {
            out.push(b',');
        }
        value(item, values, index, out)?;
    }
    out.push(b']');
    Ok(())
}

fn map(map: &MapArray, row: usize, out: &mut Bounded<'_>) -> Result<(), String> {
    let (keys, values) = (map.keys(), map.values());
    let (key_field, value_field) = match map.entries().fields().as_ref() {
        [key, value] => (key, value),
        _ => return Err("a map's entries are no pairs".to_owned()),
    };
    let offsets = map.value_offsets();
    let is_object = is_text(key_field.data_type());
    let (open, close) = if is_object { (b'{', b'}') } else { (b'[', b']') };
    out.push(open);
    for (count, index) in (offsets[row] as usize..offsets[row + 1] as usize).enumerate() {
        if count > 0 {
            out.push(b',');
        }
        if !is_object {
            out.extend_from_slice(b"{\"key\":");
        }
        value(key_field, keys, index, out)?;
        out.extend_from_slice(if is_object { b":" } else { b",\"value\":" });
        value(value_field, values, index, out)?;
        if !is_object {
            out.push(b'}');
        }
    }
    out.push(close);
    Ok(())
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Whether a field carries Arrow's canonical extension type for UUIDs.
fn is_uuid(field: &Field) -> bool {
    field.extension_type_name() == Some("arrow.uuid")
        || field.metadata().get("logicalType").is_some_and(|name| name == "uuid")
}
