//! A cluster that stops answering while a lane takes its transactional id again.

use std::time::{Duration, Instant};

use anabranch_tests::kafka::Cluster;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};

use crate::shop::{Running, Shop, wait};

/// A cluster of its own, since it is stopped. It lives as long as the process.
fn cluster() -> &'static Cluster {
    let expiry = "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000";
    let cluster = Cluster::start(&format!("auto.create.topics.enable=false\n{expiry}\n")).unwrap();
    // The first transaction of a cluster creates the topic that it keeps them in, which takes longer than the job waits.
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", cluster.servers()).set("transactional.id", "first");
    let producer: BaseProducer = client.create().unwrap();
    producer.init_transactions(Duration::from_secs(60)).unwrap();
    Box::leak(Box::new(cluster))
}

/// A restore whose transaction has expired, and which is about to take its id again; nobody answers it.
fn stalled(cluster: &'static Cluster) -> (Shop, Running) {
    let shop = Shop::on(cluster, 40_000)
        .settings(
            "transactions.age = \"50ms\"\nproperties = { \"linger.ms\" = 20, \"transaction.timeout.ms\" = 3000, \
             \"message.timeout.ms\" = 3000, \"socket.connection.setup.timeout.ms\" = 2000 }",
        )
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
    let mut running = shop.start();
    running.until_it_writes(&shop);
    // What was aborted moves the ends of logs, too.
    while shop.visible() == 0 {}
    // Between two transactions there is nothing to expire.
    for _ in 0..5 {
        running.signal("STOP");
        wait(6000);
        running.signal("CONT");
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(2) {
            if running.said().contains("going back to") {
                // What was committed is looked up first, for three seconds.
                cluster.node(1).pause().unwrap();
                return (shop, running);
            }
            assert!(running.child.try_wait().unwrap().is_none(), "{}", running.said());
            wait(5);
        }
    }
    panic!("no transaction was open: {}", running.said());
}

#[test]
fn a_cluster_that_does_not_answer_while_an_id_is_taken_again_is_got_over() {
    let cluster = cluster();
    let (shop, mut running) = stalled(cluster);
    running.until("taking its transactional id again, try 2 of 3");
    cluster.node(1).go_on().unwrap();
    let (code, said, summary) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(summary.unwrap()["read"]["records"], shop.source_records());
    shop.check();
}

#[test]
fn one_that_does_not_answer_for_good_ends_it_after_three_tries_and_the_same_command_goes_on() {
    let cluster = cluster();
    let (shop, running) = stalled(cluster);
    let (code, said, _) = running.end();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("taking its transactional id again, try 3 of 3"), "{said}");
    assert!(said.contains("hint: bring the cluster back and start again"), "{said}");
    assert!(said.contains("the same command goes on from there"), "{said}");
    cluster.node(1).go_on().unwrap();
    let summary = shop.restore();
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0, "{summary}");
    shop.check();
}
