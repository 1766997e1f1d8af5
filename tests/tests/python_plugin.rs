//! Plugins in Python, built by `scripts/test-python`: what the host makes of them, through the binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;

use anabranch_tests::binaries;
use anabranch_tests::run::{Run, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two records that change, a tombstone, one that becomes two, one that is dropped, and one that goes elsewhere.
const VALUES: [Option<&str>; 5] = [
    Some(r#"change {"email":"a@b.example"}"#),
    None,
    Some(r#"split {"a":1},{"email":"c@d.example"}"#),
    Some("drop because"),
    Some("route returns"),
];

/// A backup with these values, and a job that passes it through the guest and what comes after it.
fn folder(values: &[Option<&str>], parameters: &str, after: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backup")).unwrap();
    let line = |(at, value): (usize, &Option<&str>)| {
        let record = json!({ "topic": "orders", "partition": 0, "offset": at, "timestamp": 1_760_000_000_000_i64,
                             "key": at.to_string(), "value": value });
        format!("{record}\n")
    };
    let lines: String = values.iter().enumerate().map(line).collect();
    fs::write(folder.path().join("backup/orders.jsonl"), lines).unwrap();
    let guest = binaries::compiled(binaries::plugin("python-everything").unwrap()).unwrap();
    let job = format!(
        "name = 'python'\nbackup.url = 'backup'\n[[plugin]]\npath = {guest:?}\nparameters = {{ {parameters} }}\n{after}\n\
         [target]\nbrokers = 'mock'\norder = 'none'\n[target.create]\n"
    );
    fs::write(folder.path().join("job.toml"), job).unwrap();
    folder
}

fn json_of(folder: &TempDir, command: &str) -> Value {
    let ran = run(folder.path(), &[command, "job.toml", "--output", "json"]).unwrap();
    assert_eq!(ran.code, Some(0), "{ran}");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn restore(folder: &TempDir) -> Run {
    run(folder.path(), &["restore", "job.toml"]).unwrap()
}

#[test]
fn records_pass_through_python_and_rust() {
    let mask = "[[plugin]]\nplugin = 'mask'\nparameters = { redact = ['..email'], not-json = 'keep' }";
    let folder = folder(&VALUES, "suffix = ''", mask);
    let shown = json_of(&folder, "preview");
    let records = shown["records"].as_array().unwrap();
    let values: Vec<Vec<&Value>> = records
        .iter()
        .map(|record| record["outputs"].as_array().unwrap().iter().map(|output| &output["value"]["text"]).collect())
        .collect();
    let text = |text: &str| Value::from(text);
    let (masked, a, route) = (text(r#"{"email":"***"}"#), text(r#"{"a":1}"#), text("route returns"));
    assert_eq!(values, [vec![&masked], vec![&Value::Null], vec![&a, &masked], vec![], vec![&route]]);
    assert_eq!(records[1]["outputs"][0]["value"], Value::Null, "a tombstone stays one: {}", records[1]);
    let headers = records[0]["outputs"][0]["headers"].as_array().unwrap();
    let names: Vec<&Value> = headers.iter().map(|header| &header["name"]).collect();
    assert_eq!(names, ["trace", "trace"]);
    assert_eq!((&headers[0]["value"]["text"], &headers[1]["value"]), (&json!("0"), &Value::Null));

    let summary = json_of(&folder, "restore");
    let plugin = &summary["sources"][0]["plugins"][0];
    assert_eq!(plugin["dropped"], json!([{ "reason": "because", "records": 1 }]));
    assert_eq!((&plugin["kept"], &plugin["written"]), (&json!(4), &json!(5)));
    let targets: Vec<_> =
        summary["targets"].as_array().unwrap().iter().map(|each| (&each["topic"], &each["records"])).collect();
    assert_eq!(targets, [(&json!("orders"), &json!(4)), (&json!("returns"), &json!(1))]);
}

#[test]
fn an_exception_names_the_plugin_the_record_and_the_line() {
    let mut values = vec![Some("as it is"); 1000];
    values[617] = Some("fail to do it");
    let failed = restore(&folder(&values, "", ""));
    assert_eq!(failed.code, Some(1), "{failed}");
    let said = failed.to_string();
    let place = "plugin `python-everything 1.2.3` failed (ValueError: to do it (everything.py:";
    assert!(said.contains(place) && said.contains("in fail; everything.py:"), "{said}");
    assert!(said.contains("in record)) at orders-0@617"), "{said}");
}

#[test]
fn a_rejection_and_a_refused_parameter_are_the_plugin_s_own_words() {
    let rejected = restore(&folder(&[Some("as it is"), Some("reject it is bad")], "", ""));
    assert_eq!(rejected.code, Some(1), "{rejected}");
    let said = rejected.to_string();
    assert!(said.contains("plugin `python-everything 1.2.3` rejects the record at orders-0@1: it is bad"), "{said}");

    let refused = restore(&folder(&[None], "forbidden = ['a']", ""));
    let said = refused.to_string();
    let expected = "plugin `python-everything 1.2.3` refuses the parameter `forbidden` for `orders-0`: nothing may be \
                    forbidden in job `python`";
    assert!(said.contains(expected), "{said}");
}
