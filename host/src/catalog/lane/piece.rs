//! Reads one file of a lane: only that lane's rows, with their offsets, checked.

use std::sync::Arc;

use arrow_array::Array;
use arrow_buffer::ScalarBuffer;

use super::Context;
use super::chunk::Chunk;
use crate::batch::{ColumnsBuilder, value_at};
use crate::catalog::{LaneError, Offsets, Piece};
use crate::position::TopicPartition;
use crate::read::{ReadError, RowReader, Rows};

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With the first record of the lane.
    Beginning,
    /// With the first record of the lane at or after this offset.
    Offset(i64),
    /// In a file: with the first record at or after an offset, which no earlier row has than this.
    After {
        /// The offset.
        offset: i64,
        /// The row, from 0.
        row: u64,
    },
    /// At a row of a piece.
    Row {
        /// Index of the piece in its lane.
        piece: usize,
        /// The row, from 0.
        row: u64,
    },
}

/// One file of a lane under way.
pub(super) struct PieceReader {
    index: usize,
    source: Arc<TopicPartition>,
    path: Arc<str>,
    mixed: bool,
    offsets: Offsets,
    reader: Box<dyn RowReader>,
    /// Records with a smaller offset are left out.
    from: Option<i64>,
    /// The records at hand; `None` before [`Self::refill`], and after it at the end of the file.
    head: Option<Chunk>,
    /// Offset of the last row that was read of the file, and before that nothing.
    previous: Option<i64>,
    /// Whether a first offset has been compared with what the file's name or statistics say.
    begun: bool,
}

impl PieceReader {
    /// Opens a file and reads its first records.
    pub(super) fn open(context: &Context, piece: &Piece, index: usize, start: Start) -> Result<Self, ReadError> {
        let (row, from) = match start {
            Start::Beginning => (0, None),
            Start::Row { row, .. } => (row, None),
            Start::Offset(offset) => (exact_row(piece, offset).unwrap_or(0), Some(offset)),
            Start::After { offset, row } => (exact_row(piece, offset).unwrap_or(row), Some(offset)),
        };
        let file = context.store.file(&piece.entry)?;
        let mut reader = Self {
            index,
            source: Arc::clone(&context.source),
            path: Arc::clone(&piece.entry.path),
            mixed: piece.mixed,
            offsets: piece.offsets,
            reader: context.opener.open(file, context.opening(row))?,
            from,
            head: None,
            previous: None,
            begun: row > 0,
        };
        reader.load()?;
        Ok(reader)
    }

    /// Index of the piece in its lane.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// The file.
    pub(super) fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The records at hand.
    pub(super) fn head(&self) -> Option<&Chunk> {
        self.head.as_ref()
    }

    /// Whether there are more records.
    pub(super) fn has_more(&self) -> bool {
        self.head.is_some()
    }

    /// Offset of the next record.
    pub(super) fn head_offset(&self) -> Option<i64> {
        self.head.as_ref()?.offsets.as_ref()?.first().copied()
    }

    /// Offset and row of the next record.
    pub(super) fn head_place(&self) -> Option<(i64, u64)> {
        self.head_offset().zip(self.head.as_ref()?.rows.first().copied())
    }

    /// Offset of the last row that was read of the file.
    pub(super) fn last_offset(&self) -> Option<i64> {
        self.previous
    }

    /// Takes the next `count` of the records at hand.
    pub(super) fn take(&mut self, count: usize) -> Chunk {
        let Some(head) = self.head.take() else {
            return Chunk {
                rows: ScalarBuffer::from(Vec::new()),
                offsets: None,
                columns: crate::batch::Columns::empty(),
            };
        };
        if count < head.len() {
            self.head = Some(head.slice(count, head.len() - count));
            return head.slice(0, count);
        }
        head
    }

    /// Sees that there are records at hand, unless the file has ended. Not before they are asked for: what was taken
    /// last is in memory until then, and need not be any more.
    pub(super) fn refill(&mut self) -> Result<(), ReadError> {
        if self.head.is_none() { self.load() } else { Ok(()) }
    }

    /// Reads on until there are records of the lane at hand, or the file ends.
    fn load(&mut self) -> Result<(), ReadError> {
        while let Some(rows) = self.reader.next()? {
            if rows.columns.is_empty() {
                continue;
            }
            let mut chunk = self.chunk(rows)?;
            self.check_order(&chunk)?;
            if let (Some(from), Some(offsets)) = (self.from, &chunk.offsets) {
                let before = offsets.partition_point(|offset| *offset < from);
                chunk = chunk.slice(before, chunk.len() - before);
            }
            if chunk.len() > 0 {
                self.head = Some(chunk);
                return Ok(());
            }
        }
        Ok(())
    }

    /// The lane's rows of what was read.
    fn chunk(&self, rows: Rows) -> Result<Chunk, ReadError> {
        let (first_row, count) = (rows.first_row, rows.columns.len());
        let has_places = rows.topics.is_some() || rows.partitions.is_some();
        let foreign = if has_places { (0..count).find(|row| !self.is_of_lane(&rows, *row)) } else { None };
        let offsets = match self.offsets {
            Offsets::None => None,
            Offsets::Counted { first } => Some(self.counted(first, first_row, count)?),
            Offsets::Column { .. } => match &rows.offsets {
                Some(offsets) if offsets.len() == count => Some(offsets.clone()),
                _ => return Err(self.corrupt(first_row, "it has no offset")),
            },
        };
        let numbers = (0..count as u64).map(|row| first_row + row);
        match foreign {
            None => {
                Ok(Chunk { rows: numbers.collect(), offsets: offsets.map(ScalarBuffer::from), columns: rows.columns })
            }
            Some(row) if !self.mixed => Err(LaneError::Misplaced {
                lane: self.source.to_string(),
                path: Arc::clone(&self.path),
                row: first_row + row as u64,
                found: found(&rows, row, &self.source),
            }
            .into()),
            Some(_) => {
                let ours: Vec<usize> = (0..count).filter(|row| self.is_of_lane(&rows, *row)).collect();
                let mut columns = ColumnsBuilder::default();
                for row in &ours {
                    let all = &rows.columns;
                    let (key, value) = (value_at(&all.keys, *row), value_at(&all.values, *row));
                    columns.row(key, value, all.headers.row(*row), all.timestamps[*row]);
                }
                Ok(Chunk {
                    rows: ours.iter().map(|row| first_row + *row as u64).collect(),
                    offsets: offsets.map(|offsets| ours.iter().map(|row| offsets[*row]).collect()),
                    columns: columns.finish(),
                })
            }
        }
    }

    /// Offsets counted from the file's first one.
    fn counted(&self, first: i64, first_row: u64, count: usize) -> Result<Vec<i64>, ReadError> {
        let offset = |row: u64| first.checked_add_unsigned(first_row.checked_add(row)?);
        (0..count as u64)
            .map(offset)
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.corrupt(first_row, "its offset would be beyond 2^63"))
    }

    /// Whether a row's own columns, as far as it has them, name this lane.
    fn is_of_lane(&self, rows: &Rows, row: usize) -> bool {
        let topic =
            rows.topics.as_ref().is_none_or(|topics| topics.is_valid(row) && topics.value(row) == &*self.source.topic);
        let partition = match (&rows.partitions, self.source.partition) {
            (Some(partitions), Some(partition)) => partitions.get(row) == Some(&partition),
            _ => true,
        };
        topic && partition
    }

    /// Checks that offsets increase, and begin where the file's name or statistics say.
    fn check_order(&mut self, chunk: &Chunk) -> Result<(), ReadError> {
        let Some(offsets) = &chunk.offsets else { return Ok(()) };
        let Some(first) = offsets.first() else { return Ok(()) };
        if !self.begun {
            self.begun = true;
            match self.offsets {
                Offsets::Column { first: said, .. } if *first < said => {
                    return Err(LaneError::TooEarly {
                        lane: self.source.to_string(),
                        path: Arc::clone(&self.path),
                        row: chunk.rows[0],
                        offset: *first,
                        first: said,
                    }
                    .into());
                }
                _ => {}
            }
        }
        let across = self.previous.filter(|before| before >= first).map(|before| (before, 0));
        let within = || offsets.windows(2).position(|pair| pair[0] >= pair[1]).map(|at| (offsets[at], at + 1));
        if let Some((before, at)) = across.or_else(within) {
            return Err(LaneError::Decreasing {
                lane: self.source.to_string(),
                path: Arc::clone(&self.path),
                row: chunk.rows[at],
                offset: offsets[at],
                before,
            }
            .into());
        }
        self.previous = offsets.last().copied();
        Ok(())
    }

    fn corrupt(&self, row: u64, message: &str) -> ReadError {
        ReadError::Corrupt { path: Arc::clone(&self.path), row: Some(row), message: message.to_owned() }
    }
}

/// The row that has `offset`, or the first one after it, where that can be told beforehand.
fn exact_row(piece: &Piece, offset: i64) -> Option<u64> {
    match piece.offsets {
        Offsets::Counted { first } | Offsets::Column { first, dense: true, .. } => {
            Some(if offset <= first { 0 } else { offset.abs_diff(first) })
        }
        _ => None,
    }
}

/// What a row's own columns say, written as a lane is.
fn found(rows: &Rows, row: usize, lane: &TopicPartition) -> String {
    let topic = match &rows.topics {
        Some(topics) if topics.is_valid(row) => topics.value(row),
        Some(_) => "no topic",
        None => &lane.topic,
    };
    let partition = rows.partitions.as_ref().and_then(|partitions| partitions.get(row).copied()).or(lane.partition);
    TopicPartition::new(topic, partition).to_string()
}
