//! A plugin with state, over a backup that knows neither partitions nor offsets: what it has seen is built again.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anabranch_tests::binaries::{anabranch, plugin};
use anabranch_tests::kafka::Cluster;
use tempfile::TempDir;

use crate::shop::{said, wait};

const FILES: usize = 3;
const A_FILE: usize = 8000;
const KEYS: usize = 7;

#[test]
fn state_is_built_again_where_a_restore_of_rows_goes_on_after_kill_9() {
    let (folder, cluster) = (TempDir::new().unwrap(), Cluster::plain());
    fs::create_dir(folder.path().join("backup")).unwrap();
    for file in 0..FILES {
        let lines = (file * A_FILE..(file + 1) * A_FILE).fold(String::new(), |mut lines, number| {
            writeln!(lines, r#"{{"key":"k{}","value":"{number}","timestamp":1700000000000}}"#, number % KEYS).unwrap();
            lines
        });
        fs::write(folder.path().join(format!("backup/{file}.jsonl")), lines).unwrap();
    }
    let topic = cluster.topic("counted", 2, &[]).unwrap();
    let job = format!(
        r#"
name = "{topic}"
[backup]
url = "backup"
topic = "events"
[[plugin]]
path = "{}"
[target]
brokers = "{}"
partition = "key"
transactions.age = "20ms"
properties = {{ "linger.ms" = 5 }}
[target.topics]
events = "{topic}"
[progress]
topic = "{topic}-progress"
[resources]
bytes_in_flight = "64 KiB"
"#,
        plugin("guest-running-count").unwrap().display(),
        cluster.servers(),
    );
    fs::write(folder.path().join("job.toml"), job).unwrap();
    let command = || {
        let mut command = anabranch().unwrap();
        command.args(["restore", "job.toml"]).current_dir(folder.path());
        command
    };
    let committed = || cluster.committed(&topic).unwrap().into_iter().sum::<i64>();
    let mut interrupted = 0;
    for _ in 0..2 {
        let before = committed();
        let mut running = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while committed() <= before && running.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "nothing is committed");
            wait(5);
        }
        interrupted += usize::from(running.try_wait().unwrap().is_none());
        running.kill().unwrap();
        running.wait().unwrap();
    }
    assert_eq!(interrupted, 2, "the restore was over before it could be killed");
    let output = command().output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    cluster.settle(&topic).unwrap();
    let mut records = 0;
    for (partition, list) in cluster.read(&topic).unwrap() {
        let mut seen = [0; KEYS];
        for record in list {
            let value: usize = String::from_utf8(record.value.unwrap()).unwrap().parse().unwrap();
            let key = value % KEYS;
            seen[key] += 1;
            records += 1;
            let number = record.headers.iter().find(|(name, _)| name == "number").unwrap().1.clone().unwrap();
            let position = format!("record {value} in partition {partition}");
            assert_eq!(String::from_utf8(number).unwrap(), seen[key].to_string(), "{position}");
            // The n-th record of a key is the n-th of the backup.
            assert_eq!(value, (seen[key] - 1) * KEYS + key, "{position}");
        }
    }
    assert_eq!(records, FILES * A_FILE);
}
