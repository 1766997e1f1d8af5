//! The end of a restore: what every lane did, put together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Commits, Tally, Volume};
use crate::finding::Finding;
use crate::position::TopicPartition;

/// How a lane ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneEnd {
    /// Everything of it is at the target.
    Complete,
    /// It was asked to stop before its end; [`Tally::up_to`] says where.
    Stopped,
}

/// What one lane did.
#[derive(Clone, Debug)]
pub struct LaneSummary {
    /// The lane.
    pub source: Arc<TopicPartition>,
    /// What earlier runs of the job had counted of it, where progress is kept.
    pub before: Option<Tally>,
    /// What this run counted.
    pub tally: Tally,
    /// How it ended.
    pub end: LaneEnd,
}

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The job's name.
    pub job: String,
    /// Where records went: bootstrap servers, `mock` or `null`.
    pub target: String,
    /// Names of the plugins, in order of the chain; each [`Tally::plugins`] has as many entries.
    pub plugins: Vec<String>,
    /// The lanes, in the catalog's order.
    pub lanes: Vec<LaneSummary>,
    /// How long it took, from the first read to the last acknowledgement.
    pub duration: Duration,
    /// What was committed while it ran, where the target does that by transactions.
    pub commits: Option<Commits>,
    /// What was found before and on the way.
    pub findings: Vec<Finding>,
}

impl Summary {
    /// Whether every lane came to its end.
    pub fn is_complete(&self) -> bool {
        self.lanes.iter().all(|lane| lane.end == LaneEnd::Complete)
    }

    /// What all lanes counted together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::new(self.plugins.len());
        self.lanes.iter().for_each(|lane| total.add(&lane.tally));
        total
    }

    /// What earlier runs counted, all lanes together; `None` where there was none, or nothing is kept of it.
    pub fn before(&self) -> Option<Tally> {
        let mut total = Tally::new(self.plugins.len());
        self.lanes.iter().filter_map(|lane| lane.before.as_ref()).for_each(|before| total.add(before));
        (total.read.records > 0).then_some(total)
    }

    /// What the lanes counted, by source topic.
    pub fn by_source_topic(&self) -> BTreeMap<&str, Tally> {
        let mut topics = BTreeMap::new();
        for lane in &self.lanes {
            let topic: &str = &lane.source.topic;
            topics.entry(topic).or_insert_with(|| Tally::new(self.plugins.len())).add(&lane.tally);
        }
        topics
    }

    /// `volume` by the second.
    pub fn per_second(&self, volume: Volume) -> Volume {
        let rate = |count: u64| (count as f64 / self.duration.as_secs_f64().max(0.001)) as u64;
        Volume::new(rate(volume.records), rate(volume.bytes))
    }
}
