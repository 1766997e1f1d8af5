//! A part of a backup, restored by several runs: what is relative to the first start stays what it was.

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anabranch_tests::binaries::anabranch;
use anabranch_tests::kafka::Cluster;
use serde_json::Value;
use tempfile::TempDir;

use crate::shop::{said, wait};

const RECORDS: i64 = 40_000;
/// Milliseconds from one record to the next.
const TICK: i64 = 3;

/// A backup of two partitions, and a job that takes a part of it.
struct Ticks {
    folder: TempDir,
    cluster: &'static Cluster,
    topic: String,
    /// The timestamp of the first offset.
    first: i64,
    job: String,
}

impl Ticks {
    /// What `select` says is taken of them; the first one is of `first`, which is told once the cluster is there.
    fn new(first: impl FnOnce() -> i64, select: &str) -> Self {
        let (folder, cluster) = (TempDir::new().unwrap(), Cluster::plain());
        let first = first();
        fs::create_dir(folder.path().join("backup")).unwrap();
        let topic = cluster.topic("ticks", 2, &[]).unwrap();
        let job = format!(
            r#"
name = "{topic}"
[backup]
url = "backup"
[select]
key_prefixes = ["k1", "k4", "k7"]
{select}
[target]
brokers = "{}"
transactions.age = "20ms"
properties = {{ "linger.ms" = 5 }}
[target.topics]
ticks = "{topic}"
[progress]
topic = "{topic}-progress"
[resources]
bytes_in_flight = "64 KiB"
"#,
            cluster.servers()
        );
        let ticks = Self { folder, cluster, topic, first, job };
        ticks.write_job(&ticks.job);
        ticks
    }

    fn write_job(&self, job: &str) {
        fs::write(self.folder.path().join("job.toml"), job).unwrap();
    }

    /// Writes a file of each partition.
    fn write(&self, offsets: Range<i64>) {
        for partition in 0..2 {
            let lines = offsets.clone().fold(String::new(), |mut lines, offset| {
                let (timestamp, key) = (self.first + offset * TICK, offset % 9);
                writeln!(
                    lines,
                    r#"{{"topic":"ticks","partition":{partition},"offset":{offset},"timestamp":{timestamp},"key":"k{key}","value":"{offset}"}}"#
                )
                .unwrap();
                lines
            });
            fs::write(self.folder.path().join(format!("backup/{partition}-{}.jsonl", offsets.start)), lines).unwrap();
        }
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = anabranch().unwrap();
        command.args([verb, "job.toml", "--output", "json"]).current_dir(self.folder.path());
        command
    }

    fn document(&self, verb: &str) -> Value {
        let output = self.command(verb).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Begins to restore, and kills that once something is committed.
    fn restore_and_kill(&self) {
        let mut running = self.command("restore").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.cluster.committed(&self.topic).unwrap().iter().all(|end| *end == 0) {
            let is_running = running.try_wait().unwrap().is_none();
            assert!(Instant::now() < deadline && is_running, "it was over before it was killed");
            wait(5);
        }
        running.kill().unwrap();
        running.wait().unwrap();
    }

    /// The target has these of both partitions, in this order, and `verify` says so too.
    fn has(&self, due: &[String]) {
        self.cluster.settle(&self.topic).unwrap();
        for (partition, list) in self.cluster.read(&self.topic).unwrap() {
            let found: Vec<String> =
                list.into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect();
            assert!(found == due, "{partition}: {} records, and {} are due", found.len(), due.len());
        }
        let verified = self.document("verify");
        assert_eq!((&verified["equal"], &verified["records"]["expected"]), (&true.into(), &(2 * due.len()).into()));
    }

    fn refused(&self) -> Output {
        let refused = self.command("restore").output().unwrap();
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        refused
    }
}

/// Whether the keys of [`Ticks`] that are taken are those of an offset.
fn is_taken(offset: i64) -> bool {
    [1, 4, 7].contains(&(offset % 9))
}

#[test]
fn now_is_the_first_start_for_every_run_and_for_verify() {
    // From a while ago to some time to come.
    let first = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64 - RECORDS / 3 * TICK;
    let ticks = Ticks::new(first, r#"until = "now""#);
    ticks.write(0..RECORDS);
    ticks.restore_and_kill();
    let summary = ticks.document("restore");
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0);
    let status = ticks.document("status");
    let started = status["jobs"][0]["started"].as_i64().unwrap();
    let due: Vec<String> = (0..RECORDS)
        .filter(|offset| ticks.first + offset * TICK < started && is_taken(*offset))
        .map(|offset| offset.to_string())
        .collect();
    assert!(due.len() > 1000 && due.len() < RECORDS as usize / 3);
    ticks.has(&due);

    // Something else under the same name is another job.
    ticks.write_job(&ticks.job.replace("\"k1\", ", ""));
    let refused = said(&ticks.refused());
    assert!(refused.contains("changed-map") && refused.contains("another selection"), "{refused}");
}

#[test]
fn the_last_records_are_those_of_the_first_start_also_where_the_backup_has_grown() {
    let ticks = Ticks::new(|| 1_790_863_200_000, "last = 9000");
    ticks.write(0..RECORDS / 2);
    ticks.write(RECORDS / 2..RECORDS);
    ticks.restore_and_kill();
    ticks.write(RECORDS..RECORDS + 1000);
    let refused = said(&ticks.refused());
    assert!(refused.contains("changed-source"), "{refused}");
    ticks.write_job(&format!("allow = [\"changed-source\"]\n{}", ticks.job));
    let summary = ticks.document("restore");
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0);
    let taken: Vec<String> = (0..RECORDS).filter(|offset| is_taken(*offset)).map(|offset| offset.to_string()).collect();
    ticks.has(taken.get(taken.len() - 9000..).unwrap());
}
