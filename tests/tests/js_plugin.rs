//! A plugin in TypeScript, through the binary: `tests/guests-js/deeds`, which `scripts/test-js` builds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::PathBuf;

use anabranch_tests::binaries;
use anabranch_tests::run::{Run, run};
use serde_json::Value;
use tempfile::TempDir;

const RECORDS: &str = r#"{"topic":"orders","partition":0,"offset":7,"timestamp":1700000000000,"key":"a","value":"{\"items\":[{\"n\":1},{\"n\":2}]}"}
{"topic":"orders","partition":0,"offset":8,"timestamp":1700000000000,"key":"test-b","value":null}
{"topic":"orders","partition":0,"offset":9,"timestamp":1700000000000,"key":"c","value":"{\"items\":[]}"}
"#;

/// The component that `scripts/test-js` built.
fn component() -> PathBuf {
    let path = binaries::workspace().join("target/js/plugins/deeds.wasm");
    assert!(path.is_file(), "`scripts/test-js` builds {}", path.display());
    binaries::compiled(path).unwrap()
}

/// A `[[plugin]]` that does this deed to the record of this key, or to all where it is empty.
fn deed(deed: &str, at: &str) -> String {
    let path = component();
    // Of several in a chain each has a name of its own.
    format!("[[plugin]]\nname = \"{deed}\"\npath = {path:?}\n[plugin.parameters]\ndeed = \"{deed}\"\nat = \"{at}\"\n")
}

/// A folder with a backup, and a job over it with these plugins.
fn folder(plugins: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backup")).unwrap();
    fs::write(folder.path().join("backup/orders.jsonl"), RECORDS).unwrap();
    let job =
        format!("name = \"js\"\n[backup]\nurl = \"backup\"\n[target]\nbrokers = \"mock\"\norder = \"none\"\n{plugins}");
    fs::write(folder.path().join("job.toml"), job).unwrap();
    folder
}

/// What the plugins make of each record, as `preview` tells it.
fn outputs(plugins: &str) -> Vec<Vec<Value>> {
    let preview = run(folder(plugins).path(), &["preview", "job.toml", "--output", "json"]).unwrap();
    assert_eq!(preview.code, Some(0), "{preview}");
    let document: Value = serde_json::from_str(&preview.stdout).unwrap();
    let records = document["records"].as_array().unwrap().iter();
    records.map(|record| record["outputs"].as_array().unwrap().clone()).collect()
}

fn restore(plugins: &str) -> Run {
    run(folder(plugins).path(), &["restore", "job.toml"]).unwrap()
}

/// The texts of a field of some outputs.
fn texts<'a>(outputs: &'a [Value], field: &str) -> Vec<Option<&'a str>> {
    outputs.iter().map(|output| output[field]["text"].as_str()).collect()
}

#[test]
fn records_are_changed_and_tombstones_stay() {
    let changed = outputs(&deed("change", "")).concat();
    assert_eq!(texts(&changed, "key"), [Some("a!"), Some("test-b!"), Some("c!")]);
    assert_eq!(texts(&changed, "value"), [Some(r#"{"ITEMS":[{"N":1},{"N":2}]}"#), None, Some(r#"{"ITEMS":[]}"#)]);
    assert!(changed[1]["value"].is_null(), "{}", changed[1]);
    for output in &changed {
        assert_eq!(output["timestamp"], 1_700_000_000_001_i64);
        assert_eq!(
            (&output["headers"][0]["name"], &output["headers"][0]["value"]["text"]),
            (&"größe".into(), &"ü".into())
        );
    }
}

#[test]
fn records_become_several_and_go_elsewhere_through_a_chain() {
    let mask = binaries::plugin("mask").unwrap();
    let mask = format!("[[plugin]]\npath = {mask:?}\n[plugin.parameters]\nredact = [\"n\"]\n");
    let plugins = deed("fan-out", "a") + &mask + &deed("route", "a");
    let came = outputs(&plugins);
    assert_eq!(came.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(texts(&came[0], "value"), [Some(r#"{"n":"***"}"#); 2]);
    for output in &came[0] {
        assert_eq!((&output["topic"], &output["partition"]), (&"elsewhere".into(), &0.into()));
    }
    assert_eq!(came[1][0]["topic"], "orders");
    assert!(came[1][0]["value"].is_null(), "{}", came[1][0]);
    let restored = restore(&plugins);
    assert_eq!(restored.code, Some(0), "{restored}");
    assert!(restored.stdout.contains("written  4 records"), "{}", restored.stdout);
}

#[test]
fn an_error_names_the_plugin_the_record_and_the_place_in_its_sources() {
    let failed = restore(&deed("throw", "test-b"));
    assert_eq!(failed.code, Some(1), "{failed}");
    for part in
        ["plugin `throw 1.2.3` failed (TypeError: ", "`parse` (order.ts:10:3)", "`record` (plugin.ts:", "at orders-0@8"]
    {
        assert!(failed.stderr.contains(part), "{part}: {failed}");
    }
    let rejected = restore(&deed("reject", "c"));
    assert!(
        rejected.stderr.contains("plugin `reject 1.2.3` rejects the record at orders-0@9: told to reject c"),
        "{rejected}"
    );
    let undeclared = restore(&deed("read", "a"));
    assert!(undeclared.stderr.contains("add \"topic\" to `reads`"), "{undeclared}");
    let refused = restore(&deed("refuse", ""));
    assert!(refused.stderr.contains("refuses the parameter `deed`"), "{refused}");
}
