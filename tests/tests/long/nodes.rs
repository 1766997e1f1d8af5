//! Nodes of a cluster of three that go, stay away, stop answering and come back under a restore.
//!
//! Every restore reads from an S3 server that is slow, so that it is still under way when all has happened.

use std::time::{Duration, Instant};

use anabranch_tests::kafka::Cluster;
use anabranch_tests::object_store::{Fault, S3Server};

use crate::shop::{Running, Shop, wait};

/// How late the store's answers are until [`Scene::ends_well`]: with a few dozen of them a restore takes minutes, also
/// where nodes need as long to come back.
const DELAY: Duration = Duration::from_secs(6);

/// A restore under way, for minutes, and what it reads from.
struct Scene {
    cluster: &'static Cluster,
    server: S3Server,
    shop: Shop,
    running: Running,
}

impl Scene {
    /// Begins a restore with these properties for its producers, and waits until it has committed something.
    fn new(cluster: &'static Cluster, properties: &str) -> Self {
        let server = S3Server::start().unwrap();
        server.create_bucket("backups").unwrap();
        let shop = Shop::on(cluster, 12_000)
            .stored_on(&server, "")
            .settings(&format!("transactions.age = \"50ms\"\nproperties = {{ {properties} }}"))
            .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
        let mut running = shop.start();
        running.until_it_writes(&shop);
        server.misbehave(std::iter::repeat_n(Fault::Delay(DELAY), 1000));
        Self { cluster, server, shop, running }
    }

    /// The node that leads partition 0 of the first target topic.
    fn leader(&self) -> i32 {
        self.cluster.leader(&self.shop.topics[0], 0).unwrap()
    }

    /// Fails unless the restore is still under way.
    fn is_under_way(&mut self) {
        assert!(self.running.child.try_wait().unwrap().is_none(), "it has ended: {}", self.running.said());
    }

    /// Lets the restore come to its end and fails unless all of it is there, once and in order.
    fn ends_well(self) {
        self.server.behave();
        let (code, said, summary) = self.running.end();
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(summary.unwrap()["read"]["records"], self.shop.source_records());
        self.shop.check();
    }
}

#[test]
fn a_rolling_restart_of_all_nodes_is_got_over() {
    let (cluster, _turn) = Cluster::three();
    let mut scene = Scene::new(cluster, "\"linger.ms\" = 20");
    for id in cluster.nodes() {
        cluster.node(id).end().unwrap();
        cluster.node(id).start_again().unwrap();
        cluster.node(id).wait().unwrap();
        cluster.heal().unwrap();
        scene.is_under_way();
    }
    scene.ends_well();
}

#[test]
fn too_few_replicas_in_sync_are_waited_for() {
    let (cluster, _turn) = Cluster::three();
    let mut scene = Scene::new(cluster, "\"linger.ms\" = 20");
    for topic in &scene.shop.topics {
        cluster.alter(topic, "min.insync.replicas", "3").unwrap();
    }
    let id = scene.leader();
    cluster.node(id).kill().unwrap();
    wait(10_000);
    scene.is_under_way();
    cluster.node(id).start_again().unwrap();
    scene.ends_well();
}

#[test]
fn too_few_replicas_for_longer_than_the_restore_waits_end_it_and_the_same_command_goes_on() {
    let (cluster, _turn) = Cluster::three();
    let scene =
        Scene::new(cluster, "\"linger.ms\" = 20, \"message.timeout.ms\" = 3000, \"transaction.timeout.ms\" = 6000");
    for topic in &scene.shop.topics {
        cluster.alter(topic, "min.insync.replicas", "3").unwrap();
    }
    let id = scene.leader();
    cluster.node(id).kill().unwrap();
    scene.server.behave();
    let Scene { shop, running, .. } = scene;
    let (code, said, _) = running.end();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the same command goes on from there"), "{said}");
    cluster.heal().unwrap();
    let summary = shop.restore();
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0, "{summary}");
    shop.check();
}

#[test]
fn a_signal_ends_a_restore_within_seconds_also_where_no_node_answers() {
    let (cluster, _turn) = Cluster::three();
    let Scene { server, shop, running, .. } = Scene::new(cluster, "\"linger.ms\" = 20");
    server.behave();
    cluster.nodes().for_each(|id| cluster.node(id).pause().unwrap());
    wait(1000);
    let (said, _) = running.stops_within(15, "TERM");
    assert!(said.contains("stopping was given up after 10 s"), "{said}");
    cluster.heal().unwrap();
    shop.restore();
    shop.check();
}

#[test]
fn a_signal_ends_an_at_least_once_restore_within_seconds_where_no_node_answers() {
    let (cluster, _turn) = Cluster::three();
    let shop = Shop::on(cluster, 12_000)
        .settings("delivery = \"at-least-once\"\nproperties = { \"linger.ms\" = 20 }")
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
    let mut running = shop.start();
    running.until("restoring `");
    while shop.committed() == 0 {}
    cluster.nodes().for_each(|id| cluster.node(id).pause().unwrap());
    assert!(running.child.try_wait().unwrap().is_none(), "it was over before: {}", running.said());
    wait(1000);
    let (said, _) = running.stops_within(15, "TERM");
    assert!(said.contains("stopping was given up after 10 s: what was sent last may be written or not"), "{said}");
    assert!(said.contains("the same command begins at the beginning"), "{said}");
    cluster.heal().unwrap();
}

#[test]
fn a_coordinator_of_transactions_that_moves_is_followed() {
    let (cluster, _turn) = Cluster::three();
    let mut scene = Scene::new(cluster, "\"linger.ms\" = 20");
    let id = format!("anabranch-{}-0", scene.shop.name);
    let first = cluster.coordinator(&id).unwrap();
    cluster.node(first).kill().unwrap();
    // The cluster elects another once it has missed the first for a while.
    let killed = Instant::now();
    let second = loop {
        wait(500);
        match cluster.coordinator(&id) {
            Ok(second) if second != first => break second,
            told => assert!(killed.elapsed() < Duration::from_secs(60), "{told:?}"),
        }
    };
    scene.is_under_way();
    // And once more, in order.
    cluster.node(first).start_again().unwrap();
    cluster.node(first).wait().unwrap();
    cluster.heal().unwrap();
    cluster.node(second).end().unwrap();
    scene.is_under_way();
    cluster.node(second).start_again().unwrap();
    scene.ends_well();
}

#[test]
fn a_node_that_stops_answering_and_comes_back_is_got_over() {
    let (cluster, _turn) = Cluster::three();
    let mut scene = Scene::new(cluster, "\"linger.ms\" = 20");
    let id = scene.leader();
    cluster.node(id).pause().unwrap();
    // Others lead what it led once it has missed its heartbeats, and it does not know.
    wait(12_000);
    assert_ne!(scene.leader(), id);
    scene.is_under_way();
    cluster.node(id).go_on().unwrap();
    scene.ends_well();
}

#[test]
fn a_node_that_stops_answering_for_good_is_got_over() {
    let (cluster, _turn) = Cluster::three();
    let scene = Scene::new(cluster, "\"linger.ms\" = 20, \"socket.timeout.ms\" = 10000");
    cluster.node(scene.leader()).pause().unwrap();
    scene.ends_well();
}
