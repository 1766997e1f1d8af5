//! Where a record goes: from source topic-partition and key to target topic and partition.
//!
//! The promise of order: records with equal source key from one source partition, sent to one target
//! topic, arrive in one partition in source order. What can break it (`round-robin`, a table, a
//! plugin's own partition) is refused unless the job says `order = "none"`. Where source partitions are merged
//! (`order = "timestamp"`) a table breaks nothing: what arrives in one partition is in the order of the merge.

mod error;
mod partition;

use std::sync::Arc;

pub use error::RouteError;
pub use partition::by_key;

use crate::batch::OutputRow;
use crate::job::{self, Order, PartitionStrategy};
use crate::position::TopicPartition;

/// The rules of one job.
#[derive(Clone, Debug)]
pub struct Router {
    target: Arc<job::Target>,
}

impl Router {
    /// The router of a job.
    ///
    /// # Errors
    /// A strategy that can split a key while the job promises order.
    pub fn new(target: &job::Target) -> Result<Self, RouteError> {
        match (&target.partition, target.order) {
            (PartitionStrategy::RoundRobin, Order::Key | Order::Timestamp) => {
                return Err(RouteError::SplitsKeys { what: "`round-robin`" });
            }
            (PartitionStrategy::Table(_), Order::Key) => {
                return Err(RouteError::SplitsKeys { what: "a table of partitions" });
            }
            _ => {}
        }
        Ok(Self { target: Arc::new(target.clone()) })
    }

    /// The topic that records of `source` go to, unless a plugin says otherwise.
    pub fn topic<'a>(&'a self, source: &'a str) -> &'a str {
        self.target.topics.get(source).map_or(source, String::as_str)
    }

    /// The one partition that all records of `source` go to, where the strategy has one.
    ///
    /// # Errors
    /// A source that the strategy has no partition for.
    pub fn fixed_partition(&self, source: &TopicPartition) -> Result<Option<i32>, RouteError> {
        let known = |strategy| source.partition.ok_or(RouteError::NoSourcePartition { strategy });
        match &self.target.partition {
            PartitionStrategy::Same => known("same").map(Some),
            PartitionStrategy::Table(table) => {
                let partition = known("a table")?;
                table.get(&partition).copied().map(Some).ok_or(RouteError::NotInTable { partition })
            }
            PartitionStrategy::Key | PartitionStrategy::RoundRobin => Ok(None),
        }
    }

    /// The way of one lane; of a merged one of what [`LaneRoute::follow`] names.
    ///
    /// # Errors
    /// A source that the strategy has no partition for.
    pub fn lane(&self, source: &TopicPartition) -> Result<LaneRoute, RouteError> {
        // Of a lane that merges partitions each record has its own; what has none was refused before.
        let is_merged = self.target.order == Order::Timestamp && source.partition.is_none();
        Ok(LaneRoute {
            topic: self.topic(&source.topic).into(),
            fixed: if is_merged { None } else { self.fixed_partition(source)? },
            followed: (!is_merged).then_some(source.partition),
            first_turn: source.partition.unwrap_or(0).unsigned_abs(),
            by_key: self.target.partition == PartitionStrategy::Key,
            router: self.clone(),
        })
    }
}

/// The way of one lane's records.
#[derive(Clone, Debug)]
pub struct LaneRoute {
    topic: Arc<str>,
    fixed: Option<i32>,
    /// The source partition of the records at hand; in a merged lane nothing before its first ones.
    followed: Option<Option<i32>>,
    first_turn: u32,
    by_key: bool,
    router: Router,
}

/// Whose turn it is among a topic's partitions; one per lane and topic.
#[derive(Clone, Copy, Debug)]
pub struct Turn(u32);

impl Turn {
    fn next(&mut self, partitions: i32) -> i32 {
        let turn = self.0 % partitions.max(1).unsigned_abs();
        self.0 = turn + 1;
        turn.cast_signed()
    }
}

impl LaneRoute {
    /// The topic that the lane's records go to, unless a plugin says otherwise.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// From here on for records of this source: in a merged lane they come from several partitions.
    ///
    /// # Errors
    /// A source that the strategy has no partition for.
    pub fn follow(&mut self, source: &TopicPartition) -> Result<(), RouteError> {
        if self.followed != Some(source.partition) {
            self.fixed = self.router.fixed_partition(source)?;
            self.followed = Some(source.partition);
        }
        Ok(())
    }

    /// Whether a record's partition is dealt out by turns.
    pub fn is_dealt(&self, row: &OutputRow<'_>) -> bool {
        !(self.is_fixed(row) || self.by_key && row.key.is_some())
    }

    /// Whether a record's partition is given, whatever the number of partitions.
    pub fn is_fixed(&self, row: &OutputRow<'_>) -> bool {
        row.partition.is_some() || self.fixed.is_some()
    }

    /// Whether keys find their partition.
    pub fn by_key(&self) -> bool {
        self.by_key
    }

    /// Where a lane begins in the round of a topic's partitions: at its own source partition, so that
    /// lanes that start together do not all begin with partition 0.
    pub fn turn(&self) -> Turn {
        Turn(self.first_turn)
    }

    /// The partition of a record in `topic`, which has `partitions` of them.
    ///
    /// # Errors
    /// A partition that the topic does not have, or one that a plugin chose while the job promises
    /// the order of keys.
    pub fn partition(
        &self,
        row: &OutputRow<'_>,
        topic: &str,
        partitions: i32,
        turn: &mut Turn,
    ) -> Result<i32, RouteError> {
        let partition = match (row.partition, self.fixed) {
            (Some(_), _) if self.router.target.order.keeps_keys() => {
                return Err(RouteError::SplitsKeys { what: "a partition chosen by a plugin" });
            }
            (Some(chosen), _) => chosen,
            (None, Some(fixed)) => fixed,
            (None, None) => match row.key {
                Some(key) if self.by_key => by_key(key, partitions),
                _ => turn.next(partitions),
            },
        };
        if partition < 0 || partition >= partitions {
            return Err(RouteError::NoSuchPartition { topic: topic.into(), partition, partitions });
        }
        Ok(partition)
    }
}

#[cfg(test)]
mod tests;
