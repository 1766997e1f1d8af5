//! What a file claims of a column in some of its rows: in a row group, or in a page.

use parquet::basic::{ColumnOrder, SortOrder};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use crate::read::parquet::schema::is_unsigned;

/// What is claimed; what is not known, or contradicts itself, is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Claim<'a> {
    /// Whether all values are null.
    pub(super) all_null: bool,
    /// Whether none is.
    pub(super) none_null: bool,
    /// The least and the greatest number, nulls aside.
    pub(super) numbers: Option<(i64, i64)>,
    /// Bytes that no value comes before, and bytes that none comes after.
    pub(super) bytes: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Claim<'a> {
    /// By the statistics of a column chunk.
    pub(super) fn of_chunk(metadata: &ParquetMetaData, group: &'a RowGroupMetaData, leaf: usize) -> Self {
        let Some(chunk) = group.columns().get(leaf) else { return Self::default() };
        let Some(statistics) = chunk.statistics() else { return Self::default() };
        let numbers = match statistics {
            Statistics::Int32(numbers) => {
                numbers.min_opt().zip(numbers.max_opt()).map(|(min, max)| (i64::from(*min), i64::from(*max)))
            }
            Statistics::Int64(numbers) => numbers.min_opt().copied().zip(numbers.max_opt().copied()),
            _ => None,
        };
        // What older writers put into the fields of that time is ordered in whichever way they liked (PARQUET-251).
        let bytes = match statistics {
            Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) if !statistics.is_min_max_deprecated() => {
                statistics.min_bytes_opt().zip(statistics.max_bytes_opt())
            }
            _ => None,
        };
        let (values, nulls) = (u64::try_from(chunk.num_values()).ok(), statistics.null_count_opt());
        let all_null = nulls.is_some_and(|nulls| nulls > 0 && Some(nulls) == values);
        Self::sound(metadata, leaf, numbers, bytes, all_null, nulls == Some(0))
    }

    /// By the column index, of a page of `values` values, where that is known.
    pub(super) fn of_page(
        metadata: &ParquetMetaData,
        leaf: usize,
        index: &'a ColumnIndexMetaData,
        page: usize,
        values: Option<u64>,
    ) -> Self {
        if page as u64 >= index.num_pages() {
            return Self::default();
        }
        let numbers = match index {
            ColumnIndexMetaData::INT32(index) => {
                index.min_value(page).zip(index.max_value(page)).map(|(min, max)| (i64::from(*min), i64::from(*max)))
            }
            ColumnIndexMetaData::INT64(index) => index.min_value(page).copied().zip(index.max_value(page).copied()),
            _ => None,
        };
        let bytes = match index {
            ColumnIndexMetaData::BYTE_ARRAY(index) | ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) => {
                index.min_value(page).zip(index.max_value(page))
            }
            _ => None,
        };
        let nulls = index.null_count(page).and_then(|nulls| u64::try_from(nulls).ok());
        let is_null = index.is_null_page(page);
        // A page that is said to be nothing but null, and to have another count of them, says nothing.
        let all_null = is_null && nulls.zip(values).is_none_or(|(nulls, values)| nulls == values);
        Self::sound(metadata, leaf, numbers, bytes, all_null, !is_null && nulls == Some(0))
    }

    fn sound(
        metadata: &ParquetMetaData,
        leaf: usize,
        numbers: Option<(i64, i64)>,
        bytes: Option<(&'a [u8], &'a [u8])>,
        all_null: bool,
        none_null: bool,
    ) -> Self {
        let file = metadata.file_metadata();
        let Some(descriptor) = file.schema_descr().columns().get(leaf) else { return Self::default() };
        let order = file.column_orders().and_then(|orders| orders.get(leaf));
        let by_bytes = matches!(order, Some(ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::UNSIGNED)));
        let has_bounds = numbers.is_some() || bytes.is_some();
        Self {
            all_null: all_null && !has_bounds,
            none_null,
            numbers: numbers.filter(|(min, max)| min <= max && !is_unsigned(descriptor)),
            bytes: bytes.filter(|(min, max)| min <= max && by_bytes),
        }
    }
}
