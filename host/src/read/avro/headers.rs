//! Headers from decoded Arrow arrays: a list of names and values, a map, or a struct by name.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Fields, Schema};

use super::columns::{Fault, at, decoded, field, in_row, is_text};
use crate::batch::{Headers, HeadersBuilder};
use crate::job::Encoding;

/// The names that the fields of a header go by, without regard to case.
const NAMES: [&str; 4] = ["key", "name", "headerkey", "k"];
const VALUES: [&str; 3] = ["value", "headervalue", "v"];

/// Where headers come from.
pub(super) struct HeaderSource {
    steps: Vec<usize>,
    form: Form,
    encoding: Encoding,
}

enum Form {
    /// A list of records: the places of name and value in them.
    List { name: usize, value: usize },
    /// A map of names to values.
    Map,
    /// A record with a field for each name; a null one is no header.
    Struct,
}

impl HeaderSource {
    /// Finds out the form of the headers in a column; `None` where its type has only nulls.
    ///
    /// # Errors
    /// Says which type it is where that is no form of headers.
    pub(super) fn new(schema: &Schema, steps: Vec<usize>, encoding: Encoding) -> Result<Option<Self>, String> {
        let Some(field) = field(schema, &steps) else { return Ok(None) };
        let name = field.name();
        let form = match field.data_type() {
            DataType::Null => return Ok(None),
            DataType::List(item) => match item.data_type() {
                DataType::Struct(fields) => list(name, fields)?,
                other => return Err(format!("column `{name}` is a list of {other}, not of names and values")),
            },
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) => match fields.get(1).map(|value| value.data_type()) {
                    Some(value) if is_bytes(value) => Form::Map,
                    Some(DataType::Null) => Form::Map,
                    _ => return Err(format!("column `{name}` is a map of neither bytes nor text")),
                },
                _ => return Err(format!("column `{name}` is an unknown kind of map")),
            },
            DataType::Struct(fields) => match fields.iter().find(|field| !is_bytes(field.data_type())) {
                Some(field) => {
                    return Err(format!("field `{}` of column `{name}` is neither bytes nor text", field.name()));
                }
                None => Form::Struct,
            },
            other => return Err(format!("column `{name}` ({other}) holds no headers")),
        };
        Ok(Some(Self { steps, form, encoding }))
    }

    /// The headers of a batch.
    ///
    /// # Errors
    /// A header without a name, a value that is not in its encoding.
    pub(super) fn headers(&self, batch: &RecordBatch) -> Result<Headers, Fault> {
        let rows = batch.num_rows();
        let Some(array) = at(batch, &self.steps) else { return Ok(Headers::none(rows)) };
        let mut builder = HeadersBuilder::default();
        match &self.form {
            Form::List { name, value } => {
                let list = array.as_list::<i32>();
                let items = list.values().as_struct();
                let entries = Entries::new(items.column(*name), items.column(*value), self.encoding)?;
                for row in 0..rows {
                    let offsets = list.value_offsets();
                    entries.append(row, list.is_valid(row), offsets[row]..offsets[row + 1], &mut builder)?;
                }
            }
            Form::Map => {
                let map = array.as_map();
                let entries = Entries::new(map.keys(), map.values(), self.encoding)?;
                for row in 0..rows {
                    let offsets = map.value_offsets();
                    entries.append(row, map.is_valid(row), offsets[row]..offsets[row + 1], &mut builder)?;
                }
            }
            Form::Struct => {
                let headers = array.as_struct();
                let values = headers.columns().iter().map(|column| decoded(column, encoding_of(column, self.encoding)));
                let values = values.collect::<Result<Vec<BinaryArray>, Fault>>()?;
                for row in 0..rows {
                    for (name, values) in headers.column_names().iter().zip(&values) {
                        if headers.is_valid(row) && values.is_valid(row) {
                            builder.push(name, Some(values.value(row)));
                        }
                    }
                    builder.end_row();
                }
            }
        }
        Ok(builder.finish())
    }
}

fn list(column: &str, fields: &Fields) -> Result<Form, String> {
    let place = |names: &[&str]| {
        names.iter().find_map(|name| fields.iter().position(|field| field.name().eq_ignore_ascii_case(name)))
    };
    let (Some(name), Some(value)) = (place(&NAMES), place(&VALUES)) else {
        return Err(format!("the entries of column `{column}` have no `key` and `value`"));
    };
    for index in [name, value] {
        let field = &fields[index];
        let fits = is_bytes(field.data_type()) || (index == value && field.data_type() == &DataType::Null);
        if !fits {
            return Err(format!("`{}` in the entries of column `{column}` is neither bytes nor text", field.name()));
        }
    }
    Ok(Form::List { name, value })
}

fn is_bytes(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary | DataType::FixedSizeBinary(_)) || is_text(data_type)
}

/// Only text stands for bytes in an encoding.
fn encoding_of(array: &ArrayRef, encoding: Encoding) -> Encoding {
    if is_text(array.data_type()) { encoding } else { Encoding::Text }
}

/// Names and values of the headers of all rows.
struct Entries {
    names: StringArray,
    values: BinaryArray,
}

impl Entries {
    fn new(names: &ArrayRef, values: &ArrayRef, encoding: Encoding) -> Result<Self, Fault> {
        let names = arrow_cast::cast(names, &DataType::Utf8).map_err(|error| error.to_string());
        let values = match values.data_type() {
            DataType::Null => BinaryArray::new_null(values.len()),
            _ => decoded(values, encoding_of(values, encoding))?,
        };
        Ok(Self { names: in_row(0, names)?.as_string::<i32>().clone(), values })
    }

    fn append(
        &self,
        row: usize,
        is_valid: bool,
        entries: std::ops::Range<i32>,
        builder: &mut HeadersBuilder,
    ) -> Result<(), Fault> {
        if is_valid {
            for entry in entries.start as usize..entries.end as usize {
                if self.names.is_null(entry) {
                    return in_row(row, Err("a header has no name".to_owned()));
                }
                builder.push(self.names.value(entry), self.values.is_valid(entry).then(|| self.values.value(entry)));
            }
        }
        builder.end_row();
        Ok(())
    }
}
