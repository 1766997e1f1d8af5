//! What takes three nodes of Apache Kafka and is short: a node that is lost under a restore, whose siblings are in `long`,
//! and what is found of replicas.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../exactly_once/shop.rs"]
mod shop;

use anabranch::finding::Finding;
use anabranch::job::{self, CreateTopics, Job};
use anabranch::progress::Inputs;
use anabranch::target::{LaneNeed, reach};
use anabranch_tests::batches::lane;
use anabranch_tests::jobs;
use anabranch_tests::kafka::Cluster;

use crate::shop::{Shop, wait};

#[test]
fn a_leader_killed_in_the_middle_loses_and_doubles_nothing() {
    let (cluster, _turn) = Cluster::three();
    let shop = Shop::on(cluster, 12_000)
        .settings("transactions.age = \"50ms\"\nproperties = { \"linger.ms\" = 20 }")
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
    let mut running = shop.start();
    running.until_it_writes(&shop);
    let leader = cluster.leader(&shop.topics[0], 0).unwrap();
    cluster.node(leader).kill().unwrap();
    assert!(running.child.try_wait().unwrap().is_none(), "it was over before: {}", running.said());
    wait(1000);
    cluster.node(leader).start_again().unwrap();
    let (code, said, summary) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(summary.unwrap()["read"]["records"], shop.source_records());
    shop.check();
}

/// What is found of the replicas of a topic.
fn of_replicas(job: &Job, topic: &str) -> Vec<Finding> {
    let findings =
        reach(job).unwrap().examine(job, &[LaneNeed::new(lane(topic, 0))], &Inputs::default()).unwrap().findings;
    let codes = ["one-replica", "too-few-replicas", "replicas-behind"];
    findings.into_iter().filter(|finding| codes.contains(&finding.code)).collect()
}

#[test]
fn what_replicas_a_topic_has_and_needs_is_found() {
    let (cluster, _turn) = Cluster::three();
    let mut job = jobs::job(jobs::target(job::Cluster::Kafka(cluster.servers().to_owned())));
    let codes = |found: &[Finding]| found.iter().map(|finding| finding.code).collect::<Vec<_>>();
    // One that would be created; the cluster's own defaults are three replicas, of which two have what is acknowledged.
    let new = cluster.topic_name("new");
    let mut of_new = |replication, least: Option<&str>| {
        let configs = least.map(|least| ("min.insync.replicas".to_owned(), least.to_owned())).into_iter().collect();
        job.target.create = Some(CreateTopics { partitions: Some(1), replication, configs });
        of_replicas(&job, &new)
    };
    assert_eq!(of_new(None, None), []);
    assert_eq!(codes(&of_new(Some(1), None)), ["too-few-replicas"]);
    assert_eq!(codes(&of_new(Some(1), Some("1"))), ["one-replica"]);
    let found = of_new(None, Some("1"));
    assert_eq!(codes(&found), ["one-replica"]);
    assert!(found[0].message.contains("of its 3 replicas one may be in sync alone"), "{}", found[0]);
    // One that is there, while a node is gone.
    let strict = cluster.topic("strict", 1, &[("min.insync.replicas", "3")]).unwrap();
    let lenient = cluster.topic("lenient", 1, &[]).unwrap();
    assert_eq!(of_replicas(&job, &strict), []);
    cluster.node(3).kill().unwrap();
    let begun = std::time::Instant::now();
    let mut found = of_replicas(&job, &strict);
    while found.is_empty() && begun.elapsed().as_secs() < 90 {
        wait(200);
        found = of_replicas(&job, &strict);
    }
    assert_eq!(codes(&found), ["replicas-behind"], "{found:?}");
    assert!(found[0].message.starts_with(&format!("partitions 0 of topic `{strict}`")), "{}", found[0]);
    assert_eq!(of_replicas(&job, &lenient), []);
    cluster.node(3).start_again().unwrap();
}
