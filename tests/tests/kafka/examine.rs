//! What `plan` is told of the target.

use std::collections::BTreeMap;

use anabranch::finding::{Finding, Weight};
use anabranch::job::CreateTopics;
use anabranch::target::{LaneNeed, examine};
use anabranch_tests::batches::lane;
use anabranch_tests::kafka::Cluster;
use insta::assert_snapshot;

use crate::fixtures::{needs, plain, told};

/// Findings, one a line, with names that differ from run to run replaced.
fn shown(findings: &[Finding], names: &[(&str, &str)]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let weight = match finding.weight {
                Weight::Note => "note",
                Weight::Warning => "warning",
                Weight::Stop => "stop",
            };
            let remedy = finding.remedy.as_ref().map_or_else(String::new, |remedy| format!(" ({remedy})"));
            format!("{weight} {}: {}{remedy}", finding.code, finding.message)
        })
        .collect();
    names.iter().fold(lines.join("\n"), |text, (name, shown)| text.replace(name, shown))
}

#[test]
fn nothing_is_found_where_everything_fits() {
    let topic = Cluster::plain().topic("fits", 2, &[("retention.ms", "-1")]).unwrap();
    let source = lane(&topic, 1);
    let need =
        LaneNeed { largest_record: Some(1000), timestamps: Some((1, 1_700_000_000_000)), ..LaneNeed::new(source) };
    assert_eq!(examine(&plain(), &[need]).unwrap(), []);
}

#[test]
fn what_cannot_be_given_back_is_found() {
    let configs =
        [("max.message.bytes", "5000"), ("message.timestamp.before.max.ms", "3600000"), ("retention.ms", "604800000")];
    let topic = Cluster::plain().topic("strict", 3, &configs).unwrap();
    let need = LaneNeed {
        source: lane(&topic, 0),
        largest_record: Some(6000),
        timestamps: Some((0, 1_700_000_000_000)),
        log_append_time: true,
    };
    let findings = examine(&plain(), std::slice::from_ref(&need)).unwrap();
    assert_snapshot!(shown(&findings, &[(&topic, "strict")]), @"");

    let append = Cluster::plain().topic("append", 1, &[("message.timestamp.type", "LogAppendTime")]).unwrap();
    let findings = examine(&plain(), &[LaneNeed { source: lane(&append, 0), largest_record: None, ..need }]).unwrap();
    assert_snapshot!(shown(&findings, &[(&append, "append")]), @"");
}

#[test]
fn topics_to_be_created_are_told_and_not_made() {
    let topic = Cluster::plain().topic_name("planned");
    let lanes = [lane("orders", 0), lane("orders", 5), lane("users", 1)];
    let mut job = plain();
    job.target.topics = ["orders", "users"].map(|source| (source.to_owned(), topic.clone())).into();
    let asked = needs(&[&lanes[0], &lanes[1], &lanes[2]]);
    let missing = examine(&job, &asked).unwrap_err();
    assert_snapshot!(told(&missing, &[(&topic, "planned")]), @"");
    let configs = BTreeMap::from([("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())]);
    job.target.create = Some(CreateTopics { partitions: None, replication: None, configs });
    let findings = examine(&job, &asked).unwrap();
    assert_snapshot!(shown(&findings, &[(&topic, "planned")]), @"");
    assert!(!Cluster::plain().partitions().unwrap().contains_key(&topic));
}
