//! What a Parquet file's footer tells without reading a row.

use parquet::basic::{TimeUnit, Type};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use super::schema::{is_unsigned, nodes, per_millisecond, unit};
use super::shape::Content;
use super::source::Source;
use crate::read::{Count, FileFacts, Format};

/// The facts of a file.
pub(super) fn of(source: &Source) -> FileFacts {
    let schema = source.metadata.file_metadata().schema_descr();
    let mut lost = source.mapping.lost();
    for column in &source.shape.blank {
        lost.push(format!("column \"{column}\" is null in every row"));
    }
    if let Some(timestamp) = source.shape.timestamp {
        let leaf = schema.column(timestamp.leaf);
        let is_finer = match timestamp.physical {
            Type::INT96 => true,
            Type::INT64 => unit(&leaf) != TimeUnit::MILLIS,
            _ => false,
        };
        if is_finer {
            lost.push(format!(
                "timestamps: column \"{}\" is finer than milliseconds, which is what Kafka has; they are rounded down",
                leaf.path().string()
            ));
        }
    }
    let log_append_time = source.shape.timestamp_type.and_then(|leaf| broker_set(&source.metadata, leaf));
    if log_append_time.is_none() {
        lost.extend(source.mapping.timestamp_type_lost());
    }
    FileFacts {
        format: Format::Parquet,
        rows: Count::Exact(u64::try_from(source.metadata.file_metadata().num_rows()).unwrap_or_default()),
        schema: nodes(schema).into_iter().map(|node| (node.column.name, node.column.type_name)).collect(),
        mapping: source.mapping.in_words(),
        lost,
        offsets: source.shape.offset.and_then(|offset| range(&source.metadata, offset.leaf)),
        timestamps: source.shape.timestamp.and_then(|timestamp| {
            let (least, most) = range(&source.metadata, timestamp.leaf)?;
            let a_millisecond = per_millisecond(unit(&schema.column(timestamp.leaf)));
            Some((least.div_euclid(a_millisecond), most.div_euclid(a_millisecond)))
        }),
        log_append_time,
        without_key: without_key(&source.metadata, &source.shape.key),
        has: source.shape.placing(),
    }
}

/// Whether a leaf of kinds of timestamps names the broker's, if the statistics of every row group tell.
fn broker_set(metadata: &ParquetMetaData, leaf: usize) -> Option<bool> {
    let mut found = false;
    for group in metadata.row_groups().iter().filter(|group| group.num_rows() > 0) {
        let statistics = group.columns().get(leaf)?.statistics()?;
        if statistics.null_count_opt() == u64::try_from(group.num_rows()).ok() {
            continue;
        }
        let (min, max) = (statistics.min_bytes_opt()?, statistics.max_bytes_opt()?);
        match [min, max].map(|kind| kind.to_ascii_lowercase().starts_with(b"log")) {
            [false, false] if min != max => return None,
            [one, other] => found |= one || other,
        }
    }
    Some(found)
}

/// Records without a key, if the statistics of every row group tell.
fn without_key(metadata: &ParquetMetaData, key: &Content) -> Option<u64> {
    let groups = metadata.row_groups().iter().filter(|group| group.num_rows() > 0);
    match key {
        Content::None => Some(groups.map(|group| group.num_rows().unsigned_abs()).sum()),
        Content::Leaf(key) => groups.map(|group| group.columns().get(key.leaf)?.statistics()?.null_count_opt()).sum(),
        Content::Json(_) => None,
    }
}

/// The smallest and largest integer of a leaf, if the statistics of every row group tell.
fn range(metadata: &ParquetMetaData, leaf: usize) -> Option<(i64, i64)> {
    // What is ordered as unsigned is not ordered as it is read here.
    if metadata.file_metadata().schema_descr().columns().get(leaf).is_none_or(|leaf| is_unsigned(leaf)) {
        return None;
    }
    let mut range: Option<(i64, i64)> = None;
    for group in metadata.row_groups().iter().filter(|group| group.num_rows() > 0) {
        let (min, max) = match group.columns().get(leaf)?.statistics()? {
            Statistics::Int32(integers) => (i64::from(*integers.min_opt()?), i64::from(*integers.max_opt()?)),
            Statistics::Int64(integers) => (*integers.min_opt()?, *integers.max_opt()?),
            // Text is ordered by its letters, not by the number that it stands for.
            _ => return None,
        };
        if min > max {
            return None;
        }
        range = Some(range.map_or((min, max), |(least, most)| (least.min(min), most.max(max))));
    }
    range
}
