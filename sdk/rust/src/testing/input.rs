//! A batch as the host would hand it over.

use super::OwnedRecord;
use super::record::Bytes;
use crate::Columns;
use crate::columns::numbers::Number;
use crate::columns::{Batch, BytesColumn, HeadersColumn, Offsets, TopicsColumn, numbers};

/// The columns that `reads` names, of records whose offsets begin at `first`.
pub(super) fn batch(records: &[OwnedRecord], first: usize, reads: Columns) -> Batch {
    let given = |column| reads.contains(column);
    let routed = records.iter().any(|record| record.topic.is_some());
    let chosen = records.iter().any(|record| record.partition.is_some());
    let context = super::context();
    Batch {
        topic: context.source_topic,
        partition: context.source_partition,
        count: records.len() as u32,
        offsets: Offsets::Consecutive(first as i64),
        timestamps: given(Columns::TIMESTAMP)
            .then(|| pack(records.iter().map(|record| record.timestamp.unwrap_or(-1)))),
        keys: given(Columns::KEY).then(|| column(records.iter().map(|record| &record.key))),
        values: given(Columns::VALUE).then(|| column(records.iter().map(|record| &record.value))),
        headers: given(Columns::HEADERS).then(|| headers(records)),
        topics: (given(Columns::TOPIC) && routed).then(|| topics(records)),
        partitions: (given(Columns::PARTITION) && chosen)
            .then(|| pack(records.iter().map(|record| record.partition.unwrap_or(-1)))),
    }
}

fn pack<T: Number>(numbers: impl Iterator<Item = T>) -> Vec<u8> {
    numbers::pack(&numbers.collect::<Vec<_>>())
}

fn column<'a>(values: impl ExactSizeIterator<Item = &'a Bytes>) -> BytesColumn {
    let (mut offsets, mut data, mut validity) = (vec![0_u32], Vec::new(), vec![0; values.len().div_ceil(8)]);
    let mut nulls = false;
    for (row, value) in values.enumerate() {
        match &value.0 {
            Some(value) => {
                data.extend_from_slice(value);
                validity[row / 8] |= 1 << (row % 8);
            }
            None => nulls = true,
        }
        offsets.push(data.len() as u32);
    }
    BytesColumn { offsets: numbers::pack(&offsets), data, validity: nulls.then_some(validity) }
}

fn headers(records: &[OwnedRecord]) -> HeadersColumn {
    let all: Vec<_> = records.iter().flat_map(|record| &record.headers).collect();
    let mut distinct: Vec<&String> = all.iter().map(|(name, _)| name).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut rows = vec![0_u32];
    let ends = records.iter().scan(0, |end, record| {
        *end += record.headers.len() as u32;
        Some(*end)
    });
    rows.extend(ends);
    let dictionary: Vec<Bytes> = distinct.iter().map(|name| name.as_str().into()).collect();
    HeadersColumn {
        rows: numbers::pack(&rows),
        names: pack(all.iter().map(|(name, _)| distinct.partition_point(|other| *other < name) as u32)),
        dictionary: column(dictionary.iter()),
        values: column(all.iter().map(|(_, value)| value)),
    }
}

/// The topics that earlier plugins chose, empty where they left that open.
fn topics(records: &[OwnedRecord]) -> TopicsColumn {
    let topics: Vec<String> = records.iter().map(|record| record.topic.clone().unwrap_or_default()).collect();
    TopicsColumn { indices: pack(0..topics.len() as u32), dictionary: topics }
}
