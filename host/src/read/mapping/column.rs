//! A file's columns as far as a mapping needs to know them.

use arrow_schema::{DataType, Fields};

/// How deep structs are searched for columns; what lies deeper is part of a value, never a role.
const DEPTH: usize = 8;

/// What a column holds, in the large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of fixed or variable length.
    Bytes,
    /// UTF-8 text.
    Text,
    /// Integers.
    Integer,
    /// Points in time.
    Timestamp,
    /// Lists.
    List,
    /// Maps.
    Map,
    /// Structs.
    Struct,
    /// Nothing but nulls.
    Null,
    /// Anything else: floats, decimals, booleans, dates.
    Other,
    /// A format without column types: each row says for itself.
    Any,
}

impl Kind {
    /// The kind of an Arrow type.
    pub fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Bytes
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            integer if integer.is_integer() => Self::Integer,
            DataType::Timestamp(..) => Self::Timestamp,
            DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::ListView(_)
            | DataType::LargeListView(_) => Self::List,
            DataType::Map(..) => Self::Map,
            DataType::Struct(_) => Self::Struct,
            DataType::Null => Self::Null,
            DataType::Dictionary(_, values) => Self::of(values),
            DataType::RunEndEncoded(_, values) => Self::of(values.data_type()),
            _ => Self::Other,
        }
    }
}

/// A column of a file, at the top or within structs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, as `a.b` within a struct.
    pub name: String,
    /// The way to it: its index at the top, then the index within each struct.
    pub steps: Vec<usize>,
    /// What it holds.
    pub kind: Kind,
    /// Its type as the format's own people write it.
    pub type_name: String,
}

impl Column {
    /// The columns of an Arrow schema, each struct before its fields. `type_name` says how the
    /// format's own people write the type of the column with these steps.
    pub fn of_fields(fields: &Fields, type_name: &dyn Fn(&[usize], &DataType) -> String) -> Vec<Self> {
        let mut columns = Vec::new();
        collect(fields, "", &mut Vec::new(), type_name, &mut columns);
        columns
    }

    /// Whether it is a column of the file itself and not a field of a struct.
    pub fn is_top(&self) -> bool {
        self.steps.len() == 1
    }
}

fn collect(
    fields: &Fields,
    prefix: &str,
    steps: &mut Vec<usize>,
    type_name: &dyn Fn(&[usize], &DataType) -> String,
    columns: &mut Vec<Column>,
) {
    for (index, field) in fields.iter().enumerate() {
        steps.push(index);
        let name = format!("{prefix}{}", field.name());
        let within = format!("{name}.");
        columns.push(Column {
            name,
            steps: steps.clone(),
            kind: Kind::of(field.data_type()),
            type_name: type_name(steps, field.data_type()),
        });
        if let DataType::Struct(inner) = field.data_type()
            && steps.len() < DEPTH
        {
            collect(inner, &within, steps, type_name, columns);
        }
        steps.pop();
    }
}
