//! `anabranch plugin test` and `plugin bench`, through the binary: what plugins make of records, and what that costs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../../host/tests/documented/mod.rs"]
mod documented;

use std::fs;

use anabranch_tests::binaries;
use anabranch_tests::run::{Run, run};
use serde_json::Value;
use tempfile::TempDir;

const RECORDS: &str = r#"{"key":"1","value":"{\"email\":\"a@b.example\",\"city\":\"Gent\"}"}
{"key":"test-2","value":"{\"city\":\"Bern\"}"}
{"key":"3","value":"no JSON"}
{"key":"4","value":null}
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("records.jsonl"), RECORDS).unwrap();
    folder
}

fn test(folder: &TempDir, plugin: &str, flags: &[&str]) -> Run {
    let plugin = match binaries::plugin(plugin) {
        Ok(path) if plugin != "mask" => path.to_string_lossy().into_owned(),
        _ => plugin.to_owned(),
    };
    run(folder.path(), &[&["plugin", "test", &plugin, "records.jsonl"], flags].concat()).unwrap()
}

const MASK: [&str; 2] = ["--param", r#"redact=["..email"]"#];

#[test]
fn what_a_plugin_makes_of_records_is_shown() {
    let folder = folder();
    let masked = test(&folder, "mask", &MASK);
    assert_eq!(masked.code, Some(0), "{masked}");
    insta::assert_snapshot!(masked.stdout, @r#"
    records@records.jsonl:0  (none)
        key        1
        value      {"email":"a@b.example","city":"Gent"}
      → records, changed: value
        value      {"email":"***","city":"Gent"}
    
    records@records.jsonl:2  (none)
        key        3
        value      no JSON
      → rejected: the value is not JSON: no value begins at byte 0
    
    mask 0.1.0: 4 records, 2 unchanged, 1 changed, 0 dropped, 1 rejected; the same however they are cut into batches
    "#);
    insta::assert_snapshot!(test(&folder, "drop-test-users", &["--show", "1"]).stdout, @r#"
    records@records.jsonl:1  (none)
        key        test-2
        value      {"city":"Bern"}
      → dropped by `drop-test-users`: test user
    
    drop-test-users 0.1.0: 4 records, 3 unchanged, 0 changed, 1 dropped, 0 rejected; the same however they are cut into batches
    "#);
}

#[test]
fn what_is_expected_is_written_down_and_compared() {
    let folder = folder();
    let expect = [&MASK[..], &["--expect", "expected.jsonl"]].concat();
    insta::assert_snapshot!(test(&folder, "mask", &expect), @r#"
    exit 2
    error: `expected.jsonl` cannot be read
      caused by: No such file or directory (os error 2)
    hint: `--bless` writes it
    "#);
    let blessed = test(&folder, "mask", &[&expect[..], &["--bless", "--show", "0"]].concat());
    insta::assert_snapshot!(blessed.stdout, @r#"
    mask 0.1.0: 4 records, 2 unchanged, 1 changed, 0 dropped, 1 rejected; the same however they are cut into batches
    written to expected.jsonl
    "#);
    let path = folder.path().join("expected.jsonl");
    let written = fs::read_to_string(&path).unwrap();
    insta::assert_snapshot!(written, @r#"
    {"position":"records@records.jsonl:0","outputs":[{"value":{"text":"{\"email\":\"***\",\"city\":\"Gent\"}"}}]}
    {"position":"records@records.jsonl:1","outputs":[{}]}
    {"position":"records@records.jsonl:2","rejected":"the value is not JSON: no value begins at byte 0"}
    {"position":"records@records.jsonl:3","outputs":[{}]}
    "#);
    let same = test(&folder, "mask", &[&expect[..], &["--show", "0"]].concat());
    assert_eq!(same.code, Some(0), "{same}");
    assert!(same.stdout.ends_with("all of them as expected\n"), "{}", same.stdout);

    fs::write(&path, written.replace("***", "gone").replace("records.jsonl:3", "records.jsonl:7")).unwrap();
    let differs = test(&folder, "mask", &expect);
    assert_eq!(differs.code, Some(1));
    insta::assert_snapshot!(differs.stdout, @r#"
    records@records.jsonl:0  (none)
        key        1
        value      {"email":"a@b.example","city":"Gent"}
      → records, changed: value
        value      {"email":"***","city":"Gent"}
    
    records@records.jsonl:2  (none)
        key        3
        value      no JSON
      → rejected: the value is not JSON: no value begins at byte 0
    
    mask 0.1.0: 4 records, 2 unchanged, 1 changed, 0 dropped, 1 rejected; the same however they are cut into batches
    - {"position":"records@records.jsonl:0","outputs":[{"value":{"text":"{\"email\":\"gone\",\"city\":\"Gent\"}"}}]}
    + {"position":"records@records.jsonl:0","outputs":[{"value":{"text":"{\"email\":\"***\",\"city\":\"Gent\"}"}}]}
    - `records@records.jsonl:3` is not expected
    + {"position":"records@records.jsonl:3","outputs":[{}]}
    - {"position":"records@records.jsonl:7","outputs":[{}]}
    + `records@records.jsonl:7` did not come
    "#);
    insta::assert_snapshot!(differs, @r#"
    exit 1
    error: 3 of 4 records came out otherwise than `expected.jsonl` expects
    hint: if that is as it should be, `--bless` writes it down
    "#);
    let json: Value =
        serde_json::from_str(&test(&folder, "mask", &[&expect[..], &["--output", "json"]].concat()).stdout).unwrap();
    assert_eq!((&json["schema"], &json["changed"]), (&"anabranch.plugin-test/1".into(), &1.into()));
    assert_eq!(json["differences"].as_array().unwrap().len(), 3);
    documented::assert_documented(&json);

    fs::write(&path, "{\"position\":\"a\",\"output\":[]}\n").unwrap();
    insta::assert_snapshot!(test(&folder, "mask", &expect), @r#"
    exit 2
    error: `expected.jsonl:1` is no outcome as `--bless` writes it: unknown field `output`, expected one of `position`, `outputs`, `dropped`, `rejected` at line 1 column 24
    hint: name another file, or write it anew with `--bless`
    "#);
}

#[test]
fn answers_that_depend_on_how_records_are_cut_into_batches_are_told() {
    let folder = folder();
    let bad = test(&folder, "guest-hostile", &["--param", "deed=cuts", "--param", "at=0"]);
    assert_eq!(bad.code, Some(1), "{bad}{}", bad.stdout);
    insta::assert_snapshot!(bad, @r#"
    exit 1
    error: the answers depend on how records are cut into batches: at `records@records.jsonl:1`, alone it comes out as `{"position":"records@records.jsonl:1","dropped":""}`, and in a batch of 4 as `[{}]`
    hint: what a plugin remembers must not depend on where a batch ends; how far back it remembers it says in its description (`STATE`)
    "#);
}

#[test]
fn a_plugin_that_fails_is_an_error_with_the_record() {
    let folder = folder();
    let failed = test(&folder, "guest-hostile", &["--param", "deed=trap", "--param", "at=2"]);
    assert_eq!(failed.code, Some(1), "{failed}");
    assert!(failed.stderr.contains("records.jsonl"), "{failed}");
}

#[test]
fn a_backup_and_a_selection_of_it_serve_as_well() {
    let folder = folder();
    let some = test(&folder, "mask", &[&MASK[..], &["--key", "1", "--select-topic", "records"]].concat());
    assert!(some.stdout.contains("1 records, 0 unchanged, 1 changed"), "{some}{}", some.stdout);
    insta::assert_snapshot!(test(&folder, "mask", &[&MASK[..], &["--key", "nobody"]].concat()), @r#"
    exit 2
    error: there is no record in `records.jsonl` that is selected
    "#);
}

fn bench(folder: &TempDir, plugin: &str, flags: &[&str]) -> Run {
    let flags = [&["plugin", "bench", plugin, "records.jsonl", "--rounds", "1"], flags].concat();
    run(folder.path(), &flags).unwrap()
}

#[test]
fn what_a_plugin_costs_is_counted_alike_every_time() {
    let folder = folder();
    let cost = || {
        let bench = bench(&folder, "mask", &["--param", r#"redact=["..email"]"#, "--output", "json"]);
        assert_eq!(bench.code, Some(0), "{bench}");
        let document: Value = serde_json::from_str(&bench.stdout).unwrap();
        documented::assert_documented(&document);
        assert_eq!(document["records"], 4);
        assert!(document["nanoseconds"]["fastest"].as_f64().unwrap() > 0.0);
        let cost = |name: &str| document[name].as_f64().unwrap();
        (cost("instructions"), cost("memory"))
    };
    let (instructions, memory) = cost();
    // A JSON value cannot be read in a handful of instructions, nor a plugin run without memory.
    assert!(instructions > 100.0 && memory >= 65536.0, "{instructions} instructions, {memory} bytes");
    assert_eq!(cost(), (instructions, memory));
    let text = bench(&folder, "mask", &["--param", r#"redact=["..email"]"#]).stdout;
    assert!(text.starts_with("mask 0.1.0: 4 records, 4 to a batch; rounds: 1\n  it takes "), "{text}");
}

#[test]
fn a_plugin_that_fails_is_not_measured() {
    let folder = folder();
    let plugin = binaries::plugin("guest-hostile").unwrap().to_string_lossy().into_owned();
    let failed = bench(&folder, &plugin, &["--param", "deed=trap", "--param", "at=2"]);
    assert_eq!(failed.code, Some(1), "{failed}");
    assert!(failed.stderr.contains("cannot go on") && failed.stderr.contains("records@records.jsonl:0"), "{failed}");
}
