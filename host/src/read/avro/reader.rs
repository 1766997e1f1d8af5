//! Rows from blocks.

use std::sync::Arc;

use arrow_avro::reader::Decoder;

use super::blocks::Blocks;
use super::columns::Converter;
use super::schema::Decoding;
use crate::batch::Limits;
use crate::guard::guarded;
use crate::read::{OpenFile, ReadError, ReadSettings, RowReader, Rows};

/// The most records without a byte that one block may hold; more would be a damaged count.
const EMPTY_RECORDS: u64 = 1 << 24;

/// Reads the rows of one file.
pub(super) struct AvroReader {
    path: Arc<str>,
    blocks: Blocks,
    decoder: Decoder,
    converter: Converter,
    limits: Limits,
    block: Block,
    /// The row that is decoded next.
    next_row: u64,
    ended: bool,
}

/// What is left of the block at hand.
#[derive(Default)]
struct Block {
    data: Vec<u8>,
    cursor: usize,
    records: u64,
}

impl AvroReader {
    pub(super) fn open(file: &OpenFile, settings: &ReadSettings) -> Result<Self, ReadError> {
        let (mut blocks, Decoding { decoder, mapping, blanks, .. }) = super::prepare(file, settings)?;
        let mut row = 0;
        while let Some(records) = blocks.skip_before(row, settings.first_row)? {
            row += records;
        }
        let converter = Converter::new(file.path(), &mapping, blanks, &decoder.schema(), settings)?;
        let mut reader = Self {
            path: Arc::clone(file.path()),
            blocks,
            decoder,
            converter,
            limits: settings.limits,
            block: Block::default(),
            next_row: row,
            ended: false,
        };
        // The rows before `first_row` in its own block have no index: they are decoded and let go.
        while reader.next_row < settings.first_row {
            let records = usize::try_from(settings.first_row - reader.next_row).unwrap_or(usize::MAX);
            let before = reader.next_row;
            reader.decode(Limits { records: records.min(settings.limits.records), ..settings.limits })?;
            reader.flush(before)?;
            if reader.ended {
                break;
            }
        }
        Ok(reader)
    }

    /// Decodes records until a limit is reached or the file ends.
    fn decode(&mut self, limits: Limits) -> Result<(), ReadError> {
        let (mut records, mut bytes) = (0, 0);
        while records < limits.records.max(1) && bytes < limits.bytes && self.fill()? {
            let rest = self.block.data.get(self.block.cursor..).unwrap_or_default();
            let decoder = &mut self.decoder;
            let taken = guarded(|| decoder.decode(rest).map_err(|error| error.to_string()));
            let taken = taken.and_then(|taken| taken).map_err(|error| self.corrupt(&error))?;
            self.block.cursor += taken;
            self.block.records -= 1;
            self.next_row += 1;
            records += 1;
            bytes += taken;
        }
        Ok(())
    }

    /// Sees that there is a record to decode; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, ReadError> {
        while self.block.records == 0 {
            if self.block.cursor < self.block.data.len() {
                let left = self.block.data.len() - self.block.cursor;
                return Err(self.corrupt(&format!("its block has {left} bytes after its last record")));
            }
            self.block.cursor = 0;
            match self.blocks.read(self.next_row, &mut self.block.data)? {
                Some(records) => self.block.records = records,
                None => {
                    self.ended = true;
                    return Ok(false);
                }
            }
            if self.block.records > self.block.data.len() as u64 + EMPTY_RECORDS {
                let (records, bytes) = (self.block.records, self.block.data.len());
                return Err(self.corrupt(&format!("its block has {records} records in {bytes} bytes")));
            }
        }
        Ok(true)
    }

    fn flush(&mut self, first_row: u64) -> Result<Option<Rows>, ReadError> {
        let decoder = &mut self.decoder;
        let batch = guarded(|| decoder.flush().map_err(|error| error.to_string()));
        match batch.and_then(|batch| batch).map_err(|error| self.corrupt(&error))? {
            Some(batch) => self.converter.rows(first_row, &batch).map(Some),
            None => Ok(None),
        }
    }

    fn corrupt(&mut self, what: &str) -> ReadError {
        self.ended = true;
        ReadError::Corrupt { path: Arc::clone(&self.path), row: Some(self.next_row), message: what.to_owned() }
    }
}

impl RowReader for AvroReader {
    fn next(&mut self) -> Result<Option<Rows>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let first_row = self.next_row;
        let result = self.decode(self.limits).and_then(|()| self.flush(first_row));
        self.ended |= result.is_err();
        result
    }
}
