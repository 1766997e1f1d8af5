//! Merged lanes: partitions and folders of a topic by timestamp, killed and gone on with, and compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anabranch::route::by_key;
use anabranch_tests::binaries::{anabranch, plugin};
use anabranch_tests::kafka::Cluster;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::documented::assert_documented;
use crate::shop::{said, wait};

/// Partitions of the target: fewer than the backup has.
const PARTITIONS: i32 = 2;
/// Kills until it is left alone.
const KILLS: u32 = 4;

/// What the backup tells of its parts.
#[derive(Clone, Copy, PartialEq)]
enum Parts {
    Partitions,
    Folders,
}

/// A record as it should arrive, or did: key and value.
type Record = (String, String);

/// One job with a backup, a topic and a name of its own.
struct Merged {
    folder: TempDir,
    cluster: &'static Cluster,
    topic: String,
    /// By part and place in it: timestamps, where there is one, keys and values.
    backup: Vec<Vec<(Option<i64>, String, String)>>,
}

impl Merged {
    /// With so many records in each of five parts, interleaved by timestamp; some come late, and some have none.
    fn new(parts: Parts, records: i64) -> Self {
        let (folder, cluster) = (TempDir::new().unwrap(), Cluster::plain());
        let mut random = Pcg32::new(7, 0);
        let record = |part: i64, place: i64, random: &mut Pcg32| {
            let due = 1_700_000_000_000 + (place * 5 + part) * 10;
            let timestamp = match random.next_u32() % 20 {
                0 => None,
                1 => Some(due - i64::from(random.next_u32() % 3000)),
                2..8 => Some(due - due % 1000),
                _ => Some(due + i64::from(random.next_u32() % 50)),
            };
            let (key, verb) = (random.next_u32() % 40, if place % 6 == 0 { "drop" } else { "order" });
            let lines: Vec<String> = (0..place % 3).map(|line| format!("{verb} {part}-{place}-{line}")).collect();
            (timestamp, format!("k{key}"), lines.join("\n"))
        };
        let backup: Vec<Vec<_>> =
            (0..5).map(|part| (0..records).map(|place| record(part, place, &mut random)).collect()).collect();
        for (part, list) in backup.iter().enumerate() {
            let place = match parts {
                Parts::Partitions => format!("backup/orders/{part}"),
                Parts::Folders => format!("backup/country={part}"),
            };
            fs::create_dir_all(folder.path().join(&place)).unwrap();
            let a_file = list.len() / 3 + 1;
            for (file, records) in list.chunks(a_file).enumerate() {
                let mut lines = String::new();
                for (row, (timestamp, key, value)) in records.iter().enumerate() {
                    let offset = file * a_file + row;
                    let own = match parts {
                        Parts::Partitions => format!(r#""topic":"orders","partition":{part},"offset":{offset},"#),
                        Parts::Folders => String::new(),
                    };
                    let timestamp = timestamp.map_or("null".to_owned(), |timestamp| timestamp.to_string());
                    let value = value.replace('\n', "\\n");
                    writeln!(lines, r#"{{{own}"timestamp":{timestamp},"key":"{key}","value":"{value}"}}"#).unwrap();
                }
                fs::write(folder.path().join(format!("{place}/{}.jsonl", file * a_file)), lines).unwrap();
            }
        }
        let topic = cluster.topic("merged", PARTITIONS, &[]).unwrap();
        let merged = Self { folder, cluster, topic, backup };
        merged.write_job(parts, "transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 1 }");
        merged
    }

    fn write_job(&self, parts: Parts, settings: &str) {
        let job = format!(
            r#"
name = "{topic}"
[backup]
url = "backup"
{backup}
[[plugin]]
path = "{filter}"
[plugin.parameters]
prefix = "drop"
[[plugin]]
path = "{fan_out}"
[target]
brokers = "{servers}"
order = "timestamp"
partition = "key"
provenance = true
{settings}
[target.topics]
orders = "{topic}"
[progress]
topic = "{topic}-progress"
[resources]
bytes_in_flight = "256 KiB"
"#,
            topic = self.topic,
            backup = if parts == Parts::Folders { "topic = \"orders\"" } else { "" },
            filter = plugin("guest-value-filter").unwrap().display(),
            fan_out = plugin("guest-fan-out").unwrap().display(),
            servers = self.cluster.servers(),
        );
        fs::write(self.folder.path().join("job.toml"), job).unwrap();
    }

    /// Changes the job file.
    fn change(&self, from: &str, to: &str) {
        let path = self.folder.path().join("job.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = anabranch().unwrap();
        command.args([verb, "job.toml", "--output", "json"]).current_dir(self.folder.path());
        command
    }

    /// Runs a command that has to succeed, and gives what it tells.
    fn told(&self, verb: &str) -> Value {
        let output = self.command(verb).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a restore and kills it so many milliseconds after it has committed something more; whether it was killed
    /// before it was done.
    fn kill_after(&self, milliseconds: u64) -> bool {
        let before: i64 = self.cluster.committed(&self.topic).unwrap().iter().sum();
        let mut running = self.command("restore").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.cluster.committed(&self.topic).unwrap().iter().sum::<i64>() == before
            && running.try_wait().unwrap().is_none()
        {
            assert!(Instant::now() < deadline, "nothing is committed");
            wait(5);
        }
        wait(milliseconds);
        let over = running.try_wait().unwrap();
        assert!(over.is_none_or(|status| status.success()), "{over:?}");
        running.kill().unwrap();
        running.wait().unwrap();
        over.is_none()
    }

    /// What has to lie in each target partition: the earliest of the records that are next in each part, of equal ones that
    /// of the lower part.
    fn wanted(&self) -> BTreeMap<i32, Vec<Record>> {
        let mut next = vec![0; self.backup.len()];
        let mut wanted = BTreeMap::<i32, Vec<Record>>::new();
        loop {
            let heads = self.backup.iter().enumerate().filter_map(|(part, list)| {
                let (timestamp, ..) = list.get(next[part])?;
                Some((timestamp.unwrap_or(-1), part))
            });
            let Some((_, part)) = heads.min() else { return wanted };
            let (_, key, value) = &self.backup[part][next[part]];
            next[part] += 1;
            let list = wanted.entry(by_key(key.as_bytes(), PARTITIONS)).or_default();
            list.extend(
                value.lines().filter(|_| !value.starts_with("drop")).map(|line| (key.clone(), line.to_owned())),
            );
        }
    }

    /// Fails unless the topic holds what it must, once and in the order of the merge.
    fn check(&self) {
        self.cluster.settle(&self.topic).unwrap();
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap()).unwrap();
        let found = self.cluster.read(&self.topic).unwrap();
        for (partition, wanted) in self.wanted() {
            let found: Vec<Record> =
                found[&partition].iter().map(|r| (text(r.key.clone()), text(r.value.clone()))).collect();
            assert_eq!(found.len(), wanted.len(), "records in partition {partition}");
            let differs = found.iter().zip(&wanted).position(|(found, wanted)| found != wanted);
            assert_eq!(differs.map(|at| (&found[at], &wanted[at])), None, "partition {partition} at {differs:?}");
        }
    }

    /// Compares as `verify` does: there has to be no difference and no copy.
    fn verify(&self, complete: bool) -> Value {
        let document = self.told("verify");
        assert_eq!((&document["equal"], &document["complete"]), (&true.into(), &complete.into()), "{document}");
        assert_eq!(document["records"]["expected"], document["records"]["found"], "{document}");
        document
    }
}

/// Killed and started again until it is done, and compared halfway and at its end. How much a machine restores between
/// two kills is its own affair: where nothing is left after the last one, it is tried with twice as many records.
fn killed_and_gone_on_with(parts: Parts) {
    for records in [3000, 6000, 12_000, 24_000, 48_000] {
        let merged = Merged::new(parts, records);
        let mut random = Pcg32::new(1, 0);
        let killed = (0..KILLS).all(|_| merged.kill_after(u64::from(random.next_u32() % 150)));
        if killed && merged.told("verify")["complete"] == false {
            return gone_on_with(&merged);
        }
    }
    panic!("it was over too soon to show anything");
}

/// Goes on with a restore that was killed halfway, and compares it then and at its end.
fn gone_on_with(merged: &Merged) {
    let halfway = merged.verify(false);
    let status = merged.told("status");
    assert_documented(&status);
    let lanes = status["jobs"][0]["lanes"].as_array().unwrap();
    assert_eq!((lanes.len(), &lanes[0]["source"]), (1, &"orders".into()), "{status}");
    assert_eq!(lanes[0]["up_to"].as_str().unwrap().matches("orders").count(), 5, "where each part stands: {status}");
    let plan = merged.told("plan");
    assert_documented(&plan);
    assert_eq!(plan["start"]["at"], "last-commit");
    assert_eq!(plan["start"]["files"], 15);
    let summary = merged.told("restore");
    assert_documented(&summary);
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0, "it began anew");
    let records: usize = merged.backup.iter().map(Vec::len).sum();
    let read = |of: &Value| of["read"]["records"].as_u64().unwrap();
    assert_eq!(read(&summary) + read(&summary["before"]), records as u64);
    merged.check();
    let document = merged.verify(true);
    assert!(halfway["records"]["found"].as_u64() < document["records"]["found"].as_u64());
    assert_eq!(document["duplicates"], "none", "{document}");
}

#[test]
fn merged_partitions_arrive_once_and_by_timestamp_whatever_is_killed_and_whenever() {
    killed_and_gone_on_with(Parts::Partitions);
}

#[test]
fn merged_folders_arrive_once_and_by_timestamp_whatever_is_killed_and_whenever() {
    killed_and_gone_on_with(Parts::Folders);
}

#[test]
fn a_job_does_not_go_on_with_lanes_that_were_merged_or_are_now() {
    let merged = Merged::new(Parts::Partitions, 6000);
    let refused = |what: &str| {
        for verb in ["plan", "restore", "verify"] {
            let output = merged.command(verb).args(["--allow", "changed-map"]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            assert!(said(&output).contains(what), "{}", said(&output));
        }
    };
    assert!(merged.kill_after(0));
    merged.change("order = \"timestamp\"", "order = \"key\"");
    refused("its progress in `orders` is that of all its parts merged, and now each has its own");
    let output: Output = merged.command("forget").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    // What the first run wrote is still there.
    merged.change("[backup]\n", "allow = [\"target-not-empty\"]\n[backup]\n");
    assert!(merged.kill_after(0));
    merged.change("order = \"key\"", "order = \"timestamp\"");
    refused("is its own, and now partitions are merged");
}
