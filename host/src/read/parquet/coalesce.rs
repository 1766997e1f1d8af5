//! Reads several ranges of a file at once: those that lie close together as one.
//!
//! An object store takes as long for a small request as for one of some hundred kilobytes, and serves several at a time.

use std::ops::Range;

use bytes::Bytes;

use crate::read::OpenFile;
use crate::store::StoreError;

/// What lies between two ranges is read too where it is no more than this many bytes.
const GAP: u64 = 16 << 10;
/// The most bytes of one request.
const LONGEST: u64 = 4 << 20;

/// The bytes of each range, in the order of the ranges. They must lie within the file.
///
/// # Errors
/// The store's own failures.
pub(super) fn read(file: &OpenFile, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, StoreError> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|index| ranges.get(*index).map(|range| range.start));
    let mut requests: Vec<Range<u64>> = Vec::new();
    for range in order.iter().filter_map(|index| ranges.get(*index)) {
        match requests.last_mut() {
            Some(last)
                if range.start <= last.end.saturating_add(GAP)
                    && range.end.max(last.end) - last.start <= LONGEST.max(last.end - last.start) =>
            {
                last.end = last.end.max(range.end);
            }
            _ => requests.push(range.clone()),
        }
    }
    let begun: Vec<_> = requests
        .iter()
        .map(|request| {
            file.begin_read(request.start, usize::try_from(request.end - request.start).unwrap_or(usize::MAX))
        })
        .collect();
    let mut answers = Vec::with_capacity(begun.len());
    for pending in begun {
        answers.push(pending.wait()?);
    }
    let part = |range: &Range<u64>| {
        let at = requests.partition_point(|request| request.start <= range.start).saturating_sub(1);
        let (request, bytes) = requests.get(at).zip(answers.get(at))?;
        let start = usize::try_from(range.start.checked_sub(request.start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(request.start)?).ok()?;
        (end <= bytes.len()).then(|| bytes.slice(start..end))
    };
    // Each range lies in one request, whose answer has its length.
    Ok(ranges.iter().map(|range| part(range).unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::store::MemoryFile;

    proptest! {
        #[test]
        fn each_range_has_its_own_bytes(
            places in prop::collection::vec((0_u64..200_000, 0_u64..40_000), 0..12),
        ) {
            let data: Vec<u8> = (0..250_000_u32).map(|number| (number * 31 % 251) as u8).collect();
            let file: OpenFile = Arc::new(MemoryFile::new("a", data.clone()));
            let ranges: Vec<Range<u64>> = places.into_iter().map(|(start, length)| start..start + length).collect();
            let parts = read(&file, &ranges).unwrap();
            for (range, part) in ranges.iter().zip(parts) {
                prop_assert_eq!(&part[..], &data[range.start as usize..range.end as usize]);
            }
        }
    }
}
