//! However batches are cut, and whatever is in them, plugins give what the same rule gives natively.

use std::sync::{Arc, LazyLock};

use arrow_buffer::ScalarBuffer;
use proptest::prelude::*;

use super::guests::{Guest, even_offsets, key_as_value};
use super::{Bench, Record, records, source};
use crate::batch::{Batch, ColumnsBuilder, Outputs, Routes};
use crate::plugin::Chain;

type Field = Option<Vec<u8>>;
type Row = (Field, Field, Vec<(String, Field)>, i64);

fn field() -> impl Strategy<Value = Field> {
    prop::option::of(prop::collection::vec(any::<u8>(), 0..12))
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let headers = prop::collection::vec(("[a-c]{0,2}", field()), 0..3);
    prop::collection::vec((field(), field(), headers, -2..5_i64), 1..60)
}

fn batch(rows: &[Row]) -> Batch {
    let mut columns = ColumnsBuilder::default();
    for (key, value, headers, timestamp) in rows {
        columns.key(key.as_deref());
        columns.value(value.as_deref());
        for (name, value) in headers {
            columns.header(name, value.as_deref());
        }
        columns.end_row(*timestamp);
    }
    Batch {
        source: Arc::new(source()),
        file: "file".into(),
        rows: ScalarBuffer::from((0..rows.len() as u64).collect::<Vec<_>>()),
        offsets: Some(ScalarBuffer::from((0..rows.len() as i64).map(|row| row * 3 / 2).collect::<Vec<_>>())),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    }
}

/// Runs a chain over a batch cut at some places.
fn run(chain: &Chain, batch: &Batch, cuts: &[usize]) -> Vec<Record> {
    let mut lane = chain.open(&source(), "target").unwrap();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (batch.len() + 1)).chain([0, batch.len()]).collect();
    cuts.sort_unstable();
    let parts = cuts.windows(2).map(|cut| Arc::new(batch.slice(cut[0], cut[1] - cut[0])));
    parts.flat_map(|part| records(&lane.process(part, &mut []).unwrap().outputs)).collect()
}

fn native(batch: &Batch) -> Vec<Record> {
    records(&Outputs::untouched(Arc::new(batch.clone())))
}

/// A guest that answers with nothing changed but reads all there is.
static READ_ALL: LazyLock<Chain> =
    LazyLock::new(|| Bench::of(&[&Guest { reads: 63, ..Guest::default() }]).load().unwrap());
static EVEN: LazyLock<Chain> = LazyLock::new(|| Bench::of(&[&even_offsets()]).load().unwrap());
static KEY_AS_VALUE: LazyLock<Chain> = LazyLock::new(|| Bench::of(&[&key_as_value()]).load().unwrap());
static BOTH: LazyLock<Chain> = LazyLock::new(|| Bench::of(&[&key_as_value(), &even_offsets()]).load().unwrap());

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn plugins_do_what_their_rule_does_natively(rows in rows(), cuts in prop::collection::vec(any::<usize>(), 0..5)) {
        let batch = batch(&rows);
        let records = native(&batch);
        prop_assert_eq!(&run(&READ_ALL, &batch, &cuts), &records);

        let offsets = batch.offsets.clone().unwrap();
        let even = |records: &[Record]| -> Vec<Record> {
            records.iter().zip(offsets.iter()).filter(|(_, offset)| *offset % 2 == 0).map(|(each, _)| each.clone()).collect()
        };
        prop_assert_eq!(run(&EVEN, &batch, &cuts), even(&records));

        let replaced: Vec<Record> = records.iter().cloned().map(|mut record| {
            record.1 = record.0.clone();
            record
        }).collect();
        prop_assert_eq!(run(&KEY_AS_VALUE, &batch, &cuts), replaced.clone());
        prop_assert_eq!(run(&BOTH, &batch, &cuts), even(&replaced));
    }
}
