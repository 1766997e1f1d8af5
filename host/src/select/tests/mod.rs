//! What is taken of batches, against the same told row by row.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_buffer::ScalarBuffer;
use proptest::prelude::*;

mod pruning;

use super::*;
use crate::batch::{Batch, Columns, ColumnsBuilder, HeadersBuilder, NO_TIMESTAMP, Routes};
use crate::job::{Encoding, Keys, OffsetRange, Tombstones};
use crate::position::TopicPartition;

type Bytes = Option<Vec<u8>>;
type Named = Vec<(String, Bytes)>;
/// A record: offset, timestamp, key, value, headers.
type Row = (i64, i64, Bytes, Bytes, Named);

fn batch(rows: &[Row]) -> Arc<Batch> {
    let mut columns = ColumnsBuilder::default();
    for (_, timestamp, key, value, headers) in rows {
        let mut builder = HeadersBuilder::default();
        headers.iter().for_each(|(name, value)| builder.push(name, value.as_deref()));
        builder.end_row();
        columns.row(key.as_deref(), value.as_deref(), builder.finish().row(0), *timestamp);
    }
    let columns: Columns = columns.finish();
    Arc::new(Batch {
        source: Arc::new(TopicPartition::new("orders", Some(0))),
        file: "orders-0.parquet".into(),
        rows: (0..rows.len() as u64).collect(),
        offsets: Some(rows.iter().map(|row| row.0).collect::<ScalarBuffer<i64>>()),
        columns,
        strand: None,
        routes: Routes::default(),
    })
}

fn rows(batch: &Batch) -> Vec<Row> {
    let columns = &batch.columns;
    let value = |array, row| crate::batch::value_at(array, row).map(<[u8]>::to_vec);
    let headers = |row| {
        let header = |header: crate::batch::Header<'_>| (header.name.to_owned(), header.value.map(<[u8]>::to_vec));
        columns.headers.row(row).map(header).collect()
    };
    let row = |row| {
        let offset = batch.offsets.as_ref().unwrap()[row];
        (offset, columns.timestamps[row], value(&columns.keys, row), value(&columns.values, row), headers(row))
    };
    (0..batch.len()).map(row).collect()
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"ab".to_vec()), 0..4)
}

fn row() -> impl Strategy<Value = (u8, i64, Bytes, Bytes, Named)> {
    let header = (prop::sample::select(vec!["h".to_owned(), "i".to_owned()]), prop::option::of(word()));
    let timestamp = prop_oneof![Just(NO_TIMESTAMP), 0_i64..20];
    (0_u8..3, timestamp, prop::option::of(word()), prop::option::of(word()), prop::collection::vec(header, 0..3))
}

prop_compose! {
    fn some_rows()(rows in prop::collection::vec(row(), 0..60)) -> Vec<Row> {
        let mut offset = 0;
        rows.into_iter().map(|(step, timestamp, key, value, headers)| {
            offset += 1 + i64::from(step);
            (offset, timestamp, key, value, headers)
        }).collect()
    }
}

#[derive(Clone, Debug)]
struct Wanted {
    offsets: Option<OffsetRange>,
    from: Option<i64>,
    until: Option<i64>,
    /// Whole keys, and beginnings.
    keys: Option<[Vec<Vec<u8>>; 2]>,
    headers: Named,
    tombstones: Option<Tombstones>,
}

impl Wanted {
    fn tests(&self) -> RowTests {
        let text = |list: &[Vec<u8>]| list.iter().map(|key| String::from_utf8(key.clone()).unwrap()).collect();
        let keys = self.keys.as_ref().map(|[exact, prefixes]| {
            let keys = Keys { exact: text(exact), prefixes: text(prefixes), file: None, encoding: Encoding::Text };
            Arc::new(KeySet::load(&keys).unwrap())
        });
        RowTests {
            offsets: self.offsets.iter().map(|range| ("orders-0".to_owned(), *range)).collect::<BTreeMap<_, _>>(),
            from: self.from,
            until: self.until,
            keys,
            headers: self.headers.clone(),
            tombstones: self.tombstones,
            ..RowTests::default()
        }
    }

    /// The same, a record at a time.
    fn takes(&self, (offset, timestamp, key, value, headers): &Row) -> bool {
        let is_timed = *timestamp != NO_TIMESTAMP;
        self.offsets.is_none_or(|range| range.holds(*offset))
            && self.from.is_none_or(|from| is_timed && *timestamp >= from)
            && self.until.is_none_or(|until| is_timed && *timestamp < until)
            && self.keys.as_ref().is_none_or(|[exact, prefixes]| {
                key.as_ref()
                    .is_some_and(|key| exact.contains(key) || prefixes.iter().any(|prefix| key.starts_with(prefix)))
            })
            && self.headers.iter().all(|(name, wanted)| {
                headers.iter().any(|(known, value)| known == name && (wanted.is_none() || wanted == value))
            })
            && self.tombstones.is_none_or(|wanted| value.is_none() == (wanted == Tombstones::Only))
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let offsets = prop::option::of((prop::option::of(0_i64..60), prop::option::of(0_i64..90)));
    let keys = prop::option::of((prop::collection::vec(word(), 0..4), prop::collection::vec(word(), 0..3)));
    let header = (prop::sample::select(vec!["h".to_owned(), "j".to_owned()]), prop::option::of(word()));
    let tombstones = prop::option::of(prop::sample::select(vec![Tombstones::Only, Tombstones::None]));
    let times = (prop::option::of(-2_i64..20), prop::option::of(0_i64..25));
    (offsets, times, keys, prop::collection::vec(header, 0..2), tombstones).prop_map(
        |(offsets, (from, until), keys, headers, tombstones)| Wanted {
            offsets: offsets.map(|(from, until)| OffsetRange { from, until }),
            from,
            until,
            keys: keys.map(<[_; 2]>::from).filter(|keys| keys.iter().any(|list| !list.is_empty())),
            headers,
            tombstones,
        },
    )
}

proptest! {
    #[test]
    fn columns_take_what_rows_would(list in some_rows(), wanted in wanted()) {
        let tests = wanted.tests();
        let batch = batch(&list);
        let taken = tests.taken(Arc::clone(&batch), &mut Vec::new());
        let due: Vec<Row> = list.iter().filter(|row| wanted.takes(row)).cloned().collect();
        prop_assert_eq!(rows(&taken), due);
    }
}

#[test]
fn a_time_that_leaves_out_records_without_one_says_how_many() {
    let row = |timestamp| (timestamp + 5, timestamp, None, None, Vec::new());
    let tests = RowTests { from: Some(0), ..RowTests::default() };
    let taken = tests.taken(batch(&[row(-1), row(0), row(7)]), &mut Vec::new());
    assert_eq!((taken.len(), tests.untimed()), (2, 1));
}

#[test]
fn a_file_of_keys_is_read_line_by_line_and_never_repeated_in_an_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let load = |name: &str, content: &[u8], encoding| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        KeySet::load(&Keys { file: Some(path), encoding, ..Keys::default() })
    };
    let keys = load("windows.txt", b"\xef\xbb\xbf4711\r\n\r\n4712\n4711", Encoding::Text).unwrap();
    assert!(keys.fits(b"4711") && keys.fits(b"4712") && !keys.fits(b"") && !keys.fits(b"471"));
    let keys = load("bytes.txt", b"00ff\nAB\n", Encoding::Hex).unwrap();
    assert!(keys.fits(&[0, 255]) && keys.fits(&[0xab]) && !keys.fits(b"AB"));
    for (name, content, encoding, said) in [
        ("latin.txt", &b"a\nm\xfcller\n"[..], Encoding::Text, "latin.txt:2` cannot be read: not UTF-8"),
        ("wide.txt", b"\xff\xfea\0\n\0", Encoding::Text, "wide.txt:1` cannot be read: not UTF-8"),
        ("base64.txt", b"secret!", Encoding::Base64, "base64.txt:1` cannot be read: not base64"),
        ("empty.txt", b"\n\n", Encoding::Text, "there are no keys in"),
    ] {
        let error = load(name, content, encoding).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("secret") && !error.contains("ller"), "{error}");
    }
    assert!(matches!(
        KeySet::load(&Keys { file: Some("not-there.txt".into()), ..Keys::default() }),
        Err(SelectError::Unreadable { .. })
    ));
}
