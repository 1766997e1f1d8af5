//! A Parquet file whose footer has been read and whose columns are mapped.

use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::footer;
use super::shape::Shape;
use super::window::Windows;
use crate::guard::guarded;
use crate::read::mapping::Mapping;
use crate::read::{OpenFile, ReadError, ReadSettings};

/// The least that a Parquet file can have: the magic number twice and the length of the footer.
const LEAST: u64 = 12;

/// A file and what its footer says.
pub(super) struct Source {
    pub(super) file: OpenFile,
    pub(super) metadata: Arc<ParquetMetaData>,
    pub(super) shape: Shape,
    pub(super) mapping: Mapping,
}

impl Source {
    /// Reads the footer and maps the columns.
    ///
    /// # Errors
    /// A file that is cut off or damaged, and a mapping that does not fit it.
    pub(super) fn open(file: OpenFile, settings: &ReadSettings) -> Result<Self, ReadError> {
        if file.size() < LEAST {
            return Err(corrupt(
                &file,
                None,
                format!("the file has {} bytes, too few for Parquet; was it cut off?", file.size()),
            ));
        }
        let windows = Windows::tail(&file);
        let metadata = match guarded(|| footer::read(&windows)) {
            Ok(Ok(metadata)) => Arc::new(metadata),
            Ok(Err(error)) => return Err(damaged(&file, &windows, None, error, "the footer cannot be read")),
            Err(panic) => return Err(corrupt(&file, None, format!("the footer cannot be read: {panic}"))),
        };
        check_counts(&file, &metadata)?;
        let resolved = guarded(|| Shape::resolve(file.path(), settings, &metadata));
        let (shape, mapping) = match resolved {
            Ok(resolved) => resolved?,
            Err(panic) => return Err(corrupt(&file, None, format!("the schema cannot be read: {panic}"))),
        };
        Ok(Self { file, metadata, shape, mapping })
    }
}

/// The row groups must lie within the file and have the rows that the file has.
fn check_counts(file: &OpenFile, metadata: &ParquetMetaData) -> Result<(), ReadError> {
    let leaves = metadata.file_metadata().schema_descr().num_columns();
    let mut rows = 0_i64;
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let wrong = |what: String| Err(corrupt(file, None, format!("row group {index} {what}")));
        if group.num_rows() < 0 {
            return wrong(format!("says that it has {} rows", group.num_rows()));
        }
        rows = rows.saturating_add(group.num_rows());
        if group.columns().len() != leaves {
            return wrong(format!("has {} columns, but the schema {leaves}", group.columns().len()));
        }
        for chunk in group.columns() {
            let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
            let end = start.checked_add(chunk.compressed_size());
            let fits = start >= 0
                && chunk.compressed_size() >= 0
                && end.and_then(|end| u64::try_from(end).ok()).is_some_and(|end| end <= file.size());
            if !fits || chunk.num_values() < 0 {
                return wrong(format!("has column `{}` beyond the file's end", chunk.column_path().string()));
            }
            if chunk.column_descr().max_rep_level() == 0 && chunk.num_values() != group.num_rows() {
                return wrong(format!(
                    "has {} rows, but its column `{}` has {}",
                    group.num_rows(),
                    chunk.column_path().string(),
                    chunk.num_values()
                ));
            }
        }
    }
    if rows != metadata.file_metadata().num_rows() {
        return Err(corrupt(
            file,
            None,
            format!("the footer says {} rows, but its row groups have {rows}", metadata.file_metadata().num_rows()),
        ));
    }
    Ok(())
}

/// The error for a damaged file.
pub(super) fn corrupt(file: &OpenFile, row: Option<u64>, message: String) -> ReadError {
    ReadError::Corrupt { path: Arc::clone(file.path()), row, message }
}

/// What the crate reports, as what it is: the store's own failure, or damage to the file.
pub(super) fn damaged(
    file: &OpenFile,
    windows: &Windows,
    row: Option<u64>,
    error: ParquetError,
    context: &str,
) -> ReadError {
    if let Some(failure) = windows.failure() {
        return ReadError::Store(failure);
    }
    let message = match error {
        ParquetError::General(message)
        | ParquetError::EOF(message)
        | ParquetError::NYI(message)
        | ParquetError::ArrowError(message) => message,
        other => other.to_string(),
    };
    corrupt(file, row, format!("{context}: {message}"))
}
