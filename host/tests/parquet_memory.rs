//! Reading a Parquet file takes memory for pages, not for row groups.
//!
//! The allocator of this test counts; that is why it has a binary of its own.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anabranch::batch::{Batch, ColumnsBuilder, Limits, Routes};
use anabranch::job::{ColumnNames, Encodings};
use anabranch::position::TopicPartition;
use anabranch::read::ReadSettings;
use anabranch::store::MemoryFile;
use anabranch::write::parquet::ParquetWriter;
use parquet::file::properties::WriterProperties;

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator as it is; only sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise is this call's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is this call's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

/// A file of one row group of `count` values of `size` bytes.
fn file(count: usize, size: usize, dictionary: bool) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::ZSTD(parquet::basic::ZstdLevel::default()))
        .set_dictionary_enabled(dictionary)
        .set_dictionary_page_size_limit(4 * MIB)
        .set_max_row_group_row_count(None);
    let mut writer = ParquetWriter::with_properties(Vec::new(), properties).unwrap();
    let value = vec![7; size];
    for first in (0..count).step_by(64) {
        let mut builder = ColumnsBuilder::default();
        let rows = 64.min(count - first);
        for _ in 0..rows {
            builder.key(Some(b"key"));
            builder.value(Some(&value));
            builder.end_row(0);
        }
        let batch = Batch {
            source: Arc::new(TopicPartition::new("orders", Some(0))),
            file: "a".into(),
            rows: (0..rows as u64).collect::<Vec<_>>().into(),
            offsets: Some((0..rows as i64).map(|row| first as i64 + row).collect::<Vec<_>>().into()),
            columns: builder.finish(),
            strand: None,
            routes: Routes::default(),
        };
        writer.write(&batch, None).unwrap();
    }
    writer.finish().unwrap()
}

/// Reads all of it; says how many bytes of values there were and how much memory it took at most.
fn read(data: Vec<u8>) -> (usize, usize) {
    let settings = ReadSettings {
        columns: ColumnNames::default(),
        encoding: Encodings::default(),
        limits: Limits::default(),
        format: None,
        first_row: 0,
        room: anabranch::read::LaneRoom::default(),
        wanted: None,
    };
    let file = Arc::new(MemoryFile::new("a.parquet", data));
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let mut reader = anabranch::read::parquet::open(file, &settings).unwrap();
    let mut bytes = 0;
    while let Some(rows) = reader.next().unwrap() {
        assert!(rows.columns.bytes() <= 3 * MIB, "a batch of {} bytes", rows.columns.bytes());
        bytes += rows.columns.values.value_data().len();
    }
    (bytes, PEAK.load(Ordering::Relaxed) - before)
}

#[test]
fn memory_follows_the_page_and_not_the_row_group() {
    for (count, size, dictionary) in [(320 * 1024, 1024, false), (320, MIB, false), (320, MIB, true)] {
        let (bytes, peak) = read(file(count, size, dictionary));
        assert_eq!(bytes, count * size);
        assert!(peak < 16 * MIB, "{count} values of {size} bytes took {} MiB", peak / MIB);
    }
}
