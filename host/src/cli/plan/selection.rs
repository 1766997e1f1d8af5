//! What a selection leaves of the backup, as the plan shows it.

use std::fmt;

use serde::Serialize;

use crate::read::{Extent, Reason};
use crate::report::shown;
use crate::select::{LeftOut, Narrowed, RowTests, Size};

/// The object `selection` of `anabranch.plan/1`.
#[derive(Debug, Serialize)]
pub(super) struct SelectionDocument {
    files: usize,
    bytes: u64,
    files_in_backup: usize,
    bytes_in_backup: u64,
    row_groups: usize,
    row_groups_in_files: usize,
    left_out: Vec<LeftOutDocument>,
    from: Option<i64>,
    until: Option<i64>,
}

#[derive(Debug, Serialize)]
struct LeftOutDocument {
    by: &'static str,
    files: usize,
    row_groups: usize,
    bytes: u64,
}

impl SelectionDocument {
    /// Of what a selection leaves of a backup's files, and how much of these is read.
    pub(super) fn new(narrowed: &Narrowed, extent: &Extent) -> Self {
        let Narrowed { all, left, left_out, tests, digest: _, topics: _ } = narrowed;
        let of = |LeftOut { by, size: Size { files, bytes } }: &LeftOut| LeftOutDocument {
            by,
            files: *files,
            row_groups: 0,
            bytes: *bytes,
        };
        let mut left_out: Vec<LeftOutDocument> = left_out.iter().map(of).collect();
        for (by, out) in Reason::ALL.into_iter().map(Reason::name).zip(extent.left_out) {
            match left_out.iter_mut().find(|known| known.by == by) {
                Some(known) => {
                    known.row_groups = out.groups;
                    known.bytes = known.bytes.saturating_add(out.bytes);
                }
                None if out.bytes == 0 => {}
                None => left_out.push(LeftOutDocument { by, files: 0, row_groups: out.groups, bytes: out.bytes }),
            }
        }
        let within = extent.left_out.iter().fold(extent.bytes, |sum, out| sum.saturating_add(out.bytes));
        let columns = left.bytes.saturating_sub(within);
        if columns > 0 {
            left_out.push(LeftOutDocument { by: "column", files: 0, row_groups: 0, bytes: columns });
        }
        let (from, until) = tests.as_deref().map(RowTests::times).unwrap_or_default();
        Self {
            files: left.files,
            bytes: extent.bytes,
            files_in_backup: all.files,
            bytes_in_backup: all.bytes,
            row_groups: extent.groups_left,
            row_groups_in_files: extent.groups,
            left_out,
            from,
            until,
        }
    }
}

impl fmt::Display for SelectionDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, bytes, files_in_backup, bytes_in_backup, row_groups, row_groups_in_files, .. } = self;
        write!(
            f,
            "selection: {} of {} to read, in {} of {}",
            shown::size(*bytes),
            shown::size(*bytes_in_backup),
            shown::count(*files as u64),
            shown::files(*files_in_backup)
        )?;
        if *row_groups_in_files > 0 {
            write!(f, ", {} of their {}", shown::count(*row_groups as u64), groups(*row_groups_in_files))?;
        }
        writeln!(f)?;
        for LeftOutDocument { by, files, row_groups, bytes } in &self.left_out {
            write!(f, "  not read by {by}: {}", shown::size(*bytes))?;
            let parts = [(*files > 0).then(|| shown::files(*files)), (*row_groups > 0).then(|| groups(*row_groups))];
            for (part, word) in parts.into_iter().flatten().zip([" in ", " and "]) {
                write!(f, "{word}{part}")?;
            }
            writeln!(f)?;
        }
        match (self.from, self.until) {
            (None, None) => Ok(()),
            (Some(from), None) => writeln!(f, "  from {} on", shown::instant(from)),
            (None, Some(until)) => writeln!(f, "  before {}", shown::instant(until)),
            (Some(from), Some(until)) => {
                writeln!(f, "  from {}, before {}", shown::instant(from), shown::instant(until))
            }
        }
    }
}

/// `1 row group`, `26 row groups`.
fn groups(count: usize) -> String {
    format!("{} row group{}", shown::count(count as u64), if count == 1 { "" } else { "s" })
}
