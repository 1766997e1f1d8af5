//! An Avro schema, parsed once into nodes that a walk over a value goes along.
//!
//! Nodes refer to each other by index, so that a schema that contains itself is nothing special. What the crates that read
//! Avro throw away is kept, since it is written again: the order of a union, whether a UUID is text or bytes, the sizes of
//! decimals. The rules are those of the [specification](https://avro.apache.org/docs/1.12.0/specification/).

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::TimeUnit;

use super::union::Union;

/// The index of a node.
pub(super) type NodeIndex = usize;

/// A schema with all that it refers to.
#[derive(Debug)]
pub struct Schema {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeIndex,
    /// As it was given.
    text: Arc<str>,
}

impl Schema {
    pub(super) fn new(nodes: Vec<Node>, root: NodeIndex, text: &str) -> Self {
        Self { nodes, root, text: text.into() }
    }

    /// As it was given.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The full name of what it describes, where that has one: a record, an enum or a fixed.
    pub fn name(&self) -> Option<&str> {
        self.node(self.root).kind.name().map(|name| name.full.as_ref())
    }

    /// A node of this schema; indices come from its own nodes, so there is one.
    pub(super) fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index]
    }
}

/// What a value is.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) logical: Option<Logical>,
}

/// How a value is written.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(Fixed),
    Enum(Enum),
    Record(Record),
    Array(NodeIndex),
    Map(NodeIndex),
    Union(Union),
}

impl Kind {
    /// The name, of what has one.
    pub(super) fn name(&self) -> Option<&Name> {
        match self {
            Self::Fixed(Fixed { name, .. }) | Self::Enum(Enum { name, .. }) | Self::Record(Record { name, .. }) => {
                Some(name)
            }
            _ => None,
        }
    }

    /// The name of its type: its own where it has one, else Avro's word.
    pub(super) fn type_name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
            Self::Fixed(Fixed { name, .. }) | Self::Enum(Enum { name, .. }) | Self::Record(Record { name, .. }) => {
                &name.full
            }
        }
    }
}

/// What a value means beyond how it is written. One that does not go with its kind is no part of a node, as the
/// specification has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logical {
    Date,
    Time(TimeUnit),
    Timestamp(TimeUnit),
    LocalTimestamp(TimeUnit),
    Decimal { precision: u32, scale: u32 },
    Uuid,
    Duration,
}

/// A full name, and the full names that it may go by as well.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) full: Box<str>,
    pub(super) aliases: Vec<Box<str>>,
}

impl Name {
    /// The last part of the name.
    fn short(full: &str) -> &str {
        full.rsplit('.').next().unwrap_or(full)
    }

    /// Whether what `writer` named may be read under this name: the last parts are equal, or it is an alias.
    pub(super) fn reads(&self, writer: &Self) -> bool {
        Self::short(&self.full) == Self::short(&writer.full) || self.aliases.contains(&writer.full)
    }
}

#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) name: Name,
    pub(super) size: usize,
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: Name,
    pub(super) symbols: Vec<Box<str>>,
    /// The symbol that stands for one that is not known.
    pub(super) default: Option<usize>,
    by_symbol: HashMap<Box<str>, usize>,
}

impl Enum {
    pub(super) fn new(name: Name, symbols: Vec<Box<str>>, default: Option<usize>) -> Self {
        let by_symbol = symbols.iter().cloned().zip(0..).collect();
        Self { name, symbols, default, by_symbol }
    }

    pub(super) fn index(&self, symbol: &str) -> Option<usize> {
        self.by_symbol.get(symbol).copied()
    }
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: Name,
    pub(super) fields: Vec<Field>,
    by_name: HashMap<Box<str>, usize>,
    /// An alias that several fields have is the first one's.
    by_alias: HashMap<Box<str>, usize>,
    /// Whether a field has the name of another as an alias.
    pub(super) crosses: bool,
}

impl Record {
    pub(super) fn new(name: Name, fields: Vec<Field>) -> Self {
        let by_name: HashMap<_, _> =
            fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index)).collect();
        let mut by_alias = HashMap::new();
        for (index, field) in fields.iter().enumerate() {
            for alias in &field.aliases {
                by_alias.entry(alias.clone()).or_insert(index);
            }
        }
        let crosses = by_alias.iter().any(|(alias, of)| by_name.get(alias).is_some_and(|named| named != of));
        Self { name, fields, by_name, by_alias, crosses }
    }

    /// The field that one by this name is read as, of a value in which `has` tells what other names there are: as Avro
    /// has it, the field that goes by the name as an alias gives it its own, so that it is no other's any more; unless one
    /// of that very name is there.
    pub(super) fn takes(&self, name: &str, has: impl Fn(&str) -> bool) -> Option<usize> {
        let own = self.index(name);
        let Some(alias) = self.by_alias.get(name).copied().filter(|alias| Some(*alias) != own) else { return own };
        let renamed = self.fields.get(alias).map_or("", |field| &field.name);
        let is_there = has(renamed) && self.by_alias.get(renamed).is_none_or(|other| *other == alias);
        if is_there { own } else { Some(alias) }
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Box<str>,
    /// `"name":`, as JSON has it.
    pub(super) quoted: Box<[u8]>,
    pub(super) aliases: Vec<Box<str>>,
    pub(super) node: NodeIndex,
    pub(super) default: Default,
}

/// What stands where a value does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Default {
    Absent,
    /// As it is written.
    Written(Box<[u8]>),
    /// It does not fit its field, for this reason. Of no consequence until it is needed.
    Misfit(Box<str>),
}

impl Logical {
    /// Avro's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time(TimeUnit::Millisecond) => "time-millis",
            Self::Time(_) => "time-micros",
            Self::Timestamp(TimeUnit::Millisecond) => "timestamp-millis",
            Self::Timestamp(TimeUnit::Microsecond) => "timestamp-micros",
            Self::Timestamp(_) => "timestamp-nanos",
            Self::LocalTimestamp(TimeUnit::Millisecond) => "local-timestamp-millis",
            Self::LocalTimestamp(TimeUnit::Microsecond) => "local-timestamp-micros",
            Self::LocalTimestamp(_) => "local-timestamp-nanos",
            Self::Decimal { .. } => "decimal",
            Self::Uuid => "uuid",
            Self::Duration => "duration",
        }
    }
}
