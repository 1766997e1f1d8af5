//! A run of a job: the transactional ids it holds, and its right to write progress.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::changes::{Present, changes};
use super::{
    ChangedTopic, FORMAT, Identity, Inputs, JobRecord, Key, LaneRecord, ProgressError, Reader, Stored, SurveyParts,
    SurveyRecord,
};
use crate::clock::now;
use crate::finding::Weight;
use crate::job::Job;
use crate::mechanism::is_off;
use crate::position::TopicPartition;
use crate::target::kafka::{Connection, Fault, Properties, Room, Transactor};
use crate::target::{LaneNeed, TargetError};

/// How long a run that was fenced waits for a second copy to say who it is. Only patience: what is decided after it
/// holds without it.
const GRACE: Duration = Duration::from_secs(3);
/// Transactional ids that are taken at a time.
const TAKEN_AT_A_TIME: usize = 8;

/// What opens producers that share the room of a restore.
pub(crate) struct Producers {
    pub(crate) config: ClientConfig,
    pub(crate) properties: Properties,
    pub(crate) room: Arc<Room>,
    /// The topic of progress.
    pub(crate) topic: Arc<str>,
}

/// A run that has begun.
pub(crate) struct Begun {
    pub(crate) session: Arc<Session>,
    /// One for each lane that may run at a time.
    pub(crate) transactors: Vec<Transactor>,
    /// What earlier runs have committed.
    pub(crate) stored: Stored,
    /// The first start of the job, in milliseconds since the epoch.
    pub(crate) started: i64,
}

/// See the module.
pub(crate) struct Session {
    job: String,
    run: String,
    producers: Producers,
    reader: Reader,
    leader: Mutex<Option<Transactor>>,
}

/// The transactional ids of a job: the leading one and those of its lanes.
pub(crate) fn ids(job: &str, lanes: u32) -> (String, Vec<String>) {
    (leading_id(job), (0..lanes).map(|number| lane_id(job, number)).collect())
}

fn leading_id(job: &str) -> String {
    format!("anabranch-{job}-leader")
}

fn lane_id(job: &str, number: u32) -> String {
    format!("anabranch-{job}-{number}")
}

/// An id that no other run has.
fn run_id() -> String {
    // Each of the standard library's random states has keys of its own.
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

impl Session {
    /// Begins a run: takes the job's ids, reads what is committed, and writes that this run goes on with it.
    ///
    /// # Errors
    /// Progress that cannot be read or does not fit to what is to be restored now.
    pub(crate) fn begin(
        job: &Job,
        lanes: &[LaneNeed],
        inputs: &Inputs,
        identity: &Identity,
        connection: &Connection,
        producers: Producers,
    ) -> Result<Begun, TargetError> {
        super::ensure(connection, &job.progress)?;
        let name = job.progress.job.as_str();
        let reader = Reader::new(&producers.properties, &job.progress.topic)?;
        let leader = producers.open(&leading_id(name))?;
        let fresh = u32::try_from(job.resources.lanes.clamp(1, lanes.len().max(1))).unwrap_or(u32::MAX);
        // What an earlier run has left open hides what is committed until its ids are taken, so their number comes from
        // whatever record of the job stands last in the log, committed or not. What is committed says at the end
        // whether these were all.
        let mut transactors = Vec::new();
        let mut count = ids_at_sight(&reader, name)?.unwrap_or(fresh);
        let mut stored = loop {
            let ids = ids(name, count).1;
            transactors.extend(producers.open_all(ids.get(transactors.len()..).unwrap_or_default())?);
            let stored = Stored::of(name, &reader.read()?)?;
            match &stored.job {
                Some(record) if record.ids > count => count = record.ids,
                Some(record) => {
                    count = record.ids;
                    break stored;
                }
                None => break stored,
            }
        };
        if is_off("progress-is-read") {
            stored.lanes.clear();
        }
        transactors.truncate(count as usize);
        stored.check_order(job.target.order)?;
        let present = Present::of(job, identity, inputs, &reader, connection, &stored);
        refuse(job, &stored, &present)?;
        stored.follow_target(present.ends());
        let is_other_source = stored.follow_source(identity);

        let survey = SurveyParts::of(&inputs.survey);
        let run = run_id();
        let fresh = || inputs.started.unwrap_or_else(now);
        let started = stored.job.as_ref().map_or_else(fresh, |stored| stored.started);
        let record = JobRecord {
            format: FORMAT,
            run: run.clone(),
            ids: count,
            started,
            resumed: now(),
            survey: survey.record.clone(),
            identity: identity.clone(),
        };
        let session = Self { job: name.to_owned(), run, producers, reader, leader: Mutex::default() };
        let new = lanes.iter().filter_map(|lane| match stored.lanes.get(&*lane.source) {
            None => Some((&*lane.source, LaneRecord::new(&session.run, inputs.expected(&lane.source)))),
            Some(known) => is_other_source.then(|| {
                let expected = inputs.expected(&lane.source);
                (&*lane.source, LaneRecord { expected, ..known.clone() })
            }),
        });
        let before = stored.job.as_ref().map(|job| &job.survey);
        session.write(&leader, &record, new, &survey, before).map_err(|fault| session.explain(fault))?;
        if stored.job.is_none() {
            // Nothing had to be read so far. A user that may not shall know before anything is written, and not when the
            // restore is to go on.
            session.reader.peek()?;
        }
        *session.leader.lock() = Some(leader);
        Ok(Begun { session: Arc::new(session), transactors, stored, started })
    }

    fn write<'a>(
        &self,
        leader: &Transactor,
        record: &JobRecord,
        lanes: impl Iterator<Item = (&'a TopicPartition, LaneRecord)>,
        survey: &SurveyParts,
        before: Option<&SurveyRecord>,
    ) -> Result<(), Fault> {
        leader.begin()?;
        leader.keep(&self.producers.topic, &Key::of_job(&self.job).bytes(), Some(&json(record)))?;
        for (lane, record) in lanes {
            leader.keep(&self.producers.topic, &Key::of_lane(&self.job, lane).bytes(), Some(&json(&record)))?;
        }
        if before != Some(&survey.record) {
            let keep =
                |part, value| leader.keep(&self.producers.topic, &Key::of_survey(&self.job, part).bytes(), value);
            survey.values().try_for_each(|(part, value)| keep(part, Some(value)))?;
            let old = survey.record.parts..before.map_or(0, |before| before.parts);
            old.into_iter().try_for_each(|part| keep(part, None))?;
        }
        leader.commit()
    }

    /// Writes what is changed of the configs of these target topics; of one that is given nothing, that nothing is any more.
    ///
    /// # Errors
    /// A second copy of the job that has taken over, and a cluster that does not answer.
    pub(crate) fn keep_configs(&self, topics: &[(&str, Option<&ChangedTopic>)]) -> Result<(), TargetError> {
        if topics.is_empty() || is_off("configs-are-kept") {
            return Ok(());
        }
        let write = |leader: &Transactor| -> Result<(), Fault> {
            leader.begin()?;
            for (topic, changed) in topics {
                let key = Key::of_configs(&self.job, topic).bytes();
                leader.keep(&self.producers.topic, &key, changed.map(json).as_deref())?;
            }
            leader.commit()
        };
        let mut leader = self.leader.lock();
        if let Some(leader) = &*leader {
            match write(leader) {
                Ok(()) => return Ok(()),
                Err(fault) => tracing::debug!("the leading id is taken again: {}", TargetError::from(fault)),
            }
        }
        // The cluster forgets ids that are not used for a week; or it is somebody else's now.
        self.check(&Stored::of(&self.job, &self.reader.peek()?)?)?;
        let taken = self.producers.open(&leading_id(&self.job))?;
        self.check(&Stored::of(&self.job, &self.reader.read()?)?)?;
        write(leader.insert(taken)).map_err(|fault| self.explain(fault))
    }

    /// The topic of progress.
    pub(crate) fn topic(&self) -> &str {
        &self.producers.topic
    }

    /// The run's id.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// Writes how far a lane has come into the open transaction of `transactor`.
    ///
    /// # Errors
    /// A transaction that takes no more.
    pub(crate) fn keep(
        &self,
        transactor: &Transactor,
        lane: &TopicPartition,
        record: &LaneRecord,
    ) -> Result<(), Fault> {
        if is_off("progress-is-written") {
            return Ok(());
        }
        if is_off("progress-with-the-data") {
            transactor.commit()?;
            transactor.begin()?;
        }
        transactor.keep(&self.producers.topic, &Key::of_lane(&self.job, lane).bytes(), Some(&json(record)))
    }

    /// Where the log of each partition of a topic ends; nothing of one of which the cluster does not tell.
    pub(crate) fn topic_ends(&self, topic: &str, partitions: i32) -> BTreeMap<i32, i64> {
        let ends = self.log_ends((0..partitions).map(|partition| (topic, partition))).unwrap_or_else(|error| {
            tracing::debug!("where `{topic}` ends is not known: {error}");
            BTreeMap::new()
        });
        ends.into_iter().map(|((_, partition), end)| (partition, end)).collect()
    }

    /// Where the logs of these partitions end.
    pub(crate) fn log_ends<'a>(
        &self,
        partitions: impl Iterator<Item = (&'a str, i32)>,
    ) -> Result<BTreeMap<(String, i32), i64>, KafkaError> {
        self.reader.log_ends(partitions)
    }

    /// Takes the id of lane producer `number` again after a fault that its producer did not survive, and tells how far
    /// `lane` is committed.
    ///
    /// # Errors
    /// A second copy of the job that has taken over, and a cluster that does not answer.
    pub(crate) fn reclaim(
        &self,
        number: u32,
        lane: &TopicPartition,
    ) -> Result<(Transactor, Option<LaneRecord>), TargetError> {
        if is_off("expired-or-fenced") {
            return Err(ProgressError::Fenced { job: self.job.clone() }.into());
        }
        let begun = Instant::now();
        while begun.elapsed() < GRACE {
            self.check(&Stored::of(&self.job, &self.reader.peek()?)?)?;
            thread::sleep(GRACE / 6);
        }
        // The order matters, see the module: this id, the leading one, and only then the look at who runs.
        let transactor = self.producers.open(&lane_id(&self.job, number))?;
        let mut leader = self.leader.lock();
        *leader = Some(self.producers.open(&leading_id(&self.job))?);
        let mut stored = Stored::of(&self.job, &self.reader.read()?)?;
        self.check(&stored)?;
        Ok((transactor, stored.lanes.remove(lane)))
    }

    /// That nothing can be kept any more, where the cluster says so.
    pub(crate) fn gone(&self) -> Option<ProgressError> {
        self.reader.is_gone().then(|| ProgressError::Gone { topic: self.topic().to_owned() })
    }

    /// Why this run is not the one that writes any more, where that is known.
    pub(crate) fn another(&self) -> Option<ProgressError> {
        self.check(&Stored::of(&self.job, &self.reader.peek().ok()?).ok()?).err()
    }

    /// Whether this run still is the one that writes.
    fn check(&self, stored: &Stored) -> Result<(), ProgressError> {
        match &stored.job {
            _ if is_off("run-id") => Ok(()),
            Some(record) if record.run == self.run => Ok(()),
            Some(_) => Err(ProgressError::Fenced { job: self.job.clone() }),
            None => Err(ProgressError::Forgotten { job: self.job.clone() }),
        }
    }

    /// A fault at the job's own record: whoever else took the leading id is a second copy.
    fn explain(&self, fault: Fault) -> TargetError {
        if fault.is_fencing() {
            return ProgressError::Fenced { job: self.job.clone() }.into();
        }
        fault.into()
    }
}

/// How many ids of lanes a job has, as far as its record can be seen.
pub(super) fn ids_at_sight(reader: &Reader, job: &str) -> Result<Option<u32>, TargetError> {
    let log = reader.read_uncommitted()?;
    Ok(Stored::of(job, &log)?.job.map(|record| record.ids))
}

/// Refuses what changed while the restore was prepared: before, it was shown as findings.
fn refuse(job: &Job, stored: &Stored, now: &Present<'_>) -> Result<(), ProgressError> {
    let messages: Vec<String> = changes(stored, now)
        .into_iter()
        .filter(|finding| finding.weight == Weight::Stop && !job.allow.iter().any(|code| code == finding.code))
        .map(|finding| finding.message)
        .collect();
    if messages.is_empty() {
        return Ok(());
    }
    Err(ProgressError::Changed { job: stored.name.clone(), changes: messages.join("; ") })
}

impl Producers {
    pub(super) fn open(&self, id: &str) -> Result<Transactor, TargetError> {
        Transactor::open(&self.config, id, &self.topic, &self.room, &self.properties)
    }

    /// Takes ids side by side: each takes some round trips, and longer where a transaction of it was left open.
    pub(super) fn open_all(&self, ids: &[String]) -> Result<Vec<Transactor>, TargetError> {
        let mut opened = Vec::with_capacity(ids.len());
        for some in ids.chunks(TAKEN_AT_A_TIME) {
            let results: Vec<_> = thread::scope(|scope| {
                let opening: Vec<_> = some.iter().map(|id| scope.spawn(move || self.open(id))).collect();
                opening.into_iter().map(thread::ScopedJoinHandle::join).collect()
            });
            for result in results {
                opened.push(result.unwrap_or_else(|_| {
                    let reason = "opening it panicked".to_owned();
                    Err(TargetError::Client { reason })
                })?);
            }
        }
        Ok(opened)
    }
}

fn json(record: &impl serde::Serialize) -> Vec<u8> {
    // Texts and numbers with texts as keys always are JSON.
    serde_json::to_vec(record).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_jobs_share_an_id() {
        let (leader, lanes) = ids("a", 3);
        for other in ["a-0", "a-leader", "b"] {
            let (other_leader, other_lanes) = ids(other, 3);
            assert_ne!(leader, other_leader);
            assert!(lanes.iter().all(|id| *id != other_leader && !other_lanes.contains(id)));
            assert!(!other_lanes.contains(&leader));
        }
    }

    #[test]
    fn runs_have_ids_of_their_own() {
        assert_ne!(run_id(), run_id());
    }
}
