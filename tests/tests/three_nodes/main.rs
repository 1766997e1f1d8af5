//! A node lost under a restore, on three nodes of Apache Kafka: the one such test that is short. Its siblings are in
//! `long`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../exactly_once/shop.rs"]
mod shop;

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
