//! A part of a backup, restored by several runs: what is relative to the first start stays what it was.

use std::fmt::Write as _;
use std::fs;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anabranch_tests::binaries::anabranch;
use anabranch_tests::kafka::Cluster;
use serde_json::Value;
use tempfile::TempDir;

use crate::shop::{said, wait};

const RECORDS: i64 = 40_000;

#[test]
fn now_is_the_first_start_for_every_run_and_for_verify() {
    let (folder, cluster) = (TempDir::new().unwrap(), Cluster::plain());
    // A record a millisecond, from a while ago to some time to come.
    let first = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64 - RECORDS / 2;
    fs::create_dir(folder.path().join("backup")).unwrap();
    for partition in 0..2 {
        let lines = (0..RECORDS).fold(String::new(), |mut lines, offset| {
            let (timestamp, key) = (first + offset, offset % 9);
            writeln!(
                lines,
                r#"{{"topic":"ticks","partition":{partition},"offset":{offset},"timestamp":{timestamp},"key":"k{key}","value":"{offset}"}}"#
            )
            .unwrap();
            lines
        });
        fs::write(folder.path().join(format!("backup/{partition}.jsonl")), lines).unwrap();
    }
    let topic = cluster.topic("ticks", 2, &[]).unwrap();
    let job = format!(
        r#"
name = "{topic}"
[backup]
url = "backup"
[select]
until = "now"
key_prefixes = ["k1", "k4", "k7"]
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
    fs::write(folder.path().join("job.toml"), &job).unwrap();
    let command = |verb: &str| {
        let mut command = anabranch().unwrap();
        command.args([verb, "job.toml", "--output", "json"]).current_dir(folder.path());
        command
    };
    let document = |output: Output| -> Value {
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let mut running = command("restore").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while cluster.committed(&topic).unwrap().iter().all(|end| *end == 0) {
        assert!(Instant::now() < deadline && running.try_wait().unwrap().is_none(), "it was over before it was killed");
        wait(5);
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let summary = document(command("restore").output().unwrap());
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0);
    let status = document(command("status").output().unwrap());
    let started = status["jobs"][0]["started"].as_i64().unwrap();
    cluster.settle(&topic).unwrap();
    let due: Vec<String> = (0..RECORDS)
        .filter(|offset| first + offset < started && [1, 4, 7].contains(&(offset % 9)))
        .map(|offset| offset.to_string())
        .collect();
    assert!(due.len() > 100 && due.len() < RECORDS as usize / 3);
    for (partition, list) in cluster.read(&topic).unwrap() {
        let found: Vec<String> =
            list.into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect();
        assert!(found == due, "{partition}: {} records, and {} are due", found.len(), due.len());
    }
    let verified = document(command("verify").output().unwrap());
    assert_eq!((&verified["equal"], &verified["records"]["expected"]), (&true.into(), &(2 * due.len()).into()));

    // Something else under the same name is another job.
    fs::write(folder.path().join("job.toml"), job.replace("\"k1\", ", "")).unwrap();
    let refused = command("restore").output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(
        said(&refused).contains("changed-map") && said(&refused).contains("another selection"),
        "{}",
        said(&refused)
    );
}
