//! What `plan` is told of the target.

use std::collections::BTreeMap;

use anabranch::finding::Finding;
use anabranch::job::{CreateTopics, Delivery, Job, PartitionStrategy};
use anabranch::progress::Inputs;
use anabranch::target::{Examined, LaneNeed, TargetError, reach};
use anabranch_tests::batches::{Given, lane};
use anabranch_tests::kafka::Cluster;
use insta::assert_snapshot;

use crate::fixtures::{needs, plain, restore, told};

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
        largest_record: Some(6000),
        timestamps: Some((0, 1_700_000_000_000)),
        log_append_time: true,
        ..LaneNeed::new(lane(&topic, 0))
    };
    let findings = examine(&job(), std::slice::from_ref(&need), &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&topic, "strict")]), @"
        note partition-count: topic `strict` has 3 partitions and the backup 1: records keep their partition, and a producer will look for their keys elsewhere (set `target.partition` to `key`)
        stop record-too-large: strict-0 holds a record of 6000 bytes, and topic `strict` takes 5000 (raise `max.message.bytes` of the topic, or set it in `[target.while_restoring]`)
        warning timestamp-type-lost: timestamps of strict-0 were set by the broker: `strict` gets the same ones, marked as set by the producer (`message.timestamp.type=LogAppendTime` would keep the mark and lose the timestamps)
        stop timestamp-zero: strict-0 holds timestamp 0, which librdkafka takes for none (allowed, it is sent as 1, a millisecond later)
        stop timestamp-out-of-range: strict-0 holds timestamps further from now than `message.timestamp.before.max.ms` of `strict` allows (raise `message.timestamp.before.max.ms` of the topic, or set it in `[target.while_restoring]`)
        stop retention-deletes: strict-0 holds records from 1970-01-01T00:00:00Z on, and `retention.ms=604800000` of `strict`: the broker deletes what is older as soon as it is written (set it to -1 for the time being, which `[target.while_restoring]` does and puts back (not at least once); a topic that is created keeps what `target.create.configs` says)
    ");

    let append = Cluster::plain().topic("append", 1, &[("message.timestamp.type", "LogAppendTime")]).unwrap();
    let need = LaneNeed { source: lane(&append, 0), largest_record: None, ..need };
    let findings = examine(&job(), &[need], &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&append, "append")]), @"
        stop timestamps-replaced: topic `append` has `message.timestamp.type=LogAppendTime`: the broker replaces every timestamp (set it to `CreateTime` while the restore runs, in `[target.while_restoring]`)
        note not-established: not established: how large the largest record is of append-0 (each is held against the 1048588 bytes that its topic takes when it is read)
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
        stop timestamps-replaced: topic `planned` has `message.timestamp.type=LogAppendTime`: the broker replaces every timestamp (set it to `CreateTime` while the restore runs, in `[target.while_restoring]`)
        note sources-merged: `orders`, `users` meet in topic `planned`: each keeps its own order, and there is none between them
        note not-established: not established: how large the largest record is of orders-0, orders-5, users-1 (each is held against the 1048588 bytes that its topic takes when it is read)
    ");
    assert!(!Cluster::plain().partitions().unwrap().contains_key(&topic));
}

/// A lane of which all that counts is known, and nothing speaks against it.
fn known(topic: &str, partition: i32) -> LaneNeed {
    LaneNeed {
        records: 1000,
        bytes: 100_000,
        largest_record: Some(500),
        without_key: Some(0),
        timestamps: Some((1_700_000_000_000, 1_700_000_000_000)),
        ..LaneNeed::new(lane(topic, partition))
    }
}

#[test]
fn a_target_that_is_not_empty_is_found_before_the_first_start() {
    let [full, empty] = ["full", "empty"].map(|stem| Cluster::plain().topic(stem, 2, &[]).unwrap());
    let compacted = Cluster::plain().topic("compacted", 1, &[("cleanup.policy", "compact")]).unwrap();
    for topic in [&full, &compacted] {
        restore(&plain(), &lane(topic, 0), &[Given::new("k", "v"), Given::new("k", "w")]).unwrap();
    }
    let needs = [&full, &empty, &compacted].map(|topic| known(topic, 0));
    let mut job = job();
    let findings = examine(&job, &needs, &Inputs::default()).unwrap().findings;
    let names = [(full.as_str(), "full"), (empty.as_str(), "empty"), (compacted.as_str(), "compacted")];
    let found: Vec<_> = findings.into_iter().filter(|finding| finding.code == "target-not-empty").collect();
    assert_snapshot!(shown(&found, &names), @"
        stop target-not-empty: topic `compacted` is not empty: it holds up to 2 records in 1 of its 1 partitions; those of the backup come behind them, whatever their timestamps, and cannot be taken away again; it is compacted, so that a restored record takes the place of a newer one of its key (give `target.topics` the name of an empty topic; where they are to come together, allow it, and `target.provenance = true` tells them apart)
        stop target-not-empty: topic `full` is not empty: it holds up to 2 records in 1 of its 2 partitions; those of the backup come behind them, whatever their timestamps, and cannot be taken away again (give `target.topics` the name of an empty topic; where they are to come together, allow it, and `target.provenance = true` tells them apart)
    ");
    job.target.delivery = Delivery::AtLeastOnce;
    let findings = examine(&job, &needs[..1], &Inputs::default()).unwrap().findings;
    let found: Vec<_> = findings.into_iter().filter(|finding| finding.code == "target-not-empty").collect();
    assert_snapshot!(shown(&found, &names), @"stop target-not-empty: topic `full` is not empty: it holds up to 2 records in 1 of its 2 partitions; those of the backup come behind them, whatever their timestamps, and cannot be taken away again; what an earlier run has written is there twice then (give `target.topics` the name of an empty topic; where they are to come together, allow it, and `target.provenance = true` tells them apart)");
}

#[test]
fn what_a_topic_would_delete_at_once_is_found() {
    let old = Cluster::plain().topic("old", 1, &[("retention.ms", "3600000")]).unwrap();
    let much = Cluster::plain().topic("much", 2, &[("retention.bytes", "80000")]).unwrap();
    let unknown = Cluster::plain().topic("unknown", 1, &[("retention.ms", "3600000")]).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let needs = [
        known(&old, 0),
        LaneNeed { timestamps: Some((now, now)), ..known(&much, 0) },
        LaneNeed { timestamps: None, largest_record: None, ..known(&unknown, 0) },
    ];
    let names = [(old.as_str(), "old"), (much.as_str(), "much"), (unknown.as_str(), "unknown")];
    let mut job = job();
    assert_snapshot!(shown(&examine(&job, &needs, &Inputs::default()).unwrap().findings, &names), @"
        note partition-count: topic `much` has 2 partitions and the backup 1: records keep their partition, and a producer will look for their keys elsewhere (set `target.partition` to `key`)
        stop retention-deletes: about 97.7 KiB go to a partition of `much`, by the size of the backup's files, and `retention.bytes=80000`: the broker deletes the first of them while the rest is written (set it to -1 for the time being, which `[target.while_restoring]` does and puts back (not at least once); a topic that is created keeps what `target.create.configs` says)
        stop retention-deletes: old-0 holds records from 2023-11-14T22:13:20Z on, and `retention.ms=3600000` of `old`: the broker deletes what is older as soon as it is written (set it to -1 for the time being, which `[target.while_restoring]` does and puts back (not at least once); a topic that is created keeps what `target.create.configs` says)
        note timestamps-unknown: timestamps of unknown-0 are known when they are read: the restore stops at one that is 0, or that `unknown` does not take
        note not-established: not established: how large the largest record is of unknown-0, about 100 B on average (each is held against the 1048588 bytes that its topic takes when it is read); whether records are older than `retention.ms` of `unknown` (timestamps that no statistics tell are known when they are read)
    ");
    // Dealt out, each partition gets half of it, which it keeps.
    job.target.partition = PartitionStrategy::Key;
    assert_snapshot!(shown(&examine(&job, &needs[1..2], &Inputs::default()).unwrap().findings, &names), @"note partition-count: topic `much` has 2 partitions and the backup 1: records go where their keys belong among 2 and not where they come from; what `much` holds of the same keys lies elsewhere if it was written while there were fewer, and then there is no order between the two");
}

#[test]
fn what_a_compacted_topic_does_not_take_is_found() {
    let topic = Cluster::plain().topic("compacted", 1, &[("cleanup.policy", "compact")]).unwrap();
    let found = |without_key| {
        let need = LaneNeed { without_key, ..known(&topic, 0) };
        shown(&examine(&job(), &[need], &Inputs::default()).unwrap().findings, &[(&topic, "compacted")])
    };
    assert_snapshot!(found(Some(0)), @"warning target-compacted: topic `compacted` is compacted: of the records of one key the last one stays, and a tombstone for `delete.retention.ms=86400000`");
    assert_snapshot!(found(Some(3)), @"
        warning target-compacted: topic `compacted` is compacted: of the records of one key the last one stays, and a tombstone for `delete.retention.ms=86400000`
        stop keys-missing: the files of compacted-0 hold 3 records without a key, and topic `compacted` is compacted and takes none (leave them out with a plugin, or restore into a topic that is not compacted)
    ");
    assert_snapshot!(found(None), @"warning target-compacted: topic `compacted` is compacted: of the records of one key the last one stays, and a tombstone for `delete.retention.ms=86400000`; a record without a key ends the restore, and whether there are any is known when they are read");
}

#[test]
fn records_that_are_too_large_are_judged_where_they_are_not_known() {
    let topic = Cluster::plain().topic("small", 1, &[("max.message.bytes", "5000")]).unwrap();
    let found = |bytes| {
        let need = LaneNeed { bytes, largest_record: None, ..known(&topic, 0) };
        shown(&examine(&job(), &[need], &Inputs::default()).unwrap().findings, &[(&topic, "small")])
    };
    assert_snapshot!(found(200_000), @"note not-established: not established: how large the largest record is of small-0, about 200 B on average (each is held against the 5000 bytes that its topic takes when it is read)");
    assert_snapshot!(found(6_000_000), @"stop record-too-large: records of small-0 take about 6000 bytes on average, by the size of its files, and topic `small` takes 5000 (raise `max.message.bytes` of the topic, or set it in `[target.while_restoring]`)");
}

#[test]
fn a_topic_whose_replicas_can_never_be_enough_is_found() {
    let topic = Cluster::plain().topic("replicas", 1, &[("min.insync.replicas", "2")]).unwrap();
    let findings = examine(&job(), &[known(&topic, 0)], &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&topic, "replicas")]), @"stop too-few-replicas: topic `replicas` has 1 of the 2 replicas that `min.insync.replicas` asks for: the cluster takes no record of a producer that waits for them, as the restore does (`acks=all`) (give the topic 2 replicas (one that is created gets them by `target.create.replication`), or lower its `min.insync.replicas`)");
    let mut job = job();
    let new = Cluster::plain().topic_name("new");
    let configs = BTreeMap::from([("min.insync.replicas".to_owned(), "2".to_owned())]);
    job.target.create = Some(CreateTopics { partitions: Some(1), replication: None, configs });
    let findings = examine(&job, &[known(&new, 0)], &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&new, "new")]), @"
        note topic-created: topic `new` does not exist and will be created with 1 partitions
        stop too-few-replicas: topic `new` has 1 of the 2 replicas that `min.insync.replicas` asks for: the cluster takes no record of a producer that waits for them, as the restore does (`acks=all`) (give the topic 2 replicas (one that is created gets them by `target.create.replication`), or lower its `min.insync.replicas`)
    ");
}

#[test]
fn another_number_of_partitions_is_told_where_keys_decide() {
    let topic = Cluster::plain().topic("wide", 6, &[]).unwrap();
    let mut job = job();
    job.target.partition = PartitionStrategy::Key;
    let findings = examine(&job, &[known(&topic, 2)], &Inputs::default()).unwrap().findings;
    assert_snapshot!(shown(&findings, &[(&topic, "wide")]), @"note partition-count: topic `wide` has 6 partitions and the backup 3: records go where their keys belong among 6 and not where they come from; what `wide` holds of the same keys lies elsewhere if it was written while there were fewer, and then there is no order between the two");
    assert_eq!(examine(&job, &[known(&topic, 5)], &Inputs::default()).unwrap().findings, []);
}

#[test]
fn what_is_changed_while_a_topic_is_restored_is_told_and_tried() {
    let configs = [("retention.ms", "3600000"), ("max.message.bytes", "400")];
    let topic = Cluster::plain().topic("changed", 1, &configs).unwrap();
    let need = [known(&topic, 0)];
    let mut job = job();
    let before = Cluster::plain().overrides(&topic).unwrap();
    let mut found = |name: &str, value: &str| {
        job.target.while_restoring.insert(name.to_owned(), value.to_owned());
        let result = examine(&job, &need, &Inputs::default());
        result.map(|examined| shown(&examined.findings, &[(&topic, "changed")]))
    };
    assert_snapshot!(found("retention.ms", "-1").unwrap(), @"
        note configs-changed: topic `changed` has `retention.ms=-1` from the start until the job is complete, and then again `retention.ms=3600000`
        stop record-too-large: changed-0 holds a record of 500 bytes, and topic `changed` takes 400 (raise `max.message.bytes` of the topic, or set it in `[target.while_restoring]`)
        warning retention-returns: when the job is complete `changed` has `retention.ms=3600000` again, and the broker deletes what is older then: the backup holds records from 2023-11-14T22:13:20Z on (to keep them, give the topic a longer `retention.ms` of its own, before the restore or while it runs: what somebody else sets meanwhile is left as it is)
    ");
    assert_snapshot!(found("max.message.bytes", "600").unwrap(), @"
        note configs-changed: topic `changed` has `max.message.bytes=600`, `retention.ms=-1` from the start until the job is complete, and then again `max.message.bytes=400`, `retention.ms=3600000`
        warning retention-returns: when the job is complete `changed` has `retention.ms=3600000` again, and the broker deletes what is older then: the backup holds records from 2023-11-14T22:13:20Z on (to keep them, give the topic a longer `retention.ms` of its own, before the restore or while it runs: what somebody else sets meanwhile is left as it is)
    ");
    let told = told(&found("max.message.bytes", "many").unwrap_err(), &[(&topic, "changed")]);
    assert_snapshot!(told, @"
        exit 2: the configs of topic `changed` could not be changed: Invalid value many for configuration max.message.bytes: Not a number of type INT
        hint: check the names and values of `[target.while_restoring]` (`--while-restoring`)
    ");
    assert_eq!(Cluster::plain().overrides(&topic).unwrap(), before);
}
