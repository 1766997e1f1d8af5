//! The topic of progress: there and fit for it, or created.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ProgressError;
use crate::job::{CreateTopics, Progress};
use crate::mechanism::is_off;
use crate::target::TargetError;
use crate::target::kafka::Connection;

/// Bytes of a segment: what lies in the last one is not compacted, and a start reads it.
const SEGMENT: &str = "16777216";

/// Whether the topic is there.
///
/// # Errors
/// One that cannot keep progress.
pub(crate) fn is_there(connection: &Connection, topic: &str) -> Result<bool, TargetError> {
    let name: Arc<str> = topic.into();
    let Some(found) = connection.topics(std::slice::from_ref(&name))?.remove(&name) else { return Ok(false) };
    let unfit = |reason: &str| Err(ProgressError::Topic { topic: topic.to_owned(), reason: reason.to_owned() }.into());
    if is_off("fit-topic-of-progress") {
        return Ok(true);
    }
    if found.partitions != 1 {
        return unfit(&format!("it has {} partitions, and the order of records counts", found.partitions));
    }
    // Where the configs may not be read, nothing speaks against it.
    if found.limits.known && !found.limits.compacted {
        return unfit("it is not compacted, so that its records will be deleted");
    }
    if found.limits.known && found.limits.deletes {
        return unfit("it is compacted and deleted from");
    }
    Ok(true)
}

/// Creates the topic where it is missing.
///
/// # Errors
/// One that cannot keep progress, and what the cluster says to its creation.
pub(crate) fn ensure(connection: &Connection, progress: &Progress) -> Result<(), TargetError> {
    if is_there(connection, &progress.topic)? {
        return Ok(());
    }
    of_progress(connection.create(&topics(progress), &how(progress)))
}

/// Asks whether the topic, which is missing, could be created; creates none.
///
/// # Errors
/// What the cluster says to its creation.
pub(crate) fn would_ensure(connection: &Connection, progress: &Progress) -> Result<(), TargetError> {
    of_progress(connection.would_create(&topics(progress), &how(progress)))
}

fn topics(progress: &Progress) -> BTreeMap<Arc<str>, i32> {
    BTreeMap::from([(progress.topic.as_str().into(), 1)])
}

fn how(progress: &Progress) -> CreateTopics {
    let configs = [("cleanup.policy", "compact"), ("segment.bytes", SEGMENT)];
    CreateTopics {
        partitions: Some(1),
        replication: progress.replication,
        configs: configs.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

fn of_progress(created: Result<(), TargetError>) -> Result<(), TargetError> {
    created.map_err(|error| match error {
        TargetError::Create { topic, reason, by_job: true } => ProgressError::Uncreated { topic, reason }.into(),
        error => error,
    })
}
