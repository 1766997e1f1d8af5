//! What the job must make of the backup, worked out without plugins, lanes or Kafka.

use std::collections::BTreeMap;

use anabranch_tests::batches::Given;
use arrow_array::Array;

use crate::backup::ORDERS;

/// The records by partition, and how many are dropped.
pub(crate) fn records() -> (BTreeMap<i32, Vec<Given>>, u64) {
    let (mut records, mut dropped) = (BTreeMap::<i32, Vec<Given>>::new(), 0);
    for partition in 0..ORDERS.partitions {
        let columns = ORDERS.batch(partition, 0, ORDERS.records / ORDERS.partitions as u64).columns;
        for row in 0..columns.len() {
            let key = columns.keys.value(row);
            if key.starts_with(b"test-") {
                dropped += 1;
                continue;
            }
            assert!(columns.values.is_valid(row));
            let headers = columns.headers.row(row);
            records.entry(partition).or_default().push(Given {
                key: Some(key.to_vec()),
                value: Some(masked(columns.values.value(row))),
                headers: headers.map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
                timestamp: columns.timestamps[row],
            });
        }
    }
    (records, dropped)
}

/// The value with its e-mail address masked; all other bytes stay.
fn masked(value: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(value).unwrap();
    let (before, rest) = text.split_once(r#""email":""#).unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    format!(r#"{before}"email":"***"{after}"#).into_bytes()
}
