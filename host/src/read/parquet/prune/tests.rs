//! What is not read, and what statistics that lie come to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::file::metadata::{FileMetaData, ParquetMetaDataBuilder, ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;

use crate::batch::{Batch, ColumnsBuilder, Limits, Routes};
use crate::job::{ColumnNames, Encodings, Tombstones};
use crate::position::TopicPartition;
use crate::read::{Extent, LaneRoom, OpenFile, ReadError, ReadSettings, Reason, Wanted, WantedKeys};
use crate::store::{SourceFile, StoreError};
use crate::write::parquet::ParquetWriter;

const ROWS: i64 = 20_000;
const GROUP: i64 = 2000;

/// A file that counts what is read of it.
#[derive(Debug)]
struct Counting {
    path: Arc<str>,
    data: Bytes,
    read: AtomicU64,
}

impl SourceFile for Counting {
    fn path(&self) -> &Arc<str> {
        &self.path
    }

    fn size(&self) -> u64 {
        self.data.len() as u64
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(self.data.slice(offset as usize..offset as usize + length))
    }
}

/// These keys and no others.
#[derive(Debug)]
struct Exactly(Vec<Vec<u8>>);

impl WantedKeys for Exactly {
    fn any_between(&self, least: &[u8], most: &[u8]) -> bool {
        self.0.iter().any(|key| &key[..] >= least && &key[..] <= most)
    }

    fn any_of(&self, may_hold: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.0.iter().any(|key| may_hold(key))
    }
}

/// A key that lies anywhere in the order of keys, and in one row.
fn key(row: i64) -> Vec<u8> {
    format!("{:016x}", (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes()
}

/// Rows of growing times, tombstones in the fourth row group only, in row groups of [`GROUP`] and pages of 100 rows.
fn data() -> Vec<u8> {
    let mut columns = ColumnsBuilder::default();
    for row in 0..ROWS {
        let value: Vec<u8> = (0..200).map(|at| (row * 31 + at * row) as u8).collect();
        let value = (row / GROUP != 3 || row % 2 == 0).then_some(&value[..]);
        columns.key(Some(&key(row)));
        columns.value(value);
        columns.end_row(row * 10);
    }
    let batch = Batch {
        source: Arc::new(TopicPartition::new("orders", Some(0))),
        file: "a.parquet".into(),
        rows: (0..ROWS as u64).collect(),
        offsets: Some((0..ROWS).map(|row| row * 2).collect()),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    };
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(GROUP as usize))
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .set_dictionary_enabled(false)
        .set_bloom_filter_enabled(true)
        .set_bloom_filter_fpp(1e-6);
    let mut writer = ParquetWriter::with_properties(Vec::new(), properties).unwrap();
    writer.write(&batch, None).unwrap();
    writer.finish().unwrap()
}

fn file(data: Vec<u8>) -> Arc<Counting> {
    Arc::new(Counting { path: "a.parquet".into(), data: data.into(), read: AtomicU64::default() })
}

fn settings(wanted: Wanted) -> ReadSettings {
    ReadSettings {
        columns: ColumnNames::default(),
        encoding: Encodings::default(),
        limits: Limits::default(),
        first_row: 0,
        format: None,
        room: LaneRoom::default(),
        wanted: Some(Arc::new(wanted)),
    }
}

/// The rows that are read, what was told of them beforehand, and the bytes that reading took.
fn read(data: Vec<u8>, wanted: Wanted) -> Result<(Vec<i64>, Extent, u64), ReadError> {
    let (file, settings) = (file(data), settings(wanted));
    let open: OpenFile = Arc::clone(&file) as _;
    let extent = super::super::extent(&open, &settings).unwrap();
    file.read.store(0, Ordering::Relaxed);
    let mut reader = super::super::open(open, &settings)?;
    let mut rows = Vec::new();
    while let Some(read) = reader.next()? {
        rows.extend((0..read.columns.len() as i64).map(|row| read.first_row as i64 + row));
    }
    Ok((rows, extent, file.read.load(Ordering::Relaxed)))
}

/// The footer, and what tells which rows are read.
const ASIDE: u64 = 100 << 10;

#[test]
fn what_statistics_exclude_is_not_read() {
    let data = data();
    let size = data.len() as u64;
    let times = Wanted { from: Some(50_010), until: Some(52_000), ..Wanted::default() };
    let (rows, extent, bytes) = read(data.clone(), times).unwrap();
    assert_eq!(rows, (5000..5200).collect::<Vec<i64>>(), "two pages");
    assert_eq!((extent.groups, extent.groups_left), (10, 1));
    assert_eq!(extent.left_out[Reason::Time as usize].groups, 9);
    assert!(extent.bytes < size / 50 && bytes < extent.bytes + ASIDE, "{bytes} of {size}, {extent:?}");

    let offsets = Wanted { offsets: crate::job::OffsetRange { from: Some(39_700), until: None }, ..Wanted::default() };
    let (rows, extent, bytes) = read(data.clone(), offsets).unwrap();
    assert_eq!(rows, (19_800..20_000).collect::<Vec<i64>>());
    assert!(extent.bytes < size / 50 && bytes < extent.bytes + ASIDE, "{bytes} of {size}, {extent:?}");

    let keys: Arc<dyn WantedKeys> = Arc::new(Exactly((9100..9300).map(key).collect()));
    let (rows, extent, bytes) = read(data.clone(), Wanted { keys: Some(keys), ..Wanted::default() }).unwrap();
    assert!((9100..9300).all(|row| rows.contains(&row)));
    assert_eq!(extent.groups_left, 1, "the filters of the others have none of 200 keys");
    assert!(bytes < size / 5, "{bytes} of {size}");

    let tombstones = Wanted { tombstones: Some(Tombstones::Only), ..Wanted::default() };
    let (rows, extent, _) = read(data.clone(), tombstones).unwrap();
    assert_eq!(rows, (3 * GROUP..4 * GROUP).collect::<Vec<i64>>());
    assert_eq!(extent.left_out[Reason::Tombstones as usize].groups, 9);

    let none = Wanted { headers: vec!["trace".to_owned()], ..Wanted::default() };
    let (rows, extent, _) = read(data.clone(), none).unwrap();
    assert!(rows.is_empty() && extent.bytes == 0, "no row has a header: {extent:?}");

    let (rows, extent, _) = read(data, Wanted::default()).unwrap();
    assert_eq!((rows.len() as i64, extent.groups_left), (ROWS, 10));
}

#[test]
fn damage_to_what_tells_the_rows_is_survived() {
    let data = data();
    let footer = u32::from_le_bytes(data[data.len() - 8..data.len() - 4].try_into().unwrap()) as usize;
    let end = data.len() - 8 - footer;
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(data.clone())).unwrap();
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    let begin = columns.filter_map(|column| column.column_index_offset()).min().unwrap() as usize;
    assert!(begin < end, "the index lies before the footer");
    for place in (begin..end).step_by(331) {
        for damage in [0xff, 0x01, 0x80] {
            let mut data = data.clone();
            data[place] ^= damage;
            let wanted = Wanted { from: Some(50_010), until: Some(52_000), ..Wanted::default() };
            if let Err(error) = read(data, wanted) {
                let error = error.to_string();
                assert!(error.starts_with("`a.parquet`"), "byte {place}: {error}");
            }
        }
    }
}

#[test]
fn a_row_group_without_rows_behind_one_that_is_left_out_is_no_damage() {
    let data = without_rows(&data(), 4);
    let wanted = Wanted { from: Some(100_000), ..Wanted::default() };
    let (rows, extent, _) = read(data, wanted).unwrap();
    assert_eq!((rows.len(), extent.groups, extent.groups_left), (10_000, 9, 5));
}

/// The same file with a row group, counted from 0, that has no rows any more.
fn without_rows(data: &[u8], which: usize) -> Vec<u8> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(data.to_vec())).unwrap();
    let file = metadata.file_metadata().clone();
    let file = FileMetaData::new(
        file.version(),
        file.num_rows() - GROUP,
        file.created_by().map(str::to_owned),
        file.key_value_metadata().cloned(),
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    );
    let mut builder = ParquetMetaDataBuilder::new(file);
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let mut group = group.clone().into_builder();
        if number == which {
            let columns = group.take_columns().into_iter().map(|column| {
                let empty = column.into_builder().set_num_values(0).set_total_compressed_size(0).clear_statistics();
                empty.set_column_index_offset(None).set_column_index_length(None).build().unwrap()
            });
            let columns = columns.collect();
            group = group.set_num_rows(0).set_column_metadata(columns);
        }
        builder = builder.add_row_group(group.build().unwrap());
    }
    let mut data = data.to_vec();
    ParquetMetaDataWriter::new(&mut data, &builder.build()).finish().unwrap();
    data
}

#[test]
fn several_runs_of_a_row_group_are_read_apart() {
    let keys: Arc<dyn WantedKeys> = Arc::new(Exactly(vec![key(2050), key(3950)]));
    let wanted = Wanted { keys: Some(keys), from: Some(20_000), until: Some(40_000), ..Wanted::default() };
    let (rows, extent, _) = read(data(), wanted).unwrap();
    assert!(rows.contains(&2050) && rows.contains(&3950));
    // Keys lie anywhere between the least and the greatest of a page, so that few pages are left out by them.
    assert!(extent.groups_left == 1 && rows.iter().all(|row| (2000..4000).contains(row)), "{extent:?}");
}

/// The same file with a footer that claims times of its second row group that are not those of its rows.
fn lying(data: &[u8]) -> Vec<u8> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(data.to_vec())).unwrap();
    let mut builder = metadata.into_builder();
    let groups = builder.take_row_groups().into_iter().enumerate().map(|(number, group)| {
        let mut group = group.into_builder();
        let columns = group.take_columns().into_iter().map(|column| {
            let is_lie = number == 1 && column.column_path().string() == "timestamp";
            let claimed = Statistics::int64(Some(70_000), Some(80_000), None, Some(0), false);
            let mut builder = column.into_builder().set_column_index_offset(None).set_column_index_length(None);
            if is_lie {
                builder = builder.set_statistics(claimed);
            }
            builder.build().unwrap()
        });
        let columns = columns.collect();
        group.set_column_metadata(columns).build().unwrap()
    });
    let metadata = builder.set_row_groups(groups.collect()).build();
    let mut data = data.to_vec();
    ParquetMetaDataWriter::new(&mut data, &metadata).finish().unwrap();
    data
}

#[test]
fn statistics_that_lie_about_what_is_read_are_found_out() {
    let lying = lying(&data());
    let wanted = Wanted { from: Some(75_000), ..Wanted::default() };
    let error = read(lying.clone(), wanted).unwrap_err().to_string();
    let due = "`a.parquet` row 2000: its timestamp is 20000, and the file's statistics say that here they lie between 70000 \
               and 80000: they cannot be trusted; with `select.trust_statistics = false` all of the backup is read";
    assert_eq!(error, due);
    let (rows, ..) = read(lying, Wanted { until: Some(10), ..Wanted::default() }).unwrap();
    assert_eq!(rows, (0..GROUP).collect::<Vec<i64>>(), "what is not read is not known");
}
