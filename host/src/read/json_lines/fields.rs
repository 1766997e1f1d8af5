//! The fields of a line: which are parts of a record, and their source text.
//!
//! One pass over a line finds the text of each part without building a tree. What belongs to no part
//! is skipped, or copied into the value where the whole row is the value.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::late::{Late, LateNames, PLACE};
use crate::job::ColumnNames;
use crate::read::mapping::{Kind, Mapping, Role, ValueSource};

/// How a line of the native layout says that its key is not plain text.
pub(crate) const KEY_ENCODING: &str = "key_encoding";
/// The same of its value.
pub(crate) const VALUE_ENCODING: &str = "value_encoding";

/// A slot for the text of one field.
type Slot = usize;
const KEY_ENCODING_SLOT: Slot = 8;
const VALUE_ENCODING_SLOT: Slot = 9;
const SLOTS: usize = 10;

/// The fields by which a line tells its own encodings: of which part, and where their text goes.
const ENCODINGS: [(Role, &str, Slot); 2] =
    [(Role::Key, KEY_ENCODING, KEY_ENCODING_SLOT), (Role::Value, VALUE_ENCODING, VALUE_ENCODING_SLOT)];

/// The fields that tell encodings of parts which the file has, without regard to case. Where the whole
/// row is the value they are a part of it.
pub(super) fn encodings(mapping: &Mapping) -> impl Iterator<Item = &'static str> {
    let row = matches!(mapping.value, ValueSource::Row(_));
    let told = ENCODINGS.into_iter().filter(move |(role, ..)| !row && mapping.column(*role).is_some());
    told.map(|(_, name, _)| name)
}

/// The source text of the parts of one record.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    slots: [Option<&'a str>; SLOTS],
    /// How good the name was by which a late part was found; a better one replaces it.
    ranks: [usize; SLOTS],
    /// The names by which a late part was met, a bit for each rank; there are fewer than 16.
    met: [u16; SLOTS],
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

    /// Takes a late part unless one of a better name is there; null takes no value's place. Whether
    /// this name is met for the first time.
    fn offer(&mut self, role: Role, rank: usize, text: &'a str) -> bool {
        let slot = role as usize;
        let bit = 1u16 << rank;
        let is_first = self.met[slot] & bit == 0;
        self.met[slot] |= bit;
        if self.slot(slot).is_none() || (rank < self.ranks[slot] && text != "null") {
            self.slots[slot] = Some(text);
            self.ranks[slot] = rank;
        }
        is_first
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
    late: LateNames,
    /// The parts of a record's place that the file does not have by its sample, and whether the sample
    /// had a column of nulls for it.
    lacking: Vec<(Role, bool)>,
    /// Whether each line is a record's, and none is a value with fields that are only called so.
    is_record: bool,
    /// Whether the fields that are no part make up the value.
    row: bool,
}

/// An object without a field that is looked for.
static NO_FIELDS: Object = Object { fields: Vec::new() };

#[derive(Debug, Default)]
struct Object {
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: String,
    /// Whether it goes by its name in whatever case, as parts that are found by name do.
    any_case: bool,
    slot: Option<Slot>,
    inner: Option<Object>,
}

impl Field {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || (self.any_case && self.name.eq_ignore_ascii_case(name))
    }
}

impl Fields {
    pub(super) fn new(mapping: &Mapping, names: &ColumnNames) -> Self {
        let mut root = Object::default();
        let row = matches!(mapping.value, ValueSource::Row(_));
        for role in Role::ALL {
            root.insert(&mapping.way(role), role as usize);
        }
        if !row {
            // After those of the mapping, of which the first that is so called is taken.
            root.fields.extend(ENCODINGS.map(|(_, name, slot)| Field {
                name: name.to_owned(),
                any_case: true,
                slot: Some(slot),
                inner: None,
            }));
        }
        let lacks = |role: &Role| mapping.column(*role).is_none_or(|column| column.kind == Kind::Null);
        let lacking = PLACE.into_iter().filter(lacks).map(|role| (role, mapping.column(role).is_some())).collect();
        let is_record = !row || (mapping.partition.is_some() && mapping.offset.is_some());
        Self { root, late: LateNames::new(mapping, names), lacking, is_record, row }
    }

    /// Finds the parts of a record in a line. Where the whole row is the value, the object of the
    /// other fields is written into `rest`, each with its source text.
    pub(super) fn find<'a>(&self, line: &'a str, rest: &mut String) -> Result<Parts<'a>, serde_json::Error> {
        let mut parts = Parts::default();
        rest.clear();
        let row = if self.row { Some(&mut *rest) } else { None };
        let mut deserializer = serde_json::Deserializer::from_str(line);
        ObjectSeed { object: &self.root, late: &self.late, parts: &mut parts, row }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        if self.row {
            rest.insert(0, '{');
            rest.push('}');
        }
        Ok(parts)
    }

    /// A part of the record's place that a line has although the file, by its sample, has none. Where
    /// the whole row is the value, a name alone proves nothing, but partition and offset together do.
    pub(super) fn late_place(&self, parts: &Parts<'_>) -> Option<Role> {
        let is_placed = parts.part(Role::Partition).is_some() && parts.part(Role::Offset).is_some();
        let is_record = self.is_record || is_placed;
        let is_late = |(role, has_nulls): &&(Role, bool)| (*has_nulls || is_record) && parts.part(*role).is_some();
        self.lacking.iter().find(is_late).map(|(role, _)| *role)
    }
}

impl Object {
    /// Adds a field by the names of the objects around it and its own; nothing if there is no name.
    fn insert(&mut self, way: &[&str], slot: Slot) {
        let Some((first, below)) = way.split_first() else { return };
        let index = match self.fields.iter().position(|field| field.name == *first) {
            Some(index) => index,
            None => {
                self.fields.push(Field { name: (*first).to_owned(), any_case: false, slot: None, inner: None });
                self.fields.len() - 1
            }
        };
        let field = &mut self.fields[index];
        if below.is_empty() {
            field.slot = Some(slot);
        } else {
            field.inner.get_or_insert_default().insert(below, slot);
        }
    }
}

struct ObjectSeed<'p, 'a> {
    object: &'p Object,
    late: &'p LateNames,
    parts: &'p mut Parts<'a>,
    row: Option<&'p mut String>,
}

impl<'a> ObjectSeed<'_, 'a> {
    /// Takes the text of a field that the mapping names.
    fn field<E: Error>(&mut self, field: &Field, text: &'a str) -> Result<(), E> {
        if let Some(slot) = field.slot {
            if self.parts.slots[slot].is_some() {
                return Err(twice(&field.name));
            }
            self.parts.slots[slot] = Some(text);
        }
        let late = self.late.within(&field.name);
        match &field.inner {
            Some(inner) => self.within(&field.name, inner, late, text),
            None if late.is_empty() => Ok(()),
            None => self.within(&field.name, &NO_FIELDS, late, text),
        }
    }

    /// Takes the text of a field that is looked for by its usual name.
    fn late<E: Error>(&mut self, late: &Late<'_>, text: &'a str) -> Result<(), E> {
        match late {
            Late::Part { name, role, rank } => match self.parts.offer(*role, *rank, text) {
                // A place is refused, if the line is a record's at all; in a value a name may occur twice.
                false if !PLACE.contains(role) => Err(twice(name)),
                _ => Ok(()),
            },
            Late::Object { name, names } => self.within(name, &NO_FIELDS, names, text),
        }
    }

    /// Looks into the value of field `name`, if it is an object.
    fn within<E: Error>(&mut self, name: &str, object: &Object, late: &LateNames, text: &'a str) -> Result<(), E> {
        if !text.starts_with('{') {
            return Ok(());
        }
        let seed = ObjectSeed { object, late, parts: &mut *self.parts, row: None };
        seed.deserialize(&mut serde_json::Deserializer::from_str(text))
            .map_err(|error| E::custom(format_args!("within field `{name}`: {error}")))
    }
}

fn twice<E: Error>(name: &str) -> E {
    E::custom(format_args!("field `{name}` occurs twice"))
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
            let seed = NameSeed { object: self.object, late: self.late, row: self.row.as_deref_mut() };
            let Some(name) = map.next_key_seed(seed)? else { return Ok(()) };
            if let Name::None = name {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let text = map.next_value::<&RawValue>()?.get();
            match name {
                Name::Field(field) => self.field::<A::Error>(field, text)?,
                Name::Late(late) => self.late::<A::Error>(&late, text)?,
                Name::Row(late) => {
                    if let Some(row) = &mut self.row {
                        row.push_str(text);
                    }
                    if let Some(late) = late {
                        self.late::<A::Error>(&late, text)?;
                    }
                }
                Name::None => {}
            }
        }
    }
}

/// What a field's name says.
enum Name<'p> {
    Field(&'p Field),
    Late(Late<'p>),
    /// It belongs to the value, into which its name is already written; it may be looked for as well.
    Row(Option<Late<'p>>),
    None,
}

struct NameSeed<'p, 'r> {
    object: &'p Object,
    late: &'p LateNames,
    row: Option<&'r mut String>,
}

impl<'de, 'p> DeserializeSeed<'de> for NameSeed<'p, '_> {
    type Value = Name<'p>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name<'p>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for NameSeed<'p, '_> {
    type Value = Name<'p>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<'p>, E> {
        if let Some(field) = self.object.fields.iter().find(|field| field.is_called(name)) {
            return Ok(Name::Field(field));
        }
        let late = self.late.find(name);
        if let Some(row) = self.row {
            if !row.is_empty() {
                row.push(',');
            }
            row.push_str(&serde_json::to_string(name).map_err(E::custom)?);
            row.push(':');
            return Ok(Name::Row(late));
        }
        Ok(late.map_or(Name::None, Name::Late))
    }
}
