//! The Avro schema under which the JSON text of structured values becomes Avro, for types of Arrow.
//!
//! Each type is the one whose JSON (`docs/schemas.md`) is what `docs/structured-values.md` writes for the Arrow type, so that
//! nothing is lost on the way; what Avro has no type for stays the text that it is.

use std::collections::HashMap;
use std::fmt;

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use serde_json::{Value, json};

/// Why Avro has no schema for types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSchema {
    /// It does not take the name of a column; which one, with those that it is within: `addr.n-o`.
    Name(String),
    /// It does not have a type, for this reason.
    Type(String),
}

impl NoSchema {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name(_) => {
                "rename the column in the export; or let a plugin rename it, and write the `target_schema` yourself"
            }
            Self::Type(_) => {
                "write the `target_schema` yourself, and let a plugin make of such values what it says; or restore them as \
                 JSON: `encoding = \"json\"`"
            }
        }
    }
}

impl fmt::Display for NoSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(column) => {
                write!(
                    f,
                    "column `{column}` has a name that Avro does not take: letters, digits and `_` only, no digit first"
                )
            }
            Self::Type(reason) => f.write_str(reason),
        }
    }
}

/// The schema of rows of these columns, a record of this name.
///
/// # Errors
/// A column whose name Avro does not take, or whose type it does not have.
pub fn record(name: &str, fields: &Fields) -> Result<Value, NoSchema> {
    Names::default().record(&as_name(name), fields)
}

/// The schema of values of one column, of which `path` says where it is: its name, behind those that it is within.
///
/// # Errors
/// As of [`record`].
pub fn value(name: &str, field: &Field, path: Vec<String>) -> Result<Value, NoSchema> {
    Names { path, ..Names::default() }.of(&as_name(name), field.data_type(), field)
}

/// Whether values of a column are bytes or text as they are, and not structured.
pub fn is_plain(data_type: &DataType) -> bool {
    match data_type {
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::FixedSizeBinary(_) => true,
        DataType::Dictionary(_, values) => is_plain(values),
        _ => false,
    }
}

/// Names on the way down.
#[derive(Default)]
struct Names {
    /// Those of types, each of which may be there once.
    types: HashMap<String, usize>,
    /// Those of the columns that it goes through.
    path: Vec<String>,
}

impl Names {
    /// A name that no other type has.
    fn unused(&mut self, name: &str) -> String {
        let times = self.types.entry(name.to_owned()).or_default();
        *times += 1;
        match *times {
            1 => name.to_owned(),
            times => format!("{name}_{times}"),
        }
    }

    fn record(&mut self, name: &str, fields: &Fields) -> Result<Value, NoSchema> {
        let name = self.unused(name);
        let mut members = Vec::with_capacity(fields.len());
        for field in fields {
            let of = field.name();
            self.path.push(of.clone());
            if as_name(of) != *of {
                return Err(NoSchema::Name(self.path.join(".")));
            }
            let type_of = self.of(&format!("{name}_{of}"), field.data_type(), field)?;
            self.path.pop();
            members.push(match field.is_nullable() && *field.data_type() != DataType::Null {
                true => json!({"name": of, "type": or_null(type_of), "default": null}),
                false => json!({"name": of, "type": type_of}),
            });
        }
        Ok(json!({"type": "record", "name": name, "fields": members}))
    }

    /// The items of a list or the values of a map.
    fn item(&mut self, name: &str, field: &Field) -> Result<Value, NoSchema> {
        let of = self.of(name, field.data_type(), field)?;
        Ok(if field.is_nullable() && *field.data_type() != DataType::Null { or_null(of) } else { of })
    }

    fn of(&mut self, name: &str, data_type: &DataType, field: &Field) -> Result<Value, NoSchema> {
        let logical = |of: &str, name: &str| json!({"type": of, "logicalType": name});
        let decimal = |precision: u32, scale: u32| json!({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale});
        Ok(match data_type {
            DataType::Null => json!("null"),
            DataType::Boolean => json!("boolean"),
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => json!("int"),
            DataType::Int64 | DataType::UInt32 => json!("long"),
            DataType::UInt64 => decimal(20, 0),
            DataType::Float16 | DataType::Float32 => json!("float"),
            DataType::Float64 => json!("double"),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => {
                let zeros = u32::from(scale.min(&0).unsigned_abs());
                let scale = u32::from(scale.max(&0).unsigned_abs());
                // Avro wants a precision that is no less than the scale.
                decimal((u32::from(*precision) + zeros).max(scale).max(1), scale)
            }
            DataType::FixedSizeBinary(16) if super::is_uuid(field) => logical("string", "uuid"),
            DataType::FixedSizeBinary(size) => json!({"type": "fixed", "name": self.unused(name), "size": size}),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => json!("bytes"),
            DataType::Date32 | DataType::Date64 => logical("int", "date"),
            DataType::Time32(TimeUnit::Millisecond) => logical("int", "time-millis"),
            DataType::Time32(_) => logical("int", "time-millis"),
            DataType::Time64(TimeUnit::Microsecond) => logical("long", "time-micros"),
            DataType::Timestamp(unit, zone) => {
                let unit = match unit {
                    TimeUnit::Second | TimeUnit::Millisecond => "millis",
                    TimeUnit::Microsecond => "micros",
                    TimeUnit::Nanosecond => "nanos",
                };
                logical("long", &format!("{}timestamp-{unit}", if zone.is_some() { "" } else { "local-" }))
            }
            DataType::Struct(fields) => self.record(name, fields)?,
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _) => {
                json!({"type": "array", "items": self.item(&format!("{name}_item"), item)?})
            }
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) => match fields.as_ref() {
                    [key, value] if super::is_text(key.data_type()) => {
                        json!({"type": "map", "values": self.item(&format!("{name}_value"), value)?})
                    }
                    [key, value] => {
                        let key = Field::new("key", key.data_type().clone(), false);
                        let value = value.as_ref().clone().with_name("value");
                        let entry = self.record(&format!("{name}_entry"), &Fields::from(vec![key, value]))?;
                        json!({"type": "array", "items": entry})
                    }
                    _ => return Err(NoSchema::Type("a map's entries are no pairs".to_owned())),
                },
                _ => return Err(NoSchema::Type("a map's entries are no pairs".to_owned())),
            },
            DataType::Dictionary(_, values) => self.of(name, values, field)?,
            DataType::RunEndEncoded(_, values) => self.of(name, values.data_type(), values)?,
            DataType::Union(..) => {
                return Err(NoSchema::Type("a union of Arrow has no JSON that tells its branch".to_owned()));
            }
            // Text, and what Avro has no type for: its text.
            _ => json!("string"),
        })
    }
}

fn or_null(of: Value) -> Value {
    match of {
        Value::String(name) if name == "null" => Value::String(name),
        of => json!(["null", of]),
    }
}

/// A name as Avro takes it.
fn as_name(name: &str) -> String {
    let letters = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    let name: String = letters.collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) || name.is_empty() { format!("_{name}") } else { name }
}
