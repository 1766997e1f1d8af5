//! What a restore did: counted on the way, shown while it runs and at its end.

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
