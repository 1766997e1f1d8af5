//! The progress of one job, as it was read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::reader::Log;
use super::{ChangedTopic, FORMAT, Identity, JobRecord, Key, LaneRecord, OffsetRange, ProgressError, TopicRanges};
use crate::catalog::KeptSurvey;
use crate::job::Order;
use crate::mechanism::is_off;
use crate::position::{PlaceRecord, TopicPartition};
use crate::target::Standing;

/// What is kept of one job.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub(crate) name: String,
    pub(crate) job: Option<JobRecord>,
    pub(crate) lanes: BTreeMap<TopicPartition, LaneRecord>,
    /// What was found of the files of the backup.
    pub(crate) survey: Option<KeptSurvey>,
    /// What was changed of the configs of target topics, and is to be put back.
    pub(crate) configs: BTreeMap<String, ChangedTopic>,
}

/// What every format has.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

impl Stored {
    /// What a topic holds of the job `name`.
    ///
    /// # Errors
    /// Records of it that are not to be understood.
    pub(crate) fn of(name: &str, log: &Log) -> Result<Self, ProgressError> {
        let mut stored = Self { name: name.to_owned(), ..Self::default() };
        let mut parts = BTreeMap::new();
        for (key, (offset, value)) in log.records.iter().filter(|(key, _)| key.job == name) {
            if let Some(topic) = key.configs_of() {
                stored.configs.insert(topic.to_owned(), parse(name, log, *offset, value)?);
                continue;
            }
            match (key.lane(), key.survey()) {
                (Some(lane), _) => drop(stored.lanes.insert(lane, parse(name, log, *offset, value)?)),
                (None, Some(part)) => drop(parts.insert(part, value.clone())),
                (None, None) => stored.job = Some(parse(name, log, *offset, value)?),
            }
        }
        if stored.job.is_none() {
            // Nobody can tell what it was that they restored.
            stored.lanes.clear();
        }
        stored.survey = stored.job.as_ref().and_then(|job| job.survey.survey(&parts));
        Ok(stored)
    }

    /// The job's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first start and that of the last run, in milliseconds since the epoch.
    pub fn times(&self) -> Option<(i64, i64)> {
        self.job.as_ref().map(|job| (job.started, job.resumed))
    }

    /// How far each lane has come.
    pub fn lanes(&self) -> impl Iterator<Item = (&TopicPartition, Standing)> {
        self.lanes.iter().map(|(lane, record)| (lane, record.standing()))
    }

    /// The records that a lane is expected to have, where that is known.
    pub fn expected(&self, lane: &TopicPartition) -> Option<u64> {
        self.lanes.get(lane)?.expected
    }

    /// Whether nothing is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.job.is_none() && self.lanes.is_empty() && self.configs.is_empty()
    }

    /// The target topics whose configs are changed for the time being.
    pub fn changed_topics(&self) -> impl Iterator<Item = (&str, &ChangedTopic)> {
        self.configs.iter().map(|(topic, changed)| (topic.as_str(), changed))
    }

    /// The topics that lanes have written to.
    pub(crate) fn written_topics(&self) -> BTreeMap<&str, &TopicRanges> {
        let topics = self.lanes.values().flat_map(|lane| lane.ranges.topics());
        topics.filter(|(_, topic)| !topic.ranges.is_empty()).collect()
    }

    /// Where the logs of the target had ended at least.
    pub(crate) fn ends(&self) -> BTreeMap<(String, i32), i64> {
        let mut ends = BTreeMap::new();
        for (place, range) in self.ranges() {
            let Some(end) = range.to else { continue };
            let most = ends.entry(place).or_insert(end);
            *most = (*most).max(end);
        }
        ends
    }

    /// Whether the files of the backup are others now. Then what was known of them is forgotten, and a lane that had all
    /// of them may have more.
    pub(crate) fn follow_source(&mut self, now: &Identity) -> bool {
        if self.job.as_ref().is_none_or(|then| then.identity.source == now.source)
            || is_off("lanes-grow-with-their-source")
        {
            return false;
        }
        for lane in self.lanes.values_mut() {
            lane.complete = false;
            lane.file_left = None;
            lane.files_left.clear();
        }
        true
    }

    /// Takes it that the target's logs end where they do now, which the job allows: what was written behind is gone, and not
    /// looked for again.
    pub(crate) fn follow_target(&mut self, ends: &BTreeMap<(String, i32), i64>) {
        for lane in self.lanes.values_mut() {
            for ((topic, partition), end) in ends {
                lane.ranges.cut(topic, *partition, *end);
            }
        }
    }

    /// Where the ranges of the lanes begin and end, the first one of each partition.
    pub(crate) fn starts(&self) -> BTreeMap<(String, i32), (i64, Option<i64>)> {
        let mut starts = BTreeMap::new();
        for (place, range) in self.ranges() {
            let first = starts.entry(place).or_insert((range.from, range.to));
            *first = (*first).min((range.from, range.to));
        }
        starts
    }

    /// The ranges of all lanes, by topic and partition.
    fn ranges(&self) -> impl Iterator<Item = ((String, i32), &OffsetRange)> {
        let topics = self.lanes.values().flat_map(|lane| lane.ranges.topics());
        topics.flat_map(|(topic, ranges)| {
            ranges.ranges.iter().map(move |(partition, range)| ((topic.to_owned(), *partition), range))
        })
    }

    /// That lanes are merged now if they were. From the places of merged ones nobody can go on in lanes of their own: they
    /// would begin anew.
    ///
    /// # Errors
    /// A lane of which it is not so.
    pub(crate) fn check_order(&self, order: Order) -> Result<(), ProgressError> {
        let merges = order == Order::Timestamp;
        for (lane, record) in self.lanes.iter().filter(|_| !is_off("changed-order")) {
            let (was, now) = match &record.up_to {
                Some(PlaceRecord::Each { .. }) if !merges => {
                    ("is that of all its parts merged", "now each has its own")
                }
                Some(PlaceRecord::Each { .. }) | None => continue,
                Some(_) if merges && lane.partition.is_some() => ("is its own", "now partitions are merged"),
                Some(_) => continue,
            };
            return Err(ProgressError::Merged { job: self.name.clone(), lane: lane.to_string(), was, now });
        }
        Ok(())
    }

    /// Whether all of these lanes are written.
    pub(crate) fn is_complete<'a>(&self, mut lanes: impl Iterator<Item = &'a TopicPartition>) -> bool {
        self.job.is_some() && lanes.all(|lane| self.lanes.get(lane).is_some_and(|record| record.complete))
    }
}

/// A job whose records are not to be understood.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Its name.
    pub job: String,
    /// Why not.
    pub error: ProgressError,
}

/// Everything that a topic holds, by job.
pub(crate) fn all(log: &Log) -> (Vec<Stored>, Vec<Unreadable>) {
    let names: BTreeSet<&str> = log.records.keys().map(|key| key.job.as_str()).collect();
    let (mut jobs, mut unreadable) = (Vec::new(), Vec::new());
    for name in names {
        match Stored::of(name, log) {
            Ok(stored) => jobs.push(stored),
            Err(error) => unreadable.push(Unreadable { job: name.to_owned(), error }),
        }
    }
    (jobs, unreadable)
}

fn parse<T: DeserializeOwned>(job: &str, log: &Log, offset: i64, value: &[u8]) -> Result<T, ProgressError> {
    let foreign = |error: serde_json::Error| ProgressError::Foreign {
        topic: log.topic.clone(),
        offset,
        reason: error.to_string(),
    };
    let Versioned { format } = serde_json::from_slice(value).map_err(foreign)?;
    if format > FORMAT && !is_off("format-of-progress") {
        return Err(ProgressError::Newer { topic: log.topic.clone(), job: job.to_owned(), format, known: FORMAT });
    }
    serde_json::from_slice(value).map_err(foreign)
}

impl Log {
    /// The keys of a job.
    pub(crate) fn keys<'a>(&'a self, job: &'a str) -> impl Iterator<Item = &'a Key> {
        self.records.keys().filter(move |key| key.job == job)
    }
}
