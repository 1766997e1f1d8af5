#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::batch::Limits;
use crate::job::{ColumnNames, Encodings};
use crate::store::MemoryFile;

fn settings() -> ReadSettings {
    ReadSettings {
        columns: ColumnNames::default(),
        encoding: Encodings::default(),
        limits: Limits::default(),
        first_row: 0,
        format: None,
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/avro").join(name)).unwrap()
}

fn file(content: Vec<u8>) -> OpenFile {
    Arc::new(MemoryFile::new("a.avro", content))
}

/// Rows read until the end or the first error.
fn read(content: Vec<u8>) -> (usize, Result<(), ReadError>) {
    let mut rows = 0;
    let mut reader = match open(file(content), &settings()) {
        Ok(reader) => reader,
        Err(error) => return (0, Err(error)),
    };
    loop {
        match reader.next() {
            Ok(Some(batch)) => rows += batch.columns.len(),
            Ok(None) => return (rows, Ok(())),
            Err(error) => return (rows, Err(error)),
        }
    }
}

fn fails(content: Vec<u8>) -> String {
    read(content).1.unwrap_err().to_string()
}

#[test]
fn every_logical_type_has_json_text() {
    let mut reader = open(file(fixture("logical.avro")), &settings()).unwrap();
    let rows = reader.next().unwrap().unwrap();
    let text: Vec<String> = (0..rows.columns.len())
        .map(|row| String::from_utf8(rows.columns.values.value(row).to_vec()).unwrap())
        .collect();
    insta::assert_snapshot!(text.join("\n"), @"");
}

#[test]
fn facts_say_what_is_there_and_what_is_lost() {
    let facts = facts(&file(fixture("lenses.avro")), &settings()).unwrap();
    assert_eq!(facts.rows, Count::Exact(2));
    insta::assert_debug_snapshot!(facts.schema, @"");
    insta::assert_snapshot!(facts.mapping.join("\n"), @"");
    insta::assert_snapshot!(facts.lost.join("\n"), @"");
}

#[test]
fn a_record_within_itself_is_an_error() {
    insta::assert_snapshot!(fails(fixture("recursive.avro")), @"");
}

#[test]
fn damage_is_told_with_its_place() {
    let good = fixture("native.null.avro");
    let mut cut = good.clone();
    cut.truncate(good.len() - 20);
    insta::assert_snapshot!(fails(cut), @"");
    let mut sync = good.clone();
    let last = sync.len() - 1;
    sync[last] ^= 1;
    insta::assert_snapshot!(fails(sync), @"");
    insta::assert_snapshot!(fails(good[..100].to_vec()), @"");
    let codec = String::from_utf8_lossy(&good).find("avro.codec").unwrap();
    let mut unknown = good.clone();
    unknown[codec + 11..codec + 15].copy_from_slice(b"nuli");
    insta::assert_snapshot!(fails(unknown), @"");
    let mut snappy = fixture("native.snappy.avro");
    let last = snappy.len() - 17;
    snappy[last] ^= 1;
    insta::assert_snapshot!(fails(snappy), @"");
}

#[test]
fn a_file_that_is_cut_off_is_never_a_shorter_file() {
    let good = fixture("native.deflate.avro");
    let whole = read(good.clone());
    assert!(whole.1.is_ok());
    for length in 4..good.len() {
        let (rows, result) = read(good[..length].to_vec());
        // Only where a block ends does what is left look whole.
        let at_end_of_block = good[..length].ends_with(&good[good.len() - 16..]);
        assert_eq!(result.is_ok(), at_end_of_block, "{length}");
        assert!(rows <= whole.0);
    }
}

proptest::proptest! {
    #[test]
    fn damaged_bytes_are_an_error_or_other_bytes_and_never_a_panic(
        name in proptest::sample::select(vec![
            "native.null.avro", "native.deflate.avro", "native.zstandard.avro", "native.snappy.avro",
            "logical.avro", "lenses.avro", "data-keep.avro", "bare-string.avro",
        ]),
        flips in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 1u8..), 1..4),
    ) {
        let mut content = fixture(name);
        for (index, flip) in flips {
            let at = index.index(content.len());
            content[at] ^= flip;
        }
        let _ = facts(&file(content.clone()), &settings());
        let _ = read(content);
    }
}
