//! What one lane counted.

use std::collections::BTreeMap;

use super::{PluginCounts, Volume};
use crate::position::Place;

/// What became of the records of one lane, up to the last one acknowledged by the target.
///
/// After a rewind, what is sent again is counted again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records of the backup.
    pub read: Volume,
    /// What each plugin of the chain did, in its order.
    pub plugins: Vec<PluginCounts>,
    /// Records acknowledged, by target topic.
    pub written: BTreeMap<String, Volume>,
    /// Records that stood in the backup more than once, equal each time, and were taken once.
    pub duplicates: u64,
    /// Offsets between the first and the last that the backup does not hold.
    pub missing_offsets: u64,
    /// The last source record of which everything is acknowledged.
    pub up_to: Option<Place>,
}

impl Tally {
    /// Nothing counted yet, for a chain of so many plugins.
    pub fn new(plugins: usize) -> Self {
        Self { plugins: vec![PluginCounts::default(); plugins], ..Self::default() }
    }

    /// Counts records sent to a target topic.
    pub fn wrote(&mut self, topic: &str, volume: Volume) {
        match self.written.get_mut(topic) {
            Some(written) => *written += volume,
            None => {
                self.written.insert(topic.to_owned(), volume);
            }
        }
    }

    /// All records acknowledged, whatever the topic.
    pub fn total_written(&self) -> Volume {
        let mut total = Volume::default();
        self.written.values().for_each(|volume| total += *volume);
        total
    }

    /// Adds what another lane of the same job counted; `up_to` has no meaning beyond one lane and
    /// is left alone.
    pub fn add(&mut self, other: &Self) {
        let Self { read, plugins, written, duplicates, missing_offsets, up_to: _ } = other;
        self.read += *read;
        if self.plugins.len() < plugins.len() {
            self.plugins.resize_with(plugins.len(), PluginCounts::default);
        }
        self.plugins.iter_mut().zip(plugins).for_each(|(sum, counts)| sum.add(counts));
        for (topic, volume) in written {
            self.wrote(topic, *volume);
        }
        self.duplicates += duplicates;
        self.missing_offsets += missing_offsets;
    }
}
