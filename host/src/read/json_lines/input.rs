//! The lines of a file, plain or compressed.
//!
//! gzip may have several members and zstd several frames. A byte-order mark, CRLF and a last line
//! without a newline are taken; blank lines are passed over and are no rows. Only one line is held, and the buffer
//! of a [large](LARGE) one is given back before the next.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::GzDecoder;

use crate::batch::Limits;
use crate::read::large::{Held, LARGE, LaneRoom, Large};
use crate::read::sniff::{self, Compression};
use crate::read::{OpenFile, ReadError};
use crate::store::{SequentialReader, StoreError};

/// Decompressed bytes taken at a time.
const BUFFER: usize = 128 << 10;
/// The byte-order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file line by line.
pub(super) struct Lines {
    path: Arc<str>,
    input: Box<dyn BufRead + Send>,
    compression: Option<Compression>,
    line: Vec<u8>,
    room: LaneRoom,
    /// Room for the line, where it is large.
    held: Option<Held>,
    number: u64,
    bytes: u64,
    taken: Arc<AtomicU64>,
}

impl Lines {
    /// The lines of `file` from its beginning.
    pub(super) fn open(file: &OpenFile, room: &LaneRoom) -> Result<Self, ReadError> {
        let compression = sniff::compression(&sniff::head(file)?);
        let taken = Arc::new(AtomicU64::new(0));
        let source = Counted { input: SequentialReader::new(Arc::clone(file), 0), taken: Arc::clone(&taken) };
        let input: Box<dyn BufRead + Send> = match compression {
            None => Box::new(source),
            Some(Compression::Gzip) => {
                Box::new(BufReader::with_capacity(BUFFER, Members { decoder: Some(GzDecoder::new(source)) }))
            }
            Some(Compression::Zstd) => {
                let decoder = zstd::Decoder::with_buffer(source).map_err(|error| ReadError::Corrupt {
                    path: Arc::clone(file.path()),
                    row: None,
                    message: format!("zstd cannot begin: {error}"),
                })?;
                Box::new(BufReader::with_capacity(BUFFER, decoder))
            }
        };
        Ok(Self {
            path: Arc::clone(file.path()),
            input,
            compression,
            line: Vec::new(),
            room: room.clone(),
            held: None,
            number: 0,
            bytes: 0,
            taken,
        })
    }

    /// The next line that is not blank, without its end, and whether there is one. `row` is the row
    /// that it would be, for messages.
    pub(super) fn advance(&mut self, row: u64) -> Result<bool, ReadError> {
        loop {
            if self.line.capacity() > LARGE {
                self.line = Vec::new();
            }
            self.line.clear();
            self.held = None;
            let limit = Limits::RECORD as u64 + 1;
            let mut read = self.read_line(LARGE as u64, row)?;
            if read == LARGE as u64 && self.line.last() != Some(&b'\n') {
                self.held = Some(self.room.take(Large::Text));
                read += self.read_line(limit - read, row)?;
            }
            if read == 0 {
                return Ok(false);
            }
            self.number += 1;
            self.bytes += read;
            if read == limit {
                return Err(ReadError::Corrupt {
                    path: Arc::clone(&self.path),
                    row: Some(row),
                    message: format!("line {} is longer than {} MiB", self.number, Limits::RECORD >> 20),
                });
            }
            if self.number == 1 && self.line.starts_with(MARK) {
                self.line.drain(..MARK.len());
            }
            while matches!(self.line.last(), Some(b'\n' | b'\r')) {
                self.line.pop();
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }

    /// Adds what comes before the end of the line, and the end itself, to the line, `limit` bytes at most.
    fn read_line(&mut self, limit: u64, row: u64) -> Result<u64, ReadError> {
        let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line);
        read.map(|read| read as u64).map_err(|error| self.failed(error, row))
    }

    /// The line that [`Self::advance`] found.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Its number within the file, from 1, blank lines counted.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes so far, decompressed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes so far, as they lie in the store; a decoder may have taken a little ahead.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    fn failed(&self, error: Error, row: u64) -> ReadError {
        let error = match StoreError::from_io(error) {
            Ok(error) => return error.into(),
            Err(error) => error,
        };
        let what = self.compression.map_or("text", Compression::name);
        let message = match error.kind() {
            ErrorKind::UnexpectedEof => format!("the {what} data ends early, after line {}", self.number),
            // zstd's own words (`ZSTD_error_frameParameter_windowTooLarge`).
            _ if error.to_string().contains("requires too much memory") => {
                format!(
                    "the {what} data needs a window of more than 128 MiB: compress it anew with `--long=27` or less"
                )
            }
            _ => format!("the {what} data is damaged after line {}: {error}", self.number),
        };
        ReadError::Corrupt { path: Arc::clone(&self.path), row: Some(row), message }
    }
}

/// gzip, member after member. The decoder of several members that `flate2` has takes what follows the
/// last one for a member that is cut off, if it is short.
struct Members {
    decoder: Option<GzDecoder<Counted>>,
}

impl Read for Members {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let Some(decoder) = &mut self.decoder else { return Ok(0) };
            let read = decoder.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            match decoder.get_mut().fill_buf()? {
                [] => return Ok(0),
                [0x1f] | [0x1f, 0x8b, ..] => {}
                other => {
                    let shown = other.get(..16).unwrap_or(other).escape_ascii();
                    let message = format!("it is followed by something that is no gzip and begins with `{shown}`");
                    return Err(Error::new(ErrorKind::InvalidData, message));
                }
            }
            self.decoder = self.decoder.take().map(|ended| GzDecoder::new(ended.into_inner()));
        }
    }
}

/// Counts what is consumed of a file.
struct Counted {
    input: SequentialReader,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(out)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken.fetch_add(amount as u64, Ordering::Relaxed);
        self.input.consume(amount);
    }
}
