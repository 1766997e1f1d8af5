//! A backup with records that a job cannot restore, and what must come of the others.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Output};

use anabranch_tests::binaries::{anabranch, plugin};
use anabranch_tests::kafka::Cluster;
use anabranch_tests::read_back::Record;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const SOURCES: i32 = 2;

/// One job with a backup, a target topic and a name of its own. Each value has one to three lines; where a plugin fans
/// out, each becomes a record.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) cluster: &'static Cluster,
    pub(crate) name: String,
    pub(crate) topic: String,
    records: i64,
}

/// Values by partition, in order.
pub(crate) type Values = BTreeMap<i32, Vec<String>>;

impl Bench {
    /// With so many records in each of two source partitions, made by `record`: key and value.
    pub(crate) fn new(records: i64, record: impl Fn(i32, i64) -> (Option<String>, String)) -> Self {
        let (folder, cluster) = (TempDir::new().unwrap(), Cluster::plain());
        fs::create_dir_all(folder.path().join("backup")).unwrap();
        for source in 0..SOURCES {
            let mut lines = String::new();
            for offset in 0..records {
                let (key, value) = record(source, offset);
                let line = json!({
                    "topic": "orders", "partition": source, "offset": offset, "timestamp": 1_700_000_000_000_i64 + offset,
                    "key": key, "value": value, "headers": [{ "key": "trace", "value": format!("{source}-{offset}") }],
                });
                writeln!(lines, "{line}").unwrap();
            }
            fs::write(folder.path().join(format!("backup/{source}.jsonl")), lines).unwrap();
        }
        let topic = cluster.topic("restored", SOURCES, &[]).unwrap();
        Self { folder, cluster, name: cluster.topic_name("policies"), topic, records }
    }

    /// With records of which every tenth has a line that is not JSON.
    pub(crate) fn with_bad_lines(records: i64) -> Self {
        Self::new(records, |source, offset| {
            (Some(format!("{source}-{}", offset % 17)), lines(source, offset).join("\n"))
        })
    }

    /// Gives records of each partition other timestamps, by offset.
    pub(crate) fn stamp(&self, timestamp: impl Fn(i64) -> Option<i64>) {
        for source in 0..SOURCES {
            let path = self.folder.path().join(format!("backup/{source}.jsonl"));
            let mut lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
            for (line, offset) in lines.iter_mut().zip(0..) {
                let due = format!("\"timestamp\":{},", 1_700_000_000_000_i64 + offset);
                assert_eq!(line.matches(&due).count(), 1, "{line}");
                if let Some(timestamp) = timestamp(offset) {
                    *line = line.replace(&due, &format!("\"timestamp\":{timestamp},"));
                }
            }
            fs::write(&path, lines.join("\n")).unwrap();
        }
    }

    /// The job file: `plugins` and `rest` are lines of it.
    pub(crate) fn job(&self, plugins: &str, rest: &str) -> String {
        format!(
            r#"
name = "{name}"
[backup]
url = "backup"
{plugins}
[target]
brokers = "{servers}"
topics = {{ orders = "{topic}" }}
{rest}
[progress]
topic = "{name}-progress"
"#,
            name = self.name,
            servers = self.cluster.servers(),
            topic = self.topic,
        )
    }

    pub(crate) fn command(&self, verb: &str, job: &str) -> Command {
        let path = self.folder.path().join(format!("job-{}.toml", job.len()));
        fs::write(&path, job).unwrap();
        let mut command = anabranch().unwrap();
        command.arg(verb).arg(path).args(["--output", "json"]).current_dir(self.folder.path());
        command
    }

    /// Restores to the end and gives the summary.
    pub(crate) fn restore(&self, job: &str) -> Value {
        let output = self.command("restore", job).output().unwrap();
        complete(&output)
    }

    /// Fails unless the target holds what it must by `verify`, too.
    pub(crate) fn verify(&self, job: &str) {
        let output = self.command("verify", job).output().unwrap();
        assert!(output.status.success(), "{}{}", said(&output), String::from_utf8_lossy(&output.stdout));
    }

    /// Fails to restore, with this exit code, and gives what it said.
    pub(crate) fn fail(&self, job: &str, code: i32) -> String {
        let output = self.command("restore", job).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        said(&output)
    }

    /// What `read_committed` consumers see of a topic.
    pub(crate) fn read(&self, topic: &str) -> BTreeMap<i32, Vec<Record>> {
        self.cluster.settle(topic).unwrap();
        self.cluster.read(topic).unwrap()
    }

    /// The values of the target topic.
    pub(crate) fn values(&self) -> Values {
        let text = |record: Record| String::from_utf8(record.value.unwrap()).unwrap();
        let records = self.read(&self.topic);
        records.into_iter().map(|(partition, list)| (partition, list.into_iter().map(text).collect())).collect()
    }

    /// The lines of all records for which `is_wanted` holds.
    pub(crate) fn lines(&self, is_wanted: impl Fn(i64) -> bool) -> Values {
        let of = |source| (0..self.records).filter(|offset| is_wanted(*offset)).flat_map(move |at| lines(source, at));
        (0..SOURCES).map(|source| (source, of(source).collect())).collect()
    }

    /// Paths of the files below a folder, hidden ones among them.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path.to_str().unwrap().to_owned()) }
            }
        }
        found.sort();
        found
    }
}

/// One to three lines, each a number; every tenth record has one that is none.
pub(crate) fn lines(source: i32, offset: i64) -> Vec<String> {
    let bad = if is_bad(offset) { "x" } else { "" };
    let last = offset % 3;
    (0..=last).map(|n| format!("{}1{source}{offset:06}{n}", if n == last { bad } else { "" })).collect()
}

pub(crate) fn is_bad(offset: i64) -> bool {
    offset % 10 == 4
}

/// Fans out, and then rejects lines that are not JSON.
pub(crate) fn fan_out_and_mask() -> String {
    format!("{}[[plugin]]\npath = \"{}\"\nparameters = {{ redact = [\"..secret\"] }}\n", fan_out(), guest("mask"))
}

pub(crate) fn fan_out() -> String {
    format!("[[plugin]]\npath = \"{}\"\n", guest("guest-fan-out"))
}

pub(crate) fn guest(name: &str) -> String {
    plugin(name).unwrap().display().to_string()
}

/// The summary of a restore that is complete.
pub(crate) fn complete(output: &Output) -> Value {
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let sets_aside = |aside: &Value| aside["records"].as_u64().is_some_and(|records| records > 0);
    let aside = sets_aside(&summary["set_aside"]) || sets_aside(&summary["before"]["set_aside"]);
    assert_eq!(output.status.code(), Some(if aside { 4 } else { 0 }), "{}", said(output));
    summary
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All values of a topic's partition, sorted: those of a second restore come behind those of the first.
pub(crate) fn sorted(values: Values) -> Values {
    values
        .into_iter()
        .map(|(partition, mut list)| {
            list.sort();
            (partition, list)
        })
        .collect()
}

/// What was set aside: cause, reason and number of records.
pub(crate) fn told(summary: &Value) -> Vec<(String, String, u64)> {
    let reasons = summary["set_aside"]["reasons"].as_array().unwrap();
    let told = |each: &Value| {
        let text = |name: &str| each[name].as_str().unwrap().to_owned();
        (text("cause"), text("reason"), each["records"].as_u64().unwrap())
    };
    reasons.iter().map(told).collect()
}

/// Key and value of a record of [`lines`].
pub(crate) fn ordinary(source: i32, offset: i64) -> (Option<String>, String) {
    (Some(format!("{source}-{}", offset % 17)), lines(source, offset).join("\n"))
}
