//! Which rows of a Parquet file are read for what is wanted of it.
//!
//! | asked | leaves out | source |
//! |---|---|---|
//! | statistics of a column chunk ([`claim`]) | row groups | `parquet.thrift`, `Statistics` |
//! | bloom filter of the keys ([`filter`]) | row groups | `BloomFilter.md` of the format |
//! | column and offset index ([`pages`]) | pages | `PageIndex.md` of the format |
//!
//! What is missing, damaged or contradicts itself tells nothing: such rows are read. What rows turn out to be that are
//! read is held against what was claimed of them ([`Run::check`]), so that statistics that lie are found out where they
//! can be.

mod claim;
mod filter;
mod pages;
mod run;
mod test;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::shape::Shape;
use super::window::Windows;
use crate::job::Encodings;
use crate::read::{Extent, Reason, Wanted};
use claim::Claim;
pub(super) use run::{GroupRuns, Run, page_ranges};
use test::Test;

/// Tells what is read of each row group of a file.
pub(super) struct Pruner {
    wanted: Arc<Wanted>,
    tests: Vec<Test>,
    /// The leaves that are read.
    leaves: Vec<usize>,
    /// Those of them that are read page by page, where an index may tell which pages.
    by_page: Vec<usize>,
}

/// What is read of a row group.
pub(super) enum Part {
    /// Nothing.
    None(Reason),
    /// These rows.
    Runs(GroupRuns),
}

impl Pruner {
    /// For what is wanted of a file.
    pub(super) fn new(wanted: Arc<Wanted>, metadata: &ParquetMetaData, shape: &Shape, encodings: Encodings) -> Self {
        let tests = test::of(&wanted, metadata, shape, encodings);
        let leaves = shape.leaves();
        let as_text = shape.leaves_as_text();
        let by_page = leaves.iter().copied().filter(|leaf| !as_text.contains(leaf)).collect();
        Self { wanted, tests, leaves, by_page }
    }

    /// What is read of a row group.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn part(
        &self,
        metadata: &ParquetMetaData,
        group: usize,
        windows: &Windows,
    ) -> Result<Part, ParquetError> {
        let Some(chunks) = metadata.row_groups().get(group) else { return Ok(Part::Runs(GroupRuns::default())) };
        let rows = usize::try_from(chunks.num_rows()).unwrap_or_default();
        for test in &self.tests {
            let claim = Claim::of_chunk(metadata, chunks, test.leaf);
            if !test.may_hold(&self.wanted, &claim) {
                return Ok(Part::None(test.reason()));
            }
        }
        for test in self.tests.iter().filter(|test| test.reason() == Reason::Key) {
            let (Some(chunk), Some(keys)) = (chunks.columns().get(test.leaf), &self.wanted.keys) else { continue };
            if !filter::may_hold(chunk, &**keys, windows)? {
                return Ok(Part::None(Reason::Key));
            }
        }
        let whole = || GroupRuns { runs: vec![self.run(metadata, chunks, 0..rows)], ..GroupRuns::default() };
        let Some(index) = pages::Index::read(metadata, chunks, &self.tests, &self.by_page, windows)? else {
            return Ok(Part::Runs(whole()));
        };
        Ok(index.part(self, metadata, chunks).unwrap_or_else(|| Part::Runs(whole())))
    }

    /// Rows of a row group, with what its statistics claim of them.
    fn run(
        &self,
        metadata: &ParquetMetaData,
        group: &parquet::file::metadata::RowGroupMetaData,
        rows: std::ops::Range<usize>,
    ) -> Run {
        let mut run = Run::new(rows);
        for test in &self.tests {
            run.claim(test, &Claim::of_chunk(metadata, group, test.leaf));
        }
        run
    }

    /// How much is read of the file.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn extent(&self, metadata: &ParquetMetaData, windows: &Windows) -> Result<Extent, ParquetError> {
        let groups = metadata.row_groups().iter().filter(|group| group.num_rows() > 0).count();
        let mut extent = Extent { groups, ..Extent::default() };
        for (index, group) in metadata.row_groups().iter().enumerate().filter(|(_, group)| group.num_rows() > 0) {
            let chunks = self.leaves.iter().filter_map(|leaf| group.columns().get(*leaf));
            let all = chunks.fold(0_u64, |sum, chunk| sum.saturating_add(chunk.byte_range().1));
            match self.part(metadata, index, windows)? {
                Part::None(reason) => extent.leave_out(reason, 1, all),
                Part::Runs(runs) => {
                    extent.groups_left += 1;
                    extent.bytes = extent.bytes.saturating_add(runs.bytes(group, &self.leaves));
                    for (reason, bytes) in &runs.left_out {
                        extent.leave_out(*reason, 0, *bytes);
                    }
                }
            }
        }
        Ok(extent)
    }
}
