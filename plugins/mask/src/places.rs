//! Where in a JSON text the values of given fields stand.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The places of the values of `fields` in `text`, in order and apart from each other.
///
/// # Errors
/// Text that is no JSON.
pub(crate) fn of(fields: &HashSet<String>, text: &str) -> serde_json::Result<Vec<Range<usize>>> {
    let mut places = Vec::new();
    collect(fields, text, serde_json::from_str(text)?, &mut places)?;
    Ok(places)
}

fn collect(
    fields: &HashSet<String>,
    text: &str,
    value: &RawValue,
    places: &mut Vec<Range<usize>>,
) -> serde_json::Result<()> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            for (name, value) in serde_json::from_str::<Object<'_>>(value.get())?.0 {
                if fields.contains(&*name) {
                    // Serde hands out parts of the text itself, so that the place is a difference.
                    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
                    places.push(start..start + value.get().len());
                } else {
                    collect(fields, text, value, places)?;
                }
            }
        }
        Some(b'[') => {
            for value in serde_json::from_str::<Vec<&RawValue>>(value.get())? {
                collect(fields, text, value, places)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The fields of an object in order, duplicates included, with their values unread.
struct Object<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

/// A name that is borrowed unless it has escapes.
#[derive(Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'t> Deserialize<'t> for Object<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'t> Visitor<'t> for Fields {
    type Value = Object<'t>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Object<'t>, A::Error> {
        let mut fields = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            fields.push((name, value));
        }
        Ok(Object(fields))
    }
}
