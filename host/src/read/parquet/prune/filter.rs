//! Bloom filters of keys: which are certainly not in a row group.

use std::io::Read;

use bytes::Bytes;
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};

use crate::guard::guarded;
use crate::read::WantedKeys;
use crate::read::parquet::window::Windows;

/// The largest filter that is read, in bytes: one of 128 MiB is the largest that the format's own library writes.
const LARGEST: usize = 128 << 20;

/// Whether a column chunk may hold one of the keys, by its filter if it has one.
///
/// # Errors
/// Those of the store.
pub(super) fn may_hold(
    chunk: &ColumnChunkMetaData,
    keys: &dyn WantedKeys,
    windows: &Windows,
) -> Result<bool, ParquetError> {
    // A filter knows whole keys: it is not read for beginnings.
    if chunk.bloom_filter_offset().is_none() || keys.any_of(&mut |_| false) {
        return Ok(true);
    }
    let read = guarded(|| Sbbf::read_from_column_chunk(chunk, &Capped(windows)));
    windows.check()?;
    // One without blocks has nothing to ask.
    let Some(filter) = read.ok().and_then(Result::ok).flatten().filter(|filter| filter.num_blocks() > 0) else {
        return Ok(true);
    };
    Ok(keys.any_of(&mut |key| filter.check(key)))
}

/// Reads no more than a filter may have.
struct Capped<'a>(&'a Windows);

impl Length for Capped<'_> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Capped<'_> {
    type T = Box<dyn Read>;

    fn get_read(&self, _: u64) -> Result<Self::T, ParquetError> {
        Err(ParquetError::General("a filter is read as a whole".to_owned()))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match length {
            0..=LARGEST => self.0.get_bytes(start, length),
            _ => Err(ParquetError::General(format!("a filter of {length} bytes"))),
        }
    }
}
