//! Topics: missing, created, with too few partitions; and a broker that is not there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anabranch::batch::{Outputs, Patch, Patches};
use anabranch::job::{self, CreateTopics};
use anabranch::target::Standing;
use anabranch_tests::batches::{Given, lane, outputs};
use anabranch_tests::jobs;
use anabranch_tests::kafka::Cluster;
use arrow_array::StringArray;
use insta::assert_snapshot;

use crate::fixtures::{connect, given, needs, plain, restore, send, told};

fn create(partitions: Option<i32>, configs: &[(&str, &str)]) -> Option<CreateTopics> {
    let configs = configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Some(CreateTopics { partitions, replication: None, configs })
}

#[test]
fn no_broker_is_told_within_seconds() {
    let mut job = jobs::job(jobs::target(job::Cluster::Kafka("127.0.0.1:1".to_owned())));
    job.target.properties = jobs::properties(&[("socket.connection.setup.timeout.ms", "2000")]);
    let begun = Instant::now();
    let error = connect(&job, &needs(&[&lane("orders", 0)])).err().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let text = told(&error, &[]);
    let after = regex::Regex::new(r"(?m) \(after .*$").unwrap();
    assert_snapshot!(after.replace(&text, ""), @r#"
        exit 3: no answer from Kafka at `127.0.0.1:1` within 2 s: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused
        hint: check `target.brokers` and `security.protocol`; `target.properties."socket.connection.setup.timeout.ms"` sets how long is tried
    "#);
}

#[test]
fn topics_that_are_missing_are_listed_and_not_made() {
    let (first, second) = (Cluster::plain().topic_name("missing"), Cluster::plain().topic_name("missing"));
    let lanes = [lane(&first, 0), lane(&second, 0)];
    let error = connect(&plain(), &needs(&[&lanes[0], &lanes[1]])).err().unwrap();
    assert_snapshot!(told(&error, &[(&first, "first"), (&second, "second")]), @"
        exit 2: the target has no topics `first`, `second`
        hint: create them, map them in `target.topics`, or have them created with `[target.create]`
    ");
    assert!(!Cluster::plain().partitions().unwrap().contains_key(&first));
}

#[test]
fn missing_topics_are_created_as_the_job_says() {
    let (source, target) = (Cluster::plain().topic_name("source"), Cluster::plain().topic_name("created"));
    let lanes = [0, 2, 4].map(|partition| lane(&source, partition));
    let mut job = plain();
    job.target.topics = BTreeMap::from([(source, target.clone())]);
    job.target.create = create(None, &[("cleanup.policy", "compact"), ("max.message.bytes", "2000000")]);
    let open = connect(&job, &needs(&[&lanes[0], &lanes[1], &lanes[2]])).unwrap();
    send(&*open, &lanes[2], &[Given::new("k", "v")]).unwrap();
    assert_eq!(Cluster::plain().partitions().unwrap()[&target], 5);
    let configs = Cluster::plain().configs(&target).unwrap();
    assert_eq!((&*configs["cleanup.policy"], &*configs["max.message.bytes"]), ("compact", "2000000"));
    assert_eq!(given(Cluster::plain().read(&target).unwrap())[&4], [Given::new("k", "v")]);

    // An existing topic is left alone, whatever `create` says now.
    job.target.create = create(Some(9), &[("cleanup.policy", "delete")]);
    restore(&job, &lanes[0], &[Given::new("k", "again")]).unwrap();
    assert_eq!(Cluster::plain().partitions().unwrap()[&target], 5);
    assert_eq!(Cluster::plain().configs(&target).unwrap()["cleanup.policy"], "compact");
}

#[test]
fn the_type_of_timestamps_is_restored_where_the_job_asks_for_it() {
    let topic = Cluster::plain().topic_name("log-append");
    let mut job = plain();
    job.target.create = create(Some(1), &[("message.timestamp.type", "LogAppendTime")]);
    restore(&job, &lane(&topic, 0), &[Given::new("k", "v")]).unwrap();
    assert_eq!(Cluster::plain().read(&topic).unwrap()[&0][0].timestamp_type, "LogAppendTime");
}

#[test]
fn what_the_cluster_does_not_create_is_the_job_s_to_mend() {
    let topic = Cluster::plain().topic_name("impossible");
    let lane = lane(&topic, 0);
    let mut job = plain();
    let mut fails = |how| {
        job.target.create = how;
        told(&connect(&job, &needs(&[&lane])).err().unwrap(), &[(&topic, "impossible")])
    };
    let replication = CreateTopics { partitions: Some(1), replication: Some(3), configs: BTreeMap::new() };
    assert_snapshot!(fails(Some(replication)), @"
        exit 2: topic `impossible` could not be created: InvalidReplicationFactor (Broker: Invalid replication factor)
        hint: check `target.create`, and the topic's name: `target.topics` gives it another one
    ");
    assert_snapshot!(fails(create(Some(1), &[("no.such.config", "1")])), @"
        exit 2: topic `impossible` could not be created: InvalidConfig (Broker: Configuration is invalid)
        hint: check `target.create`, and the topic's name: `target.topics` gives it another one
    ");
}

#[test]
fn a_partition_that_the_target_lacks_is_found_before_the_start() {
    let topic = Cluster::plain().topic("narrow", 2, &[]).unwrap();
    let lanes = [lane(&topic, 0), lane(&topic, 7)];
    let error = connect(&plain(), &needs(&[&lanes[0], &lanes[1]])).err().unwrap();
    assert_snapshot!(told(&error, &[(&topic, "narrow")]), @"
        exit 2: narrow-7: topic `narrow` has no partition 7, only 2 of them from 0
        hint: add partitions to the topic, or set `target.partition` to `key`
    ");
}

#[test]
fn a_plugin_finds_topics_that_are_there_and_no_others() {
    let (home, other) =
        (Cluster::plain().topic("home", 1, &[]).unwrap(), Cluster::plain().topic("other", 1, &[]).unwrap());
    let small = Cluster::plain().topic("small", 1, &[("max.message.bytes", "1500")]).unwrap();
    let lane = lane(&home, 0);
    let target = connect(&plain(), &needs(&[&lane])).unwrap();
    let routed = |topic: &str| Outputs {
        patches: Patches {
            topics: Some(Patch { rows: vec![1].into(), column: StringArray::from(vec![topic]) }),
            ..Patches::default()
        },
        ..outputs(&lane, 40, &[Given::new("a", "1"), Given::new("b", "2")])
    };
    let mut sender = target.lane(&lane).unwrap();
    sender.send(&routed(&other)).unwrap();
    sender.commit(&Standing::default()).unwrap();
    assert_eq!(given(Cluster::plain().read(&other).unwrap())[&0], [Given::new("b", "2")]);
    let names = [(home.as_str(), "home"), (small.as_str(), "small")];
    assert_snapshot!(told(&sender.send(&routed("no-such-topic")).unwrap_err(), &names), @"
        exit 1: home-0@41: a plugin sends it to topic `no-such-topic`, which the target does not have
        hint: create the topic before the restore
    ");
    assert!(!Cluster::plain().partitions().unwrap().contains_key("no-such-topic"));
    assert_snapshot!(told(&sender.send(&routed(&small)).unwrap_err(), &names), @r#"
        exit 1: home-0@41: topic `small` takes batches of 1500 bytes, and the producer makes larger ones
        hint: set `target.properties."batch.size"` to 1500 or less
    "#);
}
