//! The report of a run: at every end, on this machine and on S3, and never with a secret in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../../host/tests/documented/mod.rs"]
mod documented;

use std::fs;
use std::path::Path;

use anabranch_tests::binaries;
use anabranch_tests::object_store::S3Server;
use anabranch_tests::run::{Run, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Three records in each of two partitions, and a job that drops some.
fn backup() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backup")).unwrap();
    for partition in 0..2 {
        fs::write(folder.path().join(format!("backup/{partition}.jsonl")), lines(partition)).unwrap();
    }
    folder
}

fn lines(partition: i32) -> String {
    let line = |offset: i64| {
        let key = if offset == 11 { "hunter2-eve" } else { "ann" };
        json!({ "topic": "orders", "partition": partition, "offset": offset, "timestamp": 1_760_000_000_000_i64,
                "key": key, "value": "v" })
    };
    (10..13).map(|offset| format!("{}\n", line(offset))).collect()
}

/// A job whose one secret is the prefix.
fn job(folder: &Path, report: &str) {
    let plugin = binaries::plugin("drop-test-users").unwrap();
    let text = format!(
        "name = 'nightly'\nbackup.url = 'backup'\n[target]\nbrokers = 'null'\n[target.properties]\n'client.id' = \
         'hunter2'\n[[plugin]]\nname = 'drop'\npath = {plugin:?}\nparameters.prefix = 'hunter2-'\n{report}"
    );
    fs::write(folder.join("job.toml"), text).unwrap();
}

fn read(path: &Path) -> Value {
    checked(&fs::read_to_string(path).unwrap())
}

fn checked(text: &str) -> Value {
    assert!(!text.contains("hunter2"), "{text}");
    let report = serde_json::from_str(text).unwrap();
    documented::assert_documented(&report);
    report
}

fn restore(folder: &Path) -> Run {
    run(folder, &["restore", "job.toml"]).unwrap()
}

#[test]
fn a_complete_restore_leaves_what_was_restored_from_what_through_what() {
    let folder = backup();
    job(folder.path(), "[report]\nurl = 'reports/of/nightly.json'\n");
    let run = restore(folder.path());
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("the report is at reports/of/nightly.json"), "{}", run.stderr);
    let report = read(&folder.path().join("reports/of/nightly.json"));
    assert_eq!(report["outcome"], "complete");
    assert_eq!((&report["exit"], &report["job"], &report["target"]), (&json!(0), &json!("nightly"), &json!("null")));
    assert_eq!(report["anabranch"], env!("CARGO_PKG_VERSION"));
    assert!(report["started"].as_i64().unwrap() <= report["ended"].as_i64().unwrap());
    let sizes = [0, 1].map(|partition| lines(partition).len());
    assert_eq!(report["inputs"]["bytes"], sizes[0] + sizes[1]);
    let file = &report["inputs"]["files"][1];
    assert_eq!((&file["path"], &file["bytes"], &file["etag"]), (&json!("1.jsonl"), &json!(sizes[1]), &Value::Null));
    assert_eq!(report["plugins"][0]["name"], "drop");
    assert_eq!(report["plugins"][0]["sha256"].as_str().unwrap().len(), 64);
    let counts = &report["this_run"];
    assert_eq!((&counts["read"]["records"], &counts["written"]["records"]), (&json!(6), &json!(4)));
    assert_eq!(counts["plugins"][0]["dropped"][0]["records"], 2);
    assert_eq!(counts["targets"], json!([{ "topic": "orders", "records": 4, "bytes": counts["written"]["bytes"] }]));
    assert_eq!(report["all_runs"], report["this_run"]);
    let lane = &report["lanes"][1];
    assert_eq!((&lane["source"], &lane["complete"]), (&json!("orders-1"), &json!(true)));
    assert_eq!((&lane["first"], &lane["up_to"]), (&json!("orders-1@10"), &json!("orders-1@12")));

    // The same inputs have the same digests, other parameters another one.
    restore(folder.path());
    let again = read(&folder.path().join("reports/of/nightly.json"));
    assert_eq!((&again["digests"], &again["plugins"]), (&report["digests"], &report["plugins"]));
    let text = fs::read_to_string(folder.path().join("job.toml")).unwrap().replace("hunter2-", "hunter2-x");
    fs::write(folder.path().join("job.toml"), text).unwrap();
    restore(folder.path());
    let other = read(&folder.path().join("reports/of/nightly.json"));
    assert_ne!(other["plugins"][0]["parameters_sha256"], report["plugins"][0]["parameters_sha256"]);
    assert_eq!(other["plugins"][0]["sha256"], report["plugins"][0]["sha256"]);
    assert_eq!(other["digests"]["source"], report["digests"]["source"]);
}

#[test]
fn a_restore_that_fails_before_it_begins_leaves_its_error() {
    let folder = backup();
    fs::write(folder.path().join("backup/1.jsonl"), format!("{}no JSON\n", lines(1))).unwrap();
    job(folder.path(), "[resources]\nlanes = 1\n");
    let with = |url: &str| run(folder.path(), &["restore", "job.toml", "--report", url]).unwrap();
    let failed = with("report.json");
    assert_eq!(failed.code, Some(1), "{failed}");
    let report = read(&folder.path().join("report.json"));
    assert_eq!((&report["outcome"], &report["exit"]), (&json!("failed"), &json!(1)));
    assert!(failed.stderr.contains(report["error"]["message"].as_str().unwrap()), "{failed}");

    // Nothing came of it at all.
    fs::remove_dir_all(folder.path().join("backup")).unwrap();
    let failed = with("file:///dev/null/report.json");
    assert_eq!(failed.code, Some(3), "{failed}");
    let failed = with("report.json");
    assert_eq!(failed.code, Some(3), "{failed}");
    let report = read(&folder.path().join("report.json"));
    assert_eq!((&report["outcome"], &report["inputs"]["files"]), (&json!("failed"), &json!([])));
    assert_eq!((&report["lanes"], &report["digests"]), (&json!([]), &Value::Null));
}

#[test]
fn a_record_that_stops_a_restore_is_named_in_its_report() {
    let folder = backup();
    let plugin = binaries::plugin("guest-hostile").unwrap();
    let text = format!(
        "backup.url = 'backup'\n[target]\nbrokers = 'null'\n[resources]\nlanes = 1\n[[plugin]]\npath = {plugin:?}\n\
         parameters = {{ deed = 'trap', at = 12 }}\n[report]\nurl = 'report.json'\n"
    );
    fs::write(folder.path().join("job.toml"), text).unwrap();
    let failed = restore(folder.path());
    assert_eq!(failed.code, Some(1), "{failed}");
    let report = read(&folder.path().join("report.json"));
    assert!(report["error"]["message"].as_str().unwrap().ends_with("at orders-0@12"), "{report}");
    assert_eq!(report["inputs"]["files"].as_array().unwrap().len(), 2);
    let lanes = report["lanes"].as_array().unwrap();
    assert!(lanes.iter().all(|lane| lane["complete"] == false), "{report}");
    assert_eq!(report["this_run"]["written"]["records"], 0);
}

#[test]
fn a_report_goes_to_s3_too_and_names_the_etags_of_what_it_read_there() {
    let (folder, server) = (backup(), S3Server::start().unwrap());
    server.create_bucket("audit").unwrap();
    server.put("backups", "0.jsonl", lines(0)).unwrap();
    let store = server.lines();
    job(folder.path(), &format!("[report]\nurl = 's3://audit/2026/nightly.json'\n[report.store]\n{store}"));
    let text = fs::read_to_string(folder.path().join("job.toml")).unwrap();
    let from_s3 =
        text.replace("backup.url = 'backup'", &format!("[backup]\nurl = 's3://backups'\n[backup.store]\n{store}"));
    fs::write(folder.path().join("job.toml"), from_s3).unwrap();
    let done = restore(folder.path());
    assert_eq!(done.code, Some(0), "{done}");
    let text = String::from_utf8(server.get("audit", "2026/nightly.json").unwrap()).unwrap();
    let report = checked(&text);
    assert_eq!((&report["outcome"], &report["this_run"]["written"]["records"]), (&json!("complete"), &json!(2)));
    assert!(report["inputs"]["files"][0]["etag"].is_string(), "{report}");
    assert!(!text.contains(anabranch_tests::object_store::SECRET_KEY), "{text}");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_is_done() {
    let folder = backup();
    fs::write(folder.path().join("file"), "").unwrap();
    let said = |report: &str, code: i32| {
        job(folder.path(), report);
        let run = restore(folder.path());
        assert_eq!(run.code, Some(code), "{run}");
        assert!(run.stdout.is_empty(), "{}", run.stdout);
        run.to_string()
    };
    insta::assert_snapshot!(said("[report]\nurl = 'file/report.json'\n", 3), @r"
    exit 3
    error: the restore's report cannot be written, and nothing was done
      caused by: `file/report.json` cannot be written: what should be its folder is a file
    hint: name another place with `url` of `[report]`, or with `--report`
    ");
    insta::assert_snapshot!(said("[report]\nurl = 'gs://audit/report.json'\n", 2), @r"
    exit 2
    error: `gs://audit/report.json` is not the place of a report: `gs://` is not supported
    hint: use a bare path, `file:///path` or `s3://bucket/prefix`
    ");
    insta::assert_snapshot!(said("[report]\nurl = 's3://audit/'\n", 2), @r"
    exit 2
    error: `s3://audit/` is not the place of a report: it names no file
    hint: put the name of a file behind it, for instance `report.json`
    ");
    insta::assert_snapshot!(said("[report]\nstore.region = 'eu'\n", 2), @r#"
    exit 2
    error: job.toml:11:1: `report.url`: not given, though it is required
    hint: say where it goes: `url = "reports/job.json"`
    "#);
    insta::assert_snapshot!(said("[report]\nurl = 'report.json'\nstore.region = 'eu'\n", 2), @r"
    exit 2
    error: `report.store.region` is no option of this store
    hint: files of this machine take no options; leave `report.store` out
    ");
}

#[test]
fn nothing_is_written_over_the_job_its_plugins_or_its_backup() {
    let folder = backup();
    let plugin = folder.path().join("own.wasm");
    fs::copy(binaries::plugin("drop-test-users").unwrap(), &plugin).unwrap();
    std::os::unix::fs::symlink("job.toml", folder.path().join("link.json")).unwrap();
    let text = |lines: &str| {
        format!(
            "backup.url = 'backup'\n[[plugin]]\nname = 'own'\npath = 'own.wasm'\nparameters.prefix = 'x'\n{lines}\n\
             [target]\nbrokers = 'null'\n"
        )
    };
    let said = |lines: &str| {
        fs::write(folder.path().join("job.toml"), text(lines)).unwrap();
        let run = restore(folder.path());
        assert_eq!(run.code, Some(2), "{run}");
        assert_eq!(fs::read_to_string(folder.path().join("job.toml")).unwrap(), text(lines));
        run.to_string()
    };
    insta::assert_snapshot!(said("[report]\nurl = 'job.toml'"), @r"
    exit 2
    error: the report would be written over the job file
    hint: give it another place: `--report`, or `url` in `[report]`
    ");
    insta::assert_snapshot!(said("[report]\nurl = 'backup/../link.json'"), @r"
    exit 2
    error: the report would be written over the job file
    hint: give it another place: `--report`, or `url` in `[report]`
    ");
    insta::assert_snapshot!(said("[report]\nurl = 'own.wasm'"), @r"
    exit 2
    error: the report would be written over the file of plugin `own`
    hint: give it another place: `--report`, or `url` in `[report]`
    ");
    insta::assert_snapshot!(said("[report]\nurl = 'backup/report.json'"), @r"
    exit 2
    error: the report would be written into the backup
    hint: give it another place: `--report`, or `url` in `[report]`
    ");
    insta::assert_snapshot!(said("[rejected]\npolicy = 'dead-letter'\ndead_letters = 'own.wasm'"), @r"
    exit 2
    error: `rejected.dead_letters` names the file of plugin `own`
    hint: give the dead letters a place of their own
    ");
    insta::assert_snapshot!(said("[rejected]\npolicy = 'dead-letter'\ndead_letters = 'job.toml'"), @r"
    exit 2
    error: `rejected.dead_letters` names the job file
    hint: give the dead letters a place of their own
    ");
    assert_eq!(fs::read(&plugin).unwrap(), fs::read(binaries::plugin("drop-test-users").unwrap()).unwrap());
    // Beside them there is room.
    fs::write(folder.path().join("job.toml"), text("[report]\nurl = 'job.json'")).unwrap();
    assert_eq!(restore(folder.path()).code, Some(0));
}
