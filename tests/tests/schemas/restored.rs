//! Restores of values with schemas: the binary between two registries and Apache Kafka.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::sync::OnceLock;

use anabranch_tests::binaries::anabranch;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::read_back::Record;
use anabranch_tests::registry::{Api, Registry};
use anabranch_tests::serializers::{Form, Read, Serialized, Serializers};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The registry of the target: another server than the backup's.
pub(crate) fn target_registry() -> &'static Registry {
    static TARGET: OnceLock<Registry> = OnceLock::new();
    TARGET.get_or_init(|| {
        let registry = Registry::start().unwrap();
        // So that ids differ from those of the other one.
        for number in 0..50 {
            let text = format!(r#"{{"type": "fixed", "name": "Other{number}", "size": 1}}"#);
            registry.api().register("others", anabranch_tests::registry::Kind::Avro, &text, &[]).unwrap();
        }
        registry
    })
}

/// A backup of one topic, and a job that restores it.
pub(crate) struct Restored {
    folder: TempDir,
    cluster: &'static Cluster,
    /// The topic, of the backup and at the target.
    pub(crate) topic: String,
}

impl Restored {
    pub(crate) fn new(partitions: i32) -> Self {
        let cluster = Cluster::plain();
        let topic = cluster.topic("schemas", partitions, &[]).unwrap();
        Self { folder: TempDir::new().unwrap(), cluster, topic }
    }

    /// Puts a file beside the job.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Writes the backup of a partition: keys are `k0`, `k1`, …
    pub(crate) fn backup(&self, partition: i32, values: &[Serialized]) {
        let records = values.iter().enumerate().map(|(at, value)| (Some(format!("k{at}").into_bytes()), value.clone()));
        self.backup_with_keys(partition, records.collect());
    }

    pub(crate) fn backup_with_keys(&self, partition: i32, records: Vec<(Option<Vec<u8>>, Serialized)>) {
        let place = self.folder.path().join("backup");
        fs::create_dir_all(&place).unwrap();
        let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| STANDARD.encode(bytes));
        let line = |(offset, (key, value)): (usize, &(Option<Vec<u8>>, Serialized))| {
            let headers: Vec<Value> =
                value.headers.iter().map(|(name, content)| json!({"key": name, "value": text(content)})).collect();
            let record = json!({
                "topic": self.topic, "partition": partition, "offset": offset, "timestamp": 1_700_000_000_000_u64,
                "key": text(key), "value": text(&value.bytes), "headers": headers,
            });
            format!("{record}\n")
        };
        let lines: String = records.iter().enumerate().map(line).collect();
        fs::write(place.join(format!("{partition}.jsonl")), lines).unwrap();
    }

    /// A file of the folder, whose own folder is made.
    pub(crate) fn place(&self, path: &str) -> PathBuf {
        let place = self.folder.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        place
    }

    /// What `inspect` says of the backup.
    pub(crate) fn inspect(&self, arguments: &[&str]) -> Output {
        anabranch()
            .unwrap()
            .args(["inspect", "backup"])
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// The job for a backup of rows without places, in one partition.
    pub(crate) fn job_of_rows(&self, settings: &str) {
        self.job_of(settings, &format!("topic = \"{}\"\n", self.topic), "partition = \"key\"\n");
    }

    /// The job: what it says of registries, schemas and plugins.
    pub(crate) fn job(&self, settings: &str) {
        let encoding = "[backup.encoding]\nkey = \"base64\"\nvalue = \"base64\"\nheaders = \"base64\"\n";
        self.job_of(settings, encoding, "");
    }

    fn job_of(&self, settings: &str, backup: &str, target: &str) {
        let (topic, servers) = (&self.topic, self.cluster.servers());
        let job = format!(
            "name = \"{topic}\"\n{settings}\n[backup]\nurl = \"backup\"\n{backup}\n\
             [target]\nbrokers = \"{servers}\"\n{target}\n[progress]\ntopic = \"{topic}-progress\"\n"
        );
        self.file("job.toml", &job);
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let (command, rest) = arguments.split_first().unwrap();
        anabranch().unwrap().args([command, "job.toml"]).args(rest).current_dir(self.folder.path()).output().unwrap()
    }

    /// Runs a command that has to succeed; what it tells in JSON.
    pub(crate) fn told(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Restores, and compares as `verify` does.
    pub(crate) fn restore(&self) -> Value {
        let summary = self.told(&["restore"]);
        let verified = self.told(&["verify"]);
        assert_eq!(verified["equal"], true, "{verified}");
        summary
    }

    /// A restore that fails: its exit code and what it says.
    pub(crate) fn refused(&self) -> (Option<i32>, String) {
        let output = self.run(&["restore"]);
        assert!(!output.status.success());
        (output.status.code(), said(&output))
    }

    /// What arrived, partition by partition.
    pub(crate) fn arrived(&self) -> Vec<Record> {
        self.cluster.read(&self.topic).unwrap().into_values().flatten().collect()
    }

    /// What Confluent's deserializers make of the values that arrived, with what the target's registry knows.
    pub(crate) fn values(&self, form: &Form) -> Vec<Read> {
        let records: Vec<Serialized> = self.arrived().iter().map(Serialized::value_of).collect();
        Serializers::new(target_registry().url()).deserialize(&self.topic, form, &records).unwrap()
    }
}

/// Both registries, as a job has them.
pub(crate) fn registries(source: &str) -> String {
    format!("[registry]\nurl = \"{source}\"\n[target.registry]\nurl = \"{}\"\n", target_registry().url())
}

/// The id that the target's registry has for the latest schema of a subject.
pub(crate) fn id(api: &Api, subject: &str) -> i64 {
    api.version(subject, "latest").unwrap()["id"].as_i64().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
