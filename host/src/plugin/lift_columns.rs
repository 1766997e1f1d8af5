//! Columns that a plugin answers with, checked and made Arrow's without another copy.

use arrow_array::{Array, BinaryArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use crate::batch::Headers;
use crate::job::topic;

use super::bindings::types::{BytesColumnResult, HeadersColumnResult, TopicsColumnResult};
use super::fault::Fault;
use super::numbers::taken;
use super::text::printable;

/// A column of `count` byte strings.
pub(super) fn bytes(what: &str, column: BytesColumnResult, count: usize) -> Result<BinaryArray, Fault> {
    let BytesColumnResult { offsets, data, validity } = column;
    let offsets = lift_offsets(what, &offsets, count, data.len())?;
    let nulls = match validity {
        None => None,
        Some(bits) if bits.len() == count.div_ceil(8) => {
            Some(NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bits), 0, count)))
        }
        Some(bits) => {
            return Err(Fault::contract(format!(
                "the validity of {what} has {} bytes for {count} values, which take {}",
                bits.len(),
                count.div_ceil(8)
            )));
        }
    };
    BinaryArray::try_new(offsets, Buffer::from_vec(data), nulls)
        .map_err(|error| Fault::contract(format!("{what}: {error}")))
}

/// Offsets of `count` values over `end` entries.
fn lift_offsets(what: &str, offsets: &[u8], count: usize, end: usize) -> Result<OffsetBuffer<i32>, Fault> {
    let offsets: Vec<u32> = taken(what, offsets)?;
    if offsets.len() != count + 1 {
        return Err(Fault::contract(format!("{what} has {} offsets for {count} values", offsets.len())));
    }
    if let Some(first @ 1..) = offsets.first().copied() {
        return Err(Fault::contract(format!("the offsets of {what} begin with {first}")));
    }
    if let Some(at) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
        return Err(Fault::contract(format!("the offsets of {what} decrease at value {at}")));
    }
    let last = offsets.last().map_or(0, |last| *last as usize);
    if last != end || i32::try_from(end).is_err() {
        return Err(Fault::contract(format!("the offsets of {what} end with {last}, but there are {end}")));
    }
    let length = offsets.len();
    // All of them are at most the last, which fits 31 bits: the same bytes are the same numbers signed.
    Ok(OffsetBuffer::new(ScalarBuffer::new(Buffer::from_vec(offsets), 0, length)))
}

/// Headers of `count` rows.
pub(super) fn headers(column: HeadersColumnResult, count: usize) -> Result<Headers, Fault> {
    let HeadersColumnResult { rows, names, dictionary, values } = column;
    let names: Vec<u32> = taken("the names of headers", &names)?;
    let rows = lift_offsets("headers", &rows, count, names.len())?;
    let entries = names.len();
    let distinct = (dictionary.offsets.len() / size_of::<u32>()).saturating_sub(1);
    let dictionary = bytes("header names", dictionary, distinct)?;
    if let Some(at) = (0..dictionary.len()).find(|at| dictionary.is_null(*at)) {
        return Err(Fault::contract(format!("header name {at} is null")));
    }
    if let Some(at) = (0..dictionary.len()).find(|at| str::from_utf8(dictionary.value(*at)).is_err()) {
        return Err(Fault::contract(format!("header name {at} is not UTF-8")));
    }
    let (offsets, data, _) = dictionary.into_parts();
    let dictionary =
        StringArray::try_new(offsets, data, None).map_err(|error| Fault::contract(format!("header names: {error}")))?;
    let values = bytes("header values", values, entries)?;
    Headers::try_new(rows, ScalarBuffer::from(names), dictionary, values).map_err(Fault::contract)
}

/// Topics of `count` rows.
pub(super) fn topics(column: &TopicsColumnResult, count: usize) -> Result<StringArray, Fault> {
    let TopicsColumnResult { indices, dictionary } = column;
    let indices: Vec<u32> = taken("topics", indices)?;
    if indices.len() != count {
        return Err(Fault::contract(format!("there are {} topics for {count} rows", indices.len())));
    }
    if let Some(name) = dictionary.iter().find(|name| !topic::is_legal(name)) {
        return Err(Fault::contract(format!("`{}` is no legal name of a topic", printable(name, topic::LONGEST))));
    }
    let names = indices.iter().map(|index| dictionary.get(*index as usize).ok_or(*index));
    let names: Result<Vec<&String>, u32> = names.collect();
    match names {
        // Arrow's offsets have 31 bits, and one name can stand in millions of rows.
        Ok(names) if names.iter().map(|name| name.len()).sum::<usize>() > i32::MAX as usize => {
            Err(Fault::contract("the topics of one answer take more than 2 GiB"))
        }
        Ok(names) => Ok(StringArray::from_iter_values(names)),
        Err(index) => Err(Fault::contract(format!("topic {index} of a dictionary of {}", dictionary.len()))),
    }
}
