//! Several lanes that meet something large at a time take no more memory than `plan` says.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anabranch::batch::{Batch, ColumnsBuilder, Routes};
use anabranch::position::TopicPartition;
use anabranch::write::parquet::ParquetWriter;
use anabranch_tests::{binaries, resident};
use arrow_buffer::ScalarBuffer;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

const PARTITIONS: i32 = 4;
/// Bytes of what is large.
const LARGE: usize = 48 << 20;
/// What `plan` says comes on top, and what a restore to nowhere takes without it: it has no queue.
const MOST: u64 = 6 * LARGE as u64 + (128 << 20);

#[test]
fn lanes_that_meet_large_lines_take_turns() {
    let folder = TempDir::new().unwrap();
    let value = "x".repeat(LARGE);
    for partition in 0..PARTITIONS {
        let mut file = File::create(place(folder.path(), partition).join("all.jsonl")).unwrap();
        for offset in 0..3 {
            writeln!(file, r#"{{"offset":{offset},"key":"{offset}","value":"{value}"}}"#).unwrap();
        }
    }
    restore(folder.path(), 3);
}

#[test]
fn lanes_that_meet_large_pages_take_turns() {
    const RECORD: usize = 1 << 10;
    const RECORDS: usize = LARGE / RECORD;
    let folder = TempDir::new().unwrap();
    for partition in 0..PARTITIONS {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(false)
            .set_data_page_size_limit(2 * LARGE)
            .set_data_page_row_count_limit(RECORDS)
            .set_write_batch_size(RECORDS);
        let file = File::create(place(folder.path(), partition).join("all.parquet")).unwrap();
        let mut writer = ParquetWriter::with_properties(file, properties).unwrap();
        writer.write(&records(partition, RECORDS, RECORD), None).unwrap();
        writer.finish().unwrap();
    }
    restore(folder.path(), RECORDS as u64);
}

fn place(folder: &Path, partition: i32) -> PathBuf {
    let place = folder.join(format!("large/partition={partition}"));
    fs::create_dir_all(&place).unwrap();
    place
}

/// Records whose values do not compress.
fn records(partition: i32, count: usize, bytes: usize) -> Batch {
    let mut columns = ColumnsBuilder::default();
    let mut seed = u64::from(partition.unsigned_abs()) + 1;
    let mut value = Vec::with_capacity(bytes);
    for offset in 0..count {
        value.clear();
        while value.len() < bytes {
            // xorshift64
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            value.extend_from_slice(&seed.to_le_bytes());
        }
        columns.key(Some(offset.to_string().as_bytes()));
        columns.value(Some(&value));
        columns.end_row(1_760_000_000_000);
    }
    Batch {
        source: Arc::new(TopicPartition::new("large", Some(partition))),
        file: "generated".into(),
        rows: (0..count as u64).collect::<Vec<_>>().into(),
        offsets: Some(ScalarBuffer::from((0..count as i64).collect::<Vec<_>>())),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    }
}

/// Restores a backup to nowhere and holds it to its memory.
fn restore(folder: &Path, records: u64) {
    let mut command = binaries::anabranch().unwrap();
    command.args(["restore", "--output", "json", "--brokers", "null", "--backup"]).arg(folder);
    let (output, most) = resident::output(&mut command).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["written"]["records"], records * u64::from(PARTITIONS.unsigned_abs()));
    assert!(most < MOST, "{} MiB were resident, {} are promised", most >> 20, MOST >> 20);
}
