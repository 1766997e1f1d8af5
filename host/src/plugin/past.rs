//! What a chain keeps of a lane's past, so that a plugin's state can be built anew.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::batch::Batch;

use super::State;

/// The batches that a plugin's state depends on.
#[derive(Debug)]
pub(super) struct Past {
    state: State,
    batches: VecDeque<Arc<Batch>>,
    records: usize,
    begun: bool,
}

impl Past {
    /// The past of a lane that has not begun.
    pub(super) fn new(state: State) -> Self {
        Self { state, batches: VecDeque::new(), records: 0, begun: false }
    }

    /// Adds a batch that the plugin has answered, and forgets what is too old to matter.
    pub(super) fn remember(&mut self, batch: &Arc<Batch>) {
        self.begun = true;
        let State::Window(window) = self.state else { return };
        self.records += batch.len();
        self.batches.push_back(Arc::clone(batch));
        while let Some(oldest) = self.batches.front().map(|batch| batch.len()) {
            if self.records - oldest < window as usize {
                break;
            }
            self.records -= oldest;
            self.batches.pop_front();
        }
    }

    /// The batches that have to be replayed before row `row` of the batch at hand, or `None` if that
    /// is more than is kept.
    pub(super) fn before(&self, batch: &Batch, row: usize) -> Option<Vec<Arc<Batch>>> {
        let first = match self.state {
            State::None => row,
            State::Window(window) => row.saturating_sub(window as usize),
            State::Lane if self.begun => return None,
            State::Lane => 0,
        };
        let mut replayed: Vec<_> = if first == 0 { self.batches.iter().map(Arc::clone).collect() } else { Vec::new() };
        if first < row {
            replayed.push(Arc::new(batch.slice(first, row - first)));
        }
        Some(replayed)
    }
}
