//! The blocks of an object container file.
//!
//! Source: Apache Avro specification 1.12, "Object Container Files": after the header each block is its
//! count of records, its size in bytes, so many bytes, and the header's sync marker.

use std::io::{BufRead, ErrorKind, Read};
use std::sync::Arc;

use arrow_avro::reader::{HeaderInfo, read_header_info};

use super::decompress;
use crate::batch::Limits;
use crate::guard::guarded;
use crate::read::large::{Held, LARGE, LaneRoom, Large};
use crate::read::{OpenFile, ReadError};
use crate::store::{SequentialReader, StoreError};

/// How many times as large a block may well be that is compressed.
const COMPRESSION: usize = 8;

/// The blocks of a file, from front to back.
pub(super) struct Blocks {
    file: OpenFile,
    input: SequentialReader,
    sync: [u8; 16],
    codec: decompress::Codec,
    compressed: Vec<u8>,
    room: LaneRoom,
    /// Room for the block, where it is large.
    held: Option<Held>,
}

/// The count of a block and how many bytes follow.
struct Head {
    records: u64,
    size: u64,
}

impl Blocks {
    /// Reads the header of `file`.
    pub(super) fn open(file: &OpenFile, room: &LaneRoom) -> Result<(Self, HeaderInfo), ReadError> {
        let mut input = SequentialReader::new(Arc::clone(file), 0);
        let corrupt = |message: String| ReadError::Corrupt { path: Arc::clone(file.path()), row: None, message };
        // The store's own errors must come through the crate, whose errors carry only text.
        let mut failure = None;
        let header = guarded(|| read_header_info(Watched { input: &mut input, failure: &mut failure }));
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let header = header
            .and_then(|header| header.map_err(|error| error.to_string()))
            .map_err(|error| corrupt(format!("the Avro header cannot be read: {error}")))?;
        let codec = header
            .compression()
            .map_err(|error| error.to_string())
            .and_then(decompress::Codec::try_from)
            .map_err(|error| corrupt(format!("{error}; codecs are null, deflate, snappy and zstandard")))?;
        let (compressed, room) = (Vec::new(), room.clone());
        let blocks = Self { file: Arc::clone(file), input, sync: header.sync(), codec, compressed, room, held: None };
        Ok((blocks, header))
    }

    /// Where the next block begins.
    pub(super) fn position(&self) -> u64 {
        self.input.position()
    }

    /// Reads the next block into `data`, decompressed, and gives its count of records. `row` is the
    /// row it begins with.
    pub(super) fn read(&mut self, row: u64, data: &mut Vec<u8>) -> Result<Option<u64>, ReadError> {
        let Some(head) = self.head(row)? else { return Ok(None) };
        let start = self.position();
        self.make_room(head.size, data);
        let target = if self.codec == decompress::Codec::Null { &mut *data } else { &mut self.compressed };
        target.clear();
        let read = self.input.by_ref().take(head.size).read_to_end(target);
        let read = read.map_err(|error| self.failed(error, row))?;
        if (read as u64) < head.size {
            return Err(self.cut(row));
        }
        self.sync(row)?;
        if self.codec != decompress::Codec::Null {
            decompress::decompress(self.codec, &self.compressed, data)
                .map_err(|what| self.corrupt(row, format!("the block at byte {start} is damaged: {what}")))?;
        }
        Ok(Some(head.records))
    }

    /// Takes room for a block of `size` bytes where it is large, or where it may be, compressed, or as large as the one
    /// before, whose `data` is given back then.
    fn make_room(&mut self, size: u64, data: &mut Vec<u8>) {
        let large = match self.codec {
            decompress::Codec::Null => LARGE,
            _ => LARGE / COMPRESSION,
        };
        let was_large = data.capacity() > LARGE;
        for buffer in [data, &mut self.compressed] {
            buffer.clear();
            buffer.shrink_to(LARGE);
        }
        if size <= large as u64 && !was_large {
            self.held = None;
        } else if self.held.is_none() {
            self.held = Some(self.room.take(Large::Text));
        }
    }

    /// Goes to a block that begins at byte `position`.
    pub(super) fn go(&mut self, position: u64) {
        self.input = SequentialReader::new(Arc::clone(&self.file), position);
    }

    /// Passes over the next block and gives its count of records.
    pub(super) fn skip(&mut self, row: u64) -> Result<Option<u64>, ReadError> {
        let Some(head) = self.head(row)? else { return Ok(None) };
        self.input.skip(head.size);
        self.sync(row)?;
        Ok(Some(head.records))
    }

    /// Passes over the next block if it ends before row `until`; otherwise stays where it is.
    pub(super) fn skip_before(&mut self, row: u64, until: u64) -> Result<Option<u64>, ReadError> {
        let start = self.position();
        let Some(head) = self.head(row)? else { return Ok(None) };
        if row.saturating_add(head.records) > until {
            self.go(start);
            return Ok(None);
        }
        self.input.skip(head.size);
        self.sync(row)?;
        Ok(Some(head.records))
    }

    fn head(&mut self, row: u64) -> Result<Option<Head>, ReadError> {
        let start = self.position();
        let is_end = self.input.fill_buf().map(<[u8]>::is_empty);
        if is_end.map_err(|error| self.failed(error, row))? {
            return Ok(None);
        }
        let records = self.long(row)?;
        let size = self.long(row)?;
        let left = self.file.size().saturating_sub(self.position());
        let (Ok(records), Ok(size)) = (u64::try_from(records), u64::try_from(size)) else {
            let what = format!("the block at byte {start} has {records} records in {size} bytes, which cannot be");
            return Err(self.corrupt(row, what));
        };
        if size > left {
            let what = format!(
                "the block at byte {start} has {size} bytes, but the file ends {left} bytes later: it is cut off or damaged"
            );
            return Err(self.corrupt(row, what));
        }
        if size > Limits::RECORD as u64 {
            let what = format!("the block at byte {start} is larger than {} MiB", Limits::RECORD >> 20);
            return Err(self.corrupt(row, what));
        }
        Ok(Some(Head { records, size }))
    }

    /// A zigzag variable-length number.
    fn long(&mut self, row: u64) -> Result<i64, ReadError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            match self.input.read_exact(&mut byte) {
                Ok(()) => {}
                Err(error) => return Err(self.failed(error, row)),
            }
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(self.corrupt(row, format!("a number before byte {} is longer than 64 bits", self.position())))
    }

    fn sync(&mut self, row: u64) -> Result<(), ReadError> {
        let mut marker = [0; 16];
        self.input.read_exact(&mut marker).map_err(|error| self.failed(error, row))?;
        if marker != self.sync {
            let what =
                format!("the sync marker at byte {} is not the header's: the file is damaged", self.position() - 16);
            return Err(self.corrupt(row, what));
        }
        Ok(())
    }

    fn corrupt(&self, row: u64, message: String) -> ReadError {
        ReadError::Corrupt { path: Arc::clone(self.file.path()), row: Some(row), message }
    }

    fn cut(&self, row: u64) -> ReadError {
        self.corrupt(row, format!("the file ends within a block, at byte {}: it is cut off", self.file.size()))
    }

    fn failed(&self, error: std::io::Error, row: u64) -> ReadError {
        match StoreError::from_io(error) {
            Ok(error) => error.into(),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => self.cut(row),
            Err(error) => self.corrupt(row, error.to_string()),
        }
    }
}

/// Remembers a store's error that a decoder would turn into text.
struct Watched<'w> {
    input: &'w mut SequentialReader,
    failure: &'w mut Option<StoreError>,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.input.read(out)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.input.fill_buf().map_err(|error| match StoreError::from_io(error) {
            Ok(error) => {
                *self.failure = Some(error);
                ErrorKind::Other.into()
            }
            Err(error) => error,
        })
    }

    fn consume(&mut self, amount: usize) {
        self.input.consume(amount);
    }
}
