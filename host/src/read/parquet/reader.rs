//! Reads the rows of a Parquet file in batches, row group after row group.

use std::sync::Arc;

use arrow_array::StringArray;
use arrow_array::builder::StringBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::column::{Bytes, Group};
use super::content::{ContentColumn, Failure, too_large};
use super::header_column::HeaderColumn;
use super::json::JsonSchema;
use super::page_header::PageClaims;
use super::scalar::Scalar;
use super::shape::{Content, HeaderSource, Shape};
use super::source::{Source, corrupt, damaged};
use super::window::Windows;
use crate::batch::{ColumnsBuilder, Limits, NO_TIMESTAMP};
use crate::guard::guarded;
use crate::job::Encodings;
use crate::read::{LaneRoom, OpenFile, ReadError, ReadSettings, RowReader, Rows};

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
    group: Option<OpenGroup>,
    /// Windows of the row group last opened, which know why the store failed.
    windows: Windows,
    builder: ColumnsBuilder,
    is_done: bool,
}

/// The columns of the row group that is being read.
struct OpenGroup {
    key: ContentColumn,
    value: ContentColumn,
    headers: HeaderColumn,
    timestamp: Option<Scalar>,
    partition: Option<Scalar>,
    offset: Option<Scalar>,
    topic: Option<Bytes>,
    rows_left: usize,
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
            group: None,
            windows,
            builder: ColumnsBuilder::default(),
            is_done: false,
        })
    }

    /// Opens the row group that has the next row; says whether there is one.
    fn open_group(&mut self) -> Result<bool, Failure> {
        while let Some(metadata) = self.metadata.row_groups().get(self.next_group) {
            let index = self.next_group;
            self.next_group += 1;
            let rows = u64::try_from(metadata.num_rows()).unwrap_or_default();
            let first = self.before;
            self.before += rows;
            if self.before <= self.row {
                continue;
            }
            let leaves = self.shape.leaves();
            let chunks = leaves.iter().filter_map(|leaf| metadata.columns().get(*leaf)).map(|chunk| {
                let (start, length) = chunk.byte_range();
                let claims = PageClaims {
                    values: u64::try_from(chunk.num_values()).unwrap_or_default(),
                    bytes: u64::try_from(chunk.uncompressed_size()).unwrap_or_default(),
                };
                (start..start + length, claims)
            });
            self.windows = Windows::over(&self.file, chunks, &self.room);
            let group = Group {
                windows: &self.windows,
                file: &self.metadata,
                metadata,
                rows: usize::try_from(rows).unwrap_or(usize::MAX),
                skip: usize::try_from(self.row - first).unwrap_or(usize::MAX),
            };
            let (shape, schema) = (&self.shape, self.schema.as_ref());
            let scalar = |leaf: Option<_>| leaf.map(|leaf| Scalar::open(group, leaf)).transpose();
            self.group = Some(OpenGroup {
                key: ContentColumn::open(group, index, &shape.key, self.encoding.key, schema)?,
                value: ContentColumn::open(group, index, &shape.value, self.encoding.value, schema)?,
                headers: HeaderColumn::open(group, &shape.headers, self.encoding.headers)?,
                timestamp: scalar(shape.timestamp)?,
                partition: scalar(shape.partition)?,
                offset: scalar(shape.offset)?,
                topic: shape.topic.map(|leaf| Bytes::open(group, leaf.leaf, leaf.fixed)).transpose()?,
                rows_left: group.rows - group.skip,
                instants: Vec::new(),
            });
            return Ok(true);
        }
        Ok(false)
    }

    fn read_rows(&mut self) -> Result<Option<Rows>, Failure> {
        let first_row = self.row;
        let mut places = Places {
            topics: self.shape.topic.map(|_| StringBuilder::new()),
            partitions: self.shape.partition.map(|_| Vec::new()),
            offsets: self.shape.offset.map(|_| Vec::new()),
        };
        while !self.builder.is_full(self.limits) {
            if self.group.as_ref().is_none_or(|group| group.rows_left == 0) {
                self.group = None;
                if !self.open_group()? {
                    break;
                }
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
        match (&mut self.offset, &mut places.offsets) {
            (Some(column), Some(offsets)) if self.partition.is_none() && self.topic.is_none() => {
                let before = offsets.len();
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
        self.rows_left -= rows;
        Ok(())
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

fn null(part: &str) -> Failure {
    Failure::Row(format!("the {part} is null (`backup.columns.{part} = \"-\"` if the file's {part}s do not count)"))
}

fn kafka_partition(partition: i64) -> Result<i32, Failure> {
    i32::try_from(partition)
        .map_err(|_| Failure::Row(format!("partition {partition} is more than Kafka's partitions can be")))
}

impl Shape {
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
