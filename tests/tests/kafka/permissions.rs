//! A user that lacks one permission: the restore ends with an error that names what to grant, and nothing of it is seen.

use std::fs;

use anabranch_tests::binaries::plugin;
use anabranch_tests::kafka::{Cluster, PASSWORD, Permission, RESTORER};
use anabranch_tests::run::{Run, run};
use insta::assert_snapshot;
use tempfile::TempDir;

/// Restores two records, of which a plugin rejects one, as this user into its topics, of which that of the progress is
/// there or not, in spite of what is found beforehand.
fn restore_as(user: &str, with_progress: bool) -> Run {
    run_as("restore", user, with_progress, &["--allow", "permission-missing"])
}

/// Runs a command for that job.
fn run_as(command: &str, user: &str, with_progress: bool, more: &[&str]) -> Run {
    let cluster = Cluster::secure();
    let there = cluster.partitions().unwrap();
    let create = |name: String, configs: &[_]| {
        if !there.contains_key(&name) {
            cluster.create(&name, 1, configs).unwrap();
        }
    };
    create(format!("target-{user}"), &[]);
    create(format!("dead-{user}"), &[]);
    if with_progress {
        create(format!("progress-{user}"), &[("cleanup.policy", "compact")]);
    }
    let folder = TempDir::new().unwrap();
    let lines = r#"{"topic":"orders","partition":0,"offset":0,"timestamp":1700000000000,"key":"a","value":"1"}
{"topic":"orders","partition":0,"offset":1,"timestamp":1700000000000,"key":"b","value":"not JSON"}"#;
    fs::write(folder.path().join("orders.jsonl"), lines).unwrap();
    let (ca, user_name) = (format!("ssl.ca.location={}", cluster.ca().display()), format!("sasl.username={user}"));
    let password = format!("sasl.password={PASSWORD}");
    let security = ["security.protocol=SASL_SSL", &ca, &user_name, "sasl.mechanism=SCRAM-SHA-256", &password];
    let (map, topic) = (format!("orders=target-{user}"), format!("progress-{user}"));
    let mut arguments = vec![command, "--backup", "orders.jsonl", "--brokers", cluster.secure_servers(), "--map", &map];
    arguments.extend(["--name", user, "--progress-topic", &topic]);
    let (mask, dead) = (plugin("mask").unwrap().display().to_string(), format!("topic:dead-{user}"));
    arguments.extend(["--plugin", &mask, "--param", "redact=[\"..secret\"]"]);
    arguments.extend(["--rejected", "dead-letter", "--dead-letters", &dead]);
    arguments.extend(security.iter().flat_map(|property| ["--property", property]));
    arguments.extend(more);
    run(folder.path(), &arguments).unwrap()
}

/// What is said to a user that lacks a permission.
fn told(lacked: Permission) -> String {
    let (cluster, user) = (Cluster::secure(), lacked.lacked_by());
    // As far as the cluster tells it, it is found before the start.
    let plan = run_as("plan", user, lacked != Permission::CreateProgress, &["--output", "json"]);
    let document: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap_or_default();
    let of = |code: &str| {
        let findings = document["findings"].as_array().into_iter().flatten();
        let messages = findings.filter(|finding| finding["code"] == code).map(|finding| finding["message"].clone());
        messages.map(|message| message.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (verb, kind) = match lacked {
        // Nobody is told that.
        Permission::Transactions => ("", ""),
        Permission::CreateProgress => ("create the topic of progress", "progress"),
        Permission::WriteProgress => ("write to the topic of progress", "progress"),
        Permission::ReadProgress => ("read the topic of progress", "progress"),
        Permission::WriteTarget => ("write to topic", "target"),
        Permission::WriteDeadLetters => ("write to the topic of dead letters", "dead"),
    };
    let missing = format!("the user may not {verb} `{kind}-{user}`: the restore would fail there");
    let expected = if lacked == Permission::Transactions { Vec::new() } else { vec![missing] };
    assert_eq!(of("permission-missing"), expected, "{plan}");
    assert!(of("not-established").concat().contains("transactional ids that begin with `anabranch-`"), "{plan}");
    assert_eq!(plan.code, Some(i32::from(lacked != Permission::Transactions)), "{plan}");
    let run = restore_as(user, lacked != Permission::CreateProgress);
    assert!(run.took.as_secs() < 30, "it took {:?}: {run}", run.took);
    for topic in ["target", "dead"] {
        let seen = cluster.read(&format!("{topic}-{user}")).unwrap();
        assert_eq!(seen.values().map(Vec::len).sum::<usize>(), 0, "{topic}: {run}");
    }
    let text = run.to_string().replace(cluster.secure_servers(), "<servers>");
    // How long it took.
    match text.split_once(" (after ") {
        Some((before, after)) => before.to_owned() + after.split_once(')').map_or("", |(_, rest)| rest),
        None => text,
    }
}

#[test]
fn what_is_documented_as_needed_is_enough() {
    let run = restore_as(RESTORER, false);
    assert_eq!(run.code, Some(4), "{run}");
    for topic in ["target", "dead"] {
        let topic = format!("{topic}-{RESTORER}");
        // A commit is acknowledged before its markers are written.
        Cluster::secure().settle(&topic).unwrap();
        assert_eq!(Cluster::secure().read(&topic).unwrap()[&0].len(), 1);
    }
    // But not to change configs while it runs.
    let plan = run_as("plan", RESTORER, false, &["--output", "json", "--while-restoring", "retention.ms=-1"]);
    let document: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap_or_else(|_| panic!("{plan}"));
    let findings = document["findings"].as_array().unwrap().iter();
    let missing = findings.filter(|finding| finding["code"] == "permission-missing").map(|finding| &finding["message"]);
    let expected =
        format!("the user may not read the configs of topic `target-{RESTORER}`: the restore would fail there");
    assert_eq!(missing.collect::<Vec<_>>(), [&serde_json::Value::from(expected)], "{plan}");
}

#[test]
fn transactions_that_are_not_allowed_are_told() {
    assert_snapshot!(told(Permission::Transactions), @r#"
    exit 3
    error: the restore cannot take its transactional ids: Failed to find transaction coordinator: sasl_ssl://<servers>/1: Broker: Transactional Id authorization failed: Transactional Id authorization failed.
    hint: an ACL is missing: WRITE and DESCRIBE on the transactional ids with the prefix `anabranch-` (`kafka-acls.sh --add` grants it); `target.delivery = "at-least-once"` needs WRITE on the target topics alone
    "#);
}

#[test]
fn a_topic_of_progress_that_may_not_be_created_is_told() {
    assert_snapshot!(told(Permission::CreateProgress), @r#"
    exit 3
    error: the user may not create topic `progress-without-create-progress`: TopicAuthorizationFailed (Broker: Topic authorization failed)
    hint: an ACL is missing: CREATE on topic `progress-without-create-progress`, or on the cluster (`kafka-acls.sh --add` grants it)
    "#);
}

#[test]
fn a_topic_of_progress_that_may_not_be_written_is_told() {
    assert_snapshot!(told(Permission::WriteProgress), @r#"
    exit 3
    error: the restore cannot commit a transaction: Failed to add partition(s) to transaction on broker TxnCoordinator/1: Broker: Topic authorization failed
    hint: an ACL is missing: WRITE on each target topic and on the topic of progress (`kafka-acls.sh --add` grants it); `target.delivery = "at-least-once"` needs WRITE on the target topics alone
    "#);
}

#[test]
fn a_topic_of_progress_that_may_not_be_read_is_told() {
    assert_snapshot!(told(Permission::ReadProgress), @r#"
    exit 3
    error: `progress-without-read-progress` cannot be read: TopicAuthorizationFailed (Broker: Topic authorization failed)
    hint: check that the user may read it: ACLs with READ and DESCRIBE on the topic (`kafka-acls.sh --add`)
    "#);
}

#[test]
fn a_target_that_may_not_be_written_is_told() {
    assert_snapshot!(told(Permission::WriteTarget), @r#"
    exit 3
    error: the restore cannot write within a transaction: Failed to add partition(s) to transaction on broker TxnCoordinator/1: Broker: Topic authorization failed
    hint: an ACL is missing: WRITE on one or more of the topics `target-without-write-target`, `dead-without-write-target`, `progress-without-write-target` (`kafka-acls.sh --add` grants it); `target.delivery = "at-least-once"` needs WRITE on the target topics alone
    "#);
}

#[test]
fn a_topic_of_dead_letters_that_may_not_be_written_is_told() {
    assert_snapshot!(told(Permission::WriteDeadLetters), @r#"
    exit 3
    error: the restore cannot write within a transaction: Failed to add partition(s) to transaction on broker TxnCoordinator/1: Broker: Topic authorization failed
    hint: an ACL is missing: WRITE on one or more of the topics `target-without-write-dead-letters`, `dead-without-write-dead-letters`, `progress-without-write-dead-letters` (`kafka-acls.sh --add` grants it); `target.delivery = "at-least-once"` needs WRITE on the target topics alone
    "#);
}
