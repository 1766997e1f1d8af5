//! The headers of a record from any of the forms in which JSON Lines files hold them:
//!
//! - `[{"key": "a", "value": "1"}, …]`, also with `name`, `headerKey` and `headerValue`; an
//!   `"encoding"` within such an object is that of its value (the native layout's form),
//! - `["a", "1", "b", null, …]`, names and values in turn, as `kcat -J` writes them,
//! - `[["a", "1"], …]`,
//! - `{"a": "1", …}`, by name; a name that occurs twice is taken twice,
//! - any of these as JSON within a string.
//!
//! Order, duplicates and null values are kept as far as the form has them.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::literal::kind;
use super::parts::{self, Scratch};
use crate::batch::ColumnsBuilder;
use crate::job::Encoding;

/// Buffers for headers.
#[derive(Debug, Default)]
pub(super) struct HeaderScratch {
    name: String,
    value: Scratch,
    within: String,
}

/// Adds the headers of JSON text `json` to the row under way.
pub(super) fn append(
    json: &str,
    encoding: Encoding,
    scratch: &mut HeaderScratch,
    columns: &mut ColumnsBuilder,
) -> Result<(), String> {
    if json.starts_with('"') {
        let mut within = std::mem::take(&mut scratch.within);
        let result = super::literal::unquote(json, &mut within).and_then(|text| match text.trim() {
            "" | "null" => Ok(()),
            text if text.starts_with('"') => Err("it is text within text".to_owned()),
            text if !text.starts_with(['[', '{']) => {
                Err(format!("text takes a list or an object as JSON, not {}", parts::shown(text)))
            }
            text => append(text, encoding, scratch, columns),
        });
        scratch.within = within;
        return result;
    }
    let mut sink = Sink { encoding, scratch, columns };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let done = match json.as_bytes().first() {
        Some(b'[') => deserializer.deserialize_seq(List(&mut sink)),
        Some(b'{') => deserializer.deserialize_map(Named(&mut sink)),
        _ => return Err(format!("it takes a list or an object, not {}", kind(json))),
    };
    done.and_then(|()| deserializer.end()).map_err(|error| plain(&error))
}

/// The message of an error without its place within the headers, which helps nobody.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Where headers go.
struct Sink<'s> {
    encoding: Encoding,
    scratch: &'s mut HeaderScratch,
    columns: &'s mut ColumnsBuilder,
}

impl Sink<'_> {
    /// Adds a header whose name is JSON text.
    fn push(&mut self, name: &str, value: Option<&str>, encoding: Encoding) -> Result<(), String> {
        if !name.starts_with('"') {
            return Err(format!("the name of a header is a string, not {}", kind(name)));
        }
        let name = super::literal::unquote(name, &mut self.scratch.name)?;
        push(self.columns, name, value, encoding, &mut self.scratch.value)
    }
}

fn push(
    columns: &mut ColumnsBuilder,
    name: &str,
    value: Option<&str>,
    encoding: Encoding,
    scratch: &mut Scratch,
) -> Result<(), String> {
    let value = match value.filter(|value| *value != "null") {
        Some(value) => Some(parts::bytes(value, encoding, scratch).map_err(|what| format!("header `{name}`: {what}"))?),
        None => None,
    };
    columns.header(name, value);
    Ok(())
}

/// A header as an object.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, alias = "Key", alias = "name", alias = "Name", alias = "headerKey", alias = "k")]
    key: &'a RawValue,
    #[serde(borrow, default, alias = "Value", alias = "headerValue", alias = "v")]
    value: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "Encoding")]
    encoding: Option<&'a RawValue>,
}

struct List<'l, 's>(&'l mut Sink<'s>);

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of headers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let sink = self.0;
        while let Some(item) = list.next_element::<&RawValue>()? {
            let text = item.get();
            let done = match text.as_bytes().first() {
                Some(b'{') => {
                    serde_json::from_str::<Entry<'_>>(text).map_err(|error| plain(&error)).and_then(|entry| {
                        let own = entry.encoding.map(RawValue::get);
                        let encoding = parts::encoding(own, sink.encoding, &mut sink.scratch.value)?;
                        sink.push(entry.key.get(), entry.value.map(RawValue::get), encoding)
                    })
                }
                Some(b'[') => serde_json::from_str::<(&RawValue, Option<&RawValue>)>(text)
                    .map_err(|error| plain(&error))
                    .and_then(|(name, value)| sink.push(name.get(), value.map(RawValue::get), sink.encoding)),
                _ => match list.next_element::<Option<&RawValue>>()? {
                    Some(value) => sink.push(text, value.map(RawValue::get), sink.encoding),
                    None => Err("a list of names and values in turn ends with a name".to_owned()),
                },
            };
            done.map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

struct Named<'l, 's>(&'l mut Sink<'s>);

impl<'de> Visitor<'de> for Named<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("headers by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Sink { encoding, scratch, columns } = self.0;
        while map.next_key_seed(NameInto(&mut scratch.name))?.is_some() {
            let value = map.next_value::<Option<&RawValue>>()?.map(RawValue::get);
            push(columns, &scratch.name, value, *encoding, &mut scratch.value).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Puts a string into a buffer.
struct NameInto<'b>(&'b mut String);

impl<'de> DeserializeSeed<'de> for NameInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(text);
        Ok(())
    }
}
