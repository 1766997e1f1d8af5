//! The page index of a row group: which of its pages may hold rows that are wanted, and where they lie.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::index_reader::{decode_column_index, decode_offset_index};
use parquet::file::page_index::offset_index::PageLocation;

use super::claim::Claim;
use super::run::{GroupRuns, Run};
use super::test::Test;
use super::{Part, Pruner};
use crate::guard::guarded;
use crate::read::parquet::footer;
use crate::read::parquet::window::Windows;

/// The largest index of a row group that is read, in bytes.
const LARGEST: u64 = 32 << 20;
/// Rows between two runs that are read all the same: going on elsewhere costs more. Tests have fewer rows.
const NEAR: usize = if cfg!(test) { 2 } else { 1000 };

/// The index of a row group, as far as it is needed.
pub(super) struct Index {
    rows: usize,
    /// By leaf: where its pages are.
    locations: HashMap<usize, Vec<PageLocation>>,
    /// By leaf: what is claimed of its pages.
    claims: HashMap<usize, ColumnIndexMetaData>,
}

impl Index {
    /// Reads the index; `None` where there is none, or not for all that is read by page, or where it is of no use.
    ///
    /// # Errors
    /// Those of the store. An index that is damaged is none.
    pub(super) fn read(
        metadata: &ParquetMetaData,
        group: &RowGroupMetaData,
        tests: &[Test],
        leaves: &[usize],
        windows: &Windows,
    ) -> Result<Option<Self>, ParquetError> {
        let asked: Vec<usize> = tests.iter().map(|test| test.leaf).collect();
        let Some((wanted, ranges)) = ranges(group, &asked, leaves) else {
            return Ok(None);
        };
        let is_within = |range: &Range<u64>| range.start < range.end && range.end <= windows.size();
        let total = ranges.iter().map(|range| range.end.saturating_sub(range.start)).fold(0, u64::saturating_add);
        if !ranges.iter().all(is_within) || total > LARGEST {
            return Ok(None);
        }
        let parts = windows.read_all(&ranges)?;
        let mut index = Self {
            rows: usize::try_from(group.num_rows()).unwrap_or_default(),
            locations: HashMap::new(),
            claims: HashMap::new(),
        };
        let decoded = guarded(|| {
            for ((leaf, is_offset_index), bytes) in wanted.iter().zip(&parts) {
                let chunk = group.columns().get(*leaf)?;
                index.add(*leaf, *is_offset_index, bytes, chunk)?;
            }
            Some(())
        });
        let is_sound = matches!(decoded, Ok(Some(()))) && index.agrees(metadata, group, &asked);
        Ok(is_sound.then_some(index))
    }

    fn add(&mut self, leaf: usize, is_offset_index: bool, bytes: &Bytes, chunk: &ColumnChunkMetaData) -> Option<()> {
        footer::has_sound_lists(bytes).then_some(())?;
        if !is_offset_index {
            self.claims.insert(leaf, decode_column_index(bytes, chunk.column_type()).ok()?);
            return Some(());
        }
        let index = decode_offset_index(bytes).ok()?;
        let locations = index.page_locations();
        let (start, length) = chunk.byte_range();
        let (mut place, mut row) = (start, -1);
        for location in locations {
            let (offset, size) =
                (u64::try_from(location.offset).ok()?, u64::try_from(location.compressed_page_size).ok()?);
            let is_next = offset >= place && location.first_row_index > row;
            (is_next && size > 0).then_some(())?;
            place = offset.checked_add(size)?;
            row = location.first_row_index;
        }
        let first = locations.first()?;
        let is_within = place <= start.checked_add(length)? && usize::try_from(row).is_ok_and(|row| row < self.rows);
        (is_within && first.first_row_index == 0).then_some(())?;
        self.locations.insert(leaf, locations.clone());
        Some(())
    }

    /// Whether the claims are about as many pages as there are, and no page claims what its row group does not.
    fn agrees(&self, metadata: &ParquetMetaData, group: &RowGroupMetaData, asked: &[usize]) -> bool {
        asked.iter().filter_map(|leaf| Some((*leaf, self.claims.get(leaf)?))).all(|(leaf, claims)| {
            let Some(locations) = self.locations.get(&leaf) else { return false };
            let whole = Claim::of_chunk(metadata, group, leaf).numbers;
            let is_within = |page: usize| match (whole, self.claim(metadata, leaf, page).numbers) {
                (Some((least, most)), Some((least_here, most_here))) => least <= least_here && most_here <= most,
                _ => true,
            };
            claims.num_pages() == locations.len() as u64 && (0..locations.len()).all(is_within)
        })
    }

    fn claim(&self, metadata: &ParquetMetaData, leaf: usize, page: usize) -> Claim<'_> {
        let Some(claims) = self.claims.get(&leaf) else { return Claim::default() };
        let repeats =
            metadata.file_metadata().schema_descr().columns().get(leaf).is_none_or(|leaf| leaf.max_rep_level() > 0);
        let rows = self.rows_of(leaf, page);
        // Of a column that repeats nobody knows how many values a page has.
        let values = if repeats { None } else { Some(rows.len() as u64) };
        Claim::of_page(metadata, leaf, claims, page, values)
    }

    /// Rows of a page.
    fn rows_of(&self, leaf: usize, page: usize) -> Range<usize> {
        let Some(locations) = self.locations.get(&leaf) else { return 0..self.rows };
        let row = |page: usize| locations.get(page).and_then(|page| usize::try_from(page.first_row_index).ok());
        row(page).unwrap_or_default()..row(page + 1).unwrap_or(self.rows)
    }

    /// What is read of the row group; `None`: all of it.
    pub(super) fn part(self, pruner: &Pruner, metadata: &ParquetMetaData, group: &RowGroupMetaData) -> Option<Part> {
        let mut kept: Vec<Range<usize>> = std::iter::once(0..self.rows).collect();
        let mut left_out = Vec::new();
        let mut bytes = self.bytes(pruner, group, &kept);
        for test in &pruner.tests {
            let Some(pages) = self.claims.contains_key(&test.leaf).then(|| self.locations.get(&test.leaf)).flatten()
            else {
                continue;
            };
            let may_hold = |page: &usize| test.may_hold(&pruner.wanted, &self.claim(metadata, test.leaf, *page));
            let rows = (0..pages.len()).filter(may_hold).map(|page| self.rows_of(test.leaf, page));
            kept = common(&kept, &joined(rows));
            if kept.is_empty() {
                return Some(Part::None(test.reason()));
            }
            let now = self.bytes(pruner, group, &kept);
            if now < bytes {
                left_out.push((test.reason(), bytes - now));
                bytes = now;
            }
        }
        let kept = near(kept);
        if matches!(&kept[..], [all] if all.len() == self.rows) {
            return None;
        }
        let runs = kept.into_iter().map(|rows| self.run(pruner, metadata, group, rows)).collect();
        Some(Part::Runs(GroupRuns { runs, locations: self.locations, left_out }))
    }

    fn bytes(&self, pruner: &Pruner, group: &RowGroupMetaData, kept: &[Range<usize>]) -> u64 {
        let of_leaf = |leaf: &usize| {
            let (Some(chunk), Some(locations)) = (group.columns().get(*leaf), self.locations.get(leaf)) else {
                return 0;
            };
            let ranges = kept.iter().flat_map(|rows| super::run::page_ranges(locations, chunk.byte_range().0, rows));
            ranges.map(|range| range.end - range.start).sum::<u64>()
        };
        pruner.leaves.iter().map(of_leaf).fold(0_u64, u64::saturating_add)
    }

    /// Rows with what their pages claim of them, and their row group where a page claims nothing.
    fn run(&self, pruner: &Pruner, metadata: &ParquetMetaData, group: &RowGroupMetaData, rows: Range<usize>) -> Run {
        let mut run = pruner.run(metadata, group, rows.clone());
        for test in &pruner.tests {
            let Some(pages) = self.locations.get(&test.leaf) else { continue };
            let is_met = |page: &usize| {
                let here = self.rows_of(test.leaf, *page);
                here.start < rows.end && rows.start < here.end
            };
            let mut numbers: Option<(i64, i64)> = None;
            for page in (0..pages.len()).filter(is_met) {
                let claim = self.claim(metadata, test.leaf, page);
                match claim.numbers {
                    Some((least, most)) => {
                        numbers = Some(numbers.map_or((least, most), |(a, b)| (a.min(least), b.max(most))));
                    }
                    None if claim.all_null => {}
                    None => {
                        numbers = None;
                        break;
                    }
                }
            }
            run.claim(test, &Claim { numbers, ..Claim::default() });
        }
        run
    }
}

/// Which leaf, and whether it is its offset index that is meant.
type Which = (usize, bool);

/// Where the indexes lie that are needed: of places for everything that is read by page and of claims for what is asked.
/// `None` where a place is not told, or no claim is to be had.
fn ranges(group: &RowGroupMetaData, asked: &[usize], leaves: &[usize]) -> Option<(Vec<Which>, Vec<Range<u64>>)> {
    let (mut which, mut ranges) = (Vec::new(), Vec::new());
    let range = |offset: Option<i64>, length: Option<i32>| {
        let start = u64::try_from(offset?).ok()?;
        Some(start..start.checked_add(u64::try_from(length?).ok()?)?)
    };
    let mut is_of_use = false;
    for leaf in leaves {
        let chunk = group.columns().get(*leaf)?;
        ranges.push(range(chunk.offset_index_offset(), chunk.offset_index_length())?);
        which.push((*leaf, true));
        if asked.contains(leaf)
            && let Some(claims) = range(chunk.column_index_offset(), chunk.column_index_length())
        {
            ranges.push(claims);
            which.push((*leaf, false));
            is_of_use = true;
        }
    }
    is_of_use.then_some((which, ranges))
}

/// Ranges that follow each other, those that touch as one.
fn joined(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

/// What two lists of ranges, each in order, have in common.
fn common(a: &[Range<usize>], b: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut common, mut a, mut b) = (Vec::new(), a.iter().peekable(), b.iter().peekable());
    while let (Some(one), Some(other)) = (a.peek(), b.peek()) {
        let both = one.start.max(other.start)..one.end.min(other.end);
        let one_ends_first = one.end < other.end;
        if both.start < both.end {
            common.push(both);
        }
        if one_ends_first {
            a.next()
        } else {
            b.next()
        };
    }
    common
}

/// The ranges with those as one that have few rows between them.
fn near(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut near: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match near.last_mut() {
            Some(last) if range.start - last.end < NEAR => last.end = range.end,
            _ => near.push(range),
        }
    }
    near
}
