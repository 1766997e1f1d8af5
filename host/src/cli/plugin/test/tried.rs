//! The records of a lane on which a plugin is tried, as often as is needed.

use std::ops::Range;
use std::sync::Arc;

use crate::batch::Batch;
use crate::catalog::Lane;
use crate::job::Job;
use crate::plugin::{Chain, PluginError, Transform};

/// See the module.
pub(super) struct Tried<'a> {
    pub(super) job: &'a Job,
    pub(super) chain: &'a Chain,
    pub(super) lane: &'a Lane,
    /// As they come from the backup.
    pub(super) batches: Vec<Arc<Batch>>,
}

impl Tried<'_> {
    /// The topic that records go to unless the plugin says otherwise.
    pub(super) fn topic(&self) -> &str {
        self.job.target.topic(&self.lane.source.topic)
    }

    /// A new instance that sees the records for the first time.
    ///
    /// # Errors
    /// A plugin that refuses its configuration, or fails.
    pub(super) fn open(&self) -> Result<Box<dyn Transform>, PluginError> {
        self.chain.open(&self.lane.source, self.topic())
    }

    /// A new instance that sees them again: what it logs was said already.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub(super) fn open_quietly(&self) -> Result<Box<dyn Transform>, PluginError> {
        self.chain.open_quietly(&self.lane.source, self.topic())
    }

    /// Some of the records, counted from 0, in batches of `size` at most that end where those of the backup do.
    pub(super) fn parts(&self, records: Range<usize>, size: usize) -> impl Iterator<Item = Arc<Batch>> {
        let mut before = 0;
        self.batches.iter().flat_map(move |batch| {
            let first = before;
            before += batch.len();
            let (from, until) = (records.start.max(first), records.end.min(before));
            (from..until)
                .step_by(size.min(batch.len().max(1)))
                .map(move |at| Arc::new(batch.slice(at - first, size.min(until - at))))
        })
    }
}
