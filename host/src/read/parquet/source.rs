//! A Parquet file whose footer has been read and whose columns are mapped.

use std::sync::Arc;

use parquet::basic::Compression;
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
        check_codecs(&file, &metadata, &shape)?;
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

/// A codec that is not read is told here and not at the first page, so that it is told before the restore.
fn check_codecs(file: &OpenFile, metadata: &ParquetMetaData, shape: &Shape) -> Result<(), ReadError> {
    let leaves = shape.leaves();
    let chunks =
        metadata.row_groups().iter().flat_map(|group| leaves.iter().filter_map(|leaf| group.columns().get(*leaf)));
    for chunk in chunks {
        let codec = match chunk.compression() {
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => continue,
            Compression::BROTLI(_) => "brotli",
            Compression::LZ4 => "lz4",
            Compression::LZ4_RAW => "lz4_raw",
            Compression::LZO => "lzo",
        };
        return Err(corrupt(
            file,
            None,
            format!(
                "column `{}` has codec {codec}, which is not read; codecs are none, snappy, gzip and zstd, so write the \
                 file anew with one of these",
                chunk.column_path().string()
            ),
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
    // What the crate puts before a message that it hands on.
    let handed_on = ["Parquet argument error: ", "Parquet error: ", "External: "];
    let message = handed_on.iter().fold(&*message, |message, words| message.strip_prefix(words).unwrap_or(message));
    corrupt(file, row, format!("{context}: {message}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use arrow_array::{ArrayRef, BinaryArray, RecordBatch};
    use bytes::Bytes;
    use parquet::arrow::ArrowWriter;
    use parquet::basic::BrotliLevel;
    use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};

    use super::*;
    use crate::batch::Limits;
    use crate::job::{ColumnNames, Encodings};
    use crate::read::LaneRoom;
    use crate::store::MemoryFile;

    /// A file of one value whose footer says `codec` of it.
    fn with_codec(codec: Compression) -> OpenFile {
        let values: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"v"]));
        let batch = RecordBatch::try_from_iter([("value", values)]).unwrap();
        let mut data = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut data, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(data.clone())).unwrap();
        let mut builder = metadata.into_builder();
        let groups = builder.take_row_groups().into_iter().map(|group| {
            let mut group = group.into_builder();
            let columns = group.take_columns().into_iter();
            let columns = columns.map(|column| column.into_builder().set_compression(codec).build().unwrap());
            group.set_column_metadata(columns.collect()).build().unwrap()
        });
        let metadata = builder.set_row_groups(groups.collect()).build();
        // The old footer stays behind as bytes that nothing points at.
        ParquetMetaDataWriter::new(&mut data, &metadata).finish().unwrap();
        Arc::new(MemoryFile::new("a.parquet", data))
    }

    #[test]
    fn a_codec_that_is_not_read_is_told_by_the_facts_already() {
        let settings = ReadSettings {
            columns: ColumnNames::default(),
            encoding: Encodings::default(),
            limits: Limits::default(),
            first_row: 0,
            format: None,
            room: LaneRoom::default(),
            wanted: None,
        };
        let codecs = [
            (Compression::BROTLI(BrotliLevel::default()), "brotli"),
            (Compression::LZ4, "lz4"),
            (Compression::LZ4_RAW, "lz4_raw"),
            (Compression::LZO, "lzo"),
        ];
        for (codec, name) in codecs {
            let said = super::super::facts(&with_codec(codec), &settings).unwrap_err().to_string();
            let due =
                format!("`a.parquet`: column `value` has codec {name}, which is not read; codecs are none, snappy");
            assert!(said.starts_with(&due), "{said}");
        }
        assert!(super::super::facts(&with_codec(Compression::SNAPPY), &settings).is_ok());
    }
}
