//! Holds JSON documents against the tables of `docs/output.md`.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use serde_json::Value;

const TEXT: &str = include_str!("../../../docs/output.md");

/// The documented fields of a schema and their types.
fn fields(schema: &str) -> BTreeMap<String, String> {
    let section = TEXT.split("\n## ").find(|section| section.starts_with(&format!("{schema}\n")));
    let section = section.unwrap_or_else(|| panic!("docs/output.md has no section `{schema}`"));
    let mut fields = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (path, kind) = (cells[1].trim_matches('`'), cells[2]);
        match kind.strip_prefix("as ") {
            Some(other) => {
                let other = self::fields(other.trim_matches('`')).into_iter();
                fields.extend(other.filter(|(name, _)| name.starts_with(path)));
            }
            None => drop(fields.insert(path.to_owned(), kind.to_owned())),
        }
    }
    fields
}

/// Fails unless every field of the document is documented with its type, and every documented field
/// is there (in the first element of lists that are not empty).
pub(crate) fn assert_documented(document: &Value) {
    let schema = document["schema"].as_str().expect("a document names its schema");
    let fields = fields(schema);
    let mut seen = BTreeMap::new();
    walk("", document, &fields, &mut seen);
    for (path, kind) in &fields {
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        let due = seen.get(parent).copied().unwrap_or(parent.is_empty());
        assert!(
            !due || seen.contains_key(path) || kind.ends_with("or absent"),
            "`{path}` of {schema} is documented, but not there"
        );
    }
}

/// Notes each path: whether it holds an object.
fn walk(path: &str, value: &Value, fields: &BTreeMap<String, String>, seen: &mut BTreeMap<String, bool>) {
    let kind = fields.get(path).map(String::as_str);
    if !path.is_empty() {
        let kind = kind.unwrap_or_else(|| panic!("`{path}` is not documented in docs/output.md"));
        assert!(fits(kind, value), "`{path}` is documented as {kind} and is {value}");
        *seen.entry(path.to_owned()).or_default() |= value.is_object();
        if kind.starts_with("map") || kind.starts_with("any") {
            return;
        }
    }
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(&path, value, fields, seen);
            }
        }
        Value::Array(items) => {
            for item in items.iter().filter(|item| item.is_object()) {
                seen.insert(format!("{path}[]"), true);
                for (name, value) in item.as_object().into_iter().flatten() {
                    walk(&format!("{path}[].{name}"), value, fields, seen);
                }
            }
        }
        _ => {}
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    kind.split(" or ").any(|kind| match kind {
        "text" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "list" => value.is_array(),
        "object" | "map" => value.is_object(),
        "null" => value.is_null(),
        "any" => true,
        "absent" => false,
        other => panic!("docs/output.md has an unknown type `{other}`"),
    })
}
