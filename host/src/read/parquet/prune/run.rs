//! Rows of a row group that are read one after the other, and where their pages are.

use std::collections::HashMap;
use std::ops::Range;

use parquet::file::metadata::RowGroupMetaData;
use parquet::file::page_index::offset_index::PageLocation;

use super::claim::Claim;
use super::test::Test;
use crate::batch::NO_TIMESTAMP;
use crate::read::Reason;

/// What is read of a row group.
#[derive(Debug, Default)]
pub(in crate::read::parquet) struct GroupRuns {
    /// The rows, in order.
    pub(in crate::read::parquet) runs: Vec<Run>,
    /// By leaf where its pages are, for those that are not read whole.
    pub(in crate::read::parquet) locations: HashMap<usize, Vec<PageLocation>>,
    /// Bytes of pages that are not read.
    pub(super) left_out: Vec<(Reason, u64)>,
}

/// Rows that are read one after the other.
#[derive(Clone, Debug, Default)]
pub(in crate::read::parquet) struct Run {
    /// The rows, from the row group's first one on.
    pub(in crate::read::parquet) rows: Range<usize>,
    /// The least and greatest timestamp that are claimed of them, in milliseconds since the epoch.
    times: Option<(i64, i64)>,
    /// The same of offsets.
    offsets: Option<(i64, i64)>,
}

impl GroupRuns {
    /// These rows of a row group, of which nothing is claimed.
    pub(in crate::read::parquet) fn of_rows(rows: Range<usize>) -> Self {
        Self { runs: vec![Run::new(rows)], ..Self::default() }
    }

    /// Bytes of a row group that are read of these leaves.
    pub(super) fn bytes(&self, group: &RowGroupMetaData, leaves: &[usize]) -> u64 {
        let of_leaf = |leaf: &usize| {
            let Some(chunk) = group.columns().get(*leaf) else { return 0 };
            let (start, length) = chunk.byte_range();
            let Some(locations) = self.locations.get(leaf) else { return length };
            // A dictionary is read again for each run.
            self.runs.iter().fold(0_u64, |sum, run| {
                let ranges = page_ranges(locations, start, &run.rows);
                ranges.iter().fold(sum, |sum, range| sum.saturating_add(range.end - range.start))
            })
        };
        leaves.iter().map(of_leaf).fold(0_u64, u64::saturating_add)
    }
}

/// Where the pages of a leaf lie that hold rows of a run, and its dictionary: at most two ranges. `start` is where the
/// column chunk begins.
pub(in crate::read::parquet) fn page_ranges(
    locations: &[PageLocation],
    start: u64,
    rows: &Range<usize>,
) -> Vec<Range<u64>> {
    let row = |location: &PageLocation| usize::try_from(location.first_row_index).unwrap_or(usize::MAX);
    let place = |location: &PageLocation| u64::try_from(location.offset).unwrap_or_default();
    let first = locations.partition_point(|location| row(location) <= rows.start).saturating_sub(1);
    let after = locations.partition_point(|location| row(location) < rows.end);
    let mut ranges = Vec::with_capacity(2);
    let data = locations.first().map(place).filter(|data| *data > start);
    ranges.extend(data.map(|data| start..data));
    if let (Some(first), Some(last)) = (locations.get(first), after.checked_sub(1).and_then(|last| locations.get(last)))
    {
        let end = place(last).saturating_add(u64::try_from(last.compressed_page_size).unwrap_or_default());
        ranges.push(place(first)..end.max(place(first)));
    }
    ranges
}

impl Run {
    pub(super) fn new(rows: Range<usize>) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Notes what is claimed of all of its rows.
    pub(super) fn claim(&mut self, test: &Test, claim: &Claim<'_>) {
        self.times = test.milliseconds(claim).or(self.times);
        self.offsets = test.offsets(claim).or(self.offsets);
    }

    /// Whether the rows are what the file's statistics claim of them; `Err` gives the first one, counted from these,
    /// that is not, and says so.
    pub(in crate::read::parquet) fn check(&self, timestamps: &[i64], offsets: &[i64]) -> Result<(), (usize, String)> {
        let outside = |values: &[i64], claimed: Option<(i64, i64)>, aside: Option<i64>, what: &str| {
            let Some((least, most)) = claimed else { return Ok(()) };
            let is_outside = |value: &i64| (*value < least || *value > most) && Some(*value) != aside;
            match values.iter().position(is_outside).and_then(|at| Some((at, *values.get(at)?))) {
                Some((at, value)) => Err((
                    at,
                    format!(
                        "its {what} is {value}, and the file's statistics say that here they lie between {least} and \
                         {most}: they cannot be trusted; with `select.trust_statistics = false` all of the backup is read"
                    ),
                )),
                None => Ok(()),
            }
        };
        outside(timestamps, self.times, Some(NO_TIMESTAMP), "timestamp")?;
        outside(offsets, self.offsets, None, "offset")
    }
}
