//! The first answer of a cluster, quick or slow.

#![allow(clippy::unwrap_used, reason = "tests")]

use rdkafka::mocking::MockCluster;

use super::*;
use crate::job::draft::ProgressDraft;
use crate::job::{
    Backup, Cluster, ColumnNames, Delivery, Encodings, Job, Order, PartitionStrategy, Resources, Secret, Target,
    Transactions,
};

fn properties(servers: &str, patience: &str) -> Properties {
    let backup = Backup {
        url: String::new(),
        store: BTreeMap::new(),
        path: None,
        topic: None,
        columns: ColumnNames::default(),
        encoding: Encodings::default(),
        format: None,
        dead_letters: false,
        cache: None,
    };
    let setup = ("socket.connection.setup.timeout.ms".to_owned(), Secret::new(patience));
    let target = Target {
        cluster: Cluster::Kafka(servers.to_owned()),
        properties: BTreeMap::from([setup]),
        topics: BTreeMap::new(),
        partition: PartitionStrategy::Same,
        order: Order::Key,
        create: None,
        while_restoring: BTreeMap::new(),
        delivery: Delivery::AtLeastOnce,
        transactions: Transactions::default(),
        provenance: false,
        remove_provenance: false,
        registry: None,
    };
    let resources = Resources::default();
    let progress = ProgressDraft::default().of("job".to_owned());
    let job = Job {
        name: "job".to_owned(),
        backup,
        select: Default::default(),
        schemas: Vec::new(),
        plugins: Vec::new(),
        target,
        registry: None,
        rejected: Default::default(),
        resources,
        allow: Vec::new(),
        progress,
        report: None,
    };
    Properties::new(&job, servers).unwrap()
}

#[test]
fn a_cluster_that_answers_slowly_answers() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("orders", 3, 1).unwrap();
    // Longer than the first turns, each of which throws its question away.
    cluster.broker_round_trip_time(1, Duration::from_millis(700)).unwrap();
    let answer = first_answer(&properties(&cluster.bootstrap_servers(), "20000")).unwrap();
    assert_eq!(partitions_of(&answer.0).get("orders"), Some(&3));
}

#[test]
fn nobody_answering_ends_with_patience() {
    let begun = Instant::now();
    // Nothing listens on port 1.
    let error = first_answer(&properties("127.0.0.1:1", "1500")).err().unwrap();
    assert!(matches!(error, TargetError::Unreachable { seconds: 1, .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn turns_grow_and_none_goes_beyond_the_patience_left() {
    let seconds = Duration::from_secs;
    assert_eq!(bounded(seconds(2), seconds(10)), seconds(2));
    assert_eq!(bounded(seconds(8), seconds(6)), seconds(6));
    assert_eq!(bounded(seconds(8), seconds(15)), seconds(15));
    assert_eq!(bounded(seconds(8), Duration::ZERO), Duration::from_millis(1));
}
