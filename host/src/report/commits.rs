//! How often a restore committed, and how long that took.

use std::time::Duration;

use super::shown;

/// The commits of a restore, all lanes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// How many came through.
    pub number: u64,
    /// Their times together, each from the moment its lane sends no more to the cluster's word.
    pub total: Duration,
    /// The longest of these times.
    pub longest: Duration,
}

impl Commits {
    /// Counts one that took so long.
    pub fn add(&mut self, took: Duration) {
        self.number += 1;
        self.total = self.total.saturating_add(took);
        self.longest = self.longest.max(took);
    }

    /// What one took on average; nothing if there was none.
    pub fn average(&self) -> Duration {
        self.total.checked_div(u32::try_from(self.number).unwrap_or(u32::MAX)).unwrap_or_default()
    }
}

impl std::fmt::Display for Commits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [average, longest] = [self.average(), self.longest].map(shown::time);
        write!(f, "{}, {average} on average, {longest} at most", shown::count(self.number))
    }
}
