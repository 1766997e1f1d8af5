//! What the user may not do, as far as the cluster tells before it is tried (KIP-430).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::unknown::Unknown;
use crate::finding::{Finding, Weight};
use crate::job::Job;
use crate::progress;
use crate::target::TargetError;
use crate::target::kafka::{Connection, Description, Needs, Topic};

/// What the user lacks to write to what is there.
pub(super) fn on_topics(
    needs: &Needs<'_>,
    there: &BTreeMap<Arc<str>, Topic>,
    described: &BTreeMap<String, Description>,
    findings: &mut Vec<Finding>,
    unknown: &mut Unknown,
) {
    let kinds = [(&needs.topics, "topic"), (&needs.letters, "the topic of dead letters")];
    for (topics, kind) in kinds {
        for name in topics.keys().filter(|name| there.contains_key(*name)) {
            match described.get(&**name).and_then(|topic| topic.operations) {
                None => unknown.add("whether the user may write to", format!("`{name}`"), "the cluster does not tell"),
                Some(operations) if !operations.write => findings.push(missing("WRITE", kind, name)),
                Some(_) => {}
            }
        }
    }
}

/// What the user lacks to keep progress.
///
/// # Errors
/// A topic of progress that can be created by nobody.
pub(super) fn on_progress(
    job: &Job,
    connection: &Connection,
    described: &BTreeMap<String, Description>,
    findings: &mut Vec<Finding>,
    unknown: &mut Unknown,
) -> Result<(), TargetError> {
    let (name, kind) = (&job.progress.topic, "the topic of progress");
    if connection.partitions(name).is_none() {
        match progress::would_ensure(connection, &job.progress) {
            Err(TargetError::Denied { .. }) => findings.push(missing("CREATE", kind, name)),
            other => other?,
        }
    } else {
        match described.get(name).and_then(|topic| topic.operations) {
            None => {
                unknown.add("whether the user may read and write", format!("`{name}`"), "the cluster does not tell");
            }
            Some(operations) => {
                let lacks = [("READ", operations.read), ("WRITE", operations.write)];
                findings.extend(lacks.iter().filter(|(_, may)| !may).map(|(what, _)| missing(what, kind, name)));
            }
        }
    }
    // Who may do everything with each topic as a rule meets no ACLs at all.
    if described.values().any(|topic| topic.operations.is_some_and(|operations| !operations.all)) {
        unknown.add(
            "whether the user may use",
            "transactional ids that begin with `anabranch-`",
            "nobody is told before taking one, which a restore does before it writes anything",
        );
    }
    Ok(())
}

/// An ACL that is missing.
pub(super) fn missing(operation: &str, kind: &str, topic: &str) -> Finding {
    let verb = match operation {
        "CREATE" => "create",
        "READ" => "read",
        "ALTER_CONFIGS" => "change the configs of",
        "DESCRIBE_CONFIGS" => "read the configs of",
        _ => "write to",
    };
    Finding {
        code: "permission-missing",
        weight: Weight::Stop,
        message: format!("the user may not {verb} {kind} `{topic}`: the restore would fail there"),
        remedy: Some(format!("grant {operation} on topic `{topic}` (`kafka-acls.sh --add`)")),
    }
}
