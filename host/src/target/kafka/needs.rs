//! What a job's lanes ask of the target's topics.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::topic::Topic;
use crate::job::{CreateTopics, DeadLetters};
use crate::mechanism::unless_off;
use crate::position::TopicPartition;
use crate::route::{RouteError, Router};
use crate::target::{LaneNeed, TargetError};

/// The lanes that go to each target topic, unless a plugin says otherwise.
#[derive(Debug)]
pub(crate) struct Needs<'a> {
    pub(crate) topics: BTreeMap<Arc<str>, Vec<&'a LaneNeed>>,
    /// The lanes whose dead letters go to each topic.
    pub(crate) letters: BTreeMap<Arc<str>, Vec<&'a LaneNeed>>,
    router: &'a Router,
}

impl<'a> Needs<'a> {
    pub(crate) fn new(router: &'a Router, lanes: &'a [LaneNeed], dead_letters: Option<&DeadLetters>) -> Self {
        let mut topics: BTreeMap<Arc<str>, Vec<&LaneNeed>> = BTreeMap::new();
        for lane in lanes {
            topics.entry(router.topic(&lane.source.topic).into()).or_default().push(lane);
        }
        let mut letters: BTreeMap<Arc<str>, Vec<&LaneNeed>> = BTreeMap::new();
        for lane in lanes {
            if let Some(topic) = dead_letters.and_then(|letters| letters.topic(&lane.source.topic)) {
                letters.entry(topic.into()).or_default().push(lane);
            }
        }
        Self { topics, letters, router }
    }

    /// The target topics.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.topics.keys().cloned().collect()
    }

    /// The target topics, and those of dead letters.
    pub(crate) fn all_names(&self) -> Vec<Arc<str>> {
        self.topics.keys().chain(self.letters.keys()).cloned().collect()
    }

    /// Sees that no lane goes to the topic of progress: whoever looks for progress there would find what is none.
    pub(crate) fn keep_out_of(&self, progress: &str) -> Result<(), TargetError> {
        let found = [&self.topics, &self.letters].into_iter().find_map(|topics| topics.get(progress)?.first());
        match unless_off("no-records-among-progress", found) {
            None => Ok(()),
            Some(lane) => Err(TargetError::IntoProgress { from: lane.source.to_string(), topic: progress.to_owned() }),
        }
    }

    /// The topics that are not among `there`, with as many partitions as the backup has at most.
    pub(crate) fn missing(&self, there: &BTreeMap<Arc<str>, Topic>) -> BTreeMap<Arc<str>, i32> {
        self.topics
            .iter()
            .chain(&self.letters)
            .filter(|(name, _)| !there.contains_key(*name))
            .map(|(name, lanes)| (Arc::clone(name), partitions_in_backup(lanes)))
            .collect()
    }

    /// Checks that every lane finds its partition, in `there` or in what will be created.
    pub(crate) fn check(
        &self,
        there: &BTreeMap<Arc<str>, Topic>,
        create: Option<&CreateTopics>,
    ) -> Result<(), TargetError> {
        if let Some(topic) = self.letters.keys().find(|topic| self.topics.contains_key(*topic)) {
            return Err(TargetError::LettersAmongRecords { topic: Arc::clone(topic) });
        }
        for (name, lanes) in &self.topics {
            let partitions = match there.get(name) {
                Some(topic) => Some(topic.partitions),
                None => create.map(|create| create.partitions.unwrap_or_else(|| partitions_in_backup(lanes))),
            };
            for lane in lanes {
                for source in sources(lane) {
                    let no_way = |error| TargetError::Lane { source_partition: source.to_string(), error };
                    let fixed = self.router.fixed_partition(&source).map_err(no_way)?;
                    if let (Some(partition), Some(partitions)) = (fixed, partitions)
                        && !(0..partitions).contains(&partition)
                    {
                        let topic = Arc::clone(name);
                        return Err(no_way(RouteError::NoSuchPartition { topic, partition, partitions }));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Partitions that lanes come from: the highest and those below it.
pub(crate) fn partitions_in_backup(lanes: &[&LaneNeed]) -> i32 {
    lanes.iter().flat_map(|lane| &lane.partitions).max().map_or(1, |highest| highest.saturating_add(1))
}

/// Where the records of a lane come from.
fn sources(lane: &LaneNeed) -> Vec<TopicPartition> {
    let topic = &lane.source.topic;
    match &*lane.partitions {
        [] => vec![(*lane.source).clone()],
        all => all.iter().map(|partition| TopicPartition::new(Arc::clone(topic), Some(*partition))).collect(),
    }
}
