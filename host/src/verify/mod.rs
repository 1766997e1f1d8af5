//! Whether the target holds what the backup and the plugins give.
//!
//! The plugins are deterministic, so the restore is worked out anew, lane by lane, up to what is committed, by the same
//! stages ([`Lane`]); where a restore would send a record, it is looked for in the range of the target's partition that
//! the lane's progress tells ([`partition`]). So the backup is read once, of each range what the lane's records lie among,
//! and nothing is kept but where something of the target is gone by now. Nothing is written, and no transactional id is
//! taken: a restore that runs is not disturbed, and what it writes meanwhile is not looked at.
//!
//! A record that is not where it is due is looked for a second time, to say what became of it ([`difference`]). With
//! headers of provenance copies are found too, wherever in the target topics they lie ([`origin`]).

mod anywhere;
mod beyond;
mod compacted;
mod content;
mod difference;
mod document;
mod error;
mod index;
mod lane;
mod log;
mod looking;
mod origin;
mod partition;
#[cfg(test)]
mod tests;
mod up_to;
mod verified;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Instant;

use crossbeam_channel::Receiver;
use parking_lot::Mutex;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::BaseConsumer;

pub use difference::{Difference, Kind};
pub use document::VerifiedDocument;
pub use error::VerifyError;
pub use verified::{LaneVerified, Verified};

use content::Content;
use difference::Suspect;
use lane::{Compared, ComparingLane, Parts, Shared};
use log::{KafkaLogs, Log, Logs};
use origin::{Homes, Origin};
use up_to::UpTo;

use crate::aside::Ceiling;
use crate::catalog::{self, Catalog, KeptSurvey};
use crate::clock::now;
use crate::finding::Finding;
use crate::job::{self, Cluster, Delivery, Job};
use crate::lane::{Budget, Lane, LaneError, Letters};
use crate::mechanism::is_off;
use crate::passage::Passage;
use crate::position::{Place, Restart, TopicPartition};
use crate::progress::{self, Inputs, LaneRecord, ProgressError, Stored};
use crate::report::Progress;
use crate::restore::batches;
use crate::route::Router;
use crate::stop::StopSignal;
use crate::target::kafka::{Connection, Context, Needs, Properties};
use crate::target::{LaneNeed, TargetError};

/// Milliseconds by which the clocks of machines may differ.
const CLOCKS: i64 = 60_000;

/// What counts of a target topic.
#[derive(Clone, Copy, Debug, Default)]
struct TargetTopic {
    partitions: i32,
    compacted: bool,
    /// Whether tombstones that were written since the job was begun may be gone by now.
    tombstones_are_gone: bool,
    /// Whether the broker sets timestamps.
    log_append_time: bool,
}

/// What a job has committed, and the target that it has committed it to.
pub struct Committed {
    /// What is another than when the job was first started.
    pub findings: Vec<Finding>,
    stored: Stored,
    connection: Connection,
    properties: Properties,
}

impl Committed {
    /// Looks at the progress of a job, and changes nothing. Blocks while it speaks with the cluster; not to be called from
    /// an async task.
    ///
    /// # Errors
    /// A job that keeps no progress or of which there is none, and a cluster that does not answer or let in.
    pub fn look(job: &Job, lanes: &[LaneNeed], inputs: &Inputs) -> Result<Self, VerifyError> {
        let (Cluster::Kafka(servers), Delivery::ExactlyOnce) = (&job.target.cluster, job.target.delivery) else {
            return Err(VerifyError::NoProgress);
        };
        let properties = Properties::new(job, servers)?;
        let connection = Connection::open(&properties, false)?;
        let router = Router::new(&job.target).map_err(TargetError::from)?;
        let Some(stored) = progress::look(job, &properties, &connection)? else {
            let job::Progress { job, topic, .. } = job.progress.clone();
            let unknown = ProgressError::Unknown { topic, job };
            return Err(TargetError::from(unknown).into());
        };
        let names = Needs::new(&router, lanes, None).names();
        let cluster = connection.id().map(str::to_owned);
        let identity = inputs.identity(job, lanes, cluster, connection.topic_ids(&names));
        let findings = stored.changes(&identity, inputs, &connection, &properties, job)?;
        Ok(Self { findings, stored, connection, properties })
    }

    /// The first start of the job, in milliseconds since the epoch.
    pub fn started(&self) -> Option<i64> {
        self.stored.times().map(|(started, _)| started)
    }

    /// What the first start found in the backup.
    pub fn survey(&self) -> Option<&KeptSurvey> {
        self.stored.survey.as_ref()
    }

    /// Whether so many milliseconds are over since the job was begun, whatever the clock of brokers says.
    fn is_over_since_the_start(&self, milliseconds: i64) -> bool {
        self.started().is_none_or(|started| now().saturating_sub(started) >= milliseconds.saturating_sub(CLOCKS))
    }

    /// How many source records of a lane are committed.
    pub fn records(&self, lane: &TopicPartition) -> u64 {
        self.stored.lanes.get(lane).map_or(0, |record| record.read.records)
    }

    /// The target topics that were written to.
    fn topics(&self) -> Result<BTreeMap<String, TargetTopic>, TargetError> {
        let names: Vec<Arc<str>> = self.stored.written_topics().into_keys().map(Arc::from).collect();
        let there = self.connection.topics(&names)?;
        let missing: Vec<Arc<str>> = names.iter().filter(|name| !there.contains_key(*name)).cloned().collect();
        if !missing.is_empty() {
            return Err(TargetError::MissingTopics(missing));
        }
        let facts = |topic: &crate::target::kafka::Topic| TargetTopic {
            partitions: topic.partitions,
            compacted: topic.limits.compacted && !is_off("verify-compaction"),
            tombstones_are_gone: self.is_over_since_the_start(topic.limits.tombstones),
            log_append_time: topic.limits.log_append_time,
        };
        Ok(there.iter().map(|(name, topic)| (name.to_string(), facts(topic))).collect())
    }
}

/// What a comparison is made of.
pub struct Verify<'a> {
    /// The job.
    pub job: &'a Job,
    /// What there was to restore.
    pub catalog: &'a Catalog,
    /// What records passed, the plugins as of the first start.
    pub passage: Passage<'a>,
    /// What was committed.
    pub committed: &'a Committed,
    /// One [`crate::report::LaneProgress`] for each lane of the catalog, in its order.
    pub progress: &'a Progress,
    /// Ends it early.
    pub stop: &'a StopSignal,
}

/// What the workers share.
struct Work {
    shared: Arc<Shared>,
    router: Router,
    budget: Budget,
    ends: Arc<BaseConsumer<Context>>,
    /// Bytes that are read ahead of each partition.
    ahead: usize,
}

impl Verify<'_> {
    /// Compares all lanes.
    ///
    /// # Errors
    /// The first error of any lane. A difference is none.
    pub fn run(&self) -> Result<Verified, VerifyError> {
        let begun = Instant::now();
        let work = self.work()?;
        let number = self.catalog.lanes.len();
        let ends: Mutex<Vec<Option<Result<Compared, VerifyError>>>> = Mutex::default();
        ends.lock().resize_with(number, || None);
        let (give, take) = crossbeam_channel::unbounded();
        for lane in 0..number {
            // The receiver lives until the end of this function.
            let _ = give.send(lane);
        }
        drop(give);
        let workers = self.job.resources.lanes.clamp(1, number.max(1));
        thread::scope(|scope| {
            for _ in 0..workers {
                let named = thread::Builder::new().name("lane".to_owned());
                if let Err(source) = named.spawn_scoped(scope, || self.worker(&work, &take, &ends)) {
                    self.stop.stop();
                    return Err(VerifyError::Thread(source));
                }
            }
            Ok(())
        })?;
        let mut lanes = Vec::new();
        for (lane, end) in self.catalog.lanes.iter().zip(ends.into_inner()) {
            lanes.push((lane, end.transpose()?));
        }
        if work.shared.provenance && !self.stop.is_stopped() && !is_off("verify-elsewhere") {
            self.look_outside(&work)?;
        }
        let verified = lanes.into_iter().map(|(lane, compared)| {
            let record = self.committed.stored.lanes.get(&*lane.source);
            LaneVerified::new(&lane.source, record, compared, work.shared.homes.stray(&lane.source))
        });
        Ok(Verified {
            job: self.job.progress.job.clone(),
            target: self.job.target.cluster.to_string(),
            provenance: work.shared.provenance,
            lanes: verified.collect(),
            duration: begun.elapsed(),
            findings: self.committed.findings.iter().cloned().map(Finding::allowed).collect(),
            broker_times: work
                .shared
                .topics
                .iter()
                .filter(|(_, topic)| topic.log_append_time)
                .map(|(name, _)| name.clone())
                .collect(),
        })
    }

    fn work(&self) -> Result<Work, VerifyError> {
        let resources = self.job.resources;
        let properties = &self.committed.properties;
        let lanes = &self.committed.stored.lanes;
        let most = lanes.values().map(|lane| lane.ranges.topics().map(|(_, topic)| topic.ranges.len()).sum::<usize>());
        // Half for what is read ahead, half for digests of what is looked through.
        let share = resources.target_bytes() / resources.lanes.max(1) / 2;
        let ends = BaseConsumer::from_config_and_context(&properties.for_ends(), Context::new(0))
            .map_err(|error| properties.fault(error))?;
        let shared = Shared {
            topics: self.committed.topics()?,
            room: share,
            provenance: self.job.target.provenance,
            homes: Homes::new(&self.job.progress.job, lanes.iter()),
        };
        Ok(Work {
            shared: Arc::new(shared),
            router: Router::new(&self.job.target).map_err(TargetError::from)?,
            budget: Budget::new(resources.lane_bytes()),
            ends: Arc::new(ends),
            // Where keys find their partition, records without one are looked for beside those that have one.
            ahead: share / most.max().unwrap_or(1).max(1) / 2,
        })
    }

    /// Takes lane after lane until none is left or a stop is asked for.
    fn worker(&self, work: &Work, lanes: &Receiver<usize>, ends: &Mutex<Vec<Option<Result<Compared, VerifyError>>>>) {
        let mut logs: Option<Arc<dyn Logs>> = None;
        while let Ok(index) = lanes.try_recv() {
            if self.stop.is_stopped() {
                return;
            }
            let Some(lane) = self.catalog.lanes.get(index) else { continue };
            let end = self.lane(work, index, lane, &mut logs);
            if end.is_err() {
                self.stop.stop();
            }
            if let Some(place) = ends.lock().get_mut(index) {
                *place = end.transpose();
            }
        }
    }

    /// Compares a lane; `None` for one of which nothing is committed.
    fn lane(
        &self,
        work: &Work,
        index: usize,
        lane: &catalog::Lane,
        logs: &mut Option<Arc<dyn Logs>>,
    ) -> Result<Option<Compared>, VerifyError> {
        let record = self.committed.stored.lanes.get(&*lane.source);
        let Some((record, last)) = record.and_then(|record| Some((record, Place::from(record.up_to.as_ref()?)))) else {
            return Ok(None);
        };
        let logs = match logs {
            Some(logs) => Arc::clone(logs),
            None => {
                let made: Arc<dyn Logs> =
                    Arc::new(KafkaLogs::connect(&self.committed.properties, &work.ends, work.ahead)?);
                Arc::clone(logs.insert(made))
            }
        };
        let mut compared = self.compare(work, index, lane, record, &last, &logs, None)?;
        if let Some(suspect) = compared.suspect.take() {
            let again = self.compare(work, index, lane, record, &last, &logs, Some(suspect))?;
            compared.difference = again.suspect.map(Suspect::difference);
            compared.ended &= compared.difference.is_some();
        }
        Ok(Some(compared))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one lane, handed on once")]
    fn compare(
        &self,
        work: &Work,
        index: usize,
        lane: &catalog::Lane,
        record: &LaneRecord,
        last: &Place,
        logs: &Arc<dyn Logs>,
        suspect: Option<Suspect>,
    ) -> Result<Compared, VerifyError> {
        let Some(progress) = self.progress.lanes().get(index) else { return Ok(Compared::default()) };
        let (result, over) = (Arc::new(Mutex::new(Compared::default())), Arc::new(AtomicBool::new(false)));
        let no_way = |error| TargetError::Lane { source_partition: lane.source.to_string(), error };
        let parts = Parts {
            source: (*lane.source).clone(),
            route: work.router.lane(&lane.source).map_err(no_way)?,
            record: record.clone(),
            logs: Arc::clone(logs),
            suspect,
            result: Arc::clone(&result),
            over: Arc::clone(&over),
        };
        let topic = self.job.target.topic(&lane.source.topic);
        let transform = self.passage.open(&lane.source, topic).map_err(LaneError::from)?;
        let ceiling = Ceiling::none();
        let batches = batches(self.job, self.catalog, lane, None).map_err(LaneError::from)?;
        let lane = Lane {
            source: Arc::clone(&lane.source),
            batches: Box::new(UpTo::new(batches, last, over)),
            transform,
            target: Box::new(ComparingLane::new(&work.shared, parts)),
            from: Restart::Beginning,
            // What the restore set aside is set aside here, too; who was guilty is not asked again.
            kept: record.kept.clone(),
            letters: Letters::none(),
            ceiling: ceiling.lane(),
            plugins: self.job.plugins.len(),
            budget: &work.budget,
            stop: self.stop,
            progress,
        };
        lane.run()?;
        let compared = std::mem::take(&mut *result.lock());
        Ok(compared)
    }

    /// Looks for records of the job in what no lane has looked through.
    fn look_outside(&self, work: &Work) -> Result<(), VerifyError> {
        let logs = KafkaLogs::connect(&self.committed.properties, &work.ends, work.ahead)?;
        let homes = &work.shared.homes;
        let mut record = Content::default();
        for (topic, facts) in &work.shared.topics {
            for partition in 0..facts.partitions {
                let extent = logs.extent(topic, partition)?;
                let lanes = self.committed.stored.lanes.values();
                let mut ranges: Vec<(i64, i64)> = lanes
                    .filter_map(|lane| lane.ranges.of(topic, partition))
                    .map(|range| (range.from, range.to.unwrap_or(extent.end)))
                    .collect();
                ranges.sort_unstable();
                ranges.push((extent.visible, extent.visible));
                let mut from = extent.start;
                for (begin, end) in ranges {
                    if from < begin.min(extent.visible) {
                        let mut log = logs.open(topic, partition, from, begin.min(extent.visible))?;
                        while let Some(offset) = log.next(&mut record)? {
                            if let Some(origin) = Origin::of(&homes.job, &record) {
                                homes.note(&origin, topic, partition, offset);
                            }
                        }
                    }
                    from = from.max(end);
                }
            }
        }
        Ok(())
    }
}
