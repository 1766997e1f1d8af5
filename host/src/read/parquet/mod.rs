//! Apache Parquet: the codecs snappy, gzip, zstd and none, every encoding of the format, records as
//! columns of their own or as whole rows.
//!
//! Files are read by page. Each leaf column has a window of the file that moves forward and about one
//! decompressed page, so memory grows with the largest page and not with the row group. Keys, values
//! and headers of bytes or text are slices of those pages until they are copied into the batch; columns
//! of any other type go through Arrow and become JSON text ([`crate::read::structured`]).
//!
//! | part of a record | is taken from |
//! |---|---|
//! | key, value | `BYTE_ARRAY`, `FIXED_LEN_BYTE_ARRAY` as they are; any other type as JSON text |
//! | headers | a list of structs (three-level, or the old two-level lists), a map, or a struct with a field for each name |
//! | timestamp | `INT64` of milliseconds, or as annotated; `INT96`; text of RFC 3339 or milliseconds |
//! | partition, offset | `INT32`, `INT64`, decimal text |
//! | topic | `BYTE_ARRAY` of UTF-8 |

mod coalesce;
mod column;
mod constant;
mod content;
mod delta;
mod facts;
mod footer;
mod header_column;
mod json;
mod open_group;
mod page_header;
mod pages;
mod prune;
mod reader;
mod scalar;
mod schema;
mod shape;
mod source;
mod value_schema;
mod views;
mod window;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use value_schema::value_schema;

use super::{Extent, FileFacts, OpenFile, ReadError, ReadSettings, RowReader};

/// The first and last four bytes of every Parquet file.
pub const MAGIC: &[u8; 4] = b"PAR1";

/// Opens a file for reading its rows.
///
/// # Errors
/// A file that is cut off or damaged, and a mapping that does not fit it.
pub fn open(file: OpenFile, settings: &ReadSettings) -> Result<Box<dyn RowReader>, ReadError> {
    let source = source::Source::open(file, settings)?;
    Ok(Box::new(reader::Reader::new(source, settings)?))
}

/// What the footer tells of a file.
///
/// # Errors
/// As [`open`].
pub fn facts(file: &OpenFile, settings: &ReadSettings) -> Result<FileFacts, ReadError> {
    Ok(facts::of(&source::Source::open(Arc::clone(file), settings)?))
}

/// How much of a file is read for what is wanted of it.
///
/// # Errors
/// As [`open`].
pub fn extent(file: &OpenFile, settings: &ReadSettings) -> Result<Extent, ReadError> {
    let source = source::Source::open(Arc::clone(file), settings)?;
    let Some(wanted) = &settings.wanted else { return Ok(Extent::whole(file.size())) };
    reader::extent(&source, Arc::clone(wanted), settings.encoding)
}
