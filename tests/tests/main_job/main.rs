//! The main job, end to end: a backup in files, plugins from source, the binary, Apache Kafka, and a
//! reader that is not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod backup;
mod examples;
mod expected;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use anabranch_tests::binaries::{anabranch, plugin};
use anabranch_tests::kafka::Cluster;
use anabranch_tests::object_store::S3Server;
use backup::{Layout, ORDERS};
use serde_json::Value;
use tempfile::TempDir;

/// A job file that filters, masks and restores into `topic`, as many lanes at a time as there are.
fn job(folder: &Path, backup_url: &str, topic: &str, servers: &str) -> std::path::PathBuf {
    let text = format!(
        r#"
name = "{topic}"
[backup]
url = "{backup_url}"
[[plugin]]
path = "{filter}"
[[plugin]]
path = "{mask}"
[plugin.parameters]
redact = ["..email"]
[target]
brokers = "{servers}"
[target.topics]
orders = "{topic}"
[target.create]
"#,
        filter = plugin("drop-test-users").unwrap().display(),
        mask = plugin("mask").unwrap().display(),
    );
    let path = folder.join("job.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn restore(job: &Path, environment: &BTreeMap<String, String>) -> Output {
    let output = anabranch().unwrap().arg("restore").arg(job).args(["--output", "json"]).envs(environment).output();
    output.unwrap()
}

/// Runs the job and compares the topic, record by record, with what the plugins make of the backup.
fn comes_back(backup_url: &str, stem: &str, environment: &BTreeMap<String, String>) {
    let (cluster, folder) = (Cluster::plain(), TempDir::new().unwrap());
    let topic = cluster.topic_name(stem);
    let output = restore(&job(folder.path(), backup_url, &topic, cluster.servers()), environment);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let (wanted, dropped) = expected::records();
    let found = cluster.read(&topic).unwrap();
    assert_eq!(found.len(), ORDERS.partitions as usize);
    for (partition, records) in &found {
        let wanted = &wanted[partition];
        assert_eq!(records.len(), wanted.len(), "records of partition {partition}");
        for (record, wanted) in records.iter().zip(wanted) {
            let record = (&record.key, &record.value, &record.headers, record.timestamp);
            assert_eq!(record, (&wanted.key, &wanted.value, &wanted.headers, wanted.timestamp));
        }
    }

    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["read"]["records"], ORDERS.records);
    assert_eq!(summary["written"]["records"], ORDERS.records - dropped);
    let plugins = &summary["sources"][0]["plugins"];
    assert_eq!(plugins[0]["dropped"], serde_json::json!([{ "reason": "test user", "records": dropped }]));
    assert_eq!(plugins[1]["changed"], ORDERS.records - dropped);
}

#[test]
fn parquet_from_a_local_disk() {
    let folder = TempDir::new().unwrap();
    backup::write(folder.path(), Layout::Parquet);
    comes_back(&folder.path().display().to_string(), "from-parquet", &BTreeMap::new());
}

#[test]
fn compressed_lines_from_a_local_disk() {
    let folder = TempDir::new().unwrap();
    backup::write(folder.path(), Layout::Lines);
    comes_back(&folder.path().display().to_string(), "from-lines", &BTreeMap::new());
}

#[test]
fn avro_from_an_s3_server() {
    let folder = TempDir::new().unwrap();
    backup::write(folder.path(), Layout::Avro);
    let server = S3Server::start().unwrap();
    for (name, content) in backup::files(folder.path()) {
        server.put("backups", &format!("nightly/{name}"), content).unwrap();
    }
    comes_back("s3://backups/nightly", "from-avro", &server.environment());
}

#[test]
fn parquet_from_an_s3_server() {
    let folder = TempDir::new().unwrap();
    backup::write(folder.path(), Layout::Parquet);
    let server = S3Server::start().unwrap();
    for (name, content) in backup::files(folder.path()) {
        server.put("backups", &format!("nightly/{name}"), content).unwrap();
    }
    comes_back("s3://backups/nightly", "from-s3-parquet", &server.environment());
}
