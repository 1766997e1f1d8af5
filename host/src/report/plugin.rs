//! What one plugin did.

use std::collections::BTreeMap;

/// What one plugin did to the records of one source topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
        self.dropped.values().sum()
    }

    /// Adds the counts of another lane or batch.
    pub fn add(&mut self, other: &Self) {
        let Self { read, kept, dropped, changed, written, counters } = other;
        self.read += read;
        self.kept += kept;
        self.changed += changed;
        self.written += written;
        for (reason, records) in dropped {
            *self.dropped.entry(reason.clone()).or_default() += records;
        }
        for (name, count) in counters {
            *self.counters.entry(name.clone()).or_default() += count;
        }
    }
}
