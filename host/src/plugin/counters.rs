//! Counts under names that a plugin chooses, bounded so that it cannot fill the host's memory.

use std::collections::BTreeMap;

use super::text::printable;
use crate::report::names;

/// Bytes of a name.
const NAME: usize = 256;

/// Counts by name since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// Adds to the counter `name`.
    pub(super) fn add(&mut self, name: String, by: u64) {
        let name = if name.len() > NAME { printable(&name, NAME) } else { name };
        names::count(&mut self.0, &name, by);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Moves the counts into a report.
    pub(super) fn drain_into(&mut self, report: &mut BTreeMap<String, u64>) {
        while let Some((name, by)) = self.0.pop_first() {
            names::count(report, &printable(&name, NAME), by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_nothing_is_lost() {
        let mut counters = Counters::default();
        for number in 0..10_000_u64 {
            counters.add(format!("name {number}"), 1);
        }
        let mut report = BTreeMap::new();
        counters.drain_into(&mut report);
        assert!(report.len() <= names::NAMES + 1, "{}", report.len());
        assert_eq!(report.values().sum::<u64>(), 10_000);
        assert!(report.contains_key(names::OTHERS));
    }
}
