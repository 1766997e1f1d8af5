//! Values that a JSON Schema is about: JSON text, which is valid by it or refused with the place.
//!
//! Nothing is fetched that a schema refers to. What it refers to comes along with it, from the registry; a schema that
//! refers to anything else cannot be used, and says why.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

use super::avro::Misfit;
use crate::text::printable;

/// The longest words about a value, in bytes.
const WORDS: usize = 300;
/// What a step from a schema to one that holds at the same place takes of the stack, in bytes: more than twice what was
/// measured of a program that is not optimised.
const STEP: usize = 8 << 10;
/// The most of the stack that a value may take, in bytes.
const STACK: usize = 256 << 20;
/// The keywords that lead to another schema without leading into the value.
const IN_PLACE: [&str; 14] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependencies",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// A schema with all that it refers to.
pub(super) struct Schema {
    /// As it was given.
    text: Arc<str>,
    title: Option<String>,
    validator: Result<Validator, String>,
    /// How many steps it takes at most from one place in a value to the next.
    steps: usize,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.text).finish()
    }
}

/// What schemas refer to, by the names that they do it by.
struct Referenced(HashMap<String, Value>);

impl Retrieve for Referenced {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let uri = uri.as_str();
        // A name that is no whole URI has become one behind the place of the schema that it stands in.
        let is_meant = |name: &str| uri == name || uri.strip_suffix(name).is_some_and(|before| before.ends_with('/'));
        let found = self.0.iter().find(|(name, _)| is_meant(name));
        found.map(|(_, schema)| schema.clone()).ok_or_else(|| "it is not among the schema's references".into())
    }
}

impl Schema {
    /// The schema of this text. `referenced` are those that it refers to, by the names of the references.
    ///
    /// # Errors
    /// A text that is no JSON.
    pub(super) fn parse<'r>(
        text: &Arc<str>,
        referenced: impl Iterator<Item = (&'r str, &'r str)>,
    ) -> Result<Self, String> {
        let json =
            |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("the schema is no JSON: {error}"));
        let schema = json(text)?;
        let mut others = HashMap::new();
        for (name, text) in referenced {
            others.insert(name.to_owned(), json(text)?);
        }
        let title = schema.get("title").and_then(Value::as_str).map(str::to_owned);
        let steps = others.values().chain([&schema]).map(in_place).sum::<usize>() + 1;
        let options = jsonschema::options().with_retriever(Referenced(others));
        // Nothing goes deeper here than the text of a schema, which serde_json bounds: but each level takes much.
        let validator = stacker::maybe_grow(STACK / 8, STACK / 4, || options.build(&schema));
        let validator = validator.map_err(|error| printable(&error.to_string(), WORDS));
        Ok(Self { text: Arc::clone(text), title, validator, steps })
    }

    /// As it was given.
    pub(super) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// What it calls itself.
    pub(super) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Why values cannot be validated by it, if they cannot.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.validator.as_ref().err().map(String::as_str)
    }

    /// Whether a JSON text is valid; where the schema cannot be used: whether it is JSON.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(super) fn check(&self, json: &[u8]) -> Result<(), Misfit> {
        check_json(json)?;
        let Ok(validator) = &self.validator else { return Ok(()) };
        let value: Value = serde_json::from_slice(json)
            .map_err(|error| Misfit::of("it is JSON, and beyond what can be validated", error.to_string()))?;
        let stack = self.steps.saturating_mul(depth(&value) + 1).saturating_mul(STEP);
        if stack > STACK {
            return Err(Misfit::new("it is nested too deeply for a schema that refers to so many others"));
        }
        stacker::maybe_grow(stack.saturating_add(STEP), stack.saturating_add(STACK / 64), || validator.validate(&value))
            .map_err(|error| {
                let what = printable(&error.masked().to_string(), WORDS);
                let detail = printable(&format!("{error}, by {} of its schema", error.schema_path()), WORDS);
                let path = error.instance_path().to_string();
                path.rsplit('/').filter(|part| !part.is_empty()).fold(Misfit::of(what, detail), |misfit, part| {
                    let part = part.replace("~1", "/").replace("~0", "~");
                    // Items that are wrong in the same way are wrong alike.
                    misfit.within(if part.bytes().all(|byte| byte.is_ascii_digit()) { "[]" } else { &part })
                })
            })
    }
}

/// Whether some bytes are JSON.
pub(super) fn check_json(bytes: &[u8]) -> Result<(), Misfit> {
    // What is passed over unread would not be looked at.
    let text =
        std::str::from_utf8(bytes).map_err(|error| Misfit::of("it is no JSON: it is no UTF-8", error.to_string()))?;
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Misfit::of("it is no JSON", error.to_string())),
    }
}

/// How often a schema leads to another without leading into the value. Its text was read by serde_json, which bounds how
/// deep it is; so below.
fn in_place(schema: &Value) -> usize {
    match schema {
        Value::Array(items) => items.iter().map(in_place).sum(),
        Value::Object(members) => {
            let step = |(name, value): (&String, &Value)| match IN_PLACE.contains(&name.as_str()) {
                true => 1 + in_place(value),
                false => in_place(value),
            };
            members.iter().map(step).sum()
        }
        _ => 0,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn parsed(schema: &Value, referenced: &[(&str, &str)]) -> Schema {
        Schema::parse(&schema.to_string().into(), referenced.iter().copied()).unwrap()
    }

    #[test]
    fn what_is_not_valid_is_told_with_its_place() {
        let lines = json!({"items": {"required": ["article"], "properties": {"article": {"type": "string"}}}});
        let schema =
            parsed(&json!({"title": "Order", "properties": {"a/b": {"type": "integer"}, "lines": lines}}), &[]);
        assert_eq!((schema.title(), schema.refusal()), (Some("Order"), None));
        let said = |json: &str| schema.check(json.as_bytes()).unwrap_err().reason();
        assert_eq!(schema.check(br#"{"a/b": 5, "lines": [{"article": "pen"}]}"#), Ok(()));
        assert_eq!(said(r#"{"a/b": "5"}"#), r#"`a/b`: value is not of type "integer""#);
        assert_eq!(
            said(r#"{"lines": [{"article": "pen"}, {"article": 1}]}"#),
            r#"`lines.[].article`: value is not of type "string""#
        );
        assert_eq!(said(r#"{"lines": [{}]}"#), r#"`lines.[]`: "article" is a required property"#);
        assert_eq!(said("{"), "it is no JSON");
        assert_eq!(said("1e400"), "it is JSON, and beyond what can be validated");
    }

    #[test]
    fn a_schema_finds_what_comes_along_and_nothing_else() {
        let person = json!({"properties": {"home": {"$ref": "address.json"}}});
        let address = r#"{"properties": {"city": {"type": "string"}}}"#;
        for schema in [person.clone(), json!({"$id": "https://example.com/person.json", "allOf": [person]})] {
            let alone = parsed(&schema, &[]);
            assert!(alone.refusal().is_some_and(|why| why.contains("address.json")), "{:?}", alone.refusal());
            assert_eq!(alone.check(b"{\"home\": 1}"), Ok(()));
            let whole = parsed(&schema, &[("other", "{}"), ("address.json", address)]);
            assert_eq!(whole.refusal(), None);
            assert!(whole.check(br#"{"home": {"city": 1}}"#).is_err());
        }
        let away = parsed(&json!({"$ref": "file:///etc/hostname"}), &[]);
        assert!(away.refusal().is_some(), "no file is read");
        assert!(Schema::parse(&"{".into(), std::iter::empty()).is_err());
        assert!(parsed(&json!({"type": "text"}), &[]).refusal().is_some());
    }

    #[test]
    fn no_schema_and_no_value_exhausts_the_stack() {
        for circle in [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]}), json!({"not": {"$dynamicRef": "#"}})] {
            let schema = parsed(&circle, &[]);
            let _ = schema.check(b"{\"a\": 1}");
        }
        let chain = |length: usize| {
            let next =
                |at: usize| (format!("d{at}"), json!({"oneOf": [{"$ref": format!("#/$defs/d{}", at + 1)}, false]}));
            let mut defs: serde_json::Map<_, _> = (0..length).map(next).collect();
            defs.insert(format!("d{length}"), json!({"items": {"$ref": "#/$defs/d0"}, "type": ["array", "null"]}));
            parsed(&json!({"$defs": defs, "$ref": "#/$defs/d0"}), &[])
        };
        let nested = |levels: usize| format!("{}null{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(chain(200).check(nested(8).as_bytes()), Ok(()));
        assert_eq!(chain(2000).check(nested(1).as_bytes()), Ok(()));
        assert!(chain(2000).check(nested(100).as_bytes()).unwrap_err().reason().contains("nested too deeply"));
        assert!(chain(1).check(nested(100_000).as_bytes()).is_err());
    }
}
