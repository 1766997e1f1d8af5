//! Reads the rows of a Parquet file in batches, row group after row group.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::StringArray;
use arrow_array::builder::StringBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::offset_index::PageLocation;

use super::column::{Bytes, Group};
use super::content::{ContentColumn, Failure, too_large};
use super::header_column::HeaderColumn;
use super::json::JsonSchema;
use super::page_header::PageClaims;
use super::prune::{GroupRuns, Part, Pruner, Run, page_ranges};
use super::scalar::Scalar;
use super::shape::{Content, HeaderSource, Shape};
use super::source::{Source, corrupt, damaged};
use super::window::{Place, Windows};
use crate::batch::{ColumnsBuilder, Limits, NO_TIMESTAMP};
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

/// The columns of the rows that are being read one after the other.
struct OpenGroup {
    key: ContentColumn,
    value: ContentColumn,
    headers: HeaderColumn,
    timestamp: Option<Scalar>,
    partition: Option<Scalar>,
    offset: Option<Scalar>,
    topic: Option<Bytes>,
    rows_left: usize,
    /// What the file's statistics claim of these rows, where something was left out by them.
    run: Option<Run>,
    /// Timestamps on their way to the builder.
    instants: Vec<i64>,
}

/// Columns of a record's place under construction.
struct Places {
    topics: Option<StringBuilder>,
    partitions: Option<Vec<i32>>,
    offsets: Option<Vec<i64>>,
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
            if self.before <= self.row {
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
        self.windows = Windows::over(&self.file, places.flatten(), &self.room);
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
        let (shape, schema) = (&self.shape, self.schema.as_ref());
        let scalar = |leaf: Option<_>| leaf.map(|leaf| Scalar::open(group, leaf)).transpose();
        self.group = Some(OpenGroup {
            key: ContentColumn::open(group, ahead.index, &shape.key, self.encoding.key, schema)?,
            value: ContentColumn::open(group, ahead.index, &shape.value, self.encoding.value, schema)?,
            headers: HeaderColumn::open(group, &shape.headers, self.encoding.headers)?,
            timestamp: scalar(shape.timestamp)?,
            partition: scalar(shape.partition)?,
            offset: scalar(shape.offset)?,
            topic: shape.topic.map(|leaf| Bytes::open(group, leaf.leaf, leaf.fixed)).transpose()?,
            rows_left: rows.len(),
            run: self.pruner.is_some().then_some(run),
            instants: Vec::new(),
        });
        Ok(())
    }

    fn read_rows(&mut self) -> Result<Option<Rows>, Failure> {
        let mut first_row = self.row;
        let mut places = Places {
            topics: self.shape.topic.map(|_| StringBuilder::new()),
            partitions: self.shape.partition.map(|_| Vec::new()),
            offsets: self.shape.offset.map(|_| Vec::new()),
        };
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

impl OpenGroup {
    /// Adds rows until a column needs to be read on or a limit is reached. `row` follows.
    fn append(
        &mut self,
        row: &mut u64,
        builder: &mut ColumnsBuilder,
        places: &mut Places,
        limits: Limits,
    ) -> Result<(), Failure> {
        let run = self.fill()?;
        if self.key.runs() && self.value.runs() && self.headers.is_blank() {
            return self.append_run(run, row, builder, places, limits);
        }
        for _ in 0..run {
            let key = self.key.next("key")?;
            let mut left = Limits::RECORD.checked_sub(key.map_or(0, <[u8]>::len)).ok_or_else(too_large)?;
            builder.key(key);
            let value = self.value.next("value")?;
            left = left.checked_sub(value.map_or(0, <[u8]>::len)).ok_or_else(too_large)?;
            builder.value(value);
            self.headers.append(builder, left)?;
            let timestamp = match &mut self.timestamp {
                Some(column) => column.millis()?.unwrap_or(NO_TIMESTAMP),
                None => NO_TIMESTAMP,
            };
            builder.end_row(timestamp);
            self.append_place(places)?;
            let offset = places.offsets.as_deref().and_then(<[i64]>::last);
            self.check(&[timestamp], offset.map_or(&[], std::slice::from_ref))
                .map_err(|(_, message)| Failure::Row(message))?;
            *row += 1;
            self.rows_left -= 1;
            if builder.is_full(limits) {
                break;
            }
        }
        Ok(())
    }

    /// Adds rows as [`Self::append`] does, column by column.
    fn append_run(
        &mut self,
        run: usize,
        row: &mut u64,
        builder: &mut ColumnsBuilder,
        places: &mut Places,
        limits: Limits,
    ) -> Result<(), Failure> {
        let mut bytes = builder.bytes();
        let mut rows = 0;
        for (key, value) in self.key.lengths().zip(self.value.lengths()).take(run) {
            if key.saturating_add(value) > Limits::RECORD {
                // Those before it are good; the next call has it alone.
                if rows == 0 {
                    return Err(too_large());
                }
                break;
            }
            rows += 1;
            bytes += key + value + size_of::<i64>();
            if bytes >= limits.bytes || builder.len() + rows >= limits.records {
                break;
            }
        }
        self.key.run(rows).for_each(|key| builder.key(key));
        self.value.run(rows).for_each(|value| builder.value(value));
        self.headers.pass(rows);
        self.instants.clear();
        match &mut self.timestamp {
            Some(column) => {
                let read = column.instants(rows, &mut self.instants);
                read.inspect_err(|_| *row += self.instants.len() as u64)?;
            }
            None => self.instants.resize(rows, NO_TIMESTAMP),
        }
        builder.end_rows(&self.instants);
        let before = places.offsets.as_ref().map_or(0, Vec::len);
        match (&mut self.offset, &mut places.offsets) {
            (Some(column), Some(offsets)) if self.partition.is_none() && self.topic.is_none() => {
                let read = column.integers(rows, || Err(null("offset")), offsets);
                read.inspect_err(|_| *row += (offsets.len() - before) as u64)?;
                *row += rows as u64;
            }
            _ => {
                for _ in 0..rows {
                    self.append_place(places)?;
                    *row += 1;
                }
            }
        }
        let offsets = places.offsets.as_ref().and_then(|offsets| offsets.get(before..)).unwrap_or_default();
        self.check(&self.instants, offsets).map_err(|(at, message)| {
            *row -= (rows - at) as u64;
            Failure::Row(message)
        })?;
        self.rows_left -= rows;
        Ok(())
    }

    /// Whether rows are what was claimed of them when others were left out; see [`Run::check`].
    fn check(&self, timestamps: &[i64], offsets: &[i64]) -> Result<(), (usize, String)> {
        self.run.as_ref().map_or(Ok(()), |run| run.check(timestamps, offsets))
    }

    fn append_place(&mut self, places: &mut Places) -> Result<(), Failure> {
        if let (Some(column), Some(partitions)) = (&mut self.partition, &mut places.partitions) {
            let partition = column.integer()?.ok_or_else(|| null("partition"))?;
            partitions.push(kafka_partition(partition)?);
        }
        if let (Some(column), Some(offsets)) = (&mut self.offset, &mut places.offsets) {
            offsets.push(column.integer()?.ok_or_else(|| null("offset"))?);
        }
        if let (Some(column), Some(topics)) = (&mut self.topic, &mut places.topics) {
            let topic = column.next().ok_or_else(|| null("topic"))?;
            let topic = std::str::from_utf8(topic);
            topics.append_value(topic.map_err(|error| Failure::Row(format!("the topic is not UTF-8: {error}")))?);
        }
        Ok(())
    }

    /// Rows that all columns have ready, at least one.
    fn fill(&mut self) -> Result<usize, Failure> {
        let mut run = self.rows_left.min(self.key.fill()?).min(self.value.fill()?).min(self.headers.fill()?);
        for column in [&mut self.timestamp, &mut self.partition, &mut self.offset].into_iter().flatten() {
            run = run.min(column.fill()?);
        }
        if let Some(column) = &mut self.topic {
            run = run.min(column.fill()?);
        }
        match run {
            0 => Err(ParquetError::General("a column has no more rows".to_owned()).into()),
            run => Ok(run),
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

fn null(part: &str) -> Failure {
    Failure::Row(format!("the {part} is null (`backup.columns.{part} = \"-\"` if the file's {part}s do not count)"))
}

fn kafka_partition(partition: i64) -> Result<i32, Failure> {
    i32::try_from(partition)
        .map_err(|_| Failure::Row(format!("partition {partition} is more than Kafka's partitions can be")))
}

impl Shape {
    /// The leaves that are read as rows of text, and not by page.
    pub(super) fn leaves_as_text(&self) -> Vec<usize> {
        let sources = [&self.key, &self.value].into_iter().filter_map(|content| match content {
            Content::Json(source) => Some(&source.leaves),
            Content::None | Content::Leaf(_) => None,
        });
        sources.flatten().copied().collect()
    }

    /// Every leaf that is read.
    pub(super) fn leaves(&self) -> Vec<usize> {
        let mut leaves = Vec::new();
        for content in [&self.key, &self.value] {
            match content {
                Content::None => {}
                Content::Leaf(leaf) => leaves.push(leaf.leaf),
                Content::Json(source) => leaves.extend(&source.leaves),
            }
        }
        match &self.headers {
            HeaderSource::None => {}
            HeaderSource::List { names, values, .. } => leaves.extend([names.leaf, values.leaf]),
            HeaderSource::Struct(fields) => leaves.extend(fields.iter().map(|(_, leaf)| leaf.leaf)),
        }
        leaves.extend([self.timestamp, self.partition, self.offset].into_iter().flatten().map(|leaf| leaf.leaf));
        leaves.extend(self.topic.map(|leaf| leaf.leaf));
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }
}
