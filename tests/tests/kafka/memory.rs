//! A whole restore stays within its memory, whatever the backup's size.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anabranch::batch::{Batch, ColumnsBuilder, Routes};
use anabranch::position::TopicPartition;
use anabranch::write::parquet::ParquetWriter;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::{binaries, resident};
use arrow_buffer::ScalarBuffer;
use tempfile::TempDir;

const PARTITIONS: i32 = 4;
/// Records of each partition: together 384 MiB.
const RECORDS: u64 = 96;
/// What the documentation promises for records up to 1 MiB and plugins in Rust.
const PROMISED: u64 = 256 << 20;

#[test]
fn records_of_a_mebibyte_in_one_row_group_take_less_than_256_mib() {
    let (cluster, folder) = (Cluster::plain(), TempDir::new().unwrap());
    for partition in 0..PARTITIONS {
        write(folder.path(), partition);
    }
    let topic = cluster.topic("memory", PARTITIONS, &[("max.message.bytes", "2097152")]).unwrap();
    let mut command = binaries::anabranch().unwrap();
    let backup = folder.path().join("backup");
    command.args(["restore", "--output", "json", "--brokers", cluster.servers(), "--map", &format!("large={topic}")]);
    command.arg("--backup").arg(&backup).arg("--plugin").arg(binaries::plugin("mask").unwrap());
    command.args(["--param", "redact=[\"..email\"]"]);
    let (output, most) = resident::output(&mut command).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["written"]["records"], RECORDS * PARTITIONS.unsigned_abs() as u64);
    assert_eq!(summary["sources"][0]["plugins"][0]["changed"], summary["written"]["records"]);
    assert!(most < PROMISED, "{} MiB were resident", most >> 20);
}

/// One file with one row group, of records of a little less than 1 MiB.
fn write(folder: &Path, partition: i32) {
    let place = folder.join(format!("backup/large/partition={partition}"));
    fs::create_dir_all(&place).unwrap();
    let mut writer = ParquetWriter::new(File::create(place.join("all.parquet")).unwrap()).unwrap();
    let source = Arc::new(TopicPartition::new("large", Some(partition)));
    let mut seed = u64::from(partition.unsigned_abs()) + 1;
    for offset in 0..RECORDS as i64 {
        let mut columns = ColumnsBuilder::default();
        columns.key(Some(offset.to_string().as_bytes()));
        columns.value(Some(format!(r#"{{"email":"a@example.com","noise":"{}"}}"#, noise(&mut seed)).as_bytes()));
        columns.end_row(1_760_000_000_000);
        let batch = Batch {
            source: Arc::clone(&source),
            file: "generated".into(),
            rows: vec![offset as u64].into(),
            offsets: Some(ScalarBuffer::from(vec![offset])),
            columns: columns.finish(),
            strand: None,
            routes: Routes::default(),
        };
        writer.write(&batch, None).unwrap();
    }
    writer.finish().unwrap();
}

/// Text that does not compress below three quarters (xorshift64).
fn noise(seed: &mut u64) -> String {
    const DIGITS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    let mut text = String::with_capacity(1 << 20);
    while text.len() < (1 << 20) - 128 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        text.extend((0..10).map(|digit| DIGITS[(*seed >> (digit * 6)) as usize % 64] as char));
    }
    text
}
