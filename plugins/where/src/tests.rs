#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use anabranch_plugin::testing::{Dropped, OwnedRecord, Rejected, configure, record, run, tombstone};
use serde_json::{Value, json};

use super::Where;

/// Whether the expression holds for a record; panics where it fails.
fn holds(expression: &str, record: OwnedRecord) -> bool {
    let run = run::<Where>(json!({ "expression": expression, "tombstones": "test" }), [record]);
    assert_eq!(run.rejected, [], "{expression}");
    run.records.len() == 1
}

fn order() -> OwnedRecord {
    let value = r#"{"status":"paid","total":12.50,"n":3,"big":18446744073709551615,"to":{"country":"BE"},"items":[{"price":5},{"price":7}],"tags":["new"],"none":null}"#;
    record("user-7", value).header("region", "us").header("region", "eu").header("null", None).at(1_700_000_000_000)
}

#[test]
fn every_part_of_a_record_can_be_asked_for() {
    for expression in [
        "key == 'user-7'",
        "key.startsWith('user-') && !key.endsWith('8')",
        "key.matches('^user-[0-9]+$') && !key.matches('^user$') && key.matches('us' + 'er')",
        "matches(key, '[0-9]$') && 'a7'.matches('[0-9]')",
        "value.status == 'paid' && value.total > 12.0",
        "value.n == 3.0 && value.big > 1 && value.n in [1, 2, 3]",
        "value.to.country == 'BE' || value.nothing",
        "has(value.to.country) && !has(value.to.city)",
        "value.items.exists(item, item.price > 6) && value.items.all(item, item.price > 4)",
        "value.items.map(item, item.price) == [5, 7]",
        "value.items[1].price == 7 && size(value.items) == 2 && 'new' in value.tags",
        "value.none == null && value['status'] == 'paid'",
        "value.to == value.to && size(value.to) == 1 && 'country' in value.to",
        "value.to.exists(name, name == 'country')",
        "headers.region == 'eu' && 'region' in headers && !('x-y' in headers)",
        "headers['null'] == null && !has(headers.absent) && size(headers) == 2",
        "timestamp > timestamp('2023-11-14T00:00:00Z') && timestamp < timestamp('2023-11-15T00:00:00+01:00')",
        "timestamp + duration('1h') > timestamp && timestamp.getFullYear() == 2023",
        "offset == 0 && partition == 0 && topic == 'orders'",
        "true ? value.n > 2 : false",
    ] {
        assert!(holds(expression, order()), "{expression}");
    }
    assert!(!holds("value.status == 'open'", order()));
    assert!(holds("key == null && timestamp == null", record(None, "1")));
    assert!(holds("value == null", tombstone("k")));
    assert!(holds("value == 7", record("k", " 7 ")));
}

#[test]
fn what_does_not_hold_is_counted() {
    let run = run::<Where>(json!({ "expression": "key == 'a'" }), [record("a", "not json"), record("b", "x")]);
    assert_eq!(run.records, [record("a", "not json")]);
    assert_eq!(run.dropped, [Dropped { input: 1, reason: Some("the expression does not hold".into()) }]);
}

#[test]
fn tombstones_pass_where_values_are_asked_for_unless_told_otherwise() {
    let records = [record("a", r#"{"n":1}"#), tombstone("a"), tombstone("b")];
    let outcome = |expression: &str, policy: &str| {
        let run = run::<Where>(json!({ "expression": expression, "tombstones": policy }), records.clone());
        (run.sources, run.dropped.first().and_then(|dropped| dropped.reason.clone()))
    };
    assert_eq!(outcome("value.n == 1", "keep"), (vec![0, 1, 2], None));
    assert_eq!(outcome("value.n == 1", "drop"), (vec![0], Some("tombstone".into())));
    assert_eq!(outcome("value == null", "test").0, [1, 2]);
    assert_eq!(outcome("key == 'a'", "keep").0, [0, 1]);
}

#[test]
fn what_cannot_be_judged_goes_by_its_policy() {
    let records = [record("k", r#"{"n":1}"#), record("k", r#"{"m":1}"#), record("k", "{"), record("k", r#"{"n":"x"}"#)];
    let outcome = |parameters: Value| run::<Where>(parameters, records.clone());
    let rejects = outcome(json!({ "expression": "value.n > 0" }));
    let reasons: Vec<_> = rejects.rejected.iter().map(|rejected| (rejected.input, rejected.reason.as_str())).collect();
    assert_eq!(reasons[0], (1, "the expression fails: No such key: n"));
    assert_eq!(reasons[1].0, 2);
    assert!(reasons[1].1.starts_with("the value is not JSON: "), "{}", reasons[1].1);
    assert!(reasons[2].1.starts_with("the expression fails: "), "{}", reasons[2].1);
    let drops = outcome(json!({ "expression": "value.n > 0", "failing": "drop", "not-json": "keep" }));
    assert_eq!(drops.sources, [0, 2]);
    assert_eq!(drops.dropped[0].reason.as_deref(), Some("the expression fails"));
    let bytes = [record(b"\xff", "1")];
    let came = run::<Where>(json!({ "expression": "key == 'a'" }), bytes.clone());
    let reason = "the key is not text: invalid utf-8 sequence of 1 bytes from index 0".to_owned();
    assert_eq!(came.rejected, [Rejected { input: 0, reason }]);
    assert_eq!(run::<Where>(json!({ "expression": "key == 'a'", "not-text": "keep" }), bytes.clone()).records, bytes);
    assert_eq!(run::<Where>(json!({ "expression": "offset >= 0" }), bytes.clone()).records, bytes);
    let number = run::<Where>(json!({ "expression": "value.n" }), [record("k", r#"{"n":1}"#)]);
    assert_eq!(number.rejected[0].reason, "the expression gives a value of the type `int`");
}

#[test]
fn an_expression_that_cannot_work_is_refused_with_its_place() {
    let refused = |expression: &str| {
        let error = configure::<Where>(json!({ "expression": expression })).err().unwrap();
        assert_eq!(error.parameter.as_deref(), Some("expression"));
        error.message
    };
    let broken = refused("key == ");
    assert!(broken.starts_with("`key == ` is no expression: at 1:"), "{broken}");
    let there = "there are `key`, `value`, `headers`, `timestamp`, `offset`, `partition`, `topic`, at 1:15";
    assert_eq!(refused("key == 'a' && kye == 'b'"), format!("there is no `kye`, but {there}"));
    assert_eq!(refused("now() > timestamp"), "there is no function `now`, at 1:4");
    assert_eq!(refused("key.upper() == 'A'"), "there is no function `upper`, at 1:10");
    assert!(refused("size(key)").starts_with("the expression gives a number, and not `true` or `false`"));
    assert!(refused("'a'").starts_with("the expression gives a text"));
    assert!(refused("value == {'a': 1}").starts_with("maps and messages in `{}` are not supported"));
    assert!(refused("x").starts_with("there is no `x`"));
    assert!(refused("value.all(x, y)").starts_with("there is no `y`"));
    assert!(refused("key.matches('(')").starts_with("`(` is no regular expression: "));
    assert!(refused("matches(key, '(')").starts_with("`(` is no regular expression: "));
    assert_eq!(
        refused("timestamp > timestamp('2024-01-01')"),
        "`2024-01-01` is no moment as RFC 3339 has it, `2024-01-01T00:00:00Z` for instance, at 1:22"
    );
    assert!(refused("timestamp - duration('soon') > timestamp").starts_with("`soon` is no duration"));
    assert!(!refused("").is_empty());
}

#[test]
fn fields_of_one_name_count_once_and_the_first_is_seen() {
    let twice = record("k", r#"{"a":1,"a":2}"#);
    assert!(holds("value.a == 1 && size(value) == 1", twice.clone()));
    assert!(holds("value.map(name, name) == ['a']", twice));
}
