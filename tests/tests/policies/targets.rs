//! Policies at targets that are no cluster: what is said there, and that nothing is claimed that is not so.

use serde_json::Value;

use crate::documented::assert_documented;
use crate::fixture::{Bench, fan_out_and_mask};

/// The summary and the report of a restore into such a target.
fn restored(bench: &Bench, target: &str, rejected: &str) -> (Value, Value) {
    let rest = format!("{rejected}[report]\nurl = \"report.json\"\n");
    let job = bench.job(&fan_out_and_mask(), &rest);
    let job = job.replace(&format!("\"{}\"", bench.cluster.servers()), &format!("\"{target}\""));
    let summary = bench.restore(&job);
    let report = std::fs::read(bench.folder.path().join("report.json")).unwrap();
    let report = serde_json::from_slice(&report).unwrap();
    assert_documented(&report);
    (summary, report)
}

/// What is said of records that are set aside.
fn said(summary: &Value) -> &str {
    let findings = summary["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["code"] == "set-aside").unwrap()["message"].as_str().unwrap()
}

#[test]
fn a_target_that_keeps_nothing_claims_no_dead_letters_in_a_topic() {
    let bench = Bench::with_bad_lines(100);
    let rejected = "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"topic:dead\"\n";
    let (summary, report) = restored(&bench, "null", rejected);
    assert_eq!(summary["set_aside"]["records"], 20);
    assert!(said(&summary).contains("kept nowhere"), "{summary}");
    assert_eq!(report["dead_letters"], Value::Null);
}

#[test]
fn files_of_dead_letters_are_written_beside_any_target() {
    let rejected = "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"dead\"\n";
    for target in ["null", "mock"] {
        let bench = Bench::with_bad_lines(100);
        let (summary, report) = restored(&bench, target, rejected);
        assert_eq!(summary["set_aside"]["records"], 20);
        assert!(said(&summary).contains("kept in files at"), "{summary}");
        let files = report["dead_letters"]["files"].as_array().unwrap();
        assert_eq!(files.iter().map(|file| file["records"].as_u64().unwrap()).sum::<u64>(), 20, "{report}");
        assert_eq!(files.len(), bench.files("dead").len());
    }
}

#[test]
fn the_embedded_cluster_takes_dead_letters_into_a_topic_of_its_own() {
    let bench = Bench::with_bad_lines(100);
    let rejected = "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"topic:dead\"\n";
    let (summary, report) = restored(&bench, "mock", rejected);
    assert!(said(&summary).contains("kept in topic `dead`"), "{summary}");
    assert_eq!(report["dead_letters"]["topics"], serde_json::json!([{ "topic": "dead", "records": 20 }]));
}
