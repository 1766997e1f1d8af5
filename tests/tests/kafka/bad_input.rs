//! What a cluster does not take or let in ends a restore with a message and an exit code, through the binary.

use std::fs;
use std::path::Path;

use anabranch_tests::kafka::{Cluster, USER};
use anabranch_tests::run::run;
use insta::assert_snapshot;
use tempfile::TempDir;

/// A backup of two partitions with two records each; the second record of partition 1 has 5,000 bytes.
fn backup() -> TempDir {
    let folder = TempDir::new().unwrap();
    let line = |partition: i32, offset: i64, value: &str| {
        format!(r#"{{"topic":"orders","partition":{partition},"offset":{offset},"key":"a","value":"{value}"}}"#) + "\n"
    };
    fs::create_dir(folder.path().join("backup")).unwrap();
    let large = "x".repeat(5000);
    let lines = [line(0, 0, "a"), line(0, 1, "b"), line(1, 0, "c"), line(1, 1, &large)].concat();
    fs::write(folder.path().join("backup/orders.jsonl"), lines).unwrap();
    folder
}

/// Restores it; names that differ from run to run are replaced.
fn restore(folder: &Path, servers: &str, arguments: &[&str], names: &[(&str, &str)]) -> String {
    let all = ["restore", "--backup", "backup", "--brokers", servers];
    let run = run(folder, &[&all, arguments].concat()).unwrap();
    assert!(run.took.as_secs() < 30, "it took {:?}: {run}", run.took);
    assert!(!run.stderr.contains("wrong-password"), "{run}");
    let mut text = run.to_string().replace(servers, "<servers>");
    // How long it took, and how often.
    if let Some(start) = text.find(" (after ") {
        let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        text.replace_range(start..end, "");
    }
    names.iter().fold(text, |text, (name, shown)| text.replace(name, shown))
}

#[test]
fn a_topic_that_does_not_exist() {
    let folder = backup();
    assert_snapshot!(restore(folder.path(), Cluster::plain().servers(), &["--map", "orders=not-there"], &[]), @r"
    exit 2
    error: the target has no topic `not-there`
    hint: create them, map them in `target.topics`, or have them created with `[target.create]`
    ");
}

#[test]
fn a_partition_that_the_target_lacks() {
    let topic = Cluster::plain().topic("narrow", 1, &[]).unwrap();
    let map = format!("orders={topic}");
    let said = restore(backup().path(), Cluster::plain().servers(), &["--map", &map], &[(&topic, "<topic>")]);
    assert_snapshot!(said, @r"
    exit 2
    error: orders-1: topic `<topic>` has no partition 1, only 1 of them from 0
    hint: add partitions to the topic, or set `target.partition` to `key`
    ");
}

#[test]
fn a_record_over_the_topic_s_limit() {
    let cluster = Cluster::plain();
    let topic = cluster.topic("small", 2, &[("max.message.bytes", "2000")]).unwrap();
    let map = format!("orders={topic}");
    let said = restore(backup().path(), cluster.servers(), &["--map", &map], &[(&topic, "<topic>")]);
    assert_snapshot!(said, @r"
    exit 1
    error: the restore does not start: record-too-large
    hint: orders-1 holds a record of 5001 bytes, and topic `<topic>` takes 2000 (raise `max.message.bytes` of the topic, or set it in `[target.while_restoring]`); to restore in spite of it: --allow record-too-large
    ");
    assert_eq!(cluster.read(&topic).unwrap().values().map(Vec::len).sum::<usize>(), 0);
    // Allowed, it is caught before it is produced.
    let allowed = ["--map", &map, "--allow", "record-too-large"];
    assert_snapshot!(restore(backup().path(), cluster.servers(), &allowed, &[(&topic, "<topic>")]), @r"
    exit 1
    error: orders-1@1: 5071 bytes as a record batch, more than `<topic>` takes with 2000
    hint: raise `max.message.bytes` of the topic to 5071 or more
    ");
}

#[test]
fn no_broker() {
    assert_snapshot!(restore(backup().path(), "127.0.0.1:1", &[], &[]), @r#"
    exit 3
    error: no answer from Kafka at `<servers>` within 10 s: <servers>/bootstrap: Connect to ipv4#<servers> failed: Connection refused
    hint: check `target.brokers` and `security.protocol`; `target.properties."socket.connection.setup.timeout.ms"` sets how long is tried
    "#);
    assert_snapshot!(restore(backup().path(), "no-such-host.invalid:9092", &[], &[]), @r#"
    exit 3
    error: no answer from Kafka at `<servers>` within 10 s: <servers>/bootstrap: Failed to resolve '<servers>': Name or service not known
    hint: check `target.brokers` and `security.protocol`; `target.properties."socket.connection.setup.timeout.ms"` sets how long is tried
    "#);
}

#[test]
fn a_wrong_password() {
    let cluster = Cluster::secure();
    let ca = format!("ssl.ca.location={}", cluster.ca().display());
    let user = format!("sasl.username={USER}");
    let security =
        ["security.protocol=SASL_SSL", &ca, &user, "sasl.mechanism=SCRAM-SHA-256", "sasl.password=wrong-password"];
    let arguments: Vec<&str> = security.iter().flat_map(|property| ["--property", property]).collect();
    assert_snapshot!(restore(backup().path(), cluster.secure_servers(), &arguments, &[]), @r"
    exit 3
    error: Kafka at `<servers>` does not accept the credentials: sasl_ssl://<servers>/bootstrap: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256
    hint: check `sasl.mechanism`, `sasl.username` and `sasl.password` under `target.properties`
    ");
}

#[test]
fn a_wrong_certificate() {
    let cluster = Cluster::secure();
    let other = cluster.ca().with_file_name("other-ca.pem").display().to_string();
    let (ca, user) = (format!("ssl.ca.location={other}"), format!("sasl.username={USER}"));
    let security = ["security.protocol=SASL_SSL", &ca, &user, "sasl.mechanism=PLAIN", "sasl.password=wrong-password"];
    let arguments: Vec<&str> = security.iter().flat_map(|property| ["--property", property]).collect();
    let said = restore(backup().path(), cluster.secure_servers(), &arguments, &[(&other, "<ca>")]);
    assert_snapshot!(said, @r"
    exit 3
    error: no TLS connection to Kafka at `<servers>`: sasl_ssl://<servers>/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed (install ca-certificates package)
    hint: check `ssl.ca.location` (or `ssl.ca.pem`) and that the certificate names the host of `target.brokers`
    ");
}
