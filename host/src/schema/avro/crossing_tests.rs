//! Names and aliases that cross each other, and values and schemas of a few bytes that stand for very many.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{self, formed};
use super::*;

fn schema(text: &Value) -> Schema {
    tests::schema(&text.to_string())
}

fn record(fields: &[Value]) -> Schema {
    schema(&json!({"type": "record", "name": "R", "fields": fields}))
}

/// What a value of one schema is by another, straight and by way of JSON, which have to agree.
fn read(writer: &Schema, reader: &Schema, value: &str) -> Result<String, String> {
    let (written, resolution) = (formed(writer, &(), value).unwrap(), Resolution::new(writer, reader));
    let mut straight = Vec::new();
    let passed = resolution.append(writer, &written, &mut straight).map_err(|misfit| misfit.to_string());
    let by_json = formed(reader, &resolution, value);
    assert_eq!(passed.clone().map(|()| straight.clone()), by_json, "straight, and by way of JSON");
    passed?;
    tests::json(reader, &straight).map_err(|misfit| format!("unreadable: {misfit}"))
}

#[test]
fn a_field_that_was_renamed_and_whose_old_name_is_another_s_now_is_taken_once() {
    let writer = record(&[json!({"name": "name", "type": "string"}), json!({"name": "age", "type": "int"})]);
    let reader = record(&[
        json!({"name": "legal_name", "type": "string", "aliases": ["name"]}),
        json!({"name": "name", "type": ["null", "string"], "default": null}),
        json!({"name": "age", "type": "int"}),
    ]);
    assert_eq!(
        read(&writer, &reader, r#"{"name":"Ann","age":3}"#).unwrap(),
        r#"{"legal_name":"Ann","name":null,"age":3}"#
    );
    // Of two that have one alias the first has it.
    let reader = record(&[
        json!({"name": "a", "type": "string", "aliases": ["name"], "default": ""}),
        json!({"name": "b", "type": "string", "aliases": ["name"], "default": ""}),
        json!({"name": "age", "type": "int"}),
    ]);
    assert_eq!(read(&writer, &reader, r#"{"name":"Ann","age":3}"#).unwrap(), r#"{"a":"Ann","b":"","age":3}"#);
    // Names that are exchanged are exchanged.
    let writer = record(&[json!({"name": "a", "type": "int"}), json!({"name": "b", "type": "int"})]);
    let reader = record(&[
        json!({"name": "a", "type": "int", "aliases": ["b"]}),
        json!({"name": "b", "type": "int", "aliases": ["a"]}),
    ]);
    assert_eq!(read(&writer, &reader, r#"{"a":1,"b":2}"#).unwrap(), r#"{"a":2,"b":1}"#);
    // One that has its new name already leaves the old one to whoever has it.
    let reader = record(&[
        json!({"name": "b", "type": "int", "aliases": ["a"]}),
        json!({"name": "a", "type": "int", "default": 0}),
    ]);
    assert_eq!(read(&writer, &reader, r#"{"a":1,"b":2}"#).unwrap(), r#"{"b":2,"a":1}"#);
    let reader = record(&[json!({"name": "b", "type": "int", "aliases": ["a"]})]);
    assert_eq!(read(&writer, &reader, r#"{"a":1,"b":2}"#).unwrap(), r#"{"b":2}"#);
}

proptest! {
    #[test]
    fn whatever_names_and_aliases_are_what_is_written_can_be_read(
        had in proptest::sample::subsequence(vec!["a", "b", "c", "d"], 1..=4).prop_shuffle(),
        has in proptest::sample::subsequence(vec!["a", "b", "c", "d"], 1..=4).prop_shuffle(),
        aliases in proptest::collection::vec(
            proptest::sample::subsequence(vec!["a", "b", "c", "d"], 0..=3).prop_shuffle(), 4,
        ),
    ) {
        let field = |name: &&str| json!({"name": name, "type": "long"});
        let writer = record(&had.iter().map(field).collect::<Vec<_>>());
        let field = |(name, aliases): (&&str, &Vec<&str>)| {
            json!({"name": name, "type": "double", "aliases": aliases, "default": -1})
        };
        let reader = record(&has.iter().zip(&aliases).map(field).collect::<Vec<_>>());
        let value: Vec<String> = had.iter().zip(1..).map(|(name, number)| format!("\"{name}\":{number}")).collect();
        let text = read(&writer, &reader, &format!("{{{}}}", value.join(","))).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        let numbers: Vec<i64> = has.iter().map(|name| read[*name].as_f64().unwrap() as i64).collect();
        for (number, name) in (1..).zip(&had) {
            let times = numbers.iter().filter(|found| **found == number).count();
            prop_assert!(times <= 1, "{name} is {times} fields: {text}");
            // What nobody renames keeps its name.
            let is_renamed = aliases.iter().take(has.len()).any(|aliases| aliases.contains(name));
            if !is_renamed && let Some(at) = has.iter().position(|other| other == name) {
                prop_assert_eq!(numbers[at], number, "{}", text);
            }
        }
    }
}

#[test]
fn amounts_become_no_other_amounts() {
    let decimal = json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2});
    for (from, to) in [(json!("string"), decimal.clone()), (decimal.clone(), json!("string"))] {
        let never = Resolution::new(&schema(&from), &schema(&to)).never().unwrap().to_string();
        assert!(never.contains("cannot be read as"), "{never}");
    }
    let resolution = Resolution::new(&schema(&json!("bytes")), &schema(&decimal));
    let pass = |bytes: &[u8]| {
        let (value, mut out) = ([&[2 * bytes.len() as u8][..], bytes].concat(), Vec::new());
        resolution.append(&schema(&json!("bytes")), &value, &mut out).map(|()| out).map_err(|misfit| misfit.to_string())
    };
    assert_eq!(pass(&[0x7f]), Ok(vec![2, 0x7f]));
    assert!(pass(&[0x7f; 20]).unwrap_err().contains("does not fit into 4 digits"));
    assert!(pass(&[]).unwrap_err().contains("no bytes"));
}

#[test]
fn a_few_bytes_stand_for_no_gigabytes_and_no_hours() {
    let empty = json!({"type": "record", "name": "E", "fields": []});
    let full = json!({"type": "record", "name": "E", "fields": [
        {"name": "n", "type": "string", "default": "x".repeat(1000)}]});
    let array = |items: &Value| schema(&json!({"type": "array", "items": items}));
    // Blocks of 65,536 items each.
    let value = [&[0x80, 0x80, 0x08].repeat(300_000)[..], &[0]].concat();
    let begun = Instant::now();
    let mut out = Vec::new();
    let error = Resolution::new(&array(&empty), &array(&full)).append(&array(&empty), &value, &mut out).unwrap_err();
    assert!(error.to_string().contains("items of no bytes"), "{error}");
    for items in [json!("null"), empty] {
        let schema = array(&items);
        assert!(schema.check(&value).unwrap_err().to_string().contains("items of no bytes"));
        let error = schema.append_json(&value, 1 << 30, &mut out).unwrap_err();
        assert!(error.to_string().contains("items of no bytes"), "{error}");
    }
    assert!(out.len() < 200 << 20, "{}", out.len());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn defaults_that_hold_each_other_twice_are_bounded() {
    let mut types = vec![json!({"type": "record", "name": "D0", "fields": [
        {"name": "s", "type": "string", "default": "x".repeat(1000)}]})];
    for level in 1..60 {
        let below = format!("D{}", level - 1);
        let field = |name: &str| json!({"name": name, "type": below, "default": {}});
        types.push(json!({"type": "record", "name": format!("D{level}"), "fields": [field("a"), field("b")]}));
    }
    let texts: Vec<std::sync::Arc<str>> = types.iter().map(|text| text.to_string().into()).collect();
    let begun = Instant::now();
    let reader = json!({"type": "record", "name": "R", "fields": [{"name": "d", "type": "D59", "default": {}}]});
    let reader = Schema::parse(&reader.to_string(), &texts).unwrap();
    let error = formed(&reader, &(), "{}").unwrap_err();
    assert!(error.contains("take more than 16 MiB"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn types_that_follow_one_another_without_end_take_no_stack() {
    let chain = |of: &str| {
        let mut texts: Vec<std::sync::Arc<str>> = vec![r#"{"type":"record","name":"R0","fields":[]}"#.into()];
        for level in 1..20_000 {
            let before = level - 1;
            texts.push(
                format!(
                    r#"{{"type":"record","name":"R{level}","fields":[{{"name":"x","type":["null","R{before}"]}}]}}"#
                )
                .into(),
            );
        }
        Schema::parse(&format!(r#"{{"type":"record","name":"Root","fields":[{{"name":"x","type":{of}}}]}}"#), &texts)
            .unwrap()
    };
    let (writer, reader) = (chain(r#"["null","R19999"]"#), chain(r#""R19999""#));
    assert!(Resolution::new(&writer, &writer).is_identity());
    Resolution::new(&writer, &reader).never();
}
