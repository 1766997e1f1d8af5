//! What is wrong with a backup, a job or a plugin ends a restore with a message that names the place and
//! the remedy, and with an exit code; never with a panic, a hang or a shorter restore.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod backups;
mod columns;
mod plugins;
mod stores;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anabranch::write::parquet::ParquetWriter;
use anabranch_tests::orders::Orders;
use anabranch_tests::run::{Run, run};
use serde_json::json;
use tempfile::TempDir;

/// A folder with a good backup: 40 orders as Parquet and as JSON Lines, in different partitions.
fn good() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let orders = Orders { records: 20, partitions: 1, files: 1, headers: true };
    fs::create_dir_all(folder.path().join("backup")).unwrap();
    let mut writer = ParquetWriter::new(fs::File::create(folder.path().join("backup/good.parquet")).unwrap()).unwrap();
    writer.write(&orders.batch(0, 0, 20), None).unwrap();
    writer.finish().unwrap();
    write(folder.path(), "backup/good.jsonl", lines(1, 0..20));
    folder
}

/// Records of `orders` as JSON Lines.
fn lines(partition: i32, offsets: std::ops::Range<i64>) -> String {
    let line = |offset: i64| {
        let key = format!("customer-{}", offset % 3);
        json!({ "topic": "orders", "partition": partition, "offset": offset, "timestamp": 1_760_000_000_000_i64 + offset,
                "key": key, "value": format!("order {offset}") })
    };
    offsets.map(|offset| format!("{}\n", line(offset))).collect()
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Restores the folder's backup to nowhere, with more arguments; it must not take long.
fn restore(folder: &TempDir, arguments: &[&str]) -> Run {
    let all = ["restore", "--backup", "backup", "--brokers", "null"];
    let run = run(folder.path(), &[&all, arguments].concat()).unwrap();
    assert!(run.took < Duration::from_secs(60), "it took {:?}: {run}", run.took);
    assert!(!run.stderr.contains("panicked"), "{run}");
    run
}
