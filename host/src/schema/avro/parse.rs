//! From a schema's text to its nodes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_schema::TimeUnit;
use serde_json::{Map, Value};
use thiserror::Error;

use super::defaults;
use super::schema::{Default, Enum, Field, Fixed, Kind, Logical, Name, Node, NodeIndex, Record, Schema};
use super::union::{Branch, Union};

/// Why a text is no schema.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SchemaError {
    /// It is no JSON.
    #[error("the schema is no JSON: {0}")]
    NotJson(String),
    /// It names a type that there is not.
    #[error("the schema names the type `{name}`, which neither it nor what it refers to defines")]
    UnknownType {
        /// As it is named.
        name: String,
    },
    /// It breaks a rule of Avro's.
    #[error("{place}: {what}")]
    Invalid {
        /// The type or field at fault.
        place: String,
        /// Which rule.
        what: String,
    },
}

impl Schema {
    /// The schema of this text. `referenced` are the texts of those that it refers to, what is referred to first.
    ///
    /// # Errors
    /// A text that is no schema, or names what there is not.
    pub fn parse(text: &str, referenced: &[Arc<str>]) -> Result<Self, SchemaError> {
        let mut parser = Parser::default();
        for text in referenced {
            parser.parse(text)?;
        }
        let root = parser.parse(text)?;
        let mut nodes = Vec::with_capacity(parser.nodes.len());
        for node in parser.nodes {
            // A name is entered together with its node, and a node is there once its own text is read.
            nodes.push(node.ok_or_else(|| invalid("the schema", "has a type without an end"))?);
        }
        let mut schema = Self::new(nodes, root, text);
        defaults::fill(&mut schema, &parser.defaults);
        Ok(schema)
    }
}

fn invalid(place: &str, what: impl Into<String>) -> SchemaError {
    SchemaError::Invalid { place: place.to_owned(), what: what.into() }
}

/// A field's default as its schema says it: the record, the field in it, and the JSON.
pub(super) type Said = (NodeIndex, usize, Value);

#[derive(Debug, Default)]
struct Parser {
    /// What is not finished yet is missing: a record whose fields are being read.
    nodes: Vec<Option<Node>>,
    names: HashMap<Box<str>, NodeIndex>,
    defaults: Vec<Said>,
}

impl Parser {
    fn parse(&mut self, text: &str) -> Result<NodeIndex, SchemaError> {
        // A registry takes the name of a primitive type without quotes too.
        match serde_json::from_str(text) {
            Ok(value) => self.value(&value, "", "the schema"),
            Err(_) if primitive(text.trim()).is_some() => self.named(text.trim(), ""),
            Err(error) => Err(SchemaError::NotJson(error.to_string())),
        }
    }

    fn add(&mut self, kind: Kind, logical: Option<Logical>) -> NodeIndex {
        self.nodes.push(Some(Node { kind, logical }));
        self.nodes.len() - 1
    }

    /// A type as it stands in `place`, with names that have none taken to be of `namespace`. `serde_json` bounds the depth.
    fn value(&mut self, value: &Value, namespace: &str, place: &str) -> Result<NodeIndex, SchemaError> {
        match value {
            Value::String(name) => self.named(name, namespace),
            Value::Array(branches) => self.union(branches, namespace, place),
            Value::Object(object) => self.object(object, namespace, place),
            _ => Err(invalid(place, "its type is neither a name nor a list nor an object")),
        }
    }

    fn named(&mut self, name: &str, namespace: &str) -> Result<NodeIndex, SchemaError> {
        if let Some(kind) = primitive(name) {
            return Ok(self.add(kind, None));
        }
        let found = self.names.get(&*full_name(name, namespace)).or_else(|| self.names.get(name));
        found.copied().ok_or_else(|| SchemaError::UnknownType { name: name.to_owned() })
    }

    fn union(&mut self, branches: &[Value], namespace: &str, place: &str) -> Result<NodeIndex, SchemaError> {
        let mut parsed: Vec<Branch> = Vec::with_capacity(branches.len());
        for branch in branches {
            let index = self.value(branch, namespace, place)?;
            let branch = match self.nodes.get(index).and_then(Option::as_ref) {
                Some(node) => Branch::new(index, node),
                None => Branch::of_record(index, self.name_of(index)),
            };
            if branch.tag.as_ref() == "union" {
                return Err(invalid(place, "a union stands in a union"));
            }
            if parsed.iter().any(|other| other.tag == branch.tag) {
                return Err(invalid(place, format!("its union has `{}` twice", branch.tag)));
            }
            parsed.push(branch);
        }
        Ok(self.add(Kind::Union(Union::new(parsed)), None))
    }

    /// The name under which an unfinished type was entered.
    fn name_of(&self, index: NodeIndex) -> &str {
        self.names.iter().find(|(_, entered)| **entered == index).map_or("record", |(name, _)| name)
    }

    fn object(&mut self, object: &Map<String, Value>, namespace: &str, place: &str) -> Result<NodeIndex, SchemaError> {
        let kind = match object.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            // `{"type": {"type": "array", …}}` and `{"type": ["null", …]}` stand for what is in them.
            Some(inner) => return self.value(inner, namespace, place),
            None => return Err(invalid(place, "has no `type`")),
        };
        match kind {
            "record" | "error" => self.record(object, namespace, place),
            "enum" => self.enumeration(object, namespace, place),
            "fixed" => {
                let (name, _) = named_type(object, namespace, place)?;
                let size = object.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or_else(|| invalid(&name.full, "has no `size`"))?;
                let kind = Kind::Fixed(Fixed { name: name.clone(), size });
                let logical = logical(object, &kind);
                let index = self.add(kind, logical);
                self.enter(&name, index)?;
                Ok(index)
            }
            "array" | "map" => {
                let of = if kind == "array" { "items" } else { "values" };
                let inner = object.get(of).ok_or_else(|| invalid(place, format!("its {kind} has no `{of}`")))?;
                let inner = self.value(inner, namespace, place)?;
                Ok(self.add(if kind == "array" { Kind::Array(inner) } else { Kind::Map(inner) }, None))
            }
            other => match primitive(other) {
                Some(kind) => {
                    let logical = logical(object, &kind);
                    Ok(self.add(kind, logical))
                }
                None => self.named(other, namespace),
            },
        }
    }

    fn enter(&mut self, name: &Name, index: NodeIndex) -> Result<(), SchemaError> {
        match self.names.insert(name.full.clone(), index) {
            None => Ok(()),
            Some(_) => Err(invalid(&name.full, "is defined twice")),
        }
    }

    fn record(&mut self, object: &Map<String, Value>, namespace: &str, place: &str) -> Result<NodeIndex, SchemaError> {
        let (name, namespace) = named_type(object, namespace, place)?;
        let index = self.nodes.len();
        self.nodes.push(None);
        self.enter(&name, index)?;
        let fields = object.get("fields").and_then(Value::as_array);
        let fields = fields.ok_or_else(|| invalid(&name.full, "has no list of `fields`"))?;
        let mut parsed: Vec<Field> = Vec::with_capacity(fields.len());
        let mut names = HashSet::with_capacity(fields.len());
        for (at, field) in fields.iter().enumerate() {
            let field_name = field.get("name").and_then(Value::as_str);
            let field_name = field_name.ok_or_else(|| invalid(&name.full, format!("field {at} has no name")))?;
            let place = format!("{}.{field_name}", name.full);
            if !names.insert(field_name) {
                return Err(invalid(&place, "is defined twice"));
            }
            let of = field.get("type").ok_or_else(|| invalid(&place, "has no `type`"))?;
            // A logical type beside the field's type, not within it, is a common slip, and no logical type.
            let node = self.value(of, &namespace, &place)?;
            if let Some(default) = field.get("default") {
                self.defaults.push((index, at, default.clone()));
            }
            parsed.push(Field {
                name: field_name.into(),
                quoted: format!("{}:", Value::from(field_name)).into_bytes().into(),
                aliases: texts(field.get("aliases")),
                node,
                default: Default::Absent,
            });
        }
        if let Some(node) = self.nodes.get_mut(index) {
            *node = Some(Node { kind: Kind::Record(Record::new(name, parsed)), logical: None });
        }
        Ok(index)
    }

    fn enumeration(
        &mut self,
        object: &Map<String, Value>,
        namespace: &str,
        place: &str,
    ) -> Result<NodeIndex, SchemaError> {
        let (name, _) = named_type(object, namespace, place)?;
        let symbols = texts(object.get("symbols"));
        if symbols.is_empty() {
            return Err(invalid(&name.full, "has no `symbols`"));
        }
        let default = match object.get("default") {
            None => None,
            Some(default) => {
                let found = symbols.iter().position(|symbol| Some(&**symbol) == default.as_str());
                Some(
                    found
                        .ok_or_else(|| invalid(&name.full, format!("its default {default} is none of its symbols")))?,
                )
            }
        };
        let index = self.add(Kind::Enum(Enum::new(name.clone(), symbols, default)), None);
        self.enter(&name, index)?;
        Ok(index)
    }
}

fn primitive(name: &str) -> Option<Kind> {
    Some(match name {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Bytes,
        "string" => Kind::String,
        _ => return None,
    })
}

/// The logical type of a primitive or fixed, where it says one that goes with it.
fn logical(object: &Map<String, Value>, kind: &Kind) -> Option<Logical> {
    let number = |name: &str| object.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    Some(match (object.get("logicalType")?.as_str()?, kind) {
        ("date", Kind::Int) => Logical::Date,
        ("time-millis", Kind::Int) => Logical::Time(TimeUnit::Millisecond),
        ("time-micros", Kind::Long) => Logical::Time(TimeUnit::Microsecond),
        ("timestamp-millis", Kind::Long) => Logical::Timestamp(TimeUnit::Millisecond),
        ("timestamp-micros", Kind::Long) => Logical::Timestamp(TimeUnit::Microsecond),
        ("timestamp-nanos", Kind::Long) => Logical::Timestamp(TimeUnit::Nanosecond),
        ("local-timestamp-millis", Kind::Long) => Logical::LocalTimestamp(TimeUnit::Millisecond),
        ("local-timestamp-micros", Kind::Long) => Logical::LocalTimestamp(TimeUnit::Microsecond),
        ("local-timestamp-nanos", Kind::Long) => Logical::LocalTimestamp(TimeUnit::Nanosecond),
        ("uuid", Kind::String) => Logical::Uuid,
        ("uuid", Kind::Fixed(fixed)) if fixed.size == 16 => Logical::Uuid,
        ("duration", Kind::Fixed(fixed)) if fixed.size == 12 => Logical::Duration,
        ("decimal", Kind::Bytes | Kind::Fixed(_)) => {
            let (precision, scale) = (number("precision")?, number("scale").unwrap_or(0));
            (precision > 0 && scale <= precision).then_some(Logical::Decimal { precision, scale })?
        }
        _ => return None,
    })
}

/// The name of a type, and the namespace of what stands in it.
fn named_type(object: &Map<String, Value>, namespace: &str, place: &str) -> Result<(Name, String), SchemaError> {
    let name = object.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid(place, "a type has no name"))?;
    let own = object.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
    let full = full_name(name, own);
    let namespace = full.rsplit_once('.').map_or(String::new(), |(namespace, _)| namespace.to_owned());
    let aliases = texts(object.get("aliases")).iter().map(|alias| full_name(alias, &namespace)).collect();
    Ok((Name { full, aliases }, namespace))
}

fn full_name(name: &str, namespace: &str) -> Box<str> {
    match name.contains('.') || namespace.is_empty() {
        true => name.into(),
        false => format!("{namespace}.{name}").into(),
    }
}

fn texts(value: Option<&Value>) -> Vec<Box<str>> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(|text| text.as_str().map(Into::into)).collect()
}
