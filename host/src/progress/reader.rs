//! Reads the topic of progress to its end.
//!
//! Its end is where the log ends for everybody, not where it ends for `read_committed` consumers, which is before the
//! first open transaction: what such a one hides may be the latest progress. So the reader waits until both are one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaRespErr;

use super::{Key, ProgressError};
use crate::mechanism::{is_off, unless_off};
use crate::target::TargetError;
use crate::target::kafka::{Context, Properties, read_partition, reason};

/// How long a log may be silent before it is read anew.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a transaction may outlive its time: brokers look for such ones every ten seconds, by their default of
/// `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
pub(crate) const EXPIRY: Duration = Duration::from_secs(12);

/// How long the cluster may take to say whether the topic is there.
const METADATA: Duration = Duration::from_secs(5);

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
    ends: Arc<BaseConsumer<Context>>,
    /// Sees what is committed.
    committed: Arc<BaseConsumer<Context>>,
    /// Held by who reads: a client reads a partition once at a time, and lanes that recover ask at the same time.
    turn: Mutex<()>,
}

impl Reader {
    pub(crate) fn new(properties: &Properties, topic: &str) -> Result<Self, TargetError> {
        let client = |config| {
            let made = BaseConsumer::from_config_and_context(&config, Context::new(0));
            made.map(Arc::new).map_err(|error| properties.fault(error))
        };
        let (ends, committed) = (client(properties.for_ends())?, client(properties.for_reading())?);
        Ok(Self { topic: topic.into(), properties: properties.clone(), ends, committed, turn: Mutex::default() })
    }

    /// All that is committed by now, and nothing of what is not. Waits for open transactions.
    pub(crate) fn read(&self) -> Result<Log, TargetError> {
        self.read_to(true)
    }

    /// As [`Self::read`], without waiting: what open transactions hide is left out.
    pub(crate) fn peek(&self) -> Result<Log, TargetError> {
        self.read_to(false)
    }

    /// The newest record of each key, whether or not it ever will be committed.
    pub(crate) fn read_uncommitted(&self) -> Result<Log, TargetError> {
        let (low, high) = self.end(&self.ends)?;
        self.read_with(&self.ends, low, high)
    }

    /// Where the logs of these partitions end.
    pub(crate) fn log_ends<'a>(
        &self,
        partitions: impl Iterator<Item = (&'a str, i32)>,
    ) -> Result<BTreeMap<(String, i32), i64>, KafkaError> {
        self.log_bounds(partitions, Offset::End)
    }

    /// The first offsets that the logs of these partitions have.
    pub(crate) fn log_starts<'a>(
        &self,
        partitions: impl Iterator<Item = (&'a str, i32)>,
    ) -> Result<BTreeMap<(String, i32), i64>, KafkaError> {
        self.log_bounds(partitions, Offset::Beginning)
    }

    fn log_bounds<'a>(
        &self,
        partitions: impl Iterator<Item = (&'a str, i32)>,
        bound: Offset,
    ) -> Result<BTreeMap<(String, i32), i64>, KafkaError> {
        let mut asked = TopicPartitionList::new();
        for (topic, partition) in partitions {
            asked.add_partition_offset(topic, partition, bound)?;
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
        let (low, high) = self.end(&self.ends)?;
        let begun = Instant::now();
        let mut silence = Some(SILENCE);
        while waits && !is_off("true-end-of-progress") && self.end(&self.committed)?.1 < high {
            let patience = self.properties.transaction_timeout + EXPIRY;
            if silence.take_if(|silence| begun.elapsed() > *silence).is_some() {
                tracing::info!(
                    "somebody's transaction is open in `{}`: its end is waited for, up to {} s",
                    self.topic,
                    patience.as_secs()
                );
            }
            if begun.elapsed() > patience {
                let seconds = patience.as_secs();
                return Err(ProgressError::Held { topic: self.topic.to_string(), seconds }.into());
            }
            std::thread::sleep(LOOK);
        }
        self.read_with(&self.committed, low, high)
    }

    /// The first offset and the end of the log, as this client sees it.
    fn end(&self, client: &BaseConsumer<Context>) -> Result<(i64, i64), TargetError> {
        let begun = Instant::now();
        loop {
            let error = match client.fetch_watermarks(&self.topic, 0, self.properties.patience) {
                Ok(bounds) => return Ok(bounds),
                Err(error) => error,
            };
            let code = error.rdkafka_error_code();
            if self.is_gone() {
                return Err(ProgressError::Gone { topic: self.topic.to_string() }.into());
            }
            // While a node comes or goes.
            if !code.is_some_and(is_passing) || begun.elapsed() >= self.properties.patience {
                return Err(self.unreadable(code, reason(&error)));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Whether the cluster says that there is no such topic.
    pub(crate) fn is_gone(&self) -> bool {
        let told = self.ends.fetch_metadata(Some(&self.topic), METADATA);
        told.is_ok_and(|told| {
            let found = told.topics().iter().find(|topic| topic.name() == &*self.topic);
            found.is_none_or(|topic| {
                topic.error() == Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
                    || topic.partitions().is_empty()
            })
        })
    }

    /// Reads to the end of the log, which lies at `high` or behind it: it only grows.
    fn read_with(&self, client: &Arc<BaseConsumer<Context>>, low: i64, high: i64) -> Result<Log, TargetError> {
        let _turn = self.turn.lock();
        let begun = Instant::now();
        loop {
            let mut log = Log { topic: self.topic.to_string(), records: BTreeMap::new() };
            if low == high {
                return Ok(log);
            }
            let mut foreign = Foreign::new();
            let read = read_partition(client, &self.topic, 0, low, SILENCE, |offset, key, value| {
                enter(&mut log, &mut foreign, offset, key, value);
                true
            });
            match read {
                Ok(()) => return self.refuse_foreign(foreign).map(|()| log),
                // Seen once in a while right after a fencing: the end of the log is not told. Asked anew, it is.
                Err(RDKafkaErrorCode::OperationTimedOut) if begun.elapsed() < self.properties.patience => {
                    tracing::debug!("{}: nothing came for {SILENCE:?}, it is read anew", self.topic);
                }
                Err(code) => return Err(self.unreadable(Some(code), code.to_string())),
            }
        }
    }

    /// Refuses what another program wrote, and did not take away again.
    fn refuse_foreign(&self, foreign: Foreign) -> Result<(), TargetError> {
        match unless_off("foreign-records", foreign.into_values().min()) {
            None => Ok(()),
            Some((offset, reason)) => {
                Err(ProgressError::Foreign { topic: self.topic.to_string(), offset, reason }.into())
            }
        }
    }

    fn unreadable(&self, code: Option<RDKafkaErrorCode>, reason: String) -> TargetError {
        let outage = code.is_some_and(is_passing);
        ProgressError::Unreadable { topic: self.topic.to_string(), reason, outage }.into()
    }
}

/// Whether an error is that of a cluster, or a node of it, that does not answer or does not lead any more.
fn is_passing(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::TimedOutQueue
            | RDKafkaErrorCode::RequestTimedOut
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::LeaderNotAvailable
            | RDKafkaErrorCode::NotLeaderForPartition
            | RDKafkaErrorCode::BrokerNotAvailable
            | RDKafkaErrorCode::NetworkException
    )
}

/// Records that Anabranch did not write, by their keys: offset, and what is wrong. Another of the same key without a value
/// takes it away.
type Foreign = BTreeMap<Option<Vec<u8>>, (i64, String)>;

fn enter(log: &mut Log, foreign: &mut Foreign, offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
    let parsed = key.map(serde_json::from_slice::<Key>);
    match (parsed, value) {
        (Some(Ok(key)), Some(value)) => drop(log.records.insert(key, (offset, value.to_vec()))),
        (Some(Ok(key)), None) => drop(log.records.remove(&key)),
        (Some(Err(_)), None) => drop(foreign.remove(&key.map(<[u8]>::to_vec))),
        (Some(Err(error)), Some(_)) => {
            foreign.insert(key.map(<[u8]>::to_vec), (offset, format!("its key: {error}")));
        }
        (None, _) => drop(foreign.insert(None, (offset, "it has no key".to_owned()))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;
    use std::thread;

    use rdkafka::ClientConfig;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

    use super::*;
    use crate::job::file;

    #[test]
    fn a_request_that_timed_out_before_it_was_sent_is_an_outage_and_no_want_of_permission() {
        assert!(is_passing(RDKafkaErrorCode::TimedOutQueue));
        assert!(!is_passing(RDKafkaErrorCode::TopicAuthorizationFailed));
    }

    #[test]
    fn progress_that_lanes_read_at_the_same_time_is_never_taken_for_none() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("progress", 1, 1).unwrap();
        let servers = cluster.bootstrap_servers();
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", &servers).create().unwrap();
        let key = Key::of_job("job").bytes();
        for _ in 0..50 {
            producer.send(BaseRecord::to("progress").key(&key).payload("{}")).unwrap();
        }
        producer.flush(Duration::from_secs(10)).unwrap();
        let text = format!("[backup]\nurl = \"backup\"\n[target]\nbrokers = \"{servers}\"\n");
        let job = file::parse(&text, Path::new("job.toml"), &|_| None).unwrap();
        let reader = Reader::new(&Properties::new(&job, &servers).unwrap(), "progress").unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let log = reader.peek().unwrap();
                        assert_eq!(log.records.values().map(|(offset, _)| *offset).collect::<Vec<_>>(), [49]);
                    }
                });
            }
        });
    }
}
