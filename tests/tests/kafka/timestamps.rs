//! Timestamps at the edges of what librdkafka and Kafka take.

use anabranch::batch::NO_TIMESTAMP;
use anabranch_tests::batches::{Given, lane};
use anabranch_tests::binaries;
use anabranch_tests::kafka::Cluster;
use insta::assert_snapshot;

use crate::fixtures::{given, plain, restore, told};

#[test]
fn negative_timestamps_and_none_arrive_as_they_are() {
    let topic = Cluster::plain().topic("timestamps", 1, &[]).unwrap();
    let lane = lane(&topic, 0);
    let records: Vec<Given> = [NO_TIMESTAMP, -2, -1_000_000, i64::MIN / 4, 1, 1_700_000_000_000, NO_TIMESTAMP]
        .iter()
        .enumerate()
        .map(|(n, timestamp)| Given::new("k", n.to_string()).at(*timestamp))
        .collect();
    restore(&plain(), &lane, &records).unwrap();
    assert_eq!(given(Cluster::plain().read(&topic).unwrap())[&0], records);
}

#[test]
fn timestamp_zero_is_refused_unless_allowed_and_then_becomes_one() {
    let topic = Cluster::plain().topic("zero", 1, &[]).unwrap();
    let lane = lane(&topic, 0);
    let records = [Given::new("k", "before").at(5), Given::new("k", "zero").at(0)];
    let mut job = plain();
    let refused = restore(&job, &lane, &records).err().unwrap();
    assert_snapshot!(told(&refused, &[(&topic, "zero")]), @r#"
        exit 1: zero-0@1: timestamp 0 cannot be sent, librdkafka takes it for none
        hint: `allow = ["timestamp-zero"]` sends it with timestamp 1, a millisecond later
    "#);
    job.allow = vec!["timestamp-zero".to_owned()];
    restore(&job, &lane, &records[1..]).unwrap();
    let written = given(Cluster::plain().read(&topic).unwrap());
    assert_eq!(written[&0].last().unwrap().timestamp, 1);
}

#[test]
fn a_topic_that_sets_its_own_timestamps_takes_any() {
    let topic = Cluster::plain().topic("append", 1, &[("message.timestamp.type", "LogAppendTime")]).unwrap();
    restore(&plain(), &lane(&topic, 0), &[Given::new("k", "v").at(0)]).unwrap();
    let written = Cluster::plain().read(&topic).unwrap();
    assert_eq!(written[&0][0].timestamp_type, "LogAppendTime");
    assert!(written[&0][0].timestamp > 1_700_000_000_000);
}

#[test]
fn what_became_of_timestamp_zero_stands_in_the_summary_where_no_statistics_told_it_before() {
    let folder = tempfile::TempDir::new().unwrap();
    let lines: String = [5, 0, 7, 0]
        .iter()
        .enumerate()
        .map(|(offset, timestamp)| {
            format!("{{\"key\":\"k\",\"value\":\"v\",\"offset\":{offset},\"timestamp\":{timestamp}}}\n")
        })
        .collect();
    std::fs::create_dir_all(folder.path().join("unsaid/partition=0")).unwrap();
    std::fs::write(folder.path().join("unsaid/partition=0/a.jsonl"), lines).unwrap();
    let topic = Cluster::plain().topic("unsaid", 1, &[]).unwrap();
    let mut command = binaries::anabranch().unwrap();
    command.args(["restore", "--output", "json", "--allow", "timestamp-zero", "--brokers", Cluster::plain().servers()]);
    command.args(["--map", &format!("unsaid={topic}"), "--backup"]).arg(folder.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = summary["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "timestamp-zero");
    let found = found.unwrap();
    assert_eq!(found["weight"], "allowed");
    assert_eq!(found["message"], "timestamp 0 was sent as 1, a millisecond later, 2 times");
    let written = given(Cluster::plain().read(&topic).unwrap());
    assert_eq!(written[&0].iter().map(|record| record.timestamp).collect::<Vec<_>>(), [5, 1, 7, 1]);
}
