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
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: the backup at `backup` is empty
    hint: check `backup.url`
    ");
}

#[test]
fn a_backup_of_files_without_records() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "backup/empty.parquet", fs::read(fixture("parquet/no-rows.parquet")).unwrap());
    assert_snapshot!(restore(&folder, &["--topic", "orders"]), @r"
    exit 1
    error: the backup at `backup` holds no record in any of its files (1)
    hint: check `backup.url`
    ");
}

#[test]
fn a_parquet_file_that_is_cut_off() {
    let folder = good();
    let whole = fs::read(folder.path().join("backup/good.parquet")).unwrap();
    write(folder.path(), "backup/short.parquet", &whole[..whole.len() / 2]);
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: `short.parquet`: the footer cannot be read: Invalid Parquet file. Corrupt footer
    hint: take the file from its source again; if a column or its encoding is not what was meant, set `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup
    ");
}

#[test]
fn a_parquet_file_whose_pages_are_damaged() {
    let folder = good();
    let path = folder.path().join("backup/good.parquet");
    let mut damaged = fs::read(&path).unwrap();
    damaged[200..400].fill(0xa5);
    fs::write(&path, damaged).unwrap();
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: `good.parquet` row 0: the rows from here on cannot be read: Data corruption detected
    hint: take the file from its source again; if a column or its encoding is not what was meant, set `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup
    ");
}

#[test]
fn an_avro_file_that_is_cut_off() {
    let folder = good();
    let whole = fs::read(fixture("avro/native.deflate.avro")).unwrap();
    write(folder.path(), "backup/short.avro", &whole[..whole.len() - 20]);
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: `short.avro` row 4: the block at byte 837 has 51 bytes, but the file ends 47 bytes later: it is cut off or damaged
    hint: take the file from its source again; if a column or its encoding is not what was meant, set `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup
    ");
}

#[test]
fn a_compressed_file_of_lines_that_is_cut_off() {
    let folder = good();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, lines(2, 0..500).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    write(folder.path(), "backup/short.jsonl.gz", &packed[..packed.len() - 30]);
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: `short.jsonl.gz` row 497: the gzip data ends early, after line 497
    hint: take the file from its source again; if a column or its encoding is not what was meant, set `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup
    ");
}

#[test]
fn a_file_without_a_byte() {
    let folder = good();
    write(folder.path(), "backup/nothing.parquet", "");
    assert_snapshot!(restore(&folder, &[]), @r#"
    exit 1
    error: `nothing.parquet` is empty: it has no bytes
    hint: take it from the source again; if it only stands for a folder, delete it; if it truly holds no record, set `backup.format = "json-lines"`
    "#);
}

#[test]
fn a_file_of_no_known_format() {
    let folder = good();
    write(folder.path(), "backup/picture.parquet", b"\x89PNG\r\n\x1a\n and so on, and no backup at all");
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: `picture.parquet` is neither Parquet nor Avro nor JSON Lines: it begins with `�PNG\r`; if it does not belong to the backup, move it elsewhere
    hint: move it out of the backup, or name the files that count with `backup.path`
    ");
}

#[test]
fn a_line_that_is_no_json() {
    let folder = good();
    let broken = lines(2, 0..6).replacen(r#""offset":4"#, r#""offset":"#, 1);
    write(folder.path(), "backup/broken.jsonl", broken);
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: `broken.jsonl` row 4: line 5: column 30: expected value
    hint: take the file from its source again; if a column or its encoding is not what was meant, set `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup
    ");
}

#[test]
fn rows_that_overlap_and_differ() {
    let folder = good();
    write(folder.path(), "backup/again.jsonl", lines(1, 15..25).replace("order 17", "another 17"));
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 1
    error: `orders-1@17` is not the same record in `good.jsonl` row 17 and `again.jsonl` row 2
    hint: leave one of the files out, or, if they are of different backups, restore them in jobs of their own
    ");
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
    assert_snapshot!(restore(&folder, &[]), @r"
    exit 2
    error: the backup does not say which topic the records of `lines.jsonl` are of
    hint: set `backup.topic`, or `backup.path` with `{topic}` in it
    ");
}

fn fixture(name: &str) -> std::path::PathBuf {
    anabranch_tests::binaries::workspace().join("tests/fixtures").join(name)
}
