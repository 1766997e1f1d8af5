//! Where records go: Kafka, or nothing, or memory.
//!
//! [`connect`] opens what the job names; [`reach`] and [`Reached::examine`] tell beforehand what it keeps of the job, and
//! what it will not take or give back.

mod error;
mod examine;
pub mod kafka;
mod memory;
mod null;

use std::sync::Arc;
use std::time::Instant;

pub use error::TargetError;
pub use examine::{Examined, Reached, reach};
pub use kafka::{EmbeddedCluster, KafkaTarget};
pub use memory::{MemoryTarget, WrittenRecord};
pub use null::NullTarget;

use crate::aside::{Cause, Kept};
use crate::batch::{Batch, OutputRow, Outputs};
use crate::catalog::FilesLeft;
use crate::finding::Finding;
use crate::job::{Cluster, Job};
use crate::position::{Place, Restart, TopicPartition};
use crate::progress::{Inputs, Ranges};
use crate::report::{Commits, Tally, Volume};

/// A place that records are written to.
pub trait Target: Send + Sync {
    /// Opens the way of one lane to the target.
    ///
    /// # Errors
    /// A target that does not take what the lane would send.
    fn lane(&self, source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError>;

    /// What came up while records were sent, for the summary. A target to which nothing can come up keeps this default.
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// How far earlier runs of the job have come with a lane. A target that keeps no progress keeps this default.
    fn before(&self, _source: &TopicPartition) -> Option<Standing> {
        None
    }

    /// Where at the target the records of a lane lie that are committed by now, by all runs of the job. A target that
    /// keeps no progress keeps this default.
    fn ranges(&self, _source: &TopicPartition) -> Option<Ranges> {
        None
    }

    /// The id of this run, where progress is kept.
    fn run(&self) -> Option<String> {
        None
    }

    /// The first start of the job, in milliseconds since the epoch, where progress is kept.
    fn started(&self) -> Option<i64> {
        None
    }

    /// What was committed so far, where that is by transactions.
    fn commits(&self) -> Option<Commits> {
        None
    }

    /// Called when all of the job is restored, and every lane has committed: puts back what was changed of the target for the
    /// time being, and gives what there is to say of it. A target of which nothing is changed keeps this default.
    ///
    /// # Errors
    /// What could not be put back.
    fn finish(&self) -> Result<Vec<Finding>, TargetError> {
        Ok(Vec::new())
    }

    /// Topics whose configs are changed for the time being.
    fn changed_topics(&self) -> usize {
        0
    }

    /// How many lanes may be open at a time, where there is a bound.
    fn lanes_at_a_time(&self) -> Option<usize> {
        None
    }
}

/// The way of one lane to a target. What is sent arrives in the order it was sent.
pub trait LaneTarget: Send {
    /// Hands over the output records; blocks while the target's queue is full. Returns what was
    /// handed over, and the source records of which nothing was, because the target does not take all of it and the
    /// job says to set them aside.
    ///
    /// # Errors
    /// A record that cannot be sent, or one sent earlier that failed; the message names its position.
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError>;

    /// Hands over dead letters to the topic that the job names for them. A target that keeps nothing keeps this default.
    ///
    /// # Errors
    /// A dead letter that cannot be sent; the message names its position.
    fn send_letters(&mut self, _letters: &Arc<Batch>) -> Result<(), TargetError> {
        Ok(())
    }

    /// The last source record of which everything, and everything before it, is known to be written, `sent` being
    /// the last one handed over. A target that is done with a record when [`Self::send`] returns keeps this default.
    fn written_up_to(&self, sent: Option<&Place>) -> Option<Place> {
        sent.cloned()
    }

    /// Makes everything sent final, and keeps with it how far the lane has come, where the target keeps that.
    ///
    /// # Errors
    /// The first record that was not written, with its position.
    fn commit(&mut self, standing: &Standing) -> Result<(), TargetError>;

    /// When [`Self::commit`] is due, whether or not more is sent until then. A target that leaves that to the end of
    /// the lane keeps this default.
    fn commit_by(&self) -> Option<Instant> {
        None
    }

    /// Asked after each [`Self::send`] and [`Self::commit`]: where the lane must go on, because the target took
    /// back what was sent from there on: everything since the last [`Self::commit`]. A target that takes
    /// nothing back keeps this default.
    fn take_rewind(&mut self) -> Option<Restart> {
        None
    }

    /// Called when the lane has failed, instead of [`Self::commit`]: nothing more will be sent.
    fn abandon(&mut self) {}
}

/// How far a lane has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What was counted, up to [`Tally::up_to`].
    pub tally: Tally,
    /// What is kept of records that were set aside, by all runs of the job.
    pub kept: Kept,
    /// Whether that is all of the lane.
    pub complete: bool,
    /// The first files of the lane that are not done with, where that is known better than by [`Tally::up_to`].
    pub files_left: FilesLeft,
}

/// What one call of [`LaneTarget::send`] handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Records and their bytes, by target topic; a topic may come up more than once.
    pub by_topic: Vec<(Arc<str>, Volume)>,
    /// Source records that are set aside, in order.
    pub aside: Vec<NotTaken>,
}

/// A source record that a target does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// Where it is.
    pub place: Place,
    /// Why, in a word.
    pub cause: Cause,
    /// Why: what is counted.
    pub reason: String,
    /// Why in more words.
    pub detail: String,
}

impl Sent {
    /// Counts a record sent to a topic; allocates only when the topic is another than the last one.
    pub(crate) fn add(&mut self, topic: &Arc<str>, row: &OutputRow<'_>) {
        let headers = row.headers.bytes();
        let bytes = (row.key.map_or(0, <[u8]>::len) + row.value.map_or(0, <[u8]>::len) + headers) as u64;
        let volume = Volume::new(1, bytes);
        match self.by_topic.iter_mut().rev().find(|(known, _)| Arc::ptr_eq(known, topic) || known == topic) {
            Some((_, sum)) => *sum += volume,
            None => self.by_topic.push((Arc::clone(topic), volume)),
        }
    }
}

/// What a lane will ask of the target, as far as the catalog knows.
#[derive(Clone, Debug)]
pub struct LaneNeed {
    /// The lane.
    pub source: Arc<TopicPartition>,
    /// Its records, known or judged.
    pub records: u64,
    /// Bytes of its files, or its share of them.
    pub bytes: u64,
    /// The partitions that its records come from: its own, or those that are merged; none where nothing tells any.
    pub partitions: Vec<i32>,
    /// Bytes of key, value and headers of its largest record.
    pub largest_record: Option<u64>,
    /// Records without a key in its files.
    pub without_key: Option<u64>,
    /// Its smallest and largest timestamp, in milliseconds since the epoch.
    pub timestamps: Option<(i64, i64)>,
    /// Whether the backup says of records that the broker set their timestamps.
    pub log_append_time: bool,
}

impl LaneNeed {
    /// A lane of which nothing else is known.
    pub fn new(source: Arc<TopicPartition>) -> Self {
        let partitions = source.partition.into_iter().collect();
        Self {
            source,
            partitions,
            records: 0,
            bytes: 0,
            largest_record: None,
            without_key: None,
            timestamps: None,
            log_append_time: false,
        }
    }
}

/// Opens the target of a job for these lanes; creates the topics that are missing, if the job says so.
/// Under exactly-once the run takes over from any other of the same job, and goes on from what is committed.
/// Blocks while it speaks with the cluster; not to be called from an async task.
///
/// # Errors
/// A cluster that does not answer or let in, topics or partitions that it lacks, properties that
/// cannot be, and progress that does not fit to `inputs`.
pub fn connect(job: &Job, lanes: &[LaneNeed], inputs: &Inputs) -> Result<Arc<dyn Target>, TargetError> {
    connect_on(None, job, lanes, inputs)
}

/// As [`connect`], on a connection that there is already.
fn connect_on(
    connection: Option<kafka::Connection>,
    job: &Job,
    lanes: &[LaneNeed],
    inputs: &Inputs,
) -> Result<Arc<dyn Target>, TargetError> {
    Ok(match &job.target.cluster {
        Cluster::Null => Arc::new(NullTarget::new(&job.target)?),
        Cluster::Kafka(servers) => Arc::new(KafkaTarget::connect(job, servers, lanes, inputs, connection)?),
        Cluster::Mock => Arc::new(KafkaTarget::connect_embedded(job, lanes)?),
    })
}
