//! What a selection leaves of the backup, as the plan shows it.

use std::fmt;

use serde::Serialize;

use crate::report::shown;
use crate::select::{LeftOut, Narrowed, RowTests, Size};

/// The object `selection` of `anabranch.plan/1`.
#[derive(Debug, Serialize)]
pub(super) struct SelectionDocument {
    files: usize,
    bytes: u64,
    files_in_backup: usize,
    bytes_in_backup: u64,
    left_out: Vec<LeftOutDocument>,
    from: Option<i64>,
    until: Option<i64>,
}

#[derive(Debug, Serialize)]
struct LeftOutDocument {
    by: &'static str,
    files: usize,
    bytes: u64,
}

impl SelectionDocument {
    pub(super) fn new(narrowed: &Narrowed) -> Self {
        let Narrowed { all, left, left_out, tests, digest: _ } = narrowed;
        let of = |LeftOut { by, size: Size { files, bytes } }: &LeftOut| LeftOutDocument {
            by,
            files: *files,
            bytes: *bytes,
        };
        let (from, until) = tests.as_deref().map(RowTests::times).unwrap_or_default();
        Self {
            files: left.files,
            bytes: left.bytes,
            files_in_backup: all.files,
            bytes_in_backup: all.bytes,
            left_out: left_out.iter().map(of).collect(),
            from,
            until,
        }
    }
}

impl fmt::Display for SelectionDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, bytes, files_in_backup, bytes_in_backup, left_out, from, until } = self;
        writeln!(
            f,
            "selection: {} of {} to read, in {} of {}",
            shown::size(*bytes),
            shown::size(*bytes_in_backup),
            shown::count(*files as u64),
            shown::files(*files_in_backup)
        )?;
        for LeftOutDocument { by, files, bytes } in left_out {
            writeln!(f, "  not read by {by}: {} in {}", shown::size(*bytes), shown::files(*files))?;
        }
        match (from, until) {
            (None, None) => Ok(()),
            (Some(from), None) => writeln!(f, "  from {} on", shown::moment(*from)),
            (None, Some(until)) => writeln!(f, "  before {}", shown::moment(*until)),
            (Some(from), Some(until)) => {
                writeln!(f, "  from {}, before {}", shown::moment(*from), shown::moment(*until))
            }
        }
    }
}
