//! Counts duplicates and gaps of a lane, each once however often the lane is rewound.

use super::LaneStatistics;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Everything up to this offset has been counted; `None` before the first record.
    counted_to: Option<i64>,
    statistics: LaneStatistics,
}

impl Tally {
    /// A record was left out because another file has it too.
    pub(super) fn duplicate(&mut self, offset: i64) {
        if self.counted_to.is_none_or(|counted| offset > counted) {
            self.statistics.duplicates += 1;
        }
    }

    /// Records with these increasing offsets were handed out.
    pub(super) fn count(&mut self, offsets: &[i64]) {
        let new = self.counted_to.map_or(0, |counted| offsets.partition_point(|offset| *offset <= counted));
        let offsets = offsets.get(new..).unwrap_or_default();
        let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return };
        if let Some(before) = self.counted_to {
            self.step(before, *first);
        }
        if last.abs_diff(*first) != offsets.len() as u64 - 1 {
            offsets.windows(2).for_each(|pair| self.step(pair[0], pair[1]));
        }
        self.counted_to = Some(*last);
    }

    fn step(&mut self, before: i64, after: i64) {
        let missing = after.abs_diff(before).saturating_sub(1);
        self.statistics.missing_offsets = self.statistics.missing_offsets.saturating_add(missing);
        self.statistics.gaps += u64::from(missing > 0);
    }

    /// The lane went to another place. Going beyond what was counted leaves out what lies between:
    /// that is no gap.
    pub(super) fn moved(&mut self, offset: Option<i64>) {
        if let (Some(offset), Some(counted)) = (offset, self.counted_to)
            && offset > counted.saturating_add(1)
        {
            self.counted_to = None;
        }
    }

    /// What was counted.
    pub(super) fn statistics(&self) -> LaneStatistics {
        self.statistics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_count_once_also_after_a_rewind() {
        let mut tally = Tally::default();
        tally.count(&[5, 6, 9]);
        tally.count(&[12]);
        tally.moved(Some(6));
        tally.count(&[6, 9, 12, 13]);
        assert_eq!(tally.statistics(), LaneStatistics { duplicates: 0, gaps: 2, missing_offsets: 4 });
        tally.moved(Some(100));
        tally.count(&[200]);
        assert_eq!(tally.statistics().gaps, 2);
    }
}
