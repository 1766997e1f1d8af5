#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use anabranch_plugin::testing::{Dropped, Rejected, configure, record, run, tombstone};
use serde_json::{Value, json};

use super::Mask;

const SECRET: &str = "0123456789abcdef";

/// The value that comes of one.
fn value(parameters: Value, value: &str) -> String {
    let run = run::<Mask>(parameters, [record("k", value)]);
    assert_eq!(run.rejected, []);
    String::from_utf8(run.records[0].value.0.clone().unwrap()).unwrap()
}

/// The key that comes of one.
fn key(parameters: Value, key: &str) -> String {
    let run = run::<Mask>(parameters, [record(key, "1")]);
    assert_eq!(run.rejected, []);
    String::from_utf8(run.records[0].key.0.clone().unwrap()).unwrap()
}

#[test]
fn fields_are_redacted_at_every_depth_and_all_else_stays() {
    let before =
        r#" {"id": 7.10, "email":"a@b.example","to":[{"email":null, "city":"Gent"}, 12345678901234567890123, 1e999]}"#;
    let after = r#" {"id": 7.10, "email":"***","to":[{"email":"***", "city":"Gent"}, 12345678901234567890123, 1e999]}"#;
    assert_eq!(value(json!({ "redact": ["..email"] }), before), after);
    let top = before.replace("\"a@b.example\"", "\"***\"");
    assert_eq!(value(json!({ "redact": ["email"] }), before), top);
}

#[test]
fn a_mask_can_be_any_json_and_a_masked_object_is_not_looked_into() {
    let parameters = json!({ "redact": ["..card", "..number"], "mask": null });
    assert_eq!(value(parameters, r#"{"card":{"number":[1]},"\u006eumber":1}"#), r#"{"card":null,"\u006eumber":null}"#);
}

#[test]
fn what_has_no_such_field_is_not_touched_and_tombstones_stay() {
    let records = [record("k", r#"{ "id" : "email" }"#), record("k", " 1"), tombstone("k"), record(None, None)];
    assert_eq!(run::<Mask>(json!({ "redact": ["..email"] }), records.clone()).records, records);
}

#[test]
fn a_hash_is_the_one_that_other_programs_make_of_key_and_value_alike() {
    for (algorithm, due) in [
        // In Python: blake3(b"ann", key=blake3(b"0123456789abcdef", derive_key_context="anabranch mask: hash").digest())
        ("blake3", "d2dff1d7189220d281d65982aeef1222"),
        // echo -n ann | openssl dgst -sha256 -hmac 0123456789abcdef
        ("hmac-sha256", "fb385915a0623c0be3e7b0a7134dbb62"),
    ] {
        let parameters = json!({ "hash": ["name"], "key": "hash", "algorithm": algorithm, "secret": SECRET });
        let name = value(parameters.clone(), r#"{"name":"ann"}"#);
        let hashed: Value = serde_json::from_str(&name).unwrap();
        assert_eq!(hashed["name"].as_str().unwrap(), key(parameters, "ann"));
        assert_eq!((&hashed["name"].as_str().unwrap()[..32], hashed["name"].as_str().unwrap().len()), (due, 64));
        let short = json!({ "hash": ["name"], "algorithm": algorithm, "secret": SECRET, "length": 8 });
        assert_eq!(value(short, r#"{"name":"\u0061nn"}"#), format!(r#"{{"name":"{}"}}"#, &due[..8]));
    }
}

#[test]
fn tokens_of_long_texts_do_not_repeat_themselves() {
    let long = "a".repeat(400);
    let token = value(json!({ "tokenize": ["n"], "secret": SECRET }), &format!(r#"{{"n":"{long}"}}"#));
    let token = &token[6..406];
    let parts: std::collections::BTreeSet<&str> = (0..25).map(|part| &token[16 * part..16 * part + 16]).collect();
    assert_eq!(parts.len(), 25, "{token}");
}

#[test]
fn a_token_keeps_the_kind_of_each_letter() {
    let parameters = json!({ "tokenize": ["$.*"], "secret": SECRET });
    let before =
        r#"{"phone":"+49 (0)30-1234","name":"Ann Öz","n":12.50e3,"zero":0,"minus":-1205,"list":[1],"no":null}"#;
    let after = value(parameters.clone(), before);
    assert_eq!(after, value(parameters, before));
    let (before, after): (Value, Value) =
        (serde_json::from_str(before).unwrap(), serde_json::from_str(&after).unwrap());
    let kind = |text: &Value| {
        let kind = |letter: char| match letter {
            _ if letter.is_ascii_digit() => '0',
            _ if letter.is_uppercase() => 'A',
            _ if letter.is_alphabetic() => 'a',
            _ => letter,
        };
        text.as_str().unwrap().chars().map(kind).collect::<String>()
    };
    for field in ["phone", "name"] {
        assert_eq!(kind(&after[field]), kind(&before[field]));
        assert_ne!(after[field], before[field]);
    }
    let minus = after["minus"].as_i64().unwrap();
    assert!((-9999..=-1000).contains(&minus), "{minus}");
    assert!((10_000.0..100_000.0).contains(&after["n"].as_f64().unwrap()));
    assert_eq!((&after["list"], &after["no"]), (&json!("***"), &Value::Null));
    let other = json!({ "tokenize": ["$.*"], "secret": "another secret that is long" });
    assert_ne!(
        value(other, r#"{"name":"Annabel"}"#),
        value(json!({ "tokenize": ["$.*"], "secret": SECRET }), r#"{"name":"Annabel"}"#)
    );
}

#[test]
fn the_end_of_a_text_is_kept_unless_that_is_all_of_it() {
    let parameters = json!({ "keep-last": ["$.*"] });
    let before = r#"{"card":"4111222233334444","number":4111222,"short":"4444","é":"ééééé"}"#;
    let after = r#"{"card":"************4444","number":"***1222","short":"****","é":"*éééé"}"#;
    assert_eq!(value(parameters, before), after);
}

#[test]
fn one_key_stays_one_key_and_its_tombstone_goes_with_it() {
    let parameters = json!({ "key": "tokenize", "secret": SECRET });
    let came = run::<Mask>(
        parameters,
        [record("user-17", "not json"), record("user-18", "1"), tombstone("user-17"), record(None, "1")],
    );
    let keys: Vec<_> = came.records.iter().map(|record| record.key.clone()).collect();
    assert_eq!(keys[0], keys[2]);
    assert_ne!(keys[0], keys[1]);
    assert_eq!((keys[3].0.as_ref(), came.records[2].value.0.as_ref()), (None, None));
    assert_eq!(came.records[0].value, "not json".into());
}

#[test]
fn a_key_that_is_json_is_masked_by_path() {
    let parameters = json!({ "key": "keep-last", "key-paths": ["id"], "shown": 1 });
    assert_eq!(key(parameters, r#"{"id": "abc", "n": 1}"#), r#"{"id": "**c", "n": 1}"#);
    let redacted = json!({ "key": "redact", "key-paths": ["id"] });
    assert_eq!(key(redacted, r#"{"id": "abc", "n": 1}"#), r#"{"id": "***", "n": 1}"#);
}

#[test]
fn what_is_no_json_is_rejected_dropped_or_kept_as_asked() {
    let records = [record("k", "{"), record("k", "1"), record("k", b"\xff")];
    let policy = |policy: &str| json!({ "redact": ["..email"], "not-json": policy });
    let rejects = run::<Mask>(json!({ "redact": ["..email"] }), records.clone());
    assert_eq!(rejects.records, [record("k", "1")]);
    let rejected = |input, why| Rejected { input, reason: format!("the value is not JSON: {why}") };
    let due = [
        rejected(0, "the name of a field is missing at byte 1"),
        rejected(2, "bytes stand that are no UTF-8 at byte 0"),
    ];
    assert_eq!(rejects.rejected, due);
    let drops = run::<Mask>(policy("drop"), records.clone());
    assert_eq!(drops.dropped, [0, 2].map(|input| Dropped { input, reason: Some("not JSON".into()) }));
    assert_eq!(run::<Mask>(policy("keep"), records.clone()).records, records);
    // A value that is kept does not keep its key from being masked, nor the other way round.
    let both = json!({ "redact": ["a"], "key": "redact", "key-paths": ["b"], "not-json": "keep" });
    let came = run::<Mask>(both, [record(r#"{"b":1}"#, "{"), record("{", r#"{"a":1}"#)]).records;
    assert_eq!(came, [record(r#"{"b":"***"}"#, "{"), record("{", r#"{"a":"***"}"#)]);
}

#[test]
fn a_path_that_finds_nothing_is_an_error_where_that_is_asked_for() {
    let parameters = |policy: &str| json!({ "redact": ["a", "b"], "missing": policy });
    let records = [record("k", r#"{"a":1,"b":2}"#), record("k", r#"{"a":1}"#), tombstone("k")];
    let rejects = run::<Mask>(parameters("reject"), records.clone());
    assert_eq!(rejects.rejected, [Rejected { input: 1, reason: "the value has nothing at `b`".into() }]);
    assert_eq!(rejects.records.len(), 2);
    let drops = run::<Mask>(parameters("drop"), records);
    assert_eq!(drops.dropped, [Dropped { input: 1, reason: Some("nothing at a path".into()) }]);
}

#[test]
fn keys_that_are_no_text_can_only_be_hashed() {
    let bytes = [record(b"\xff\x00", "1")];
    let tokenized = run::<Mask>(json!({ "key": "tokenize", "secret": SECRET }), bytes.clone());
    assert!(tokenized.rejected[0].reason.starts_with("the key is not text: "));
    assert_eq!(run::<Mask>(json!({ "key": "hash", "secret": SECRET }), bytes).records.len(), 1);
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = |parameters: Value| {
        let error = configure::<Mask>(parameters).err().unwrap();
        (error.parameter.unwrap_or_default(), error.message)
    };
    assert!(refused(json!({})).1.starts_with("nothing is masked"));
    let (parameter, message) = refused(json!({ "redact": ["a", "b["] }));
    assert_eq!(
        (parameter.as_str(), message.as_str()),
        ("redact", "the path `b[` lacks an index, `*` or a name in quotes, at its letter 3")
    );
    assert_eq!(refused(json!({ "hash": ["a"] })).0, "secret");
    assert_eq!(refused(json!({ "key": "hash" })).0, "secret");
    assert_eq!(refused(json!({ "hash": ["a"], "secret": "short" })).0, "secret");
    assert!(!refused(json!({ "hash": ["a"], "secret": "short" })).1.contains("short\""));
    assert_eq!(refused(json!({ "key-paths": ["a"], "redact": ["a"] })).0, "key-paths");
    assert_eq!(refused(json!({ "key": "redact" })).0, "key");
    assert_eq!(refused(json!({ "redact": ["a"], "length": 65 })).0, "length");
    let unknown = refused(json!({ "redact": ["a"], "not-json": "ignore" })).1;
    assert!(unknown.contains("unknown variant `ignore`, expected one of `reject`, `keep`, `drop`"), "{unknown}");
}
