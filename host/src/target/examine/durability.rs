//! Whether enough replicas take a record, and how many have it when it is acknowledged.

use std::collections::BTreeMap;

use super::unknown::Unknown;
use crate::finding::{Finding, Weight};
use crate::job::CreateTopics;
use crate::target::kafka::{Connection, Description, Limits};

/// The replicas of a topic that is there.
pub(super) fn on_replicas(
    name: &str,
    topic: Option<&Description>,
    limits: &Limits,
    brokers: usize,
    findings: &mut Vec<Finding>,
    unknown: &mut Unknown,
) {
    let Some(partitions) = topic.map(|topic| &topic.partitions).filter(|partitions| !partitions.is_empty()) else {
        unknown.add("how many replicas are in sync of", format!("`{name}`"), "the cluster does not tell");
        return;
    };
    let least = limits.min_in_sync;
    let fewest = partitions.iter().map(|partition| partition.replicas).min().unwrap_or_default();
    if !on_replication(name, fewest, limits, brokers, findings) {
        return;
    }
    let behind: Vec<String> = partitions
        .iter()
        .filter(|partition| !partition.has_leader || partition.in_sync < least)
        .map(|partition| partition.number.to_string())
        .collect();
    if !behind.is_empty() {
        findings.push(Finding {
            code: "replicas-behind",
            weight: Weight::Warning,
            message: format!(
                "partitions {} of topic `{name}` have no leader, or fewer replicas in sync than \
                 `min.insync.replicas={least}`: they take no record until that changes, and the restore waits up to \
                 `message.timeout.ms`",
                behind.join(", ")
            ),
            remedy: Some("bring the brokers back that are missing".to_owned()),
        });
    }
}

/// The replicas of a topic that would be created; `defaults` are the cluster's, where it tells them.
pub(super) fn on_replicas_of_new(
    name: &str,
    create: &CreateTopics,
    limits: &Limits,
    defaults: Option<&BTreeMap<String, String>>,
    brokers: usize,
    findings: &mut Vec<Finding>,
) {
    let told = || defaults?.get("default.replication.factor")?.parse().ok();
    let replicas = create.replication.and_then(|replicas| usize::try_from(replicas).ok()).or_else(told);
    if let Some(replicas) = replicas {
        on_replication(name, replicas, limits, brokers, findings);
    }
}

/// Whether a topic of so many replicas takes records at all.
fn on_replication(name: &str, replicas: usize, limits: &Limits, brokers: usize, findings: &mut Vec<Finding>) -> bool {
    let least = limits.min_in_sync;
    if replicas < least {
        findings.push(Finding {
            code: "too-few-replicas",
            weight: Weight::Stop,
            message: format!(
                "topic `{name}` has {replicas} of the {least} replicas that `min.insync.replicas` asks for: the cluster \
                 takes no record of a producer that waits for them, as the restore does (`acks=all`)"
            ),
            remedy: Some(format!(
                "give the topic {least} replicas (one that is created gets them by `target.create.replication`), or lower \
                 its `min.insync.replicas`"
            )),
        });
        return false;
    }
    if brokers > 1 && least < 2 {
        let why = if replicas < 2 {
            "it has one replica".to_owned()
        } else {
            format!("`min.insync.replicas={least}`, and of its {replicas} replicas one may be in sync alone")
        };
        findings.push(Finding {
            code: "one-replica",
            weight: Weight::Note,
            message: format!(
                "a record of topic `{name}` can be lost with one broker, though it was acknowledged: {why}"
            ),
            remedy: None,
        });
    }
    true
}

/// What is asked of a cluster about who has its topics: nothing of the mock one, which has one node.
pub(super) fn described(connection: &Connection, names: &[std::sync::Arc<str>]) -> BTreeMap<String, Description> {
    if connection.is_embedded() { BTreeMap::new() } else { connection.describe(names) }
}
