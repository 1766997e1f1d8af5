//! What files leave out by their statistics, against the same selection told row by row.

use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use proptest::prelude::*;

use super::*;
use crate::batch::Limits;
use crate::catalog::Catalog;
use crate::catalog::tests::{backup, store};
use crate::job::Limit;
use crate::position::Place;
use crate::read::WantedKeys;
use crate::write::parquet::ParquetWriter;

/// How a file is written.
#[derive(Clone, Copy, Debug)]
struct Writing {
    group: usize,
    page: usize,
    statistics: EnabledStatistics,
    dictionary: bool,
    bloom_filter: bool,
    offset_index: bool,
    version: WriterVersion,
}

impl Writing {
    fn file(self, rows: &[Row]) -> Vec<u8> {
        let Self { group, page, statistics, dictionary, bloom_filter, offset_index, version } = self;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(group))
            .set_data_page_row_count_limit(page)
            .set_write_batch_size(page)
            .set_statistics_enabled(statistics)
            .set_dictionary_enabled(dictionary)
            .set_bloom_filter_enabled(bloom_filter)
            .set_offset_index_disabled(!offset_index)
            .set_writer_version(version);
        let mut writer = ParquetWriter::with_properties(Vec::new(), properties).unwrap();
        writer.write(&batch(rows), None).unwrap();
        writer.finish().unwrap()
    }
}

fn writing() -> impl Strategy<Value = Writing> {
    let statistics = prop::sample::select(vec![
        EnabledStatistics::Page,
        EnabledStatistics::Page,
        EnabledStatistics::Chunk,
        EnabledStatistics::None,
    ]);
    let version = prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]);
    let some = (1_usize..40, 1_usize..8, statistics, version);
    (some, any::<bool>(), any::<bool>(), prop::bool::weighted(0.8)).prop_map(
        |((group, page, statistics, version), dictionary, bloom_filter, offset_index)| Writing {
            group,
            page,
            statistics,
            dictionary,
            bloom_filter,
            offset_index,
            version,
        },
    )
}

/// Rows whose times and keys lie together more or less, so that there is something to leave out.
fn clustered() -> impl Strategy<Value = Vec<Row>> {
    (some_rows(), any::<bool>(), any::<bool>()).prop_map(|(mut rows, by_time, by_key)| {
        if by_time {
            let mut times: Vec<i64> = rows.iter().map(|row| row.1).collect();
            times.sort_unstable();
            rows.iter_mut().zip(times).for_each(|(row, time)| row.1 = time);
        }
        if by_key {
            let mut keys: Vec<Bytes> = rows.iter().map(|row| row.2.clone()).collect();
            keys.sort_unstable();
            rows.iter_mut().zip(keys).for_each(|(row, key)| row.2 = key);
        }
        rows
    })
}

/// A backup of these rows in up to three files, of which only what is wanted is read.
fn catalog(list: &[Row], files: usize, writing: Writing, tests: RowTests) -> Catalog {
    let each = list.len().div_ceil(files).max(1);
    let files: Vec<(String, Vec<u8>)> = list
        .chunks(each)
        .map(|rows| (format!("orders/partition=0/{:03}.parquet", rows[0].0), writing.file(rows)))
        .collect();
    let mut catalog = Catalog::build(&backup(), &store(&files)).unwrap();
    catalog.narrowed = Some(Narrowed {
        digest: String::new(),
        topics: ["orders".into()].into(),
        all: Size::default(),
        left: Size::default(),
        left_out: Vec::new(),
        tests: Some(Arc::new(tests)),
    });
    catalog
}

/// What a lane gives from an offset on.
fn taken(catalog: &Catalog, limits: Limits, from: Option<i64>) -> Vec<Row> {
    let mut batches = catalog.open_lane(&catalog.lanes[0], limits, None).unwrap();
    if let Some(from) = from {
        batches.seek(Some(&Place::Offset(from))).unwrap();
    }
    let mut taken = Vec::new();
    while let Some(batch) = batches.next().unwrap() {
        taken.extend(rows(&batch));
    }
    taken
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn files_give_what_rows_would(
        list in clustered().prop_filter("a backup has records", |list| !list.is_empty()),
        files in 1_usize..4,
        writing in writing(),
        wanted in wanted(),
        records in 1_usize..50,
        from in prop::option::of(0_i64..120),
    ) {
        let tests = RowTests { trusts_statistics: true, ..wanted.tests() };
        let catalog = catalog(&list, files, writing, tests);
        let limits = Limits { records, ..Limits::default() };
        let due: Vec<Row> = list.iter().filter(|row| wanted.takes(row)).cloned().collect();
        prop_assert_eq!(&taken(&catalog, limits, None), &due);
        let after = from.unwrap_or_default();
        let due: Vec<Row> = due.into_iter().filter(|row| row.0 >= after).collect();
        prop_assert_eq!(taken(&catalog, limits, from), due);
    }

    #[test]
    fn the_first_or_last_are_those_of_what_is_selected_otherwise(
        list in clustered().prop_filter("a backup has records", |list| !list.is_empty()),
        files in 1_usize..5,
        writing in writing(),
        wanted in wanted(),
        number in 1_u64..40,
        is_last in any::<bool>(),
        records in 1_usize..50,
    ) {
        let tests = RowTests { trusts_statistics: true, ..wanted.tests() };
        let catalog = catalog(&list, files, writing, tests);
        let limit = if is_last { Limit::Last(number) } else { Limit::First(number) };
        let spans = Spans::find(&catalog, limit, "").unwrap();
        catalog.narrowed.as_ref().unwrap().tests.as_ref().unwrap().between(spans.lanes().clone());
        let mut due: Vec<Row> = list.iter().filter(|row| wanted.takes(row)).cloned().collect();
        let number = due.len().min(number as usize);
        due = if is_last { due.split_off(due.len() - number) } else { due.drain(..number).collect() };
        let limits = Limits { records, ..Limits::default() };
        prop_assert_eq!(&taken(&catalog, limits, None), &due);
        for (place, row) in due.iter().enumerate().step_by(7) {
            prop_assert_eq!(&taken(&catalog, limits, Some(row.0)), &due[place..]);
        }
    }

    #[test]
    fn keys_between_bounds_are_those_that_lie_there(
        exact in prop::collection::vec(word(), 0..5),
        prefixes in prop::collection::vec(word(), 0..4),
        key in word(),
        one in word(),
        other in word(),
    ) {
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let keys = KeySet::load(&Keys {
            exact: exact.iter().map(text).collect(),
            prefixes: prefixes.iter().map(text).collect(),
            ..Keys::default()
        }).unwrap();
        let (least, most) = (one.clone().min(other.clone()), one.max(other));
        if keys.fits(&key) && least <= key && key <= most {
            prop_assert!(keys.any_between(&least, &most));
        }
        let lies_there = |key: &Vec<u8>| *key >= least && *key <= most;
        if prefixes.is_empty() {
            prop_assert_eq!(keys.any_between(&least, &most), exact.iter().any(lies_there));
        }
    }
}
