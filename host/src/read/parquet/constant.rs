//! Columns that have the same value in every row, as the footer's statistics prove.
//!
//! A file of one topic-partition mostly says so in every row. Such columns need not be decoded: they were
//! a tenth of the time that reading took.

use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

/// The text of every row of a leaf. `None` where the statistics do not prove one: missing, cut short, or
/// with nulls.
pub(super) fn text(metadata: &ParquetMetaData, leaf: usize) -> Option<String> {
    let bytes = same_in_all(metadata, leaf, |statistics| match statistics {
        Statistics::ByteArray(text) if text.min_is_exact() && text.max_is_exact() => {
            let (min, max) = (text.min_opt()?, text.max_opt()?);
            (min == max).then(|| min.data().to_vec())
        }
        _ => None,
    })?;
    String::from_utf8(bytes).ok()
}

/// The integer of every row of a leaf, likewise.
pub(super) fn integer(metadata: &ParquetMetaData, leaf: usize) -> Option<i64> {
    same_in_all(metadata, leaf, |statistics| {
        let (min, max) = match statistics {
            Statistics::Int32(integers) => (i64::from(*integers.min_opt()?), i64::from(*integers.max_opt()?)),
            Statistics::Int64(integers) => (*integers.min_opt()?, *integers.max_opt()?),
            _ => return None,
        };
        // A negative one may be a large unsigned one: reading it tells.
        (min == max && min >= 0).then_some(min)
    })
}

fn same_in_all<T: PartialEq>(
    metadata: &ParquetMetaData,
    leaf: usize,
    value: impl Fn(&Statistics) -> Option<T>,
) -> Option<T> {
    let mut same: Option<T> = None;
    for group in metadata.row_groups().iter().filter(|group| group.num_rows() > 0) {
        let statistics = group.columns().get(leaf)?.statistics()?;
        if statistics.null_count_opt() != Some(0) {
            return None;
        }
        let here = value(statistics)?;
        if same.as_ref().is_some_and(|same| *same != here) {
            return None;
        }
        same = Some(here);
    }
    same
}
