//! A batch as a plugin gets it: the columns that it reads, borrowed from the batch's own buffers.
//!
//! Only what does not begin at row 0 of its buffers is written anew: offsets are rebased and
//! bitmaps realigned, a few bytes a row. Keys, values and headers are never copied on the host.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::types::ByteArrayType;
use arrow_array::{Array, BinaryArray, GenericByteArray, StringArray};

use crate::batch::{Batch, Headers};

use super::bindings::types::{self, BytesColumnParam, Columns, HeadersColumnParam, Offsets, TopicsColumnParam};
use super::description::ColumnSet;
use super::numbers::given;

/// A column of bytes, rebased to row 0.
#[derive(Debug)]
struct LoweredBytes<'a> {
    offsets: Cow<'a, [u32]>,
    data: &'a [u8],
    validity: Option<Vec<u8>>,
}

impl<'a> LoweredBytes<'a> {
    fn new<T: ByteArrayType<Offset = i32>>(array: &'a GenericByteArray<T>) -> Self {
        let offsets: &[i32] = array.value_offsets();
        let (first, last) = match (offsets.first(), offsets.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (0, 0),
        };
        // Arrow's offsets are never negative, so that the same bytes are the same numbers unsigned.
        let offsets: Cow<'a, [u32]> = match first {
            0 if offsets.is_empty() => Cow::Borrowed(&[0]),
            0 => Cow::Borrowed(bytemuck::cast_slice(offsets)),
            first => Cow::Owned(offsets.iter().map(|offset| (offset - first) as u32).collect()),
        };
        let data = array.value_data().get(first as usize..last as usize).unwrap_or_default();
        Self { offsets, data, validity: validity(array) }
    }

    fn param(&self) -> BytesColumnParam<'_> {
        BytesColumnParam { offsets: given(&self.offsets), data: self.data, validity: self.validity.as_deref() }
    }
}

/// The bitmap of an array that has nulls, beginning at bit 0, with clear bits behind its end.
fn validity(array: &dyn Array) -> Option<Vec<u8>> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
    let mut bits = nulls.inner().sliced().as_slice().to_vec();
    bits.truncate(array.len().div_ceil(8));
    if let (Some(last), rest @ 1..) = (bits.last_mut(), array.len() % 8) {
        *last &= (1 << rest) - 1;
    }
    Some(bits)
}

/// Headers, rebased to row 0.
#[derive(Debug)]
struct LoweredHeaders<'a> {
    rows: Cow<'a, [u32]>,
    names: &'a [u32],
    dictionary: LoweredBytes<'a>,
    values: LoweredBytes<'a>,
}

impl<'a> LoweredHeaders<'a> {
    /// `values` are the values of exactly these rows.
    fn new(headers: &'a Headers, values: &'a BinaryArray) -> Self {
        let (first, last) = entries(headers);
        let rows: &[i32] = headers.row_offsets();
        let rows = match first {
            0 => Cow::Borrowed(bytemuck::cast_slice(rows)),
            first => Cow::Owned(rows.iter().map(|row| *row as u32 - first as u32).collect()),
        };
        Self {
            rows,
            names: headers.names().get(first..last).unwrap_or_default(),
            dictionary: LoweredBytes::new(headers.dictionary()),
            values: LoweredBytes::new(values),
        }
    }

    fn param(&self) -> HeadersColumnParam<'_> {
        HeadersColumnParam {
            rows: given(&self.rows),
            names: given(self.names),
            dictionary: self.dictionary.param(),
            values: self.values.param(),
        }
    }
}

/// Topics of the rows with their distinct names; a row without one has the empty name.
#[derive(Debug)]
struct LoweredTopics<'a> {
    indices: Vec<u32>,
    dictionary: Vec<&'a str>,
}

impl<'a> LoweredTopics<'a> {
    fn new(topics: &'a StringArray) -> Self {
        let mut dictionary = Vec::new();
        let mut index = HashMap::new();
        let indices = topics
            .iter()
            .map(|topic| {
                let topic = topic.unwrap_or("");
                *index.entry(topic).or_insert_with(|| {
                    dictionary.push(topic);
                    dictionary.len() as u32 - 1
                })
            })
            .collect();
        Self { indices, dictionary }
    }

    fn param(&self) -> TopicsColumnParam<'_> {
        TopicsColumnParam { indices: given(&self.indices), dictionary: &self.dictionary }
    }
}

/// The offsets, which need not be listed where nothing is left out between them.
fn offsets(listed: &[i64]) -> Offsets<'_> {
    let first = listed.first().copied().unwrap_or_default();
    match listed.iter().enumerate().all(|(row, offset)| *offset == first.wrapping_add(row as i64)) {
        true => Offsets::Consecutive(first),
        false => Offsets::Listed(given(listed)),
    }
}

/// Calls `with` with the columns of `batch` that `reads` names, as the interface has them.
pub(super) fn with_batch<R>(batch: &Batch, reads: ColumnSet, with: impl FnOnce(types::Batch<'_>) -> R) -> R {
    let columns = &batch.columns;
    let keys = reads.has(Columns::KEY).then(|| LoweredBytes::new(&columns.keys));
    let values = reads.has(Columns::VALUE).then(|| LoweredBytes::new(&columns.values));
    let header_values = reads.has(Columns::HEADERS).then(|| {
        let (first, last) = entries(&columns.headers);
        columns.headers.values().slice(first, last - first)
    });
    let headers = header_values.as_ref().map(|values| LoweredHeaders::new(&columns.headers, values));
    let topics = batch.routes.topics.as_ref().filter(|_| reads.has(Columns::TOPIC)).map(LoweredTopics::new);
    with(types::Batch {
        topic: &batch.source.topic,
        partition: batch.source.partition,
        count: batch.len() as u32,
        offsets: offsets(match &batch.offsets {
            Some(offsets) => offsets,
            None => bytemuck::cast_slice::<u64, i64>(&batch.rows),
        }),
        timestamps: reads.has(Columns::TIMESTAMP).then(|| given::<i64>(&columns.timestamps)),
        keys: keys.as_ref().map(LoweredBytes::param),
        values: values.as_ref().map(LoweredBytes::param),
        headers: headers.as_ref().map(LoweredHeaders::param),
        topics: topics.as_ref().map(LoweredTopics::param),
        partitions: batch.routes.partitions.as_deref().filter(|_| reads.has(Columns::PARTITION)).map(given::<i32>),
    })
}

/// First and last entry of the headers of some rows.
fn entries(headers: &Headers) -> (usize, usize) {
    let rows: &[i32] = headers.row_offsets();
    (rows.first().map_or(0, |first| *first as usize), rows.last().map_or(0, |last| *last as usize))
}
