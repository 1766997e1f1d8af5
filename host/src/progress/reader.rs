//! Reads the topic of progress to its end.
//!
//! Its end is where the log ends for everybody, not where it ends for `read_committed` consumers, which is before the
//! first open transaction: what such a one hides may be the latest progress. So the reader waits until both are one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;

use super::{Key, ProgressError};
use crate::target::TargetError;
use crate::target::kafka::{Context, Properties, reason};

/// How often the end of the log is asked for while a transaction is open.
const LOOK: Duration = Duration::from_millis(100);

/// The newest record of each key.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) topic: String,
    /// With the offset of the record.
    pub(crate) records: BTreeMap<Key, (i64, Vec<u8>)>,
}

/// Reads one topic of progress.
pub(crate) struct Reader {
    topic: Arc<str>,
    properties: Properties,
    /// Sees the end of logs as brokers do, open transactions included.
    ends: BaseConsumer<Context>,
}

impl Reader {
    pub(crate) fn new(properties: &Properties, topic: &str) -> Result<Self, TargetError> {
        let ends = BaseConsumer::from_config_and_context(&properties.for_ends(), Context::new(0))
            .map_err(|error| properties.fault(error))?;
        Ok(Self { topic: topic.into(), properties: properties.clone(), ends })
    }

    /// All that is committed by now, and nothing of what is not. Waits for open transactions.
    pub(crate) fn read(&self) -> Result<Log, TargetError> {
        self.read_to(true)
    }

    /// As [`Self::read`], without waiting: what open transactions hide is left out.
    pub(crate) fn peek(&self) -> Result<Log, TargetError> {
        self.read_to(false)
    }

    /// Where the logs of these partitions end.
    pub(crate) fn log_ends<'a>(
        &self,
        partitions: impl Iterator<Item = (&'a str, i32)>,
    ) -> Result<BTreeMap<(String, i32), i64>, KafkaError> {
        let mut asked = TopicPartitionList::new();
        for (topic, partition) in partitions {
            asked.add_partition_offset(topic, partition, Offset::End)?;
        }
        if asked.count() == 0 {
            return Ok(BTreeMap::new());
        }
        let told = self.ends.offsets_for_times(asked, self.properties.patience)?;
        let ends = told.elements().into_iter().filter_map(|element| match (element.error(), element.offset()) {
            (Ok(()), Offset::Offset(end)) => Some(((element.topic().to_owned(), element.partition()), end)),
            _ => None,
        });
        Ok(ends.collect())
    }

    fn read_to(&self, waits: bool) -> Result<Log, TargetError> {
        let patience = self.properties.patience;
        let unreadable = |error: &KafkaError| self.unreadable(reason(error));
        let consumer: BaseConsumer<Context> =
            BaseConsumer::from_config_and_context(&self.properties.for_reading(), Context::new(0))
                .map_err(|error| self.properties.fault(error))?;
        let end = |consumer: &BaseConsumer<Context>| {
            consumer.fetch_watermarks(&self.topic, 0, patience).map_err(|error| unreadable(&error))
        };
        let mut log = Log { topic: self.topic.to_string(), records: BTreeMap::new() };
        let (low, high) = end(&self.ends)?;
        if waits {
            let begun = Instant::now();
            while end(&consumer)?.1 < high {
                if begun.elapsed() > self.properties.transaction_timeout {
                    let seconds = self.properties.transaction_timeout.as_secs();
                    return Err(ProgressError::Held { topic: log.topic, seconds }.into());
                }
                std::thread::sleep(LOOK);
            }
        }
        if low == high {
            return Ok(log);
        }
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(&self.topic, 0, Offset::Beginning).map_err(|error| unreadable(&error))?;
        consumer.assign(&from).map_err(|error| unreadable(&error))?;
        let mut heard = Instant::now();
        // The end that it comes to lies behind what the log ended with: both only grow.
        loop {
            match consumer.poll(LOOK) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    self.enter(&mut log, message.offset(), message.key(), message.payload())?;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(log),
                Some(Err(error)) => match error.rdkafka_error_code() {
                    // It is in no group, and need not be let into one.
                    Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {}
                    Some(
                        RDKafkaErrorCode::TopicAuthorizationFailed
                        | RDKafkaErrorCode::UnknownTopicOrPartition
                        | RDKafkaErrorCode::UnknownTopic
                        | RDKafkaErrorCode::UnknownPartition,
                    ) => return Err(unreadable(&error)),
                    _ => tracing::debug!("{}: {}", self.topic, reason(&error)),
                },
                None => {}
            }
            if heard.elapsed() > patience {
                return Err(self.unreadable(format!("nothing came within {} s", patience.as_secs())));
            }
        }
    }

    fn enter(&self, log: &mut Log, offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), ProgressError> {
        let foreign =
            |reason: String| ProgressError::Foreign { topic: self.topic.to_string(), offset, reason };
        let key = key.ok_or_else(|| foreign("it has no key".to_owned()))?;
        let key: Key = serde_json::from_slice(key).map_err(|error| foreign(format!("its key: {error}")))?;
        match value {
            Some(value) => drop(log.records.insert(key, (offset, value.to_vec()))),
            None => drop(log.records.remove(&key)),
        }
        Ok(())
    }

    fn unreadable(&self, reason: String) -> TargetError {
        ProgressError::Unreadable { topic: self.topic.to_string(), reason }.into()
    }
}
