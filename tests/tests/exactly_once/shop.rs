//! A job that filters, fans out and re-routes over several partitions, and what must come of it, worked out without
//! plugins, lanes or Kafka.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anabranch::route::by_key;
use anabranch_tests::binaries::{anabranch, plugin};
use anabranch_tests::kafka::Cluster;
use anabranch_tests::object_store::S3Server;
use serde_json::Value;
use tempfile::TempDir;

const SOURCES: i32 = 4;
const PARTITIONS: i32 = 3;

/// One job with a backup, topics and a name of its own.
pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) cluster: &'static Cluster,
    pub(crate) name: String,
    pub(crate) topics: [String; 2],
    /// The topic of its progress; one that another test leaves a transaction open in would hold it up.
    pub(crate) progress: String,
    records: i64,
    backup: String,
    settings: String,
    resources: String,
    /// Whether it may be restored into topics that are not empty.
    among_others: bool,
    starts: AtomicU32,
}

/// Keys and values by target topic, target partition and source partition, in order.
type Records = BTreeMap<(String, i32, i32), Vec<(String, String)>>;

impl Shop {
    /// With so many records in each of four source partitions, each in three files.
    pub(crate) fn new(records: i64) -> Self {
        Self::on(Cluster::plain(), records)
    }

    /// The same on this cluster.
    pub(crate) fn on(cluster: &'static Cluster, records: i64) -> Self {
        let folder = TempDir::new().unwrap();
        for source in 0..SOURCES {
            let place = folder.path().join(format!("backup/orders/{source}"));
            fs::create_dir_all(&place).unwrap();
            let a_file = records / 3 + 1;
            for first in (0..records).step_by(usize::try_from(a_file).unwrap()) {
                let lines = (first..(first + a_file).min(records)).fold(String::new(), |mut lines, offset| {
                    let (key, value) = (key(source, offset), value(source, offset));
                    let value = value.replace('\n', "\\n");
                    writeln!(
                        lines,
                        r#"{{"topic":"orders","partition":{source},"offset":{offset},"timestamp":1700000000000,"key":"{key}","value":"{value}"}}"#
                    )
                    .unwrap();
                    lines
                });
                fs::write(place.join(format!("{first}.jsonl")), lines).unwrap();
            }
        }
        let topics = ["orders", "vip"].map(|stem| cluster.topic(stem, PARTITIONS, &[]).unwrap());
        let name = cluster.topic_name("shop");
        Self {
            progress: format!("{name}-progress"),
            folder,
            cluster,
            name,
            topics,
            records,
            backup: "url = \"backup\"".to_owned(),
            settings: String::new(),
            resources: String::new(),
            among_others: false,
            starts: AtomicU32::new(0),
        }
    }

    /// With its backup on an S3 server instead of this machine.
    pub(crate) fn stored_on(mut self, server: &S3Server, options: &str) -> Self {
        for (key, content) in self.files() {
            server.put("backups", &key, content).unwrap();
        }
        self.backup = format!("url = \"s3://backups\"\n[backup.store]\n{}{options}", server.lines());
        self
    }

    /// The files of the backup, by path.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let root = self.folder.path().join("backup");
        let folders = (0..SOURCES).map(|source| format!("orders/{source}"));
        let names = |folder: String| {
            let entries = fs::read_dir(root.join(&folder)).unwrap().map(|entry| entry.unwrap().file_name());
            entries.map(|name| format!("{folder}/{}", name.to_str().unwrap())).collect::<Vec<_>>()
        };
        let paths = folders.flat_map(names);
        paths.map(|path| (path.clone(), fs::read(root.join(&path)).unwrap())).collect()
    }

    /// With these lines in `[target]`.
    pub(crate) fn settings(mut self, lines: &str) -> Self {
        self.settings = lines.to_owned();
        self
    }

    /// Restored also into topics that are not empty.
    pub(crate) fn among_others(mut self) -> Self {
        self.among_others = true;
        self
    }

    /// With its progress in this topic.
    pub(crate) fn progress_in(mut self, topic: &str) -> Self {
        self.progress = topic.to_owned();
        self
    }

    /// With these lines at the end of the job file.
    pub(crate) fn resources(mut self, lines: &str) -> Self {
        self.resources = lines.to_owned();
        self
    }

    /// The job file, written anew with a change.
    pub(crate) fn job_with(&self, change: impl Fn(String) -> String) -> PathBuf {
        let text = format!(
            r#"
name = "{name}"
[backup]
{backup}
[[plugin]]
path = "{filter}"
[plugin.parameters]
prefix = "drop"
[[plugin]]
path = "{fan_out}"
[[plugin]]
path = "{route}"
[plugin.parameters]
rules = [{{ topic = "{vip}", key-prefix = "vip-" }}]
[target]
brokers = "{servers}"
partition = "key"
{settings}
[target.topics]
orders = "{orders}"
[progress]
topic = "{progress}"
{resources}
"#,
            name = self.name,
            backup = self.backup,
            filter = plugin("guest-value-filter").unwrap().display(),
            fan_out = plugin("guest-fan-out").unwrap().display(),
            route = plugin("route").unwrap().display(),
            servers = self.cluster.servers(),
            orders = self.topics[0],
            vip = self.topics[1],
            settings = self.settings,
            progress = self.progress,
            resources = self.resources,
        );
        let path = self.folder.path().join("job.toml");
        fs::write(&path, change(text)).unwrap();
        path
    }

    pub(crate) fn job(&self) -> PathBuf {
        self.job_with(|text| text)
    }

    pub(crate) fn command(&self, verb: &str, job: &Path) -> Command {
        let mut command = anabranch().unwrap();
        command.arg(verb).arg(job).args(["--output", "json"]).current_dir(self.folder.path());
        if self.among_others && verb == "restore" {
            command.args(["--allow", "target-not-empty"]);
        }
        command
    }

    /// Starts a restore and leaves it running.
    pub(crate) fn start(&self) -> Running {
        self.start_with(|text| text)
    }

    /// The same with a change in the job file.
    pub(crate) fn start_with(&self, change: impl Fn(String) -> String) -> Running {
        let said = self.folder.path().join(format!("said-{}", self.starts.fetch_add(1, Ordering::Relaxed)));
        let mut command = self.command("restore", &self.job_with(change));
        let child = command.stdout(Stdio::piped()).stderr(File::create(&said).unwrap()).spawn().unwrap();
        Running { child, said }
    }

    /// Restores to the end and gives the summary.
    pub(crate) fn restore(&self) -> Value {
        let output = self.command("restore", &self.job()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Fails unless the topics hold what they must, each record once and in order.
    pub(crate) fn check(&self) {
        self.settle();
        let (wanted, found) = (self.wanted(), self.found());
        let places = |records: &Records| records.iter().map(|(place, list)| (place.clone(), list.len())).collect();
        let (many, few): (Vec<_>, Vec<_>) = (places(&found), places(&wanted));
        assert_eq!(many, few, "records by target topic, partition and source partition, found and wanted");
        for (place, wanted) in &wanted {
            let differs = wanted.iter().zip(&found[place]).position(|(wanted, found)| wanted != found);
            assert_eq!(differs, None, "{place:?}");
        }
    }

    /// Waits until what is committed is visible; for when nothing runs.
    pub(crate) fn settle(&self) {
        self.topics.iter().for_each(|topic| self.cluster.settle(topic).unwrap());
    }

    /// What must be there.
    pub(crate) fn wanted(&self) -> Records {
        let mut records = Records::new();
        for source in 0..SOURCES {
            for offset in 0..self.records {
                let (key, value) = (key(source, offset), value(source, offset));
                let topic = &self.topics[usize::from(key.starts_with("vip-"))];
                let partition = by_key(key.as_bytes(), PARTITIONS);
                for line in value.lines().filter(|_| !value.starts_with("drop")) {
                    let place = (topic.clone(), partition, source);
                    records.entry(place).or_default().push((key.clone(), line.to_owned()));
                }
            }
        }
        records
    }

    /// What `read_committed` consumers see.
    pub(crate) fn found(&self) -> Records {
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap()).unwrap();
        let mut records = Records::new();
        for topic in &self.topics {
            for (partition, list) in self.cluster.read(topic).unwrap() {
                for record in list {
                    let value = text(record.value);
                    let source = value.split(['-', ' ']).nth(1).unwrap().parse().unwrap();
                    records.entry((topic.clone(), partition, source)).or_default().push((text(record.key), value));
                }
            }
        }
        records
    }

    /// Records of the backup.
    pub(crate) fn source_records(&self) -> u64 {
        (self.records * i64::from(SOURCES)).unsigned_abs()
    }

    /// About how many records `read_committed` consumers see; much quicker than to count them.
    pub(crate) fn committed(&self) -> i64 {
        self.topics.iter().flat_map(|topic| self.cluster.committed(topic).unwrap_or_default()).sum()
    }

    /// How many records `read_committed` consumers see.
    pub(crate) fn visible(&self) -> usize {
        self.found().values().map(Vec::len).sum()
    }
}

fn key(source: i32, offset: i64) -> String {
    let customer = offset * 7 % 23;
    if offset % 6 == 0 { format!("vip-{source}-{customer}") } else { format!("{source}-{customer}") }
}

/// Up to three lines; every fifth is to be dropped.
fn value(source: i32, offset: i64) -> String {
    let verb = if offset % 5 == 0 { "drop" } else { "order" };
    let lines: Vec<String> = (0..offset % 4).map(|line| format!("{verb} {source}-{offset}-{line}")).collect();
    lines.join("\n")
}

/// A restore under way.
pub(crate) struct Running {
    pub(crate) child: Child,
    said: PathBuf,
}

impl Running {
    /// What it said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }

    /// Waits until it says something, or has ended.
    pub(crate) fn until(&mut self, what: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.said().contains(what) && self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "no `{what}`: {}", self.said());
            wait(5);
        }
    }

    /// Waits until records flow.
    pub(crate) fn until_it_flows(&mut self) {
        self.until("progress is kept as");
    }

    /// Waits until something is committed.
    pub(crate) fn until_it_writes(&mut self, shop: &Shop) {
        self.until_it_flows();
        while shop.committed() == 0 {
            assert!(self.child.try_wait().unwrap().is_none(), "{}", self.said());
            wait(5);
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Stops it where a transaction of its own is open, and stays so: between two of them nothing can expire.
    pub(crate) fn stop_in_a_transaction(&mut self, shop: &Shop) {
        loop {
            assert!(self.child.try_wait().unwrap().is_none(), "it has ended: {}", self.said());
            self.signal("STOP");
            // One whose end was asked for already has the time to come to it.
            wait(300);
            if shop.topics.iter().any(|topic| shop.cluster.is_open(topic).unwrap()) {
                return;
            }
            self.signal("CONT");
            wait(10);
        }
    }

    /// Waits for its end: the exit code, what it said, and its summary.
    pub(crate) fn end(self) -> (Option<i32>, String, Option<Value>) {
        let output = self.child.wait_with_output().unwrap();
        let said = fs::read_to_string(&self.said).unwrap();
        (output.status.code(), said, serde_json::from_slice(&output.stdout).ok())
    }

    /// Sends a signal and fails unless it stops within so many seconds: what it said, and its summary.
    pub(crate) fn stops_within(self, seconds: u64, signal: &str) -> (String, Option<Value>) {
        let asked = Instant::now();
        self.signal(signal);
        let (code, said, summary) = self.end();
        assert!(asked.elapsed() < Duration::from_secs(seconds), "{:?}", asked.elapsed());
        assert_eq!(code, Some(1), "{said}");
        (said, summary)
    }
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn wait(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
