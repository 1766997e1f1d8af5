//! What a chain keeps of a lane's past, so that a plugin's state can be built anew.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::batch::Batch;

use super::State;

/// Bytes of batches that are kept for one plugin of one lane. A plugin declares its window itself, so that
/// the window alone bounds nothing; one that reaches back further is not at hand.
const KEPT: usize = 64 << 20;

/// Bytes that a batch counts beyond its records.
const BATCH: usize = 512;

/// The batches that a plugin's state depends on.
#[derive(Debug)]
pub(super) struct Past {
    state: State,
    batches: VecDeque<Arc<Batch>>,
    records: usize,
    bytes: usize,
    /// Whether batches were let go that the window may reach.
    cut: bool,
    begun: bool,
}

impl Past {
    /// The past of a lane that has not begun.
    pub(super) fn new(state: State) -> Self {
        Self { state, batches: VecDeque::new(), records: 0, bytes: 0, cut: false, begun: false }
    }

    /// Adds a batch that the plugin has answered, and forgets what is too old to matter.
    pub(super) fn remember(&mut self, batch: &Arc<Batch>) {
        self.begun = true;
        let State::Window(window) = self.state else { return };
        self.records += batch.len();
        self.bytes += bytes(batch);
        self.batches.push_back(Arc::clone(batch));
        while let Some(oldest) = self.batches.front() {
            let (records, bytes) = (oldest.len(), bytes(oldest));
            let reached = self.records - records < window as usize;
            if reached && self.bytes <= KEPT {
                break;
            }
            self.cut |= reached;
            self.records -= records;
            self.bytes -= bytes;
            self.batches.pop_front();
        }
    }

    /// The batches that have to be replayed before row `row` of the batch at hand, or `None` if that
    /// is more than is kept: all of the lane, or a window of more than [`KEPT`] bytes.
    pub(super) fn before(&self, batch: &Batch, row: usize) -> Option<Vec<Arc<Batch>>> {
        let first = match self.state {
            State::None => row,
            State::Window(window) if self.cut && self.records < (window as usize).saturating_sub(row) => return None,
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

/// Bytes that a batch keeps in memory.
fn bytes(batch: &Batch) -> usize {
    let topics = batch.routes.topics.as_ref().map_or(0, |topics| topics.value_data().len());
    // Row, offset and partition.
    batch.columns.bytes() + topics + batch.len() * (8 + 8 + 4) + BATCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{ColumnsBuilder, Routes};
    use crate::position::TopicPartition;

    /// A batch of `records` records with values of `bytes` bytes.
    fn batch(records: usize, bytes: usize) -> Arc<Batch> {
        let value = vec![0_u8; bytes];
        let mut columns = ColumnsBuilder::default();
        for _ in 0..records {
            columns.key(None);
            columns.value(Some(&value));
            columns.end_row(0);
        }
        Arc::new(Batch {
            source: Arc::new(TopicPartition::new("orders", Some(3))),
            file: "a.jsonl".into(),
            rows: (0..records as u64).collect::<Vec<_>>().into(),
            offsets: None,
            columns: columns.finish(),
            strand: None,
            routes: Routes::default(),
        })
    }

    #[test]
    fn a_window_without_bounds_does_not_keep_the_lane() {
        let mut past = Past::new(State::Window(u32::MAX));
        let large = batch(4, 4 << 20);
        for _ in 0..3 {
            past.remember(&large);
        }
        assert_eq!(past.before(&large, 0).map(|replayed| replayed.len()), Some(3));
        for _ in 0..100 {
            past.remember(&large);
            assert!(past.bytes <= KEPT, "{}", past.bytes);
        }
        assert!(past.before(&large, 0).is_none());
        assert!(past.before(&large, 3).is_none());
    }

    #[test]
    fn batches_without_bytes_count_too() {
        let mut past = Past::new(State::Window(u32::MAX));
        let small = batch(1, 0);
        for _ in 0..200_000 {
            past.remember(&small);
        }
        assert!(past.batches.len() <= KEPT / BATCH, "{}", past.batches.len());
    }

    #[test]
    fn a_window_that_lies_within_what_is_kept_is_at_hand_again() {
        let mut past = Past::new(State::Window(8));
        let (large, small) = (batch(4, 16 << 20), batch(4, 1));
        past.remember(&large);
        past.remember(&large);
        assert!(past.before(&small, 0).is_none());
        past.remember(&small);
        past.remember(&small);
        assert_eq!(past.before(&small, 0).map(|replayed| replayed.len()), Some(2));
    }
}
