//! How many records, and how many bytes of them.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// A number of records and the bytes of their keys, values and headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Records.
    pub records: u64,
    /// Bytes of keys, values and headers.
    pub bytes: u64,
}

impl Volume {
    /// So many records of so many bytes.
    pub fn new(records: u64, bytes: u64) -> Self {
        Self { records, bytes }
    }
}

impl AddAssign for Volume {
    fn add_assign(&mut self, other: Self) {
        self.records = self.records.saturating_add(other.records);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}
