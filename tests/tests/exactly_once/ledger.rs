//! A job whose lanes each go to a partition of their own, and a target that is made anew with changes: so one comparison
//! shows what is found of many.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use anabranch_tests::binaries::anabranch;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::read_back::Record;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value;
use tempfile::TempDir;

use crate::shop::said;

/// Records of each source partition.
pub(crate) const RECORDS: i64 = 12;

/// One job with a backup, a topic and a name of its own.
pub(crate) struct Ledger {
    folder: TempDir,
    pub(crate) cluster: &'static Cluster,
    pub(crate) topic: String,
    name: String,
    partitions: i32,
}

impl Ledger {
    /// With so many partitions, and these lines in `[target]`.
    pub(crate) fn new(partitions: i32, settings: &str) -> Self {
        Self::with_keys(partitions, settings, |offset| format!("\"{}\"", offset % 5))
    }

    /// As [`Self::new`], with keys of one's own, as JSON.
    pub(crate) fn with_keys(partitions: i32, settings: &str, key: impl Fn(i64) -> String) -> Self {
        let (folder, cluster) = (TempDir::new().unwrap(), Cluster::plain());
        fs::create_dir(folder.path().join("backup")).unwrap();
        for partition in 0..partitions {
            let lines = (0..RECORDS).fold(String::new(), |mut lines, offset| {
                let timestamp = 1_700_000_000_000 + offset;
                // One that an earlier restore has left behind.
                let former =
                    if offset == 4 { r#"{"key":"anabranch.source","value":"former-0@9"},"# } else { "" };
                writeln!(
                    lines,
                    r#"{{"topic":"entries","partition":{partition},"offset":{offset},"timestamp":{timestamp},"key":{},"value":"entry {offset}","headers":[{former}{{"key":"kind","value":"debit"}}]}}"#,
                    key(offset)
                )
                .unwrap();
                lines
            });
            fs::write(folder.path().join(format!("backup/{partition}.jsonl")), lines).unwrap();
        }
        let topic = cluster.topic("restored", partitions, &[]).unwrap();
        let name = cluster.topic_name("ledger");
        let job = format!(
            "name = \"{name}\"\n[backup]\nurl = \"backup\"\n[target]\nbrokers = \"{}\"\n{settings}\n[target.topics]\n\
             entries = \"{topic}\"\n[progress]\ntopic = \"{name}-progress\"\n",
            cluster.servers()
        );
        fs::write(folder.path().join("job.toml"), job).unwrap();
        Self { folder, cluster, topic, name, partitions }
    }

    fn job(&self) -> PathBuf {
        self.folder.path().join("job.toml")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = anabranch().unwrap();
        command.args(arguments).arg(self.job()).current_dir(self.folder.path());
        command
    }

    pub(crate) fn restore(&self) {
        let output = self.command(&["restore"]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        self.cluster.settle(&self.topic).unwrap();
    }

    /// Makes the topic anew, with the records that `change` makes of those of each partition, and without markers of
    /// transactions between them.
    pub(crate) fn make_anew(&self, configs: &[(&str, &str)], change: impl Fn(i32, &mut Vec<Record>)) {
        let mut records = self.cluster.read(&self.topic).unwrap();
        self.cluster.delete(&self.topic).unwrap();
        while self.cluster.partitions().unwrap().contains_key(&self.topic) {}
        self.cluster.create(&self.topic, self.partitions, configs).unwrap();
        let producer: BaseProducer =
            ClientConfig::new().set("bootstrap.servers", self.cluster.servers()).create().unwrap();
        for partition in 0..self.partitions {
            let mut list = records.remove(&partition).unwrap_or_default();
            change(partition, &mut list);
            list.iter().for_each(|record| send(&producer, &self.topic, partition, record));
        }
        producer.flush(Duration::from_secs(20)).unwrap();
    }

    /// Writes a record once more, behind all others of its partition.
    pub(crate) fn write_again(&self, partition: i32, record: usize) {
        let record = self.cluster.read(&self.topic).unwrap().remove(&partition).unwrap().remove(record);
        let producer: BaseProducer =
            ClientConfig::new().set("bootstrap.servers", self.cluster.servers()).create().unwrap();
        send(&producer, &self.topic, partition, &record);
        producer.flush(Duration::from_secs(20)).unwrap();
    }

    /// Compares, whatever the target is now: the exit code and the document.
    pub(crate) fn verify(&self) -> (Option<i32>, Value) {
        let output = self.verify_as(&["verify", "--output", "json", "--allow", "changed-target"]);
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output))))
    }

    /// Compares with these arguments.
    pub(crate) fn verify_as(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it says, with names and times that are the same in each run.
    pub(crate) fn text(&self, output: &Output) -> String {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let text = text.replace(&self.topic, "target").replace(&self.name, "ledger");
        let text = text.replace(self.cluster.servers(), "kafka:9092");
        let took = regex::Regex::new(", in [^\n]+\n").unwrap();
        let ids = regex::Regex::new("`[A-Za-z0-9_-]{22}`").unwrap();
        ids.replace_all(&took.replace(&text, ", in 1s\n"), "`id`").into_owned()
    }
}

pub(crate) fn send(producer: &BaseProducer, topic: &str, partition: i32, record: &Record) {
    let headers = record
        .headers
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: value.as_deref() }));
    let mut sent = BaseRecord::to(topic).partition(partition).timestamp(record.timestamp).headers(headers);
    if let Some(key) = &record.key {
        sent = sent.key(key);
    }
    if let Some(value) = &record.value {
        sent = sent.payload(value);
    }
    producer.send(sent).map_err(|(error, _): (_, BaseRecord<'_, Vec<u8>, Vec<u8>>)| error).unwrap();
}
