//! How large a schema becomes when every name in it is replaced by what it names.
//!
//! Arrow has no named types, so the `arrow-avro` crate copies what a name stands for to each place
//! where it is used. A schema of a few kilobytes can thus become larger than any memory, or deeper than
//! the stack, which no guard catches. It is measured here, without expanding it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::schema::described;

/// The most types and fields that an expanded schema may have.
const NODES: u64 = 100_000;
/// How deep the types of an expanded schema may lie within each other; unions, arrays and maps count.
const DEPTH: usize = 64;
/// Names, symbols and attributes are copied with their type: so many bytes of them count as a node.
const NODE_TEXT: usize = 256;

/// Checks a whole schema.
///
/// # Errors
/// Says what is recursive, too large, too deep, or an array or map whose items take no bytes.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut names = Names { open: Vec::new(), known: HashMap::new() };
    names.measure(schema, Place { namespace: "", field: "", level: 0 }).map(|_| ())
}

/// What a type comes to.
#[derive(Clone, Copy, Default)]
struct Extent {
    nodes: u64,
    depth: usize,
    /// Whether a value takes no byte of the file.
    is_blank: bool,
}

/// Where a type stands.
#[derive(Clone, Copy)]
struct Place<'s> {
    /// The one that names without a dot belong to.
    namespace: &'s str,
    /// The innermost field around, for messages.
    field: &'s str,
    /// Types around.
    level: usize,
}

/// The named types so far.
struct Names {
    /// The full names of the records around.
    open: Vec<String>,
    /// The largest type of each name. Names are taken without their namespace: the crate and the
    /// specification differ about the namespace within a name with dots, and what the crate finds must
    /// never be larger than what is measured.
    known: HashMap<String, Extent>,
}

impl Names {
    fn measure(&mut self, schema: &Value, at: Place<'_>) -> Result<Extent, String> {
        let inner = Place { level: at.level + 1, ..at };
        if at.level > DEPTH {
            return Err(too_deep());
        }
        let extent = match schema {
            Value::String(name) => self.named(name, at)?,
            Value::Array(branches) => {
                let mut union = Extent::default();
                for branch in branches {
                    union = union.and(self.measure(branch, inner)?);
                }
                // A union has the number of its branch; for nulls alone that is not relied on.
                let only_nulls = branches.iter().all(|branch| branch.as_str() == Some("null"));
                union.within(1, only_nulls)
            }
            Value::Object(of) => match of.get("type") {
                Some(Value::String(kind)) => self.object(of, kind, at)?,
                Some(kind) => self.measure(kind, inner)?,
                None => Extent::default().within(1, false),
            },
            _ => Extent::default().within(1, false),
        };
        match extent {
            Extent { nodes, .. } if nodes > NODES => Err(format!(
                "its Avro schema has more than {NODES} types and fields when its named types are put in place; \
                 rewrite the file with fewer"
            )),
            Extent { depth, .. } if depth > DEPTH => Err(too_deep()),
            extent => Ok(extent),
        }
    }

    /// A type with attributes.
    fn object(&mut self, of: &Map<String, Value>, kind: &str, at: Place<'_>) -> Result<Extent, String> {
        // The crate takes a kind for the name of a type where the rest of the object does not fit.
        let mut extent = match kind {
            "record" | "enum" | "array" | "map" | "fixed" => self.known(kind),
            name => self.named(name, at)?,
        };
        let item = match kind {
            "record" => {
                let fields = of.get("fields").and_then(Value::as_array).map(Vec::as_slice);
                let record = self.record(of, fields.unwrap_or_default(), at)?;
                return Ok(Extent { is_blank: extent.is_blank || record.is_blank, ..record.and(extent) });
            }
            "array" => of.get("items"),
            "map" => of.get("values"),
            _ => None,
        };
        if let Some(item) = item {
            let inner = self.measure(item, Place { level: at.level + 1, ..at })?;
            if inner.is_blank {
                return Err(blank_items(kind, item, at.field));
            }
            extent = extent.and(inner);
        }
        let is_empty = kind == "fixed" && of.get("size").and_then(Value::as_u64) == Some(0);
        let extent = extent.within(nodes_of(of), extent.is_blank || is_empty);
        if let Some(name) = of.get("name").and_then(Value::as_str) {
            self.define(name, extent);
        }
        Ok(extent)
    }

    /// A record; one that has no fields, or only such of no bytes, has none either.
    fn record(&mut self, of: &Map<String, Value>, fields: &[Value], at: Place<'_>) -> Result<Extent, String> {
        let name = of.get("name").and_then(Value::as_str).unwrap_or_default();
        let namespace = match name.rsplit_once('.') {
            Some((namespace, _)) => namespace,
            None => of.get("namespace").and_then(Value::as_str).unwrap_or(at.namespace),
        };
        self.open.push(full(name, namespace));
        let mut record = Extent::default();
        let mut is_blank = true;
        for field in fields {
            let (Some(of_field), Some(schema)) = (field.as_object(), field.get("type")) else { continue };
            let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
            let extent = self.measure(schema, Place { namespace, field: name, level: at.level + 1 })?;
            record.nodes = record.nodes.saturating_add(nodes_of(of_field));
            record = record.and(extent);
            is_blank &= extent.is_blank;
        }
        self.open.pop();
        let record = record.within(nodes_of(of), is_blank);
        self.define(name, record);
        Ok(record)
    }

    /// What a name stands for; one that is not known takes bytes.
    fn named(&self, name: &str, at: Place<'_>) -> Result<Extent, String> {
        if self.open.contains(&full(name, at.namespace)) {
            return Err(format!(
                "record `{name}` of its Avro schema contains itself, and recursive records have no columns; \
                 rewrite the file without that field"
            ));
        }
        let known = self.known(name);
        Ok(Extent { nodes: known.nodes.max(1), depth: known.depth.max(1), is_blank: known.is_blank || name == "null" })
    }

    fn known(&self, name: &str) -> Extent {
        self.known.get(simple(name)).copied().unwrap_or_default()
    }

    fn define(&mut self, name: &str, extent: Extent) {
        let known = self.known.entry(simple(name).to_owned()).or_default();
        known.nodes = known.nodes.max(extent.nodes);
        known.depth = known.depth.max(extent.depth);
        known.is_blank |= extent.is_blank;
    }
}

impl Extent {
    /// With another one beside it.
    fn and(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), depth: self.depth.max(other.depth), ..self }
    }

    /// A type around this.
    fn within(self, nodes: u64, is_blank: bool) -> Self {
        Self { nodes: self.nodes.saturating_add(nodes), depth: self.depth + 1, is_blank }
    }
}

/// What a type or field is by itself, with what is copied with it.
fn nodes_of(of: &Map<String, Value>) -> u64 {
    let own = of.iter().filter(|(key, value)| {
        !matches!(key.as_str(), "fields" | "items" | "values") && (key.as_str() != "type" || value.is_string())
    });
    let text: usize = own.map(|(key, value)| key.len() + value.to_string().len()).sum();
    1 + (text / NODE_TEXT) as u64
}

fn full(name: &str, namespace: &str) -> String {
    match (name.contains('.'), namespace) {
        (true, _) | (false, "") => name.to_owned(),
        (false, namespace) => format!("{namespace}.{name}"),
    }
}

/// A name without its namespace.
fn simple(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, name)| name)
}

fn too_deep() -> String {
    format!("the types of its Avro schema lie more than {DEPTH} deep in each other; rewrite the file with flatter ones")
}

/// A block of such items is a count and nothing else, so a few bytes stand for hours of items.
fn blank_items(kind: &str, items: &Value, field: &str) -> String {
    let kind = if kind == "map" { "a map" } else { "an array" };
    format!(
        "field `{field}` of its Avro schema is {kind} of {}, whose values take no bytes, so that a damaged count could \
         stand for any number of them; rewrite the file without that field",
        described(items)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn record(name: &str, fields: &[(&str, Value)]) -> Value {
        let fields: Vec<Value> = fields.iter().map(|(name, of)| json!({"name": name, "type": of})).collect();
        json!({"type": "record", "name": name, "fields": fields})
    }

    /// A record with a field for each of these types.
    fn row(types: impl IntoIterator<Item = Value>) -> Value {
        let fields: Vec<Value> =
            types.into_iter().enumerate().map(|(index, of)| json!({"name": format!("f{index}"), "type": of})).collect();
        json!({"type": "record", "name": "row", "fields": fields})
    }

    /// `R0` and records that each hold the one before in `uses` fields.
    fn chain(length: usize, uses: usize) -> Value {
        let mut types = vec![record("R0", &[("x", json!("int"))])];
        types.extend((1..=length).map(|index| {
            let fields: Vec<Value> = (0..uses)
                .map(|field| json!({"name": format!("f{field}"), "type": format!("R{}", index - 1)}))
                .collect();
            json!({"type": "record", "name": format!("R{index}"), "fields": fields})
        }));
        row(types)
    }

    #[test]
    fn names_that_double_are_refused_before_they_are_put_in_place() {
        assert_eq!(check(&chain(8, 2)), Ok(()));
        let error = check(&chain(40, 2)).unwrap_err();
        assert!(error.contains("more than 100000 types and fields"), "{error}");
    }

    #[test]
    fn a_long_chain_of_names_is_refused_before_it_overflows_the_stack() {
        assert_eq!(check(&chain(50, 1)), Ok(()));
        let error = check(&chain(5_000, 1)).unwrap_err();
        assert!(error.contains("more than 64 deep"), "{error}");
    }

    #[test]
    fn what_is_copied_with_a_type_counts() {
        let symbols: Vec<String> = (0..20_000).map(|index| format!("SYMBOL_{index}")).collect();
        let types = |uses: usize| {
            let mut types = vec![json!({"type": "enum", "name": "E", "symbols": symbols})];
            types.extend((0..uses).map(|_| json!("E")));
            row(types)
        };
        assert_eq!(check(&types(10)), Ok(()));
        assert!(check(&types(1_000)).is_err());
    }

    #[test]
    fn items_without_bytes_are_refused_wherever_they_hide() {
        let empty = record("Empty", &[]);
        let nulls = record("Nulls", &[("a", json!("null")), ("b", empty.clone())]);
        let fixed = json!({"type": "fixed", "name": "F", "size": 0});
        for items in [json!("null"), json!({"type": "null"}), empty.clone(), nulls, fixed] {
            for of in [json!({"type": "array", "items": items}), json!({"type": "map", "values": items})] {
                let error = check(&row([json!(["null", of])])).unwrap_err();
                assert!(error.starts_with("field `f0` of its Avro schema is "), "{error}");
            }
        }
        let by_name = row([empty, json!({"type": "array", "items": "Empty"})]);
        insta::assert_snapshot!(check(&by_name).unwrap_err(), @"field `f1` of its Avro schema is an array of Empty, whose values take no bytes, so that a damaged count could stand for any number of them; rewrite the file without that field");
    }

    #[test]
    fn items_of_a_byte_or_more_are_taken() {
        let header = record("Header", &[("key", json!("string")), ("value", json!(["null", "bytes"]))]);
        for items in [json!(["null", "int"]), json!("boolean"), header, json!({"type": "array", "items": "int"})] {
            assert_eq!(check(&row([json!({"type": "array", "items": items})])), Ok(()), "{items}");
        }
        assert_eq!(check(&row([json!("null"), record("Empty", &[])])), Ok(()));
    }

    #[test]
    fn a_type_may_be_called_like_a_kind() {
        let numbers = json!({"type": "map", "values": "int"});
        assert_eq!(
            check(&row([
                record("map", &[("of", numbers)]),
                json!({"type": "record", "name": "record", "fields": [
                    {"name": "inner", "type": record("inner", &[("x", json!("map"))])},
                ]})
            ])),
            Ok(())
        );
    }

    #[test]
    fn a_record_of_the_same_name_in_another_namespace_is_not_itself() {
        let other = json!({"type": "record", "name": "b.Address", "fields": [{"name": "x", "type": "int"}]});
        let around = json!({"type": "record", "name": "a.Address", "fields": [{"name": "of", "type": "b.Address"}]});
        assert_eq!(check(&row([other, around])), Ok(()));
        let itself =
            json!({"type": "record", "name": "a.Tree", "fields": [{"name": "next", "type": ["null", "Tree"]}]});
        assert!(check(&row([itself])).unwrap_err().contains("contains itself"));
    }
}
