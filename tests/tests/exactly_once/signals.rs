//! Signals before records flow: whatever is waited for, the restore ends within seconds and says how to go on.

use std::net::TcpListener;
use std::time::Duration;

use anabranch_tests::kafka::Cluster;
use anabranch_tests::object_store::S3Server;
use rdkafka::producer::{BaseRecord, Producer as _};

use crate::faults::stranger;
use crate::reports::{REPORT, records, report};
use crate::resuming::slow;
use crate::shop::{Running, Shop, wait};

/// Ends it with a signal and gives what it said.
fn stopped(running: Running) -> String {
    let (said, summary) = running.stops_within(5, "TERM");
    assert_eq!(summary, None, "{said}");
    said
}

#[test]
fn a_signal_while_the_backup_is_looked_into_ends_it() {
    let server = S3Server::start().unwrap();
    server.create_bucket("backups").unwrap();
    let shop = Shop::new(100).stored_on(&server, "").resources(REPORT);
    server.stall(Duration::from_secs(60));
    let mut running = shop.start();
    running.until("looking into the backup");
    let said = stopped(running);
    assert!(said.contains("stopped before this run sent a record; the same command starts it again"), "{said}");
    assert!(said.contains("the report is at"), "{said}");
    let report = report(&shop);
    assert_eq!((&report["outcome"], &report["exit"]), (&"stopped".into(), &1.into()));
    assert_eq!(records(&report["this_run"]), (0, 0));
}

#[test]
fn a_signal_while_somebody_s_transaction_is_waited_for_ends_it() {
    let (shop, topic) = (slow(), Cluster::plain().topic_name("waited"));
    Cluster::plain().create(&topic, 1, &[("cleanup.policy", "compact")]).unwrap();
    let shop = shop.progress_in(&topic);
    let mut running = shop.start();
    running.until_it_writes(&shop);
    running.signal("TERM");
    let before = running.end().2.unwrap();
    shop.cluster.settle(&topic).unwrap();

    let producer = stranger(shop.cluster, "60000");
    producer.send(BaseRecord::to(&topic).key(r#"{"job":"another"}"#).payload("{}")).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    let mut running = shop.start();
    running.until("somebody's transaction is open in");
    let said = stopped(running);
    let read = before["read"]["records"].as_u64().unwrap();
    let read = anabranch::report::shown::count(read);
    let wanted = format!(
        "stopped before this run sent a record; {read} records were committed by earlier runs, and the same command goes \
         on from there"
    );
    assert!(said.contains(&wanted), "{wanted}: {said}");
    producer.abort_transaction(Duration::from_secs(10)).unwrap();
    assert_eq!(shop.restore()["before"]["read"], before["read"]);
    shop.check();
}

#[test]
fn a_signal_while_a_cluster_or_the_place_of_the_report_does_not_answer_ends_it_and_a_second_one_at_once() {
    let (silent, server) = (TcpListener::bind("127.0.0.1:0").unwrap(), S3Server::start().unwrap());
    server.create_bucket("audit").unwrap();
    let lines = server.lines();
    let shop = Shop::new(100).resources(&format!("[report]\nurl = \"s3://audit/run.json\"\n[report.store]\n{lines}"));
    let brokers = format!("brokers = \"{}\"", silent.local_addr().unwrap());
    let start = || {
        let known = format!("brokers = \"{}\"", shop.cluster.servers());
        let running = shop.start_with(|text| text.replace(&known, &brokers));
        // The report has begun, and the cluster is waited for.
        wait(1500);
        server.stall(Duration::from_secs(60));
        running
    };
    let said = stopped(start());
    assert!(said.contains("stopped before this run sent a record; the same command starts it again"), "{said}");
    assert!(said.contains("the report is not written: its place did not answer in time"), "{said}");

    server.behave();
    let running = start();
    running.signal("INT");
    wait(300);
    let (said, _) = running.stops_within(1, "INT");
    assert!(!said.contains("the report is not written"), "{said}");
}
