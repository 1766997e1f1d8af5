//! Where in the target the committed records of a lane lie: noted at each commit, so that they can be found again
//! without reading the target's topics whole. Others may have written in between.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where the committed records of a lane lie, by target topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ranges(BTreeMap<String, TopicRanges>);

/// Where the committed records of a lane lie in one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRanges {
    /// How many partitions the topic had whenever the lane wrote to it; `None` where that has changed.
    pub partitions: Option<i32>,
    /// The topic's id (KIP-516), where the cluster told it.
    #[serde(default)]
    pub id: Option<String>,
    /// By partition.
    pub ranges: BTreeMap<i32, OffsetRange>,
}

/// A range of offsets of one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetRange {
    /// Where the log ended before the lane's first record: no record of the lane lies before it.
    pub from: i64,
    /// Where the log ended at the lane's last commit: no record of the lane lies at or behind it. `None` where the
    /// cluster did not tell.
    pub to: Option<i64>,
}

impl Ranges {
    /// By topic, in order of name.
    pub fn topics(&self) -> impl Iterator<Item = (&str, &TopicRanges)> {
        self.0.iter().map(|(topic, ranges)| (topic.as_str(), ranges))
    }

    /// Those in one topic.
    pub fn topic(&self, name: &str) -> Option<&TopicRanges> {
        self.0.get(name)
    }

    /// The range in one partition.
    pub fn of(&self, topic: &str, partition: i32) -> Option<OffsetRange> {
        self.0.get(topic)?.ranges.get(&partition).copied()
    }

    /// Notes the id of a topic that the lane writes to.
    pub(crate) fn identify(&mut self, topic: &str, id: Option<String>) {
        if id.is_some() {
            self.0.entry(topic.to_owned()).or_default().id = id;
        }
    }

    /// Notes that the lane has written to a partition of `topic`, which has `partitions` of them, not before the offset
    /// `from`, and that the log ends at `to` now.
    pub(crate) fn extend(&mut self, topic: &str, partitions: i32, partition: i32, from: i64, to: Option<i64>) {
        let known = self.0.get(topic);
        let same = known.is_none_or(|known| known.ranges.is_empty() || known.partitions == Some(partitions));
        let ranges = self.0.entry(topic.to_owned()).or_default();
        ranges.partitions = same.then_some(partitions);
        // A topic that was created anew begins at 0 again.
        let range = ranges.ranges.entry(partition).or_insert(OffsetRange { from, to });
        *range = OffsetRange { from: range.from.min(from), to };
    }

    /// Takes it that the log of a partition ends at `end`, also where it was longer.
    pub(super) fn cut(&mut self, topic: &str, partition: i32, end: i64) {
        let Some(range) = self.0.get_mut(topic).and_then(|topic| topic.ranges.get_mut(&partition)) else { return };
        if range.to.is_some_and(|to| to > end) {
            *range = OffsetRange { from: range.from.min(end), to: Some(end) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_was_cut_with_leave_ends_where_it_ends() {
        let mut ranges = Ranges::default();
        ranges.extend("orders", 3, 1, 40, Some(60));
        ranges.extend("orders", 3, 2, 40, Some(60));
        ranges.cut("orders", 1, 70);
        ranges.cut("orders", 2, 10);
        ranges.cut("refunds", 2, 10);
        assert_eq!(ranges.of("orders", 1), Some(OffsetRange { from: 40, to: Some(60) }));
        assert_eq!(ranges.of("orders", 2), Some(OffsetRange { from: 10, to: Some(10) }));
    }

    #[test]
    fn a_range_begins_before_the_first_record_and_ends_behind_the_last_commit() {
        let mut ranges = Ranges::default();
        ranges.extend("orders", 3, 1, 40, Some(60));
        ranges.extend("orders", 3, 1, 60, Some(90));
        ranges.extend("orders", 3, 2, 7, None);
        assert_eq!(ranges.of("orders", 1), Some(OffsetRange { from: 40, to: Some(90) }));
        assert_eq!(ranges.of("orders", 2), Some(OffsetRange { from: 7, to: None }));
        assert_eq!(ranges.topic("orders").and_then(|topic| topic.partitions), Some(3));
        ranges.extend("orders", 4, 3, 0, Some(1));
        assert_eq!(ranges.topic("orders").and_then(|topic| topic.partitions), None);
        ranges.extend("orders", 4, 3, 1, Some(2));
        assert_eq!(ranges.topic("orders").and_then(|topic| topic.partitions), None, "it has not forgotten");
    }
}
