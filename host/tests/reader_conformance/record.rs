//! Records as tests write and compare them.

use anabranch::batch::{Batch, ColumnsBuilder, Routes};
use anabranch::position::TopicPartition;
use anabranch::read::Rows;
use arrow_array::{Array, BinaryArray};
use arrow_buffer::ScalarBuffer;
use proptest::prelude::*;
use std::sync::Arc;

/// A record and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) timestamp: i64,
    pub(crate) topic: Option<String>,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: Option<i64>,
}

pub(crate) fn record(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[(&str, Option<&[u8]>)],
    timestamp: i64,
) -> Record {
    Record {
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec))).collect(),
        timestamp,
        topic: None,
        partition: None,
        offset: None,
    }
}

impl Record {
    pub(crate) fn at(self, topic: &str, partition: i32, offset: i64) -> Self {
        Self { topic: Some(topic.to_owned()), partition: Some(partition), offset: Some(offset), ..self }
    }

    pub(crate) fn at_offset(self, offset: i64) -> Self {
        Self { offset: Some(offset), ..self }
    }

    pub(crate) fn without_place(self) -> Self {
        Self { partition: None, offset: None, ..self }
    }
}

/// What is easily confused or lost; `tests/fixtures/avro/generate.py` writes the same.
pub(crate) fn awkward() -> Vec<Record> {
    let records = [
        record(Some(b"a"), Some(b"one"), &[("h", Some(b"1")), ("h", Some(b"2")), ("g", None), ("h", Some(b""))], 0),
        record(None, Some(b"no key"), &[], -1),
        record(Some(b""), Some(b""), &[("", Some(b"nameless"))], 1_700_000_000_123),
        record(Some(b"tombstone"), None, &[], -62_135_596_800_000),
        record(Some(b"\x00\xff\xfe"), Some(b"\x80\x81"), &[("raw", Some(b"\xff"))], 253_402_300_799_999),
    ];
    records.into_iter().enumerate().map(|(index, record)| record.at("orders", 3, 1042 + index as i64)).collect()
}

pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let bytes = || {
        proptest::option::of(prop_oneof![
            any::<Vec<u8>>(),
            any::<String>().prop_map(String::into_bytes),
            Just(Vec::new()),
        ])
    };
    let headers = proptest::collection::vec((prop_oneof![Just("h".to_owned()), any::<String>()], bytes()), 0..4);
    let timestamp = prop_oneof![Just(0), Just(-1), any::<i64>()];
    (bytes(), bytes(), headers, timestamp, 0..i64::MAX).prop_map(|(key, value, headers, timestamp, offset)| Record {
        key,
        value,
        headers,
        timestamp,
        topic: Some("orders".to_owned()),
        partition: Some(3),
        offset: Some(offset),
    })
}

/// Records of one topic-partition as a batch.
pub(crate) fn batch(records: &[Record]) -> Batch {
    let mut columns = ColumnsBuilder::default();
    for record in records {
        columns.key(record.key.as_deref());
        columns.value(record.value.as_deref());
        for (name, value) in &record.headers {
            columns.header(name, value.as_deref());
        }
        columns.end_row(record.timestamp);
    }
    let offsets: Option<Vec<i64>> = records.iter().map(|record| record.offset).collect();
    Batch {
        source: Arc::new(TopicPartition::new("orders", records.first().and_then(|record| record.partition))),
        file: "f".into(),
        rows: (0..records.len() as u64).collect(),
        offsets: offsets.map(ScalarBuffer::from),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    }
}

/// The records of rows.
pub(crate) fn records(rows: &Rows) -> Vec<Record> {
    let at = |array: &BinaryArray, row: usize| array.is_valid(row).then(|| array.value(row).to_vec());
    (0..rows.columns.len())
        .map(|row| Record {
            key: at(&rows.columns.keys, row),
            value: at(&rows.columns.values, row),
            headers: rows
                .columns
                .headers
                .row(row)
                .map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec)))
                .collect(),
            timestamp: rows.columns.timestamps[row],
            topic: rows.topics.as_ref().and_then(|topics| topics.is_valid(row).then(|| topics.value(row).to_owned())),
            partition: rows.partitions.as_ref().map(|partitions| partitions[row]),
            offset: rows.offsets.as_ref().map(|offsets| offsets[row]),
        })
        .collect()
}
