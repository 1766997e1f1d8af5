//! What a target topic takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::admin::ConfigResource;

use super::size::batch_of_one;
use crate::batch::{Header, NO_TIMESTAMP, OutputRow};
use crate::mechanism::is_off;
use crate::target::TargetError;

/// Kafka's default of `max.message.bytes`: 1 MiB and the overhead of a batch.
const MAX_MESSAGE_BYTES: usize = 1_048_588;

/// A topic of the target.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    pub(crate) partitions: i32,
    pub(crate) limits: Limits,
}

/// What its configs say. Kafka's defaults where nobody tells.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Whether the cluster told.
    pub(crate) known: bool,
    /// Whether nobody can change them: those of the mock cluster, whose topics have no configs.
    pub(crate) fixed: bool,
    pub(crate) max_message_bytes: usize,
    /// Whether the broker replaces timestamps by its own.
    pub(crate) log_append_time: bool,
    /// How many milliseconds a timestamp may lie before now.
    pub(crate) before: (i64, &'static str),
    /// How many milliseconds a timestamp may lie after now.
    pub(crate) after: (i64, &'static str),
    pub(crate) compacted: bool,
    /// Milliseconds for which compaction leaves tombstones behind at least (`delete.retention.ms`).
    pub(crate) tombstones: i64,
    /// Whether records are deleted, by age or by size.
    pub(crate) deletes: bool,
    /// Milliseconds after which records are deleted, if they are.
    pub(crate) retention: Option<i64>,
    /// Bytes of a partition beyond which its first records are deleted, if they are.
    pub(crate) retention_bytes: Option<u64>,
    /// Replicas that must be in sync for a record to be taken (`min.insync.replicas`).
    pub(crate) min_in_sync: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            known: false,
            fixed: false,
            max_message_bytes: MAX_MESSAGE_BYTES,
            log_append_time: false,
            before: (i64::MAX, BEFORE),
            after: (i64::MAX, AFTER),
            compacted: false,
            tombstones: TOMBSTONES,
            deletes: false,
            retention: None,
            retention_bytes: None,
            min_in_sync: 1,
        }
    }
}

/// Kafka's default of `delete.retention.ms`: a day.
const TOMBSTONES: i64 = 86_400_000;

const BEFORE: &str = "message.timestamp.before.max.ms";
const AFTER: &str = "message.timestamp.after.max.ms";
/// What brokers before 3.6 have for both.
const DIFFERENCE: &str = "message.timestamp.difference.max.ms";

impl Limits {
    /// The limits that a topic's configs tell, with those `over` them. Where they may not be described, the answer has none.
    pub(crate) fn of(configs: &ConfigResource, over: &BTreeMap<String, String>) -> Self {
        if configs.entries.is_empty() {
            return Self::default();
        }
        let told = |name: &str| configs.get(name).and_then(|entry| entry.value.as_deref());
        Self { known: true, ..Self::read(|name| over.get(name).map(String::as_str).or_else(|| told(name))) }
    }

    /// The limits of a topic that would be created with these configs, the cluster's own defaults, and for the rest
    /// Kafka's.
    pub(crate) fn of_new(configs: &BTreeMap<String, String>, defaults: &BTreeMap<String, String>) -> Self {
        let text = |name: &str| configs.get(name).or_else(|| defaults.get(name)).map(String::as_str);
        Self { known: true, ..Self::read(text) }
    }

    /// The limits that configs tell.
    fn read<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name: &str| text(name).and_then(|value| value.trim().parse::<i64>().ok());
        let bound = |name: &'static str| match (number(name), number(DIFFERENCE)) {
            // Brokers from 3.6 up to 4.0 have all three, and without a bound of its own the old one counts (KIP-937).
            (Some(i64::MAX), Some(bound)) => (bound, DIFFERENCE),
            (Some(bound), _) => (bound, name),
            (None, Some(bound)) => (bound, DIFFERENCE),
            (None, None) => (i64::MAX, name),
        };
        let policy = text("cleanup.policy").unwrap_or("delete");
        Self {
            known: false,
            fixed: false,
            max_message_bytes: number("max.message.bytes")
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(MAX_MESSAGE_BYTES),
            log_append_time: text("message.timestamp.type") == Some("LogAppendTime"),
            before: bound(BEFORE),
            after: bound(AFTER),
            compacted: policy.contains("compact"),
            tombstones: number("delete.retention.ms").unwrap_or(TOMBSTONES),
            deletes: policy.contains("delete"),
            retention: number("retention.ms").filter(|limit| policy.contains("delete") && *limit >= 0),
            retention_bytes: number("retention.bytes")
                .filter(|_| policy.contains("delete"))
                .and_then(|bytes| u64::try_from(bytes).ok()),
            min_in_sync: number("min.insync.replicas").and_then(|least| usize::try_from(least).ok()).unwrap_or(1),
        }
    }

    /// The config that does not let `timestamp` pass at the time `now`, if one does not. Kafka holds
    /// neither against a record without a timestamp, nor where the broker sets its own.
    pub(crate) fn out_of_range(&self, timestamp: i64, now: i64) -> Option<&'static str> {
        if self.log_append_time || timestamp == NO_TIMESTAMP {
            None
        } else if now.saturating_sub(timestamp) > self.before.0 {
            Some(self.before.1)
        } else if timestamp.saturating_sub(now) > self.after.0 {
            Some(self.after.1)
        } else {
            None
        }
    }
}

impl Topic {
    /// Checks what the broker would refuse a whole batch for, `more` headers being sent with the record, and gives its
    /// size as a batch of its own.
    pub(crate) fn check(
        &self,
        row: &OutputRow<'_>,
        more: &[Header<'_>],
        now: i64,
        position: impl FnOnce() -> String,
    ) -> Result<usize, TargetError> {
        let size = batch_of_one(row, more);
        let (limits, topic) = (&self.limits, &self.name);
        if size > limits.max_message_bytes && !is_off("size-check") {
            let (position, topic) = (position(), Arc::clone(topic));
            let (limit, fixed) = (limits.max_message_bytes, limits.fixed);
            return Err(TargetError::TooLarge { position, size, limit, fixed, topic });
        }
        if let Some(config) = limits.out_of_range(row.timestamp, now) {
            let (position, topic) = (position(), Arc::clone(topic));
            return Err(TargetError::TimestampOutOfRange { position, topic, timestamp: row.timestamp, config });
        }
        if limits.compacted && row.key.is_none() && !is_off("key-check") {
            return Err(TargetError::KeyMissing { position: position(), topic: Arc::clone(topic) });
        }
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(configs: &[(&str, &str)]) -> ((i64, &'static str), (i64, &'static str)) {
        let configs = configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let limits = Limits::of_new(&configs, &BTreeMap::new());
        (limits.before, limits.after)
    }

    #[test]
    fn each_version_of_the_broker_has_its_own_bounds_of_timestamps() {
        let most = i64::MAX.to_string();
        // Before 3.6, from 3.6 on, and since 4.0.
        assert_eq!(bounds(&[(DIFFERENCE, "7")]), ((7, DIFFERENCE), (7, DIFFERENCE)));
        assert_eq!(bounds(&[(DIFFERENCE, "7"), (BEFORE, &most), (AFTER, "5")]), ((7, DIFFERENCE), (5, AFTER)));
        assert_eq!(
            bounds(&[(DIFFERENCE, &most), (BEFORE, "3"), (AFTER, &most)]),
            ((3, BEFORE), (i64::MAX, DIFFERENCE))
        );
        assert_eq!(bounds(&[(BEFORE, &most), (AFTER, "3600000")]), ((i64::MAX, BEFORE), (3_600_000, AFTER)));
    }

    #[test]
    fn what_the_job_says_of_a_new_topic_outranks_the_cluster_s_defaults() {
        let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let defaults = of(&[("retention.ms", "5"), ("retention.bytes", "-1"), ("min.insync.replicas", "2")]);
        let limits = Limits::of_new(&of(&[("retention.bytes", "7")]), &defaults);
        assert_eq!((limits.retention, limits.retention_bytes, limits.min_in_sync), (Some(5), Some(7), 2));
        assert_eq!(Limits::of_new(&of(&[("cleanup.policy", "compact")]), &defaults).retention, None);
    }
}
