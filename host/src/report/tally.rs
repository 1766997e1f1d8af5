//! What one lane counted.

use std::collections::BTreeMap;

use super::{PluginCounts, Volume, names};
use crate::aside::AsideCounts;
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
    /// Records acknowledged, by target topic; of one lane no more than 256 are kept apart, since a plugin may
    /// choose them.
    pub written: BTreeMap<String, Volume>,
    /// Records that were set aside.
    pub aside: AsideCounts,
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

    /// Counts records that a lane sent to a target topic.
    pub fn wrote(&mut self, topic: &str, volume: Volume) {
        match self.written.get_mut(topic) {
            Some(written) => *written += volume,
            None => *names::entry(&mut self.written, topic) += volume,
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
        let Self { read, plugins, written, aside, duplicates, missing_offsets, up_to: _ } = other;
        self.read += *read;
        if self.plugins.len() < plugins.len() {
            self.plugins.resize_with(plugins.len(), PluginCounts::default);
        }
        self.plugins.iter_mut().zip(plugins).for_each(|(sum, counts)| sum.add(counts));
        // Bounded already, lane by lane: a backup of many topics shall have them all in its sum.
        for (topic, volume) in written {
            *self.written.entry(topic.clone()).or_default() += *volume;
        }
        self.aside.add(aside);
        self.duplicates = self.duplicates.saturating_add(*duplicates);
        self.missing_offsets = self.missing_offsets.saturating_add(*missing_offsets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_a_lane_are_bounded_and_no_record_is_lost() {
        let mut tally = Tally::new(1);
        for user in 0..10_000 {
            tally.wrote(&format!("user-{user}"), Volume::new(1, 10));
        }
        assert!(tally.written.len() <= names::NAMES + 1, "{}", tally.written.len());
        assert_eq!(tally.total_written(), Volume::new(10_000, 100_000));
        assert!(tally.written.contains_key(names::OTHERS));
    }

    #[test]
    fn a_backup_of_many_topics_has_all_of_them_in_its_sum() {
        let mut sum = Tally::new(0);
        for topic in 0..1000 {
            let mut lane = Tally::new(0);
            lane.wrote(&format!("topic-{topic}"), Volume::new(1, 10));
            sum.add(&lane);
        }
        assert_eq!(sum.written.len(), 1000);
    }

    #[test]
    fn offsets_missing_from_end_to_end_do_not_overflow() {
        let lane = Tally { missing_offsets: u64::MAX, duplicates: u64::MAX, ..Tally::new(0) };
        let mut sum = lane.clone();
        sum.add(&lane);
        assert_eq!((sum.missing_offsets, sum.duplicates), (u64::MAX, u64::MAX));
    }
}
