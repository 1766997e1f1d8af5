//! Files that are not what a backup should have, among good ones.

use std::fs;

use insta::assert_snapshot;

use crate::{good, lines, restore, write};

#[test]
fn the_good_backup_is_restored() {
    let run = restore(&good(), &["--output", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(summary["written"]["records"], 40);
}

#[test]
fn an_empty_backup() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backup")).unwrap();
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn a_backup_of_files_without_records() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "backup/empty.parquet", fs::read(fixture("parquet/no-rows.parquet")).unwrap());
    assert_snapshot!(restore(&folder, &["--topic", "orders"]), @"");
}

#[test]
fn a_parquet_file_that_is_cut_off() {
    let folder = good();
    let whole = fs::read(folder.path().join("backup/good.parquet")).unwrap();
    write(folder.path(), "backup/short.parquet", &whole[..whole.len() / 2]);
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn a_parquet_file_whose_pages_are_damaged() {
    let folder = good();
    let path = folder.path().join("backup/good.parquet");
    let mut damaged = fs::read(&path).unwrap();
    damaged[200..400].fill(0xa5);
    fs::write(&path, damaged).unwrap();
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn an_avro_file_that_is_cut_off() {
    let folder = good();
    let whole = fs::read(fixture("avro/native.deflate.avro")).unwrap();
    write(folder.path(), "backup/short.avro", &whole[..whole.len() - 20]);
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn a_compressed_file_of_lines_that_is_cut_off() {
    let folder = good();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, lines(2, 0..500).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    write(folder.path(), "backup/short.jsonl.gz", &packed[..packed.len() - 30]);
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn a_file_without_a_byte() {
    let folder = good();
    write(folder.path(), "backup/nothing.parquet", "");
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn a_file_of_no_known_format() {
    let folder = good();
    write(folder.path(), "backup/picture.parquet", b"\x89PNG\r\n\x1a\n and so on, and no backup at all");
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn a_line_that_is_no_json() {
    let folder = good();
    let broken = lines(2, 0..6).replacen(r#""offset":4"#, r#""offset":"#, 1);
    write(folder.path(), "backup/broken.jsonl", broken);
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn rows_that_overlap_and_differ() {
    let folder = good();
    write(folder.path(), "backup/again.jsonl", lines(1, 15..25).replace("order 17", "another 17"));
    assert_snapshot!(restore(&folder, &[]), @"");
}

#[test]
fn rows_that_overlap_and_are_equal_are_taken_once() {
    let folder = good();
    write(folder.path(), "backup/again.jsonl", lines(1, 15..25));
    let run = restore(&folder, &["--output", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&summary["written"]["records"], &summary["duplicates"]), (&45.into(), &5.into()));
}

#[test]
fn a_backup_without_a_topic() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "backup/lines.jsonl", "{\"key\":\"a\",\"value\":\"b\"}\n");
    assert_snapshot!(restore(&folder, &[]), @"");
}

fn fixture(name: &str) -> std::path::PathBuf {
    anabranch_tests::binaries::workspace().join("tests/fixtures").join(name)
}
