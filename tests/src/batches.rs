//! Batches for tests, written as records.

use std::sync::Arc;

use anabranch::batch::{Batch, ColumnsBuilder, Outputs, Routes};
use anabranch::position::TopicPartition;
use arrow_buffer::ScalarBuffer;

/// A record of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its timestamp.
    pub timestamp: i64,
}

impl Given {
    /// A record of key and value, of some time in 2023.
    pub fn new(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { key: Some(key.into()), value: Some(value.into()), headers: Vec::new(), timestamp: 1_700_000_000_000 }
    }

    /// The same without a key.
    pub fn without_key(mut self) -> Self {
        self.key = None;
        self
    }

    /// The same at another time.
    pub fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// The same with one more header.
    pub fn header(mut self, name: &str, value: Option<&[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.map(<[u8]>::to_vec)));
        self
    }
}

/// A lane's name.
pub fn lane(topic: &str, partition: i32) -> Arc<TopicPartition> {
    Arc::new(TopicPartition::new(topic, Some(partition)))
}

/// A batch of a lane, its offsets counting from `first_offset`.
pub fn batch(source: &Arc<TopicPartition>, first_offset: i64, records: &[Given]) -> Arc<Batch> {
    let mut columns = ColumnsBuilder::default();
    for record in records {
        columns.key(record.key.as_deref());
        columns.value(record.value.as_deref());
        for (name, value) in &record.headers {
            columns.header(name, value.as_deref());
        }
        columns.end_row(record.timestamp);
    }
    let count = records.len() as i64;
    Arc::new(Batch {
        source: Arc::clone(source),
        file: "backup/file".into(),
        rows: (0..count.unsigned_abs()).collect::<Vec<u64>>().into(),
        offsets: Some(ScalarBuffer::from((first_offset..first_offset + count).collect::<Vec<i64>>())),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    })
}

/// The records of a lane, as they come out where there is no plugin.
pub fn outputs(source: &Arc<TopicPartition>, first_offset: i64, records: &[Given]) -> Outputs {
    Outputs::untouched(batch(source, first_offset, records))
}
