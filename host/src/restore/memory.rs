//! How the memory that a job allows is shared out.

use crate::batch::Limits;
use crate::job::Resources;

/// The smallest batch worth cutting: below it a plugin call costs more than its records.
const SMALLEST_BATCH: usize = 64 << 10;

/// Batches a lane may hold at a time: read, queued, transformed, queued and sent.
const BATCHES_A_LANE: usize = 8;

/// What a restore may hold in memory, in bytes, beyond the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Records in flight in the lanes.
    pub lanes: usize,
    /// Records in librdkafka's queue.
    pub target: usize,
    /// Linear memory of the plugins, if every instance used all it may.
    pub plugins: usize,
}

impl Memory {
    /// How many times the largest record, line or page may be in memory on top of all this, where it is large:
    /// decoded, in a batch, in and out of a plugin, in the target's queue and on the wire.
    pub const TIMES_LARGEST: usize = 6;

    /// What a job with these resources may hold. `plugin_memory` is the sum of the chain's limits.
    pub fn of(resources: Resources, lanes: usize, plugin_memory: usize) -> Self {
        Self {
            lanes: resources.lane_bytes(),
            target: resources.target_bytes(),
            plugins: plugin_memory.saturating_mul(lanes.min(resources.lanes)),
        }
    }

    /// All of it.
    pub fn total(self) -> usize {
        self.lanes.saturating_add(self.target).saturating_add(self.plugins)
    }
}

/// When a batch is full, so that every active lane can hold as many as it has stages and queues.
pub fn batch_limits(resources: Resources) -> Limits {
    let default = Limits::default();
    let share = resources.lane_bytes() / resources.lanes.max(1) / BATCHES_A_LANE;
    Limits { bytes: share.clamp(SMALLEST_BATCH, default.bytes), ..default }
}
