//! Batches and answers as they cross, in columns: the types of `wit/v0.1/plugin.wit`, whose
//! documentation they carry.
//!
//! They are for [`Plugin::batch`](crate::Plugin::batch); [`Record`](crate::Record) hides them.

pub mod numbers;

pub use crate::bindings::anabranch::plugin::types::{
    Answer, Batch, BytesColumn, BytesPatch, Description, Drops, HeadersColumn, HeadersPatch, Offsets, Parameter,
    ParameterType, PartitionsPatch, Rejection, TimestampsPatch, TopicsColumn, TopicsPatch,
};

impl Answer {
    /// The answer that passes every record as it is.
    pub fn unchanged() -> Self {
        Self {
            selection: None,
            keys: None,
            values: None,
            headers: None,
            timestamps: None,
            topics: None,
            partitions: None,
            drops: None,
            rejected: Vec::new(),
        }
    }
}

impl Offsets {
    /// The offset of row `row`.
    ///
    /// # Panics
    /// If `row` is out of bounds, where offsets are listed.
    #[inline]
    pub fn get(&self, row: usize) -> i64 {
        match self {
            Self::Consecutive(first) => first + row as i64,
            Self::Listed(offsets) => numbers::at(offsets, row),
        }
    }
}

impl BytesColumn {
    /// How many values there are, nulls included.
    pub fn len(&self) -> usize {
        numbers::count::<u32>(&self.offsets).saturating_sub(1)
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `row`, `None` for null.
    ///
    /// # Panics
    /// If `row` is out of bounds.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        if let Some(validity) = &self.validity
            && validity[row / 8] >> (row % 8) & 1 == 0
        {
            return None;
        }
        let [start, end] = [row, row + 1].map(|at| numbers::at::<u32>(&self.offsets, at) as usize);
        Some(&self.data[start..end])
    }
}
