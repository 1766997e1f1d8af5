//! How large a record is to a broker.
//!
//! A broker holds each record batch against the topic's `max.message.bytes`. The smallest batch that
//! can carry a record has it alone; its layout is the message format 2 of Kafka's documentation
//! ("Record Batch" and "Record").

use crate::batch::{Header, OutputRow};

/// Everything of a batch that is not its records: base offset 8, length 4, leader epoch 4, magic 1,
/// checksum 4, attributes 2, last offset delta 4, both timestamps 16, producer id and epoch 10, base
/// sequence 4, count 4.
const BATCH: usize = 61;
/// Attributes, timestamp delta and offset delta of a batch's first record.
const FIRST_RECORD: usize = 3;

/// Bytes of an uncompressed batch that holds only this record, with `more` headers behind its own.
pub(crate) fn batch_of_one(row: &OutputRow<'_>, more: &[Header<'_>]) -> usize {
    let header = |h: Header<'_>| field(Some(h.name.as_bytes())) + field(h.value);
    let own = varint(row.headers.len() + more.len()) + row.headers.clone().map(header).sum::<usize>();
    let headers = own + more.iter().copied().map(header).sum::<usize>();
    let record = FIRST_RECORD + field(row.key) + field(row.value) + headers;
    BATCH + varint(record) + record
}

/// Bytes of a length and what follows it; a null is a length of -1.
fn field(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint(bytes.len()) + bytes.len())
}

/// Bytes of a length as a zigzag variable-length integer.
fn varint(length: usize) -> usize {
    let bits = usize::BITS - (length << 1).leading_zeros();
    bits.div_ceil(7).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::HeadersBuilder;

    #[test]
    fn headers_that_are_added_count_as_the_record_s_own() {
        let (trace, source) =
            (Header { name: "trace", value: None }, Header { name: "source", value: Some(b"a-0@7#1") });
        let mut builder = HeadersBuilder::default();
        builder.push(trace.name, trace.value);
        builder.end_row();
        builder.push(trace.name, trace.value);
        builder.push(source.name, source.value);
        builder.end_row();
        let headers = builder.finish();
        let row = |row| OutputRow {
            input: row,
            sibling: 0,
            key: None,
            value: Some(b"value"),
            headers: headers.row(row),
            timestamp: 1,
            topic: None,
            partition: None,
        };
        assert_eq!(batch_of_one(&row(0), &[source]), batch_of_one(&row(1), &[]));
    }

    #[test]
    fn lengths_grow_by_seven_bits() {
        for (length, bytes) in [(0, 1), (63, 1), (64, 2), (8191, 2), (8192, 3), (1 << 20, 4)] {
            assert_eq!(varint(length), bytes, "{length}");
        }
    }
}
