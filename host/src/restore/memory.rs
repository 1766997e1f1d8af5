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
    /// The largest record or page, six times: decoded, in a batch, in and out of a plugin, in the
    /// target's queue and on the wire.
    pub largest: usize,
}

impl Memory {
    /// What a job with these resources may hold. `plugin_memory` is the sum of the chain's limits,
    /// `largest_record` the largest record or page known of.
    pub fn of(resources: Resources, lanes: usize, plugin_memory: usize, largest_record: usize) -> Self {
        Self {
            lanes: lanes_budget(resources),
            target: target_budget(resources),
            plugins: plugin_memory.saturating_mul(lanes.min(resources.lanes)),
            largest: largest_record.saturating_mul(6),
        }
    }

    /// All of it.
    pub fn total(self) -> usize {
        self.lanes.saturating_add(self.target).saturating_add(self.plugins).saturating_add(self.largest)
    }
}

/// Bytes in flight in the lanes: half of what the job allows, the other half is the target's queue.
pub(super) fn lanes_budget(resources: Resources) -> usize {
    resources.bytes_in_flight / 2
}

/// Bytes in the target's queue.
pub fn target_budget(resources: Resources) -> usize {
    resources.bytes_in_flight - lanes_budget(resources)
}

/// When a batch is full, so that every active lane can hold as many as it has stages and queues.
pub fn batch_limits(resources: Resources) -> Limits {
    let default = Limits::default();
    let share = lanes_budget(resources) / resources.lanes.max(1) / BATCHES_A_LANE;
    Limits { bytes: share.clamp(SMALLEST_BATCH, default.bytes), ..default }
}
