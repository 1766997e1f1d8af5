//! Second copies, transactions that expire or are left open, and topics of progress that are none.

use std::fs;
use std::time::{Duration, Instant};

use anabranch_tests::kafka::Cluster;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::documented::assert_documented;
use crate::shop::{Shop, said, wait};

/// A job whose first copy is still at work when the second one starts.
fn slow() -> Shop {
    Shop::new(8000)
        .settings(
            "transactions.age = \"50ms\"\nproperties = { \"linger.ms\" = 20, \"transaction.timeout.ms\" = 2000, \
             \"message.timeout.ms\" = 2000 }",
        )
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n")
}

#[test]
fn a_second_copy_takes_over_and_the_first_one_stops() {
    let shop = slow();
    let mut first = shop.start();
    first.until_it_flows();
    wait(300);
    let second = shop.start();
    let (code, said, _) = first.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("error: a second copy of `{}` was started and has taken over", shop.name)),
        "{said}"
    );
    assert!(!said.contains("cannot be sent to"), "no record is to blame: {said}");
    let (code, said, summary) = second.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(summary.unwrap()["before"]["read"]["records"].as_u64().unwrap() > 0, "{said}");
    shop.check();
}

#[test]
fn a_transaction_that_expired_is_no_second_copy() {
    let shop = slow();
    let mut running = shop.start();
    running.until_it_flows();
    wait(300);
    running.stop_in_a_transaction(&shop);
    // The cluster looks for expired transactions every second here, and gives them two.
    wait(6000);
    running.signal("CONT");
    let (code, said, summary) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("going back to"), "{said}");
    assert_eq!(summary.unwrap()["read"]["records"], shop.source_records());
    shop.check();
}

#[test]
fn a_second_copy_is_noticed_after_a_long_pause_too() {
    let shop = slow();
    let mut first = shop.start();
    first.until_it_flows();
    wait(300);
    first.signal("STOP");
    shop.restore();
    first.signal("CONT");
    let (code, said, _) = first.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a second copy of"), "{said}");
    shop.check();
}

#[test]
fn a_job_that_is_forgotten_while_it_runs_stops() {
    let shop = slow();
    let mut running = shop.start();
    running.until_it_flows();
    wait(300);
    let forgotten = shop.command("forget", &shop.job()).output().unwrap();
    assert!(forgotten.status.success(), "{}", said(&forgotten));
    let (code, said, _) = running.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("the progress of `{}` was removed while it ran", shop.name)), "{said}");
}

/// A producer with a transaction of its own.
pub(crate) fn stranger(cluster: &Cluster, timeout: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.servers()).set("transactional.id", cluster.topic_name("stranger"));
    let producer: BaseProducer = config.set("transaction.timeout.ms", timeout).create().unwrap();
    producer.init_transactions(Duration::from_secs(30)).unwrap();
    producer.begin_transaction().unwrap();
    producer
}

#[test]
fn another_job_s_open_transaction_is_waited_for_and_then_an_error() {
    let (shop, topic) = (slow(), Cluster::plain().topic_name("held"));
    Cluster::plain().create(&topic, 1, &[("cleanup.policy", "compact")]).unwrap();
    let shop = shop.progress_in(&topic);
    let producer = stranger(shop.cluster, "60000");
    let record = BaseRecord::to(&topic).key(r#"{"job":"another"}"#).payload("{}");
    producer.send(record).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    let begun = Instant::now();
    let output = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("somebody's transaction is open in it"), "{}", said(&output));
    assert!(begun.elapsed() > Duration::from_secs(2) && begun.elapsed() < Duration::from_secs(20));
    assert_eq!(shop.visible(), 0);
    producer.abort_transaction(Duration::from_secs(10)).unwrap();
    shop.restore();
    shop.check();
}

#[test]
fn progress_that_was_never_committed_counts_for_nothing() {
    let shop = slow();
    let mut running = shop.start();
    running.until_it_writes(&shop);
    running.child.kill().unwrap();
    running.end();
    // As a run would have written it for the last transaction of a lane, and been killed before its end.
    let kept = shop.cluster.read(&shop.progress).unwrap().remove(&0).unwrap();
    let of_lane = |key: &Vec<u8>| String::from_utf8_lossy(key).contains("\"partition\":");
    let lane = kept.into_iter().rfind(|record| record.key.as_ref().is_some_and(of_lane)).unwrap();
    let before = String::from_utf8(lane.value.unwrap()).unwrap();
    let complete = before.replace("\"complete\":false", "\"complete\":true");
    assert_ne!(complete, before);
    let producer = stranger(shop.cluster, "60000");
    producer.send(BaseRecord::to(&shop.progress).key(&lane.key.unwrap()).payload(&complete)).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    producer.abort_transaction(Duration::from_secs(10)).unwrap();
    shop.restore();
    shop.check();
}

#[test]
fn of_two_copies_that_meet_at_the_start_of_one_the_other_goes_on() {
    let shop = slow();
    let mut first = shop.start();
    first.until_it_flows();
    wait(300);
    // So that the second copy waits when it has the first one's ids, and before it says who runs.
    let producer = stranger(shop.cluster, "60000");
    producer.send(BaseRecord::to(&shop.progress).key(r#"{"job":"another"}"#).payload("{}")).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    let second = shop.start();
    first.until("going back to");
    // By then the first one has taken them back, and waits as well.
    wait(6000);
    producer.abort_transaction(Duration::from_secs(10)).unwrap();
    let (code, said, _) = second.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a second copy of"), "{said}");
    let (code, said, _) = first.end();
    assert_eq!(code, Some(0), "{said}");
    shop.check();
}

#[test]
fn a_topic_of_another_program_and_a_later_version_are_told() {
    let cluster = Cluster::plain();
    let foreign = |key: Option<&str>, value: &str, wanted: &str| {
        let topic = cluster.topic_name("foreign");
        let policy = if key.is_some() { "compact" } else { "delete" };
        cluster.create(&topic, 1, &[("cleanup.policy", policy)]).unwrap();
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", cluster.servers()).create().unwrap();
        let shop = Shop::new(10).progress_in(&topic);
        let key = key.map(|key| key.replace("NAME", &shop.name));
        let record = BaseRecord::to(&topic).payload(value);
        producer
            .send(match &key {
                Some(key) => record.key(key),
                None => record,
            })
            .unwrap();
        producer.flush(Duration::from_secs(10)).unwrap();
        let output = shop.command("restore", &shop.job()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(wanted), "{}", said(&output));
        assert_eq!(shop.visible(), 0);
    };
    foreign(Some("order-17"), "{}", "is no record of progress: its key");
    foreign(Some(r#"{"job":"NAME"}"#), "not json", "is no record of progress");
    foreign(Some(r#"{"job":"NAME"}"#), r#"{"format":99,"news":1}"#, "has format 99, and this version reads up to 1");
    foreign(None, "x", "it is not compacted");
    // Of a job that is not this one, anything goes.
    let topic = cluster.topic_name("shared");
    cluster.create(&topic, 1, &[("cleanup.policy", "compact")]).unwrap();
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", cluster.servers()).create().unwrap();
    producer.send(BaseRecord::to(&topic).key(r#"{"job":"another"}"#).payload(r#"{"format":99}"#)).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    let shop = Shop::new(10).progress_in(&topic);
    shop.restore();
    shop.check();
    // Who asks for all jobs is shown those that can be read, and told of the other one.
    let mut status = anabranch_tests::binaries::anabranch().unwrap();
    let flags = ["status", "--brokers", cluster.servers(), "--progress-topic", &topic, "--output", "json"];
    let status = status.args(flags).output().unwrap();
    assert_eq!(status.status.code(), Some(2), "{}", said(&status));
    assert!(said(&status).contains("error: the progress of `another` in"), "{}", said(&status));
    let document: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_documented(&document);
    assert_eq!(
        (&document["jobs"][0]["job"], &document["jobs"][0]["complete"]),
        (&shop.name.as_str().into(), &true.into())
    );
    assert_eq!(document["unreadable"][0]["job"], "another");
    let reason = document["unreadable"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("has format 99, and this version reads up to 1"), "{reason}");
    let wide = cluster.topic("wide", 2, &[("cleanup.policy", "compact")]).unwrap();
    let shop = Shop::new(10).progress_in(&wide);
    let output = shop.command("restore", &shop.job()).output().unwrap();
    assert!(said(&output).contains("it has 2 partitions"), "{}", said(&output));
}

#[test]
fn more_replicas_than_there_are_nodes_are_told() {
    let shop = Shop::new(10);
    let topic = shop.cluster.topic_name("replicated");
    let shop = shop.progress_in(&topic).resources("replication = 3\n");
    let output = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let told = format!("topic `{topic}`, that is to keep progress, could not be created");
    assert!(said(&output).contains(&told), "{}", said(&output));
    assert!(said(&output).contains("check `replication` in `[progress]`"), "{}", said(&output));
    assert_eq!(shop.visible(), 0);
}

#[test]
fn a_file_that_is_gone_is_named_and_what_it_held_is_not_passed_over_unasked() {
    let shop = slow();
    let mut running = shop.start();
    running.until_it_writes(&shop);
    running.child.kill().unwrap();
    assert_eq!(running.end().0, None);
    // The last one of a lane: what it holds is not restored yet.
    let file = shop.folder.path().join("backup/orders/3").join(format!("{}.jsonl", 2 * (8000 / 3 + 1)));
    let aside = shop.folder.path().join("aside");
    fs::rename(&file, &aside).unwrap();
    let refused = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("error: the restore does not start: changed-source"), "{}", said(&refused));
    assert!(said(&refused).contains("1 is gone (`orders/3/5334.jsonl`)"), "{}", said(&refused));
    fs::rename(&aside, &file).unwrap();
    shop.restore();
    shop.check();
}
