//! The target that remembers: every record, in order, by target topic-partition.
//!
//! It routes as Kafka does, so that what a test reads from it is what a broker would hold.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{LaneTarget, Sent, Standing, Target, TargetError};
use crate::batch::Outputs;
use crate::job;
use crate::position::TopicPartition;
use crate::route::{LaneRoute, Router, Turn};

/// A record as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRecord {
    /// The position in the backup that it comes from.
    pub position: String,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
}

type Log = BTreeMap<(Arc<str>, i32), Vec<WrittenRecord>>;

/// Keeps what it is given.
#[derive(Debug)]
pub struct MemoryTarget {
    router: Router,
    topics: Arc<HashMap<Arc<str>, i32>>,
    log: Arc<Mutex<Log>>,
}

impl MemoryTarget {
    /// A target with these topics, each with so many partitions, under the job's rules.
    ///
    /// # Errors
    /// Rules that break the job's promise of order.
    pub fn new(rules: &job::Target, topics: &[(&str, i32)]) -> Result<Self, TargetError> {
        Ok(Self {
            router: Router::new(rules)?,
            topics: Arc::new(topics.iter().map(|(name, partitions)| (Arc::from(*name), *partitions)).collect()),
            log: Arc::default(),
        })
    }

    /// What was written to a partition, in order.
    pub fn records(&self, topic: &str, partition: i32) -> Vec<WrittenRecord> {
        self.log.lock().get(&(Arc::from(topic), partition)).cloned().unwrap_or_default()
    }

    /// Everything written, by topic and partition.
    pub fn all(&self) -> BTreeMap<(Arc<str>, i32), Vec<WrittenRecord>> {
        self.log.lock().clone()
    }
}

impl Target for MemoryTarget {
    fn lane(&self, source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError> {
        let route = self
            .router
            .lane(source)
            .map_err(|error| TargetError::Lane { source_partition: source.to_string(), error })?;
        Ok(Box::new(MemoryLane {
            route,
            turns: HashMap::new(),
            topics: Arc::clone(&self.topics),
            log: Arc::clone(&self.log),
        }))
    }
}

struct MemoryLane {
    route: LaneRoute,
    turns: HashMap<Arc<str>, Turn>,
    topics: Arc<HashMap<Arc<str>, i32>>,
    log: Arc<Mutex<Log>>,
}

impl LaneTarget for MemoryLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let mut sent = Sent::default();
        let no_way = |error| TargetError::Lane { source_partition: outputs.batch.source.to_string(), error };
        self.route.follow(&outputs.batch.source).map_err(no_way)?;
        for row in outputs.rows() {
            let name = row.topic.unwrap_or(self.route.topic());
            let Some((topic, partitions)) = self.topics.get_key_value(name) else {
                return Err(TargetError::UnknownTopic { position: outputs.position(&row), topic: name.to_owned() });
            };
            let turn = self.turns.entry(Arc::clone(topic)).or_insert_with(|| self.route.turn());
            let partition = self
                .route
                .partition(&row, topic, *partitions, turn)
                .map_err(|error| TargetError::RecordRoute { position: outputs.position(&row), error })?;
            sent.add(topic, &row);
            let record = WrittenRecord {
                position: outputs.position(&row),
                key: row.key.map(<[u8]>::to_vec),
                value: row.value.map(<[u8]>::to_vec),
                headers: row.headers.map(|h| (h.name.to_owned(), h.value.map(<[u8]>::to_vec))).collect(),
                timestamp: row.timestamp,
            };
            self.log.lock().entry((Arc::clone(topic), partition)).or_default().push(record);
        }
        Ok(sent)
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        Ok(())
    }
}
