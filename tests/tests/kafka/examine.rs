//! What `plan` is told of the target.

use std::collections::BTreeMap;

use anabranch::finding::Finding;
use anabranch::job::{CreateTopics, Delivery, Job};
use anabranch::progress::Inputs;
use anabranch::target::{Examined, LaneNeed, TargetError, reach};
use anabranch_tests::batches::lane;
use anabranch_tests::kafka::Cluster;
use insta::assert_snapshot;

use crate::fixtures::{needs, plain, told};

/// A job of which nothing is to be said but what it meets.
fn job() -> Job {
    let mut job = plain();
    job.target.delivery = Delivery::ExactlyOnce;
    job
}

fn examine(job: &Job, lanes: &[LaneNeed], inputs: &Inputs) -> Result<Examined, TargetError> {
    reach(job)?.examine(job, lanes, inputs)
}

/// Findings, one a line, with names that differ from run to run replaced.
fn shown(findings: &[Finding], names: &[(&str, &str)]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let weight = finding.weight.name();
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
    assert_eq!(examine(&job(), &[need], &Inputs::default()).unwrap().findings, []);
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
    let findings = examine(&job(), std::slice::from_ref(&need), &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&topic, "strict")]), @"
        note partition-count: topic `strict` has 3 partitions and the backup 1: records keep their partition, and a producer will look for their keys elsewhere (set `target.partition` to `key`)
        stop record-too-large: strict-0 holds a record of 6000 bytes, and topic `strict` takes 5000 (raise `max.message.bytes` of the topic)
        warning timestamp-type-lost: timestamps of strict-0 were set by the broker: `strict` gets the same ones, marked as set by the producer (`message.timestamp.type=LogAppendTime` would keep the mark and lose the timestamps)
        stop timestamp-zero: strict-0 holds timestamp 0, which librdkafka takes for none (allowed, it is sent as 1, a millisecond later)
        stop timestamp-out-of-range: strict-0 holds timestamps further from now than `message.timestamp.before.max.ms` of `strict` allows (raise `message.timestamp.before.max.ms` of the topic)
        warning retention-deletes: strict-0 holds records older than `retention.ms` of `strict`: the broker deletes them soon after they arrive (set `retention.ms` of the topic to -1 for the time being; a new one gets it by `target.create.configs`)
    ");

    let append = Cluster::plain().topic("append", 1, &[("message.timestamp.type", "LogAppendTime")]).unwrap();
    let need = LaneNeed { source: lane(&append, 0), largest_record: None, ..need };
    let findings = examine(&job(), &[need], &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&append, "append")]), @"
        stop timestamps-replaced: topic `append` has `message.timestamp.type=LogAppendTime`: the broker replaces every timestamp (set it to `CreateTime` while the restore runs)
    ");
}

#[test]
fn topics_to_be_created_are_told_and_not_made() {
    let topic = Cluster::plain().topic_name("planned");
    let lanes = [lane("orders", 0), lane("orders", 5), lane("users", 1)];
    let mut job = job();
    job.target.topics = ["orders", "users"].map(|source| (source.to_owned(), topic.clone())).into();
    let asked = needs(&[&lanes[0], &lanes[1], &lanes[2]]);
    let missing = examine(&job, &asked, &Inputs::default()).err().unwrap();
    assert_snapshot!(told(&missing, &[(&topic, "planned")]), @"
        exit 2: the target has no topic `planned`
        hint: create them, map them in `target.topics`, or have them created with `[target.create]`
    ");
    let configs = BTreeMap::from([("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())]);
    job.target.create = Some(CreateTopics { partitions: None, replication: None, configs });
    let findings = examine(&job, &asked, &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&topic, "planned")]), @"
        note topic-created: topic `planned` does not exist and will be created with 6 partitions
        stop timestamps-replaced: topic `planned` has `message.timestamp.type=LogAppendTime`: the broker replaces every timestamp (set it to `CreateTime` while the restore runs)
        note sources-merged: `orders`, `users` meet in topic `planned`: each keeps its own order, and there is none between them
    ");
    assert!(!Cluster::plain().partitions().unwrap().contains_key(&topic));
}
