//! What changed between two runs, or under one, and would lose, double or reorder records in silence.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use anabranch_tests::binaries::anabranch;
use anabranch_tests::kafka::Cluster;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value;
use tempfile::TempDir;

use crate::shop::{Shop, said};

/// A small job of one partition.
struct Plain {
    folder: TempDir,
    topic: String,
}

impl Plain {
    /// Into a topic of so many partitions, with these lines in `[backup]`.
    fn new(partitions: i32, backup: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("backup")).unwrap();
        let cluster = Cluster::plain();
        let topic = cluster.topic("changing", partitions, &[]).unwrap();
        let job = format!(
            "name = \"{topic}\"\n[backup]\nurl = \"backup\"\n{backup}\n[target]\nbrokers = \"{}\"\n\
             partition = \"key\"\n[target.topics]\norders = \"{topic}\"\n[progress]\ntopic = \"{topic}-progress\"\n",
            cluster.servers()
        );
        fs::write(folder.path().join("job.toml"), job).unwrap();
        Self { folder, topic }
    }

    /// Writes a file of records, with offsets where `offsets` says so.
    fn file(&self, name: &str, numbers: std::ops::Range<i64>, offsets: bool) {
        let lines = numbers.fold(String::new(), |mut lines, number| {
            let place =
                if offsets { format!(r#""topic":"orders","partition":0,"offset":{number},"#) } else { String::new() };
            writeln!(lines, r#"{{{place}"timestamp":1700000000000,"key":"k{}","value":"{number}"}}"#, number % 7)
                .unwrap();
            lines
        });
        fs::write(self.path().join("backup").join(name), lines).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        anabranch().unwrap().args(arguments).arg("job.toml").current_dir(self.path()).output().unwrap()
    }

    /// The values that `read_committed` consumers see, in order of number.
    fn values(&self) -> Vec<i64> {
        Cluster::plain().settle(&self.topic).unwrap();
        let records = Cluster::plain().read(&self.topic).unwrap().into_values().flatten();
        let mut values: Vec<i64> =
            records.map(|record| String::from_utf8(record.value.unwrap()).unwrap().parse().unwrap()).collect();
        values.sort_unstable();
        values
    }
}

#[test]
fn a_place_of_rows_that_is_gone_is_an_error_and_not_the_end_of_the_lane() {
    let plain = Plain::new(2, "topic = \"orders\"");
    plain.file("1.jsonl", 0..100, false);
    assert!(plain.run(&["restore"]).status.success());
    // The file is shorter now than what was restored of it, and another one follows.
    plain.file("1.jsonl", 0..50, false);
    plain.file("2.jsonl", 100..200, false);
    let output = plain.run(&["restore", "--allow", "changed-source"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("orders@1.jsonl:99"), "{}", said(&output));
    assert_eq!(plain.values(), (0..100).collect::<Vec<_>>());
}

#[test]
fn files_that_came_to_a_complete_lane_are_read_where_that_is_allowed() {
    let plain = Plain::new(2, "");
    plain.file("0.jsonl", 0..100, true);
    assert!(plain.run(&["restore"]).status.success());
    plain.file("100.jsonl", 100..150, true);
    let refused = plain.run(&["restore"]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("1 is new (`100.jsonl`)"), "{}", said(&refused));
    let output = plain.run(&["restore", "--allow", "changed-source"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(plain.values(), (0..150).collect::<Vec<_>>());
}

#[test]
fn more_partitions_than_before_are_refused_where_keys_decide() {
    let plain = Plain::new(2, "");
    plain.file("0.jsonl", 0..100, true);
    assert!(plain.run(&["restore"]).status.success());
    Cluster::plain().grow(&plain.topic, 5).unwrap();
    plain.file("100.jsonl", 100..150, true);
    let output = plain.run(&["restore", "--allow", "changed-source"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("has 5 partitions, and had 2"), "{}", said(&output));
    assert_eq!(plain.values(), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_job_that_was_begun_exactly_once_does_not_go_on_at_least_once_unasked() {
    let plain = Plain::new(2, "");
    plain.file("0.jsonl", 0..100, true);
    assert!(plain.run(&["restore"]).status.success());
    let output = plain.run(&["restore", "--delivery", "at-least-once"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("changed-delivery"), "{}", said(&output));
    assert_eq!(plain.values().len(), 100);
    let allowed = ["--allow", "changed-delivery", "--allow", "target-not-empty"];
    let output = plain.run(&[&["restore", "--delivery", "at-least-once"][..], &allowed].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(plain.values().len(), 200);
}

#[test]
fn the_topic_of_progress_takes_no_records_and_what_others_wrote_there_can_be_taken_away() {
    let plain = Plain::new(2, "");
    plain.file("0.jsonl", 0..100, true);
    assert!(plain.run(&["restore"]).status.success());
    let progress = format!("{}-progress", plain.topic);
    for verb in ["plan", "restore"] {
        let output = plain.run(&[verb, "--map", &format!("orders={progress}")]);
        assert_eq!(output.status.code(), Some(2), "{verb}: {}", said(&output));
        assert!(said(&output).contains(&format!("`{progress}` is where progress is kept")), "{}", said(&output));
    }
    let cluster = Cluster::plain();
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", cluster.servers()).create().unwrap();
    let status = || plain.run(&["status"]).status.code();
    assert_eq!(status(), Some(0));
    producer.send(BaseRecord::to(&progress).key("k1").payload("somebody's")).unwrap();
    producer.flush(std::time::Duration::from_secs(10)).unwrap();
    assert_eq!(status(), Some(2));
    producer.send(BaseRecord::<str, str>::to(&progress).key("k1")).unwrap();
    producer.flush(std::time::Duration::from_secs(10)).unwrap();
    assert_eq!(status(), Some(0));
}

#[test]
fn a_topic_of_progress_that_is_deleted_under_a_running_restore_ends_it_soon_and_nobody_is_told_to_go_on() {
    let shop = Shop::new(20_000)
        .settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }")
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
    let mut running = shop.start();
    running.until_it_writes(&shop);
    shop.cluster.delete(&shop.progress).unwrap();
    let deleted = Instant::now();
    let (code, said, _) = running.end();
    assert!(deleted.elapsed() < Duration::from_secs(30), "{:?}: {said}", deleted.elapsed());
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("error: the topic of progress `{}` is gone: it was deleted", shop.progress)),
        "{said}"
    );
    assert!(said.contains("it would be there twice") && !said.contains("the same command goes on"), "{said}");
}

#[test]
fn a_topic_that_is_made_anew_under_a_running_restore_ends_it() {
    let shop = Shop::new(20_000)
        .settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }")
        .resources("[resources]\nlanes = 1\nbytes_in_flight = \"64 KiB\"\n");
    let mut running = shop.start();
    running.until_it_flows();
    while shop.committed() < 3000 {
        assert!(running.child.try_wait().unwrap().is_none(), "{}", running.said());
    }
    // Stopped meanwhile: whoever looks between the two finds no topic at all, which would end it for another reason.
    running.signal("STOP");
    shop.cluster.delete(&shop.topics[0]).unwrap();
    while shop.cluster.partitions().unwrap().contains_key(&shop.topics[0]) {}
    shop.cluster.create(&shop.topics[0], 3, &[]).unwrap();
    running.signal("CONT");
    let (code, said, _) = running.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("what was written is gone"), "{said}");
    // And it does not go on.
    let refused = shop.command("restore", &shop.job()).output().unwrap();
    let plan: Value = serde_json::from_slice(&shop.command("plan", &shop.job()).output().unwrap().stdout).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(plan["stops"][0], "changed-target");
}
