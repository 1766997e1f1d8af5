//! Reads the rows of a Parquet file in batches, row group after row group.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::StringArray;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::offset_index::PageLocation;

use super::column::Group;
use super::content::Failure;
use super::json::JsonSchema;
use super::open_group::{OpenGroup, Places, kafka_partition};
use super::page_header::PageClaims;
use super::prune::{GroupRuns, Part, Pruner, Run, page_ranges};
use super::shape::{Content, Shape};
use super::source::{Source, corrupt, damaged};
use super::window::{Place, Windows};
use crate::batch::{ColumnsBuilder, Limits};
use crate::guard::guarded;
use crate::job::Encodings;
use crate::read::{Extent, LaneRoom, OpenFile, ReadError, ReadSettings, RowReader, Rows, Wanted};

/// Reads a file; see the module.
pub(super) struct Reader {
    file: OpenFile,
    metadata: Arc<ParquetMetaData>,
    shape: Shape,
    schema: Option<JsonSchema>,
    encoding: Encodings,
    limits: Limits,
    room: LaneRoom,
    /// The next row of the file.
    row: u64,
    /// Rows before the next row group.
    before: u64,
    next_group: usize,
    /// Tells what is read of a row group; `None`: all of it.
    pruner: Option<Pruner>,
    /// What is still to be read of the row group last looked at.
    ahead: Option<GroupAhead>,
    group: Option<OpenGroup>,
    /// Windows of the row group last opened, which know why the store failed.
    windows: Windows,
    builder: ColumnsBuilder,
    is_done: bool,
}

/// A row group of which something is still to be read.
struct GroupAhead {
    index: usize,
    /// The row of the file that it begins with.
    first: u64,
    /// The rows of it, the last ones first.
    runs: Vec<Run>,
    /// By leaf where its pages are.
    locations: HashMap<usize, Vec<PageLocation>>,
}

impl Reader {
    /// A reader that begins with row `settings.first_row`.
    ///
    /// # Errors
    /// A column whose type has no JSON text.
    pub(super) fn new(source: Source, settings: &ReadSettings) -> Result<Self, ReadError> {
        let Source { file, metadata, shape, .. } = source;
        let windows = Windows::tail(&file);
        let is_json = [&shape.key, &shape.value].iter().any(|content| matches!(content, Content::Json(_)));
        let schema = match is_json {
            true => match guarded(|| JsonSchema::of(&metadata)) {
                Ok(Ok(schema)) => Some(schema),
                Ok(Err(error)) => return Err(damaged(&file, &windows, None, error, "the schema cannot be read")),
                Err(panic) => return Err(corrupt(&file, None, format!("the schema cannot be read: {panic}"))),
            },
            false => None,
        };
        let pruner = settings.wanted.as_ref().map(|wanted| {
            let wanted = Arc::clone(wanted);
            Pruner::new(wanted, &metadata, &shape, settings.encoding)
        });
        Ok(Self {
            file,
            metadata,
            shape,
            schema,
            encoding: settings.encoding,
            limits: settings.limits,
            room: settings.room.clone(),
            row: settings.first_row,
            before: 0,
            next_group: 0,
            pruner,
            ahead: None,
            group: None,
            windows,
            builder: ColumnsBuilder::default(),
            is_done: false,
        })
    }

    /// The next row that is to be read, at or behind [`Self::row`]; `None` at the end of the file.
    fn next_row(&mut self) -> Result<Option<u64>, Failure> {
        loop {
            if let Some(GroupAhead { first, runs, .. }) = &mut self.ahead {
                while let Some(run) = runs.last() {
                    let place = |row: usize| first.saturating_add(row as u64);
                    if place(run.rows.end) > self.row {
                        return Ok(Some(place(run.rows.start).max(self.row)));
                    }
                    runs.pop();
                }
            }
            self.ahead = None;
            let Some(group) = self.metadata.row_groups().get(self.next_group) else { return Ok(None) };
            let index = self.next_group;
            self.next_group += 1;
            let rows = u64::try_from(group.num_rows()).unwrap_or_default();
            let first = self.before;
            self.before += rows;
            if rows == 0 || self.before <= self.row {
                continue;
            }
            let part = match &self.pruner {
                None => Part::Runs(GroupRuns::of_rows(0..usize::try_from(rows).unwrap_or(usize::MAX))),
                Some(pruner) => {
                    self.windows = Windows::tail(&self.file);
                    pruner.part(&self.metadata, index, &self.windows)?
                }
            };
            if let Part::Runs(GroupRuns { mut runs, locations, .. }) = part {
                runs.reverse();
                self.ahead = Some(GroupAhead { index, first, runs, locations });
            }
        }
    }

    /// Opens the columns for the rows from [`Self::row`] on, which [`Self::next_row`] has told.
    fn open_group(&mut self) -> Result<(), Failure> {
        let Some(ahead) = &mut self.ahead else { return Ok(()) };
        let (Some(run), Some(metadata)) = (ahead.runs.pop(), self.metadata.row_groups().get(ahead.index)) else {
            return Ok(());
        };
        let skip = usize::try_from(self.row - ahead.first).unwrap_or(usize::MAX);
        let rows = skip..run.rows.end;
        let places = self.shape.leaves().into_iter().filter_map(|leaf| {
            let chunk = metadata.columns().get(leaf)?;
            let (start, length) = chunk.byte_range();
            let claims = PageClaims {
                values: u64::try_from(chunk.num_values()).unwrap_or_default(),
                bytes: u64::try_from(chunk.uncompressed_size()).unwrap_or_default(),
            };
            let (ranges, located) = match ahead.locations.get(&leaf) {
                Some(locations) => (page_ranges(locations, start, &rows), true),
                None => (std::iter::once(start..start + length).collect(), false),
            };
            Some(ranges.into_iter().map(move |range| Place { range, claims, located }))
        });
        self.windows = Windows::over(&self.file, places.flatten(), &self.room, self.limits);
        self.windows.fill()?;
        let group = Group {
            windows: &self.windows,
            file: &self.metadata,
            metadata,
            rows: usize::try_from(metadata.num_rows()).unwrap_or(usize::MAX),
            skip,
            end: rows.end,
            locations: &ahead.locations,
        };
        let run = self.pruner.is_some().then_some(run);
        self.group = Some(OpenGroup::open(group, ahead.index, &self.shape, self.encoding, self.schema.as_ref(), run)?);
        Ok(())
    }

    fn read_rows(&mut self) -> Result<Option<Rows>, Failure> {
        let mut first_row = self.row;
        let mut places = Places::new(&self.shape);
        while !self.builder.is_full(self.limits) {
            if self.group.as_ref().is_none_or(|group| group.rows_left == 0) {
                self.group = None;
                let Some(row) = self.next_row()? else { break };
                if row != self.row && !self.builder.is_empty() {
                    // Rows are left out before the next one, so these are a batch of their own.
                    break;
                }
                if self.builder.is_empty() {
                    first_row = row;
                }
                self.row = row;
                self.open_group()?;
            }
            if let Some(group) = &mut self.group {
                group.append(&mut self.row, &mut self.builder, &mut places, self.limits)?;
            }
        }
        if self.builder.is_empty() {
            return Ok(None);
        }
        let columns = self.builder.finish();
        let rows = columns.len();
        let topics = match &self.shape.topic_of_all {
            Some(topic) => Some(StringArray::from_iter_values(std::iter::repeat_n(topic, rows))),
            None => places.topics.map(|mut topics| topics.finish()),
        };
        let partitions = match self.shape.partition_of_all {
            Some(partition) => Some(vec![kafka_partition(partition)?; rows]),
            None => places.partitions,
        };
        Ok(Some(Rows { first_row, columns, topics, partitions, offsets: places.offsets }))
    }
}

impl RowReader for Reader {
    fn next(&mut self) -> Result<Option<Rows>, ReadError> {
        if self.is_done {
            return Ok(None);
        }
        let outcome = guarded(|| self.read_rows());
        self.is_done = !matches!(outcome, Ok(Ok(Some(_))));
        match outcome {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(Failure::File(error))) => {
                Err(damaged(&self.file, &self.windows, Some(self.row), error, "the rows from here on cannot be read"))
            }
            Ok(Err(Failure::Row(message))) => Err(corrupt(&self.file, Some(self.row), message)),
            Err(panic) => {
                let message = format!("the rows from here on cannot be read: {panic}");
                Err(corrupt(&self.file, Some(self.row), message))
            }
        }
    }
}

/// How much of a file is read for what is wanted of it.
///
/// # Errors
/// Those of the store.
pub(super) fn extent(source: &Source, wanted: Arc<Wanted>, encoding: Encodings) -> Result<Extent, ReadError> {
    let Source { file, metadata, shape, .. } = source;
    let windows = Windows::tail(file);
    let pruner = Pruner::new(wanted, metadata, shape, encoding);
    match guarded(|| pruner.extent(metadata, &windows)) {
        Ok(Ok(extent)) => Ok(extent),
        Ok(Err(error)) => Err(damaged(file, &windows, None, error, "what is to be read of it cannot be told")),
        Err(panic) => Err(corrupt(file, None, format!("what is to be read of it cannot be told: {panic}"))),
    }
}
