//! The target's logs, read within ranges.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;

use super::Content;
use crate::progress::EXPIRY;
use crate::target::TargetError;
use crate::target::kafka::{Context, PartitionReader, Properties, Step, reason};

/// How long one look for the next record takes.
const LOOK: Duration = Duration::from_millis(500);

/// What is read ahead of a partition, at least and at most.
const AHEAD: (usize, usize) = (64 << 10, 16 << 20);

/// Reads ranges of a target's partitions, what is committed of them.
pub(super) trait Logs: Send + Sync {
    /// Where a partition begins and ends.
    ///
    /// # Errors
    /// A partition that is not there.
    fn extent(&self, topic: &str, partition: i32) -> Result<Extent, TargetError>;

    /// Begins to read at `from`, up to before `to`. A partition is read once at a time: what is opened again takes the
    /// place of what was open.
    ///
    /// # Errors
    /// A partition that is not there.
    fn open(&self, topic: &str, partition: i32, from: i64, to: i64) -> Result<Box<dyn Log>, TargetError>;

    /// Others, which read the same partitions beside these.
    ///
    /// # Errors
    /// A client that cannot be made.
    fn beside(&self) -> Result<Arc<dyn Logs>, TargetError>;
}

/// A range of a partition.
pub(super) trait Log: Send {
    /// Fills in the next record and gives its offset; `None` at the end of the range.
    ///
    /// # Errors
    /// What cannot be read.
    fn next(&mut self, record: &mut Content) -> Result<Option<i64>, TargetError>;
}

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The first offset that is still there.
    pub(super) start: i64,
    /// Where it ends, open transactions included.
    pub(super) end: i64,
    /// Where the first open transaction begins, or where it ends.
    pub(super) visible: i64,
}

/// Those of a Kafka cluster, by one client, of which librdkafka has one reader for each partition.
pub(super) struct KafkaLogs {
    client: Arc<BaseConsumer<Context>>,
    /// Sees the end of logs as brokers do.
    ends: Arc<BaseConsumer<Context>>,
    properties: Properties,
    ahead: usize,
    beside: Mutex<Option<Arc<Self>>>,
}

impl KafkaLogs {
    /// Connects; of each partition about `ahead` bytes are read ahead.
    pub(super) fn connect(
        properties: &Properties,
        ends: &Arc<BaseConsumer<Context>>,
        ahead: usize,
    ) -> Result<Self, TargetError> {
        let mut config = properties.for_reading();
        let ahead = ahead.clamp(AHEAD.0, AHEAD.1);
        config
            // In a partition that was cut meanwhile, nothing may be passed over unsaid.
            .set("auto.offset.reset", "error")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.message.max.bytes", ahead.min(1 << 20).to_string())
            .set("queued.max.messages.kbytes", (ahead / 1024).to_string())
            // A small queue that was full is filled again soon, and not a second later: 27 s against 2.7 s for 90,000
            // records in three partitions with 2 MiB for all.
            .set("fetch.queue.backoff.ms", "5")
            // By bytes alone.
            .set("queued.min.messages", "10000000");
        let made = BaseConsumer::from_config_and_context(&config, Context::new(0));
        let client = made.map(Arc::new).map_err(|error| properties.fault(error))?;
        let (ends, properties) = (Arc::clone(ends), properties.clone());
        Ok(Self { client, ends, properties, ahead, beside: Mutex::default() })
    }

    fn unreadable(&self, topic: &str, partition: i32, reason: String) -> TargetError {
        TargetError::Unreadable { partition: format!("{topic}-{partition}"), reason, held: false }
    }
}

impl Logs for KafkaLogs {
    fn extent(&self, topic: &str, partition: i32) -> Result<Extent, TargetError> {
        let ask = |client: &BaseConsumer<Context>| {
            let told = client.fetch_watermarks(topic, partition, self.properties.patience);
            told.map_err(|error| self.unreadable(topic, partition, reason(&error)))
        };
        let ((_, end), (start, visible)) = (ask(&self.ends)?, ask(&self.client)?);
        Ok(Extent { start, end, visible })
    }

    fn open(&self, topic: &str, partition: i32, from: i64, to: i64) -> Result<Box<dyn Log>, TargetError> {
        let reader = PartitionReader::open(&self.client, topic, partition, from, self.properties.patience)
            .map_err(|code| self.unreadable(topic, partition, code.to_string()))?;
        // As a start does: brokers end transactions some time after these have expired.
        let patience = (self.properties.transaction_timeout + EXPIRY).max(self.properties.patience);
        Ok(Box::new(KafkaLog { reader, name: format!("{topic}-{partition}"), next: from, to, patience }))
    }

    fn beside(&self) -> Result<Arc<dyn Logs>, TargetError> {
        let mut beside = self.beside.lock();
        if let Some(there) = &*beside {
            return Ok(Arc::<Self>::clone(there));
        }
        let made = Arc::new(Self::connect(&self.properties, &self.ends, self.ahead)?);
        *beside = Some(Arc::clone(&made));
        Ok(made)
    }
}

struct KafkaLog {
    reader: PartitionReader,
    name: String,
    next: i64,
    to: i64,
    patience: Duration,
}

impl Log for KafkaLog {
    fn next(&mut self, record: &mut Content) -> Result<Option<i64>, TargetError> {
        let begun = Instant::now();
        let mut at_the_end = false;
        while self.next < self.to {
            let unreadable = |reason, held| TargetError::Unreadable { partition: self.name.clone(), reason, held };
            match self.reader.next(LOOK) {
                Ok(Step::Record(fetched)) => {
                    let offset = fetched.offset();
                    self.next = offset + 1;
                    if offset < self.to {
                        record.find(&fetched);
                        return Ok(Some(offset));
                    }
                }
                // What is committed but not marked so in this partition yet, or behind somebody's open transaction, is
                // waited for.
                Ok(Step::End(offset)) => {
                    self.next = self.next.max(offset);
                    at_the_end = true;
                }
                Ok(Step::Silence) if begun.elapsed() > self.patience => {
                    let reason = format!("nothing came for {} s at offset {}", self.patience.as_secs(), self.next);
                    return Err(unreadable(reason, at_the_end));
                }
                Ok(Step::Silence) => {}
                Err(code @ (RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset)) => {
                    return Err(unreadable(format!("it was cut while it was read ({code})"), false));
                }
                Err(code) => return Err(unreadable(code.to_string(), false)),
            }
        }
        Ok(None)
    }
}
