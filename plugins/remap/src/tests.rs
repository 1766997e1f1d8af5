#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use anabranch_plugin::testing::{Dropped, OwnedRecord, configure, record, run, tombstone};
use serde_json::{Value, json};

use super::Remap;

/// What steps make of a record.
fn came(steps: Value, record: OwnedRecord) -> OwnedRecord {
    let run = run::<Remap>(json!({ "steps": steps }), [record]);
    assert_eq!(run.rejected, []);
    run.records[0].clone()
}

/// What steps make of a value.
fn value(steps: Value, before: &str) -> String {
    String::from_utf8(came(steps, record("k", before)).value.0.unwrap()).unwrap()
}

/// Why steps reject a value.
fn rejected(parameters: Value, before: &str) -> String {
    run::<Remap>(parameters, [record("k", before)]).rejected[0].reason.clone()
}

#[test]
fn fields_are_renamed_moved_copied_and_dropped_and_all_else_stays() {
    let before = r#"{ "id" : 7.10, "cust": {"mail":"a@b", "x":1e999}, "items":[{"p":1},{"p":2}], "old": [1, 2] }"#;
    let steps = json!([
        { "rename": "cust.mail", "to": "email" },
        { "rename": "items[*].p", "to": "price" },
        { "move": "old", "to": "new.list" },
        { "copy": "id", "to": "cust.order" },
        { "drop": "..x" },
    ]);
    let after = r#"{ "id" : 7.10, "cust": {"email":"a@b", "order":7.10}, "items":[{"price":1},{"price":2}], "new": {"list":[1, 2]} }"#;
    let came = value(steps, before);
    assert_eq!(serde_json::from_str::<Value>(&came).unwrap(), serde_json::from_str::<Value>(after).unwrap(), "{came}");
    assert!(came.starts_with(r#"{ "id" : 7.10, "cust": {"email":"a@b""#), "{came}");
    assert!(came.contains("[1, 2]"), "{came}");
}

#[test]
fn a_field_that_has_the_new_name_makes_room() {
    assert_eq!(value(json!([{ "rename": "a", "to": "b" }]), r#"{"b":1,"a":2}"#), r#"{"b":2}"#);
    assert_eq!(value(json!([{ "move": "a", "to": "a.b" }]), r#"{"a":1}"#), r#"{"a":{"b":1}}"#);
    assert_eq!(value(json!([{ "rename": "a", "to": "['x.y']" }]), r#"{"a":1}"#), r#"{"x.y":1}"#);
}

#[test]
fn defaults_fill_what_is_missing_or_null_and_constants_replace() {
    let steps = json!([
        { "default": "status", "value": "open" },
        { "default": "to.country", "value": { "code": "BE" } },
        { "constant": "version", "value": 2 },
    ]);
    assert_eq!(
        value(steps.clone(), r#"{"status":null}"#),
        r#"{"status":"open","to":{"country":{"code":"BE"}},"version":2}"#
    );
    assert_eq!(
        value(steps, r#"{"status":1,"to":{"country":false},"version":1}"#),
        r#"{"status":1,"to":{"country":false},"version":2}"#
    );
}

#[test]
fn what_cannot_be_cast_goes_by_the_policy_of_the_step() {
    let before = r#"{"n":"12","bad":"x","list":[{"at":1700000000},{"at":null}]}"#;
    let steps = |failure: &str| json!([{ "cast": "n", "as": "integer" }, { "cast": "bad", "as": "number", "failure": failure }]);
    assert_eq!(value(steps("null"), before).get(..21), Some(r#"{"n":12,"bad":null,"l"#));
    assert_eq!(value(steps("keep"), before).get(..21), Some(r#"{"n":12,"bad":"x","li"#));
    assert_eq!(value(steps("drop"), before).get(..21), Some(r#"{"n":12,"list":[{"at""#));
    let reason = rejected(json!({ "steps": steps("reject") }), before);
    assert_eq!(reason, "step 2: `bad` cannot be cast: it is `\"x\"`");
    let times = json!([{ "cast": "list[*].at", "as": "rfc3339", "unit": "s" }, { "drop": "bad" }, { "drop": "n" }]);
    assert_eq!(value(times, before), r#"{"list":[{"at":"2023-11-14T22:13:20Z"},{"at":null}]}"#);
}

#[test]
fn fields_are_nested_and_flattened() {
    let nest = json!([{ "nest": ["street", "city", "absent"], "to": "address" }]);
    assert_eq!(
        value(nest, r#"{"city":"Gent","id":1,"street":"A"}"#),
        r#"{"id":1,"address":{"street":"A","city":"Gent"}}"#
    );
    let flatten = json!([{ "flatten": "meta", "prefix": "meta_" }]);
    assert_eq!(
        value(flatten.clone(), r#"{"meta":{"a":1,"b":{"c":2}},"id":1}"#),
        r#"{"id":1,"meta_a":1,"meta_b":{"c":2}}"#
    );
    assert_eq!(value(flatten.clone(), r#"{"meta":null,"id":1}"#), r#"{"id":1}"#);
    assert_eq!(
        rejected(json!({ "steps": flatten }), r#"{"meta":[1]}"#),
        "step 1: `meta` is no object to flatten: it is `[1]`"
    );
    assert_eq!(value(json!([{ "flatten": "a.b" }]), r#"{"a":{"b":{"c":1},"d":2}}"#), r#"{"a":{"d":2,"c":1}}"#);
}

#[test]
fn headers_take_part() {
    let steps = json!([
        { "rename": "header:a", "to": "header:b" },
        { "drop": "header:trace" },
        { "constant": "header:version", "value": "2" },
        { "copy": "region", "to": "header:region" },
        { "move": "header:user", "to": "user.name" },
        { "copy": "list", "to": "header:list" },
    ]);
    let before = record("k", r#"{"region":"eu","list":[1]}"#)
        .header("a", "1")
        .header("trace", "x")
        .header("user", "ann")
        .header("a", None);
    let after = record("k", r#"{"region":"eu","list":[1],"user":{"name":"ann"}}"#)
        .header("b", "1")
        .header("b", None)
        .header("version", "2")
        .header("region", "eu")
        .header("list", "[1]");
    assert_eq!(came(steps, before), after);
}

#[test]
fn keys_are_set_from_values_and_edited_where_they_are_json() {
    let before = r#"{"customer":{"id":"ann"}}"#;
    assert_eq!(came(json!([{ "copy": "customer.id", "to": "key:$" }]), record("7", before)), record("ann", before));
    let edited = json!([{ "cast": "key:id", "as": "text" }, { "rename": "key:id", "to": "customer" }]);
    assert_eq!(came(edited, record(r#"{"id": 7}"#, "not json")), record(r#"{"customer": "7"}"#, "not json"));
    assert_eq!(came(json!([{ "copy": "key:$", "to": "key" }]), record("7", "{}")), record("7", r#"{"key":"7"}"#));
    assert_eq!(came(json!([{ "constant": "key:$", "value": null }]), record("7", "1")), record(None, "1"));
    let whole = json!([{ "copy": "key:id", "to": "key:$" }]);
    assert_eq!(came(whole, record(r#"{"id":7}"#, "1")), record("7", "1"));
}

#[test]
fn tombstones_pass_with_what_can_be_done_to_them() {
    let steps = json!([{ "constant": "header:h", "value": "1" }, { "rename": "a", "to": "b" }]);
    assert_eq!(came(steps.clone(), tombstone("k")), tombstone("k").header("h", "1"));
    let policy = |policy: &str| run::<Remap>(json!({ "steps": steps, "tombstones": policy }), [tombstone("k")]);
    assert_eq!(policy("drop").dropped, [Dropped { input: 0, reason: Some("tombstone".into()) }]);
    assert_eq!(policy("reject").rejected[0].reason, "the record is a tombstone");
}

#[test]
fn steps_that_find_nothing_go_by_policy() {
    let parameters =
        |policy: &str| json!({ "steps": [{ "rename": "a.b", "to": "c" }, { "drop": "x" }], "missing": policy });
    let records = [record("k", r#"{ "a" : 1 }"#)];
    assert_eq!(run::<Remap>(parameters("keep"), records.clone()).records, records);
    assert_eq!(rejected(parameters("reject"), "{}"), "step 1: there is nothing at `a.b`");
    assert_eq!(run::<Remap>(parameters("drop"), records).dropped[0].reason.as_deref(), Some("nothing at a path"));
}

#[test]
fn what_is_no_json_goes_by_policy_and_what_has_no_room_is_rejected() {
    let steps = json!([{ "drop": "a" }]);
    assert!(rejected(json!({ "steps": steps }), "{").starts_with("the value is not JSON: "));
    let kept = [record("k", "{")];
    assert_eq!(run::<Remap>(json!({ "steps": steps, "not-json": "keep" }), kept.clone()).records, kept);
    let reason = rejected(json!({ "steps": [{ "constant": "a.b", "value": 1 }] }), r#"{"a":[1]}"#);
    assert_eq!(
        reason,
        "step 1: nothing can be put at `a.b`: something on the way is not an object, or a list that is too short"
    );
}

#[test]
fn steps_that_make_no_sense_are_refused_with_their_number() {
    let refused = |step: Value| configure::<Remap>(json!({ "steps": [{ "drop": "x" }, step] })).err().unwrap().message;
    assert!(refused(json!({})).starts_with("step 2: a step has one of `rename`"));
    assert!(refused(json!({ "drop": "a", "copy": "b" })).starts_with("step 2: a step has one of"));
    assert_eq!(refused(json!({ "copy": "a" })), "step 2: it does not say `to` what");
    assert_eq!(refused(json!({ "drop": "a", "to": "b" })), "step 2: it takes no `to`");
    assert!(refused(json!({ "rename": "a", "to": "b.c" })).contains("`move` takes paths"));
    assert!(refused(json!({ "move": "a[*]", "to": "b" })).contains("can mean several things"));
    assert!(refused(json!({ "cast": "a" })).contains("`as` what"));
    assert!(refused(json!({ "rename": "a[0]", "to": "b" })).contains("does not end with a name"));
    assert!(refused(json!({ "flatten": "$" })).contains("cannot be flattened"));
    assert!(refused(json!({ "drop": "a[" })).contains("the path `a[` lacks an index"));
    assert!(refused(json!({ "drp": "a" })).contains("unknown field `drp`"));
    assert_eq!(configure::<Remap>(json!({ "steps": [] })).err().unwrap().message, "there is no step");
}
