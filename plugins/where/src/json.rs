//! JSON as values of the expression language.
//!
//! Objects are maps of our own: those of the library come in an order that changes from run to run, and a record must
//! be judged alike in each.

use std::any::Any;
use std::fmt;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator as Walk, Sizer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelNull, CelString, CelUInt, MAP_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value, read straight into what the language computes with.
#[derive(Debug)]
pub(crate) enum Json {
    Null,
    Other(Box<dyn Val>),
}

impl Json {
    fn into_val(self) -> Box<dyn Val> {
        match self {
            Self::Null => Box::new(CelNull),
            Self::Other(value) => value,
        }
    }

    /// The value as a variable shows it.
    pub(crate) fn as_val(&self) -> &(dyn Val + 'static) {
        match self {
            Self::Null => &CelNull,
            Self::Other(value) => value.as_ref(),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

fn other<E>(value: impl Val + 'static) -> Result<Json, E> {
    Ok(Json::Other(Box::new(value)))
}

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        other(CelBool::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        other(CelInt::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        match i64::try_from(value) {
            Ok(value) => other(CelInt::from(value)),
            Err(_) => other(CelUInt::from(value)),
        }
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        other(CelDouble::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        other(CelString::from(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list: Vec<Box<dyn Val>> = Vec::new();
        while let Some(item) = items.next_element::<Json>()? {
            list.push(item.into_val());
        }
        other(CelList::from(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut object = Object(Vec::new());
        while let Some((name, value)) = fields.next_entry::<String, Json>()? {
            object.0.push((CelString::from(name), value.into_val()));
        }
        other(object)
    }
}

/// An object with its fields in order; of fields of one name the first is the one that is seen, as for all plugins here.
#[derive(Debug)]
struct Object(Vec<(CelString<'static>, Box<dyn Val>)>);

impl Object {
    fn find(&self, name: &str) -> Option<&(dyn Val + 'static)> {
        self.0.iter().find(|(field, _)| field.inner() == name).map(|(_, value)| value.as_ref())
    }

    /// How often fields of one name count is once.
    fn names(&self) -> impl Iterator<Item = &CelString<'static>> {
        let is_first = |at: usize, name: &CelString<'_>| {
            !self.0.iter().take(at).any(|(earlier, _)| earlier.inner() == name.inner())
        };
        self.0.iter().enumerate().filter(move |(at, (name, _))| is_first(*at, name)).map(|(_, (name, _))| name)
    }
}

/// What a map says where something is looked for in it by what is no text.
pub(crate) fn unexpected(index: &dyn Val) -> ExecutionError {
    ExecutionError::UnexpectedType { got: index.get_type().name().to_owned(), want: "string".to_owned() }
}

impl Val for Object {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        let Some(other) = other.downcast_ref::<Object>() else { return false };
        let same = |name: &CelString<'_>| match (self.find(name.inner()), other.find(name.inner())) {
            (Some(ours), Some(theirs)) => ours.equals(theirs),
            _ => false,
        };
        self.names().count() == other.names().count() && self.names().all(same)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(Self(self.0.iter().map(|(name, value)| (name.clone(), value.clone_as_boxed())).collect()))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Object {}

impl Container for Object {
    fn contains(&self, index: &dyn Val) -> Result<bool, ExecutionError> {
        let name = index.downcast_ref::<CelString<'_>>().ok_or_else(|| unexpected(index))?;
        Ok(self.find(name.inner()).is_some())
    }
}

impl Indexer for Object {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = index.downcast_ref::<CelString<'_>>().ok_or_else(|| unexpected(index))?;
        match self.find(name.inner()) {
            Some(value) => Ok(CowVal::Borrowed(value)),
            None => Err(ExecutionError::no_such_key(name.inner())),
        }
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

impl Iterable for Object {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Walk<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(NamesOf(self.names()))
    }
}

/// The names of an object one after the other.
struct NamesOf<I>(I);

impl<'b, 'v, I: Iterator<Item = &'b CelString<'static>>> Walk<'b, 'v> for NamesOf<I> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|name| name as &(dyn Val + 'v))
    }
}

impl Sizer for Object {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.names().count()).unwrap_or(i64::MAX))
    }
}
