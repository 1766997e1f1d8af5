//! A Parquet schema as a list of columns that a mapping can be resolved against, and their leaves.

use std::sync::Arc;

use std::ops::Range;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type, TypePtr};

use crate::read::mapping::{Column, Kind};

/// How deep structs are searched for columns.
const DEPTH: usize = 8;

/// A column, at the top or within structs, and where its leaves are.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// What the mapping needs to know of it.
    pub(super) column: Column,
    /// Its type.
    pub(super) definition: TypePtr,
    /// Its leaves, by their index in the schema.
    pub(super) leaves: Range<usize>,
}

/// All columns of a schema, each struct before its fields.
pub(super) fn nodes(schema: &SchemaDescriptor) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut leaf = 0;
    collect(schema.root_schema().get_fields(), "", &mut Vec::new(), &mut leaf, &mut nodes);
    nodes
}

fn collect(fields: &[TypePtr], prefix: &str, steps: &mut Vec<usize>, leaf: &mut usize, nodes: &mut Vec<Node>) {
    for (index, field) in fields.iter().enumerate() {
        steps.push(index);
        let name = format!("{prefix}{}", field.name());
        let kind = kind(field);
        let first = *leaf;
        let leaves = first..first + leaf_count(field);
        let column = Column { name: name.clone(), steps: steps.clone(), kind, type_name: type_name(field) };
        nodes.push(Node { column, definition: Arc::clone(field), leaves: leaves.clone() });
        if kind == Kind::Struct && steps.len() < DEPTH {
            collect(field.get_fields(), &format!("{name}."), steps, leaf, nodes);
        }
        *leaf = leaves.end;
        steps.pop();
    }
}

/// How many leaves a type has.
pub(super) fn leaf_count(definition: &Type) -> usize {
    match definition.is_primitive() {
        true => 1,
        false => definition.get_fields().iter().map(|field| leaf_count(field)).sum(),
    }
}

/// Whether a type is repeated: a list without an annotation.
pub(super) fn is_repeated(definition: &Type) -> bool {
    let basic = definition.get_basic_info();
    basic.has_repetition() && basic.repetition() == Repetition::REPEATED
}

/// Whether a group is annotated as a list.
pub(super) fn is_list(definition: &Type) -> bool {
    let basic = definition.get_basic_info();
    basic.logical_type_ref() == Some(&LogicalType::List) || basic.converted_type() == ConvertedType::LIST
}

/// Whether a group is annotated as a map.
pub(super) fn is_map(definition: &Type) -> bool {
    let basic = definition.get_basic_info();
    basic.logical_type_ref() == Some(&LogicalType::Map)
        || matches!(basic.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE)
}

pub(super) fn kind(definition: &Type) -> Kind {
    if is_list(definition) || (is_repeated(definition) && !is_map(definition)) {
        Kind::List
    } else if is_map(definition) {
        Kind::Map
    } else if definition.is_group() {
        Kind::Struct
    } else {
        let basic = definition.get_basic_info();
        primitive_kind(definition.get_physical_type(), basic.logical_type_ref(), basic.converted_type())
    }
}

fn primitive_kind(physical: PhysicalType, logical: Option<&LogicalType>, converted: ConvertedType) -> Kind {
    let is_text = matches!(logical, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json))
        || matches!(converted, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON);
    let is_instant = matches!(logical, Some(LogicalType::Timestamp(_)))
        || matches!(converted, ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS);
    let is_integer = matches!(logical, Some(LogicalType::Integer(_)))
        || (logical.is_none()
            && matches!(
                converted,
                ConvertedType::NONE
                    | ConvertedType::INT_8
                    | ConvertedType::INT_16
                    | ConvertedType::INT_32
                    | ConvertedType::INT_64
                    | ConvertedType::UINT_8
                    | ConvertedType::UINT_16
                    | ConvertedType::UINT_32
                    | ConvertedType::UINT_64
            ));
    let is_plain = match logical {
        None => matches!(converted, ConvertedType::NONE | ConvertedType::BSON),
        Some(LogicalType::Bson | LogicalType::Uuid) => true,
        Some(_) => false,
    };
    match physical {
        _ if logical == Some(&LogicalType::Unknown) => Kind::Null,
        PhysicalType::BYTE_ARRAY if is_text => Kind::Text,
        PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY if is_plain => Kind::Bytes,
        PhysicalType::INT64 if is_instant => Kind::Timestamp,
        PhysicalType::INT96 => Kind::Timestamp,
        PhysicalType::INT32 | PhysicalType::INT64 if is_integer => Kind::Integer,
        _ => Kind::Other,
    }
}

/// What a leaf's integers count, where they are instants. Without an annotation: milliseconds.
pub(super) fn unit(leaf: &ColumnDescriptor) -> TimeUnit {
    match (leaf.logical_type_ref(), leaf.converted_type()) {
        (Some(LogicalType::Timestamp(timestamp)), _) => timestamp.unit,
        (_, ConvertedType::TIMESTAMP_MICROS) => TimeUnit::MICROS,
        _ => TimeUnit::MILLIS,
    }
}

/// How many of a unit are a millisecond.
pub(super) fn per_millisecond(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1_000_000,
    }
}

/// Whether a leaf's integers are unsigned.
pub(super) fn is_unsigned(leaf: &ColumnDescriptor) -> bool {
    match leaf.logical_type_ref() {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        _ => matches!(
            leaf.converted_type(),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
        ),
    }
}

/// A type as Parquet's own tools write it: `INT64 (TIMESTAMP(MILLIS,true))`.
pub(super) fn type_name(definition: &Type) -> String {
    let basic = definition.get_basic_info();
    let physical = match definition.is_primitive() {
        true => match definition.get_physical_type() {
            PhysicalType::FIXED_LEN_BYTE_ARRAY => fixed_name(definition),
            physical => physical.to_string(),
        },
        false => "group".to_owned(),
    };
    let annotation = match (basic.logical_type_ref(), basic.converted_type()) {
        (Some(logical), _) => Some(logical_name(logical)),
        (None, ConvertedType::NONE) => None,
        (None, converted) => Some(converted.to_string()),
    };
    match annotation {
        Some(annotation) => format!("{physical} ({annotation})"),
        None => physical,
    }
}

fn fixed_name(definition: &Type) -> String {
    match definition {
        Type::PrimitiveType { type_length, .. } => format!("FIXED_LEN_BYTE_ARRAY({type_length})"),
        Type::GroupType { .. } => "group".to_owned(),
    }
}

fn logical_name(logical: &LogicalType) -> String {
    match logical {
        LogicalType::Timestamp(timestamp) => {
            format!("TIMESTAMP({:?},{})", timestamp.unit, timestamp.is_adjusted_to_u_t_c)
        }
        LogicalType::Time(time) => format!("TIME({:?},{})", time.unit, time.is_adjusted_to_u_t_c),
        LogicalType::Decimal(decimal) => format!("DECIMAL({},{})", decimal.precision, decimal.scale),
        LogicalType::Integer(integer) => format!("INTEGER({},{})", integer.bit_width, integer.is_signed),
        LogicalType::Variant(_) => "VARIANT".to_owned(),
        LogicalType::Geometry(_) => "GEOMETRY".to_owned(),
        LogicalType::Geography(_) => "GEOGRAPHY".to_owned(),
        plain => format!("{plain:?}").to_uppercase(),
    }
}
