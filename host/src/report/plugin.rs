//! What one plugin did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::names;

/// What one plugin did to the records of one source topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginCounts {
    /// Records that it was given.
    pub read: u64,
    /// Of those, records that came out at least once.
    pub kept: u64,
    /// Of those, records that it left out, by reason; the empty reason is "none given".
    pub dropped: BTreeMap<String, u64>,
    /// Output records of which it changed something.
    pub changed: u64,
    /// Output records (more than `kept` where it fans out).
    pub written: u64,
    /// Its own counters.
    pub counters: BTreeMap<String, u64>,
}

impl PluginCounts {
    /// Records that it left out, whatever the reason.
    pub fn dropped_records(&self) -> u64 {
        self.dropped.values().fold(0_u64, |sum, records| sum.saturating_add(*records))
    }

    /// Adds the counts of another lane or batch. A plugin chooses its reasons, names and numbers, so that of
    /// all lanes and batches together no more names are kept apart than of one, and no sum overflows.
    pub fn add(&mut self, other: &Self) {
        let Self { read, kept, dropped, changed, written, counters } = other;
        for (sum, count) in
            [(&mut self.read, read), (&mut self.kept, kept), (&mut self.changed, changed), (&mut self.written, written)]
        {
            *sum = sum.saturating_add(*count);
        }
        for (reason, records) in dropped {
            names::count(&mut self.dropped, reason, *records);
        }
        for (name, count) in counters {
            names::count(&mut self.counters, name, *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_over_all_batches_and_nothing_is_lost() {
        let mut sum = PluginCounts::default();
        for user in 0..10_000_u64 {
            let name = format!("user {user} has left");
            let counts = BTreeMap::from([(name, 1)]);
            sum.add(&PluginCounts { dropped: counts.clone(), counters: counts, ..PluginCounts::default() });
        }
        assert_eq!(sum.dropped_records(), 10_000);
        for counts in [&sum.dropped, &sum.counters] {
            assert!(counts.len() <= names::NAMES + 1, "{}", counts.len());
            assert_eq!(counts.get(names::OTHERS), Some(&(10_000 - names::NAMES as u64)));
        }
    }

    #[test]
    fn a_plugins_largest_number_twice_does_not_overflow() {
        let largest = BTreeMap::from([("x".to_owned(), u64::MAX), ("y".to_owned(), u64::MAX)]);
        let counts = PluginCounts { dropped: largest.clone(), counters: largest, ..PluginCounts::default() };
        let mut sum = counts.clone();
        sum.add(&counts);
        assert_eq!(sum.counters.get("x"), Some(&u64::MAX));
        assert_eq!(sum.dropped_records(), u64::MAX);
    }
}
