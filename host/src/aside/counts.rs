//! How many records were set aside, by what was done with them and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Cause;
use crate::job::Policy;
use crate::report::{names, shown};

/// Characters of a reason.
const REASON: usize = 256;

/// Counts of records that were set aside. Of as many reasons as a plugin may think of no more than 256 are kept apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<AsideCount>", into = "Vec<AsideCount>")]
pub struct AsideCounts(BTreeMap<Why, u64>);

/// What is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Why {
    /// Why, in a word.
    pub cause: Cause,
    /// The plugin with its version, where one is the reason.
    pub plugin: Option<String>,
    /// Why, in full.
    pub reason: String,
    /// What was done with them.
    pub policy: Policy,
}

/// Records with the same [`Why`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsideCount {
    /// Why.
    #[serde(flatten)]
    pub why: Why,
    /// How many.
    pub records: u64,
}

impl AsideCounts {
    /// Counts records.
    pub fn count(&mut self, mut why: Why, records: u64) {
        why.reason = shown::shortened(&why.reason, REASON);
        if self.0.len() >= names::NAMES && !self.0.contains_key(&why) {
            names::OTHERS.clone_into(&mut why.reason);
        }
        let count = self.0.entry(why).or_default();
        *count = count.saturating_add(records);
    }

    /// Adds the counts of another lane or run.
    pub fn add(&mut self, other: &Self) {
        for (why, records) in &other.0 {
            self.count(why.clone(), *records);
        }
    }

    /// All of them.
    pub fn records(&self) -> u64 {
        self.0.values().fold(0, |sum, records| sum.saturating_add(*records))
    }

    /// Those with which this was done.
    pub fn of(&self, policy: Policy) -> u64 {
        let of_policy = self.0.iter().filter(|(why, _)| why.policy == policy);
        of_policy.fold(0, |sum, (_, records)| sum.saturating_add(*records))
    }

    /// One by one, by cause and plugin.
    pub fn iter(&self) -> impl Iterator<Item = AsideCount> {
        self.0.iter().map(|(why, records)| AsideCount { why: why.clone(), records: *records })
    }
}

impl From<Vec<AsideCount>> for AsideCounts {
    fn from(counts: Vec<AsideCount>) -> Self {
        Self(counts.into_iter().map(|AsideCount { why, records }| (why, records)).collect())
    }
}

impl From<AsideCounts> for Vec<AsideCount> {
    fn from(counts: AsideCounts) -> Self {
        counts.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded_and_no_record_is_lost() {
        let mut counts = AsideCounts::default();
        for number in 0..10_000 {
            let reason = format!("{number} is not valid");
            counts.count(Why { cause: Cause::Rejected, plugin: None, reason, policy: Policy::Skip }, 1);
        }
        let mut sum = counts.clone();
        sum.add(&counts);
        for (counts, records) in [(&counts, 10_000), (&sum, 20_000)] {
            assert!(counts.0.len() <= names::NAMES + 1, "{}", counts.0.len());
            assert_eq!(counts.records(), records);
        }
    }
}
