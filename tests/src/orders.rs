//! A backup of orders: what the demo shows and the benchmarks measure.
//!
//! Every order is made from its number alone, so two backups of the same size are the same bytes.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anabranch::batch::{Batch, ColumnsBuilder, Routes};
use anabranch::position::TopicPartition;
use anabranch::write::TimestampType;
use anabranch::write::parquet::ParquetWriter;
use anyhow::{Context, Result};
use arrow_buffer::ScalarBuffer;

/// The topic.
pub const TOPIC: &str = "orders";

/// Records in one call of the writer.
const CHUNK: u64 = 8192;

/// What a backup consists of.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    /// Records, all partitions together.
    pub records: u64,
    /// Partitions; an order's is its number modulo this.
    pub partitions: i32,
    /// Parquet files a partition.
    pub files: u64,
    /// Whether records have a header.
    pub headers: bool,
}

impl Orders {
    /// Writes the backup into a folder, which must not exist.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(self, folder: &Path) -> Result<()> {
        for partition in 0..self.partitions {
            let place = folder.join(TOPIC).join(format!("partition={partition}"));
            fs::create_dir_all(&place).with_context(|| format!("cannot create `{}`", place.display()))?;
            let records = self.records / self.partitions.unsigned_abs() as u64;
            let a_file = records.div_ceil(self.files);
            for first in (0..records).step_by(a_file.max(1) as usize) {
                let path = place.join(format!("{TOPIC}+{partition}+{first:010}.parquet"));
                let mut writer = ParquetWriter::snappy(File::create(&path)?)?;
                let end = (first + a_file).min(records);
                for chunk in (first..end).step_by(CHUNK as usize) {
                    let batch = self.batch(partition, chunk, (chunk + CHUNK).min(end));
                    writer.write(&batch, Some(TimestampType::Create))?;
                }
                writer.finish()?;
            }
        }
        Ok(())
    }

    /// The records of a partition from one offset to another.
    pub fn batch(self, partition: i32, first: u64, end: u64) -> Batch {
        let mut columns = ColumnsBuilder::default();
        for offset in first..end {
            let order = offset * self.partitions.unsigned_abs() as u64 + partition.unsigned_abs() as u64;
            columns.key(Some(key(order, self.partitions).as_bytes()));
            columns.value(Some(value(order).as_bytes()));
            if self.headers {
                columns.header("source", Some(b"checkout"));
            }
            columns.end_row(1_760_000_000_000 + order as i64 * 17);
        }
        let offsets: Vec<i64> = (first as i64..end as i64).collect();
        Batch {
            source: Arc::new(TopicPartition::new(TOPIC, Some(partition))),
            file: "generated".into(),
            rows: (first..end).collect::<Vec<u64>>().into(),
            offsets: Some(ScalarBuffer::from(offsets)),
            columns: columns.finish(),
            strand: None,
            routes: Routes::default(),
        }
    }
}

/// Bytes of all files of a folder.
///
/// # Errors
/// The disk's.
pub fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in folder.read_dir()? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// The customer of an order; every tenth is a test user. A customer's orders are all in one partition.
fn key(order: u64, partitions: i32) -> String {
    let partition = order % partitions.unsigned_abs() as u64;
    let customer = mixed(order) % 500 * partitions.unsigned_abs() as u64 + partition;
    if mixed(order).is_multiple_of(10) { format!("test-{customer}") } else { format!("{customer}") }
}

/// About 250 bytes.
fn value(order: u64) -> String {
    let mixed = mixed(order);
    let (cents, pieces, street) = (mixed % 100_000, mixed % 7 + 1, mixed % 900);
    format!(
        r#"{{"order":{order},"email":"customer{street}@example.com","currency":"EUR","cents":{cents},"pieces":{pieces},"address":{{"street":"Bergstrasse {street}","city":"Freiburg","country":"DE"}},"note":"{mixed:016x}{:016x}{:016x}{:016x}{:016x}"}}"#,
        mixed.rotate_left(7),
        mixed.rotate_left(17),
        mixed.rotate_left(29),
        mixed.rotate_left(43)
    )
}

/// A number that looks random, the same for the same order (the finaliser of SplitMix64).
fn mixed(order: u64) -> u64 {
    let mut mixed = order.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
