//! What a selection wants of a file's rows, so that a reader may leave out what cannot hold any of them.
//!
//! A reader leaves out only what the file's own statistics exclude: what they do not tell is read. It may give rows that
//! are not wanted, since whoever asked tests each of them.

use std::fmt::Debug;
use std::ops::AddAssign;
use std::sync::Arc;

use serde::Serialize;

use crate::job::{OffsetRange, Tombstones};

/// What has to hold for a row to be wanted; nothing that is given: all are.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Its offset.
    pub offsets: OffsetRange,
    /// Its timestamp in milliseconds since the epoch: the first one that is wanted.
    pub from: Option<i64>,
    /// The first one that is not wanted any more.
    pub until: Option<i64>,
    /// Its key.
    pub keys: Option<Arc<dyn WantedKeys>>,
    /// Whether it is a tombstone.
    pub tombstones: Option<Tombstones>,
    /// Names of the headers that it has.
    pub headers: Vec<String>,
}

/// Keys that are wanted.
pub trait WantedKeys: Debug + Send + Sync {
    /// Whether one of them may lie between the two, both included, in the order of their bytes.
    fn any_between(&self, least: &[u8], most: &[u8]) -> bool;

    /// Whether one of them may be among those that `may_hold` does not exclude.
    fn any_of(&self, may_hold: &mut dyn FnMut(&[u8]) -> bool) -> bool;
}

impl Wanted {
    /// Whether a timestamp between the two, both included, may be wanted.
    pub fn meets_times(&self, least: i64, most: i64) -> bool {
        self.from.is_none_or(|from| most >= from) && self.until.is_none_or(|until| least < until)
    }
}

/// By what rows are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Their offsets.
    Offsets,
    /// Their timestamps.
    Time,
    /// Their keys, or a filter of the file's that has none of those that are wanted.
    Key,
    /// That they are tombstones, or are none.
    Tombstones,
    /// Headers that they do not have.
    Headers,
}

impl Reason {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 5] = [Self::Offsets, Self::Time, Self::Key, Self::Tombstones, Self::Headers];

    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offsets => "offsets",
            Self::Time => "time",
            Self::Key => "key",
            Self::Tombstones => "tombstones",
            Self::Headers => "headers",
        }
    }
}

/// How much of a file, or of several, is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Row groups of the file; 0 for formats that have none.
    pub groups: usize,
    /// Those that are read, in whole or in part.
    pub groups_left: usize,
    /// Bytes that are read, with what tells which they are.
    pub bytes: u64,
    /// What is left out, by [`Reason`]: row groups and their bytes, and bytes of single pages.
    pub left_out: [LeftOut; Reason::ALL.len()],
}

/// What is left out of files by one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Whole row groups.
    pub groups: usize,
    /// Bytes of these and of single pages.
    pub bytes: u64,
}

impl Extent {
    /// Of a file that is read from its beginning to its end.
    pub fn whole(bytes: u64) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Notes what a reason leaves out.
    pub fn leave_out(&mut self, reason: Reason, groups: usize, bytes: u64) {
        if let Some(left_out) = self.left_out.get_mut(reason as usize) {
            left_out.groups += groups;
            left_out.bytes = left_out.bytes.saturating_add(bytes);
        }
    }
}

impl AddAssign for Extent {
    fn add_assign(&mut self, other: Self) {
        self.groups += other.groups;
        self.groups_left += other.groups_left;
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (reason, LeftOut { groups, bytes }) in Reason::ALL.into_iter().zip(other.left_out) {
            self.leave_out(reason, groups, bytes);
        }
    }
}
