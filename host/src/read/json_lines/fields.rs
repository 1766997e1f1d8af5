//! The fields of a line: which are parts of a record, and their source text.
//!
//! One pass over a line finds the text of each part without building a tree. What belongs to no part
//! is skipped, or copied into the value where the whole row is the value.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::job::ColumnNames;
use crate::read::mapping::{Mapping, Role, ValueSource};

/// How a line of the native layout says that its key is not plain text.
pub(crate) const KEY_ENCODING: &str = "key_encoding";
/// The same of its value.
pub(crate) const VALUE_ENCODING: &str = "value_encoding";

/// A slot for the text of one field.
type Slot = usize;
const KEY_ENCODING_SLOT: Slot = 8;
const VALUE_ENCODING_SLOT: Slot = 9;
const SLOTS: usize = 10;

/// The source text of the parts of one record.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    slots: [Option<&'a str>; SLOTS],
    /// How good the name was by which an open part was found; a better one replaces it.
    ranks: [usize; SLOTS],
}

impl<'a> Parts<'a> {
    /// The JSON text of a part; `null` is as good as absent.
    pub(super) fn part(&self, role: Role) -> Option<&'a str> {
        self.slot(role as usize)
    }

    /// The line's own encoding of keys, as JSON text.
    pub(super) fn key_encoding(&self) -> Option<&'a str> {
        self.slot(KEY_ENCODING_SLOT)
    }

    /// The line's own encoding of values, as JSON text.
    pub(super) fn value_encoding(&self) -> Option<&'a str> {
        self.slot(VALUE_ENCODING_SLOT)
    }

    fn slot(&self, slot: Slot) -> Option<&'a str> {
        self.slots.get(slot).copied().flatten().filter(|text| *text != "null")
    }
}

/// What to look for in each line.
#[derive(Debug)]
pub(super) struct Fields {
    root: Object,
    /// Parts that no line of the sample had: each line may still have them, by the usual names.
    open: Vec<(&'static str, Role, usize)>,
    /// Whether the fields that are no part make up the value.
    row: bool,
}

#[derive(Debug, Default)]
struct Object {
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: String,
    slot: Option<Slot>,
    inner: Option<Object>,
}

impl Fields {
    pub(super) fn new(mapping: &Mapping, names: &ColumnNames) -> Self {
        let mut root = Object::default();
        let row = matches!(mapping.value, ValueSource::Row(_));
        for role in Role::ALL {
            if let Some(column) = mapping.column(role) {
                let is_top = column.is_top();
                root.insert(&column.name, is_top, role as usize);
            }
        }
        let mut open = Vec::new();
        if !row {
            root.insert(KEY_ENCODING, true, KEY_ENCODING_SLOT);
            root.insert(VALUE_ENCODING, true, VALUE_ENCODING_SLOT);
            for role in [Role::Key, Role::Value, Role::Headers, Role::Timestamp] {
                if mapping.column(role).is_none() && role.of(names).is_none() {
                    open.extend(role.names().iter().enumerate().map(|(rank, name)| (*name, role, rank)));
                }
            }
        }
        Self { root, open, row }
    }

    /// Finds the parts of a record in a line. Where the whole row is the value, the object of the
    /// other fields is written into `rest`, each with its source text.
    pub(super) fn find<'a>(&self, line: &'a str, rest: &mut String) -> Result<Parts<'a>, serde_json::Error> {
        let mut parts = Parts::default();
        rest.clear();
        let row = if self.row { Some(&mut *rest) } else { None };
        let mut deserializer = serde_json::Deserializer::from_str(line);
        ObjectSeed { object: &self.root, open: &self.open, parts: &mut parts, row }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        if self.row {
            rest.insert(0, '{');
            rest.push('}');
        }
        Ok(parts)
    }
}

impl Object {
    /// Adds a field; a dot steps into an object unless the name is that of a field of the line itself.
    fn insert(&mut self, name: &str, whole: bool, slot: Slot) {
        let (first, below) = match name.split_once('.') {
            Some((first, below)) if !whole => (first, Some(below)),
            _ => (name, None),
        };
        let index = match self.fields.iter().position(|field| field.name == first) {
            Some(index) => index,
            None => {
                self.fields.push(Field { name: first.to_owned(), slot: None, inner: None });
                self.fields.len() - 1
            }
        };
        let field = &mut self.fields[index];
        match below {
            Some(below) => field.inner.get_or_insert_default().insert(below, false, slot),
            None => field.slot = Some(slot),
        }
    }
}

struct ObjectSeed<'p, 'a> {
    object: &'p Object,
    open: &'p [(&'static str, Role, usize)],
    parts: &'p mut Parts<'a>,
    row: Option<&'p mut String>,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        loop {
            let seed = NameSeed { object: self.object, open: self.open, row: self.row.as_deref_mut() };
            let Some(name) = map.next_key_seed(seed)? else { return Ok(()) };
            match name {
                Name::Field(index) => {
                    let field = &self.object.fields[index];
                    let text = map.next_value::<&RawValue>()?.get();
                    if let Some(slot) = field.slot {
                        if self.parts.slots[slot].is_some() {
                            return Err(A::Error::custom(format_args!("field `{}` occurs twice", field.name)));
                        }
                        self.parts.slots[slot] = Some(text);
                    }
                    if let Some(inner) = &field.inner
                        && text.starts_with('{')
                    {
                        let seed = ObjectSeed { object: inner, open: &[], parts: &mut *self.parts, row: None };
                        seed.deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
                            A::Error::custom(format_args!("within field `{}`: {error}", field.name))
                        })?;
                    }
                }
                Name::Open(role, rank) => {
                    let text = map.next_value::<&RawValue>()?.get();
                    let slot = role as usize;
                    if self.parts.slots[slot].is_none() || rank < self.parts.ranks[slot] {
                        self.parts.slots[slot] = Some(text);
                        self.parts.ranks[slot] = rank;
                    }
                }
                Name::Row => {
                    let text = map.next_value::<&RawValue>()?.get();
                    if let Some(row) = &mut self.row {
                        row.push_str(text);
                    }
                }
                Name::None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
    }
}

/// What a field's name says.
enum Name {
    Field(usize),
    Open(Role, usize),
    /// It belongs to the value, into which its name is already written.
    Row,
    None,
}

struct NameSeed<'p> {
    object: &'p Object,
    open: &'p [(&'static str, Role, usize)],
    row: Option<&'p mut String>,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
        if let Some(index) = self.object.fields.iter().position(|field| field.name == name) {
            return Ok(Name::Field(index));
        }
        if let Some(row) = self.row {
            if !row.is_empty() {
                row.push(',');
            }
            row.push_str(&serde_json::to_string(name).map_err(E::custom)?);
            row.push(':');
            return Ok(Name::Row);
        }
        let open = self.open.iter().find(|(candidate, ..)| candidate.eq_ignore_ascii_case(name));
        Ok(open.map_or(Name::None, |(_, role, rank)| Name::Open(*role, *rank)))
    }
}
