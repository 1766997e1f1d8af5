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
      → rejected by `mask`: the value is not JSON: no value begins at byte 0
    
    mask 0.1.0: 4 records, 2 unchanged, 1 changed, 0 dropped, 1 rejected; the same however they are cut into batches, and wherever an instance begins
    "#);
    insta::assert_snapshot!(test(&folder, "drop-test-users", &["--show", "1"]).stdout, @r#"
    records@records.jsonl:1  (none)
        key        test-2
        value      {"city":"Bern"}
      → dropped by `drop-test-users`: test user
    
    drop-test-users 0.1.0: 4 records, 3 unchanged, 0 changed, 1 dropped, 0 rejected; the same however they are cut into batches, and wherever an instance begins
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
    mask 0.1.0: 4 records, 2 unchanged, 1 changed, 0 dropped, 1 rejected; the same however they are cut into batches, and wherever an instance begins
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
      → rejected by `mask`: the value is not JSON: no value begins at byte 0
    
    mask 0.1.0: 4 records, 2 unchanged, 1 changed, 0 dropped, 1 rejected; the same however they are cut into batches, and wherever an instance begins
    - {"position":"records@records.jsonl:0","outputs":[{"value":{"text":"{\"email\":\"gone\",\"city\":\"Gent\"}"}}]}
    + {"position":"records@records.jsonl:0","outputs":[{"value":{"text":"{\"email\":\"***\",\"city\":\"Gent\"}"}}]}
    - `records@records.jsonl:3` is not expected
    + {"position":"records@records.jsonl:3","outputs":[{}]}
    - {"position":"records@records.jsonl:7","outputs":[{}]}
    + `records@records.jsonl:7` did not come
    "#);
    insta::assert_snapshot!(differs, @r#"
    exit 1
    error: `expected.jsonl` expects something else: differences: 3; records that were tried: 4
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
    hint: name another file; or remove this one, and write it anew with `--bless`
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
    assert!(text.contains("these are few records to a batch"), "{text}");
}

#[test]
fn a_plugin_that_fails_is_not_measured() {
    let folder = folder();
    let plugin = binaries::plugin("guest-hostile").unwrap().to_string_lossy().into_owned();
    let failed = bench(&folder, &plugin, &["--param", "deed=trap", "--param", "at=2"]);
    assert_eq!(failed.code, Some(1), "{failed}");
    assert!(failed.stderr.contains("cannot go on") && failed.stderr.contains("records@records.jsonl:0"), "{failed}");
}

#[test]
fn a_preview_tells_which_plugin_rejected_a_record_and_why() {
    let folder = folder();
    let flags = ["--rejected", "skip", "--lane", "records", "-n", "3"];
    let preview = |more: &[&str]| {
        let job = ["preview", "--backup", "records.jsonl", "--topic", "records", "--plugin", "mask"];
        run(folder.path(), &[&job, &MASK[..], &flags, more].concat()).unwrap()
    };
    insta::assert_snapshot!(preview(&[]).stdout, @r#"
    records@records.jsonl:0  (none)
        key        1
        value      {"email":"a@b.example","city":"Gent"}
      → records, changed: value
        value      {"email":"***","city":"Gent"}
    
    records@records.jsonl:1  (none)
        key        test-2
        value      {"city":"Bern"}
      → records, unchanged
    
    records@records.jsonl:2  (none)
        key        3
        value      no JSON
      → rejected by `mask`: the value is not JSON: no value begins at byte 0
    "#);
    let json: Value = serde_json::from_str(&preview(&["--output", "json"]).stdout).unwrap();
    documented::assert_documented(&json);
    let rejected = &json["records"][2];
    assert_eq!(rejected["dropped"], Value::Null, "it was not dropped");
    assert_eq!(rejected["set_aside"]["plugin"], "mask");
    assert_eq!(rejected["set_aside"]["cause"], "rejected");
}

#[test]
fn blessing_never_writes_over_the_records_the_plugin_or_what_is_no_outcome() {
    let folder = folder();
    let plugin = binaries::plugin("drop-test-users").unwrap();
    fs::copy(plugin, folder.path().join("own.wasm")).unwrap();
    fs::write(folder.path().join("notes.txt"), "mine\n").unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let content = || ["records.jsonl", "own.wasm", "notes.txt"].map(|name| fs::read(folder.path().join(name)).unwrap());
    let bless = |file: &str| {
        let before = content();
        let flags = ["plugin", "test", "own.wasm", "records.jsonl", "--expect", file, "--bless"];
        let refused = run(folder.path(), &flags).unwrap();
        assert!(before == content(), "{file}: {refused}");
        refused
    };
    insta::assert_snapshot!(bless("records.jsonl"), @r#"
    exit 2
    error: `records.jsonl` cannot be what is expected: it is the records that the plugin is tried on
    hint: name a file of its own, for instance `expected.jsonl`
    "#);
    assert_eq!(bless("sub/../records.jsonl").code, Some(2));
    insta::assert_snapshot!(bless("own.wasm"), @r#"
    exit 2
    error: `own.wasm` cannot be what is expected: it is the plugin itself
    hint: name a file of its own, for instance `expected.jsonl`
    "#);
    insta::assert_snapshot!(bless("notes.txt"), @r#"
    exit 2
    error: `--bless` would write over `notes.txt`, which holds something else than outcomes: line 1: expected value at line 1 column 1
    hint: name another file, or remove this one first
    "#);
    fs::copy(folder.path().join("own.wasm"), folder.path().join("copy.wasm")).unwrap();
    insta::assert_snapshot!(bless("copy.wasm"), @r#"
    exit 2
    error: `--bless` would write over `copy.wasm`, which holds something else than outcomes: it is no text
    hint: name another file, or remove this one first
    "#);
    for _ in 0..2 {
        assert_eq!(bless("expected.jsonl").code, Some(0), "its own file is written over");
    }
}

#[test]
fn state_that_a_plugin_does_not_declare_is_found_by_an_instance_that_begins_in_the_middle() {
    let folder = folder();
    let bad = test(&folder, "guest-hostile", &["--param", "deed=remembers", "--param", "at=0"]);
    assert_eq!(bad.code, Some(1), "{bad}{}", bad.stdout);
    insta::assert_snapshot!(bad, @r#"
    exit 1
    error: the answers depend on more than the plugin's state: at `records@records.jsonl:2`, it comes out as `{"position":"records@records.jsonl:2","dropped":""}`, and as `[{}]` from an instance that begins at `records@records.jsonl:1` and was handed nothing before, as its state is none
    hint: a restore that is started again begins so: let the plugin say in its description how far back it remembers (`STATE`: a window, or the lane), and derive what is random from the seed and the record
    "#);
    // A window, and the lane.
    let lines: String = (0..40).map(|n| format!("{{\"key\":\"{}\",\"value\":\"{}\"}}\n", n % 3, n % 11)).collect();
    fs::write(folder.path().join("records.jsonl"), lines).unwrap();
    for plugin in ["guest-recent", "guest-running-count"] {
        let declared = test(&folder, plugin, &["--show", "0"]);
        assert_eq!(declared.code, Some(0), "{plugin}: {declared}");
    }
}

#[test]
fn records_beyond_the_limit_are_said_and_are_no_differences() {
    let folder = folder();
    let flags = [&MASK[..], &["--show", "0", "--expect", "expected.jsonl"]].concat();
    let all = test(&folder, "mask", &[&flags[..], &["--bless"]].concat());
    assert_eq!(all.code, Some(0), "{all}");
    let few = test(&folder, "mask", &[&flags[..], &["--limit", "3"]].concat());
    assert_eq!(few.code, Some(0), "{few}");
    insta::assert_snapshot!(few.stdout, @r#"
    mask 0.1.0: 3 records, 1 unchanged, 1 changed, 0 dropped, 1 rejected; the same however they are cut into batches, and wherever an instance begins
    records beyond these were not tried; `--limit` says how many are
    all of them as expected
    outcomes in the file of records that were not tried: 1
    "#);
    let json = test(&folder, "mask", &[&flags[..], &["--limit", "3", "--output", "json"]].concat());
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    documented::assert_documented(&json);
    assert_eq!((&json["complete"], &json["untried"]), (&false.into(), &1.into()));
    let all = test(&folder, "mask", &[&flags[..], &["--limit", "4"]].concat());
    assert!(!all.stdout.contains("not tried"), "{}", all.stdout);
}

#[test]
fn what_a_plugin_counts_is_shown_and_what_it_logs_is_said_once() {
    let folder = folder();
    let talks = ["--param", "deed=talks", "--param", "at=0"];
    let said = test(&folder, "guest-hostile", &talks);
    insta::assert_snapshot!(said.stdout, @r#"
    guest-hostile 0.1.0: 4 records, 4 unchanged, 0 changed, 0 dropped, 0 rejected; the same however they are cut into batches, and wherever an instance begins
    counted `came`: 4
    "#);
    assert_eq!(said.stderr.matches("1 came").count(), 4, "{said}");
    assert!(!said.stderr.contains("4 came"), "{said}");
    let json = test(&folder, "guest-hostile", &[&talks[..], &["--output", "json"]].concat());
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    documented::assert_documented(&json);
    assert_eq!(json["counters"]["came"], 4);
}
