//! What reading a file taught about it, so that going back in it costs less.

use super::piece::PieceReader;

/// Rows between two remembered places.
const STRIDE: u64 = 1 << 16;

/// What is known of a file beyond its facts.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned {
    /// Offsets and their rows, both increasing, rows at least [`STRIDE`] apart.
    places: Vec<(i64, u64)>,
}

impl Learned {
    /// Remembers where a reader stands.
    pub(super) fn saw(&mut self, reader: &PieceReader) {
        let Some((offset, row)) = reader.head_place() else { return };
        if self.places.last().is_none_or(|(_, last)| row >= last.saturating_add(STRIDE)) {
            self.places.push((offset, row));
        }
    }

    /// A row at or before `offset`.
    pub(super) fn row_before(&self, offset: i64) -> u64 {
        let after = self.places.partition_point(|(known, _)| *known <= offset);
        after.checked_sub(1).and_then(|index| self.places.get(index)).map_or(0, |(_, row)| *row)
    }
}
