//! Rows of a row group that are read one after the other, from all columns side by side.

use arrow_array::builder::StringBuilder;
use parquet::errors::ParquetError;

use super::column::{Bytes, Group};
use super::content::{ContentColumn, Failure, too_large};
use super::header_column::HeaderColumn;
use super::json::JsonSchema;
use super::prune::Run;
use super::scalar::Scalar;
use super::shape::Shape;
use crate::batch::{ColumnsBuilder, Limits, NO_TIMESTAMP};
use crate::job::Encodings;

/// The columns of the rows that are being read one after the other.
pub(super) struct OpenGroup {
    key: ContentColumn,
    value: ContentColumn,
    headers: HeaderColumn,
    timestamp: Option<Scalar>,
    partition: Option<Scalar>,
    offset: Option<Scalar>,
    topic: Option<Bytes>,
    /// Rows that are still to come.
    pub(super) rows_left: usize,
    /// What the file's statistics claim of these rows, where something was left out by them.
    run: Option<Run>,
    /// Timestamps on their way to the builder.
    instants: Vec<i64>,
}

/// Columns of a record's place under construction.
pub(super) struct Places {
    pub(super) topics: Option<StringBuilder>,
    pub(super) partitions: Option<Vec<i32>>,
    pub(super) offsets: Option<Vec<i64>>,
}

impl Places {
    /// Those that a file's columns tell.
    pub(super) fn new(shape: &Shape) -> Self {
        Self {
            topics: shape.topic.map(|_| StringBuilder::new()),
            partitions: shape.partition.map(|_| Vec::new()),
            offsets: shape.offset.map(|_| Vec::new()),
        }
    }
}

impl OpenGroup {
    /// Opens the columns of the row group of this `index`; `run` is what is claimed of its rows, where others were left
    /// out by that.
    ///
    /// # Errors
    /// A codec or an encoding that is unknown, or a damaged file.
    pub(super) fn open(
        group: Group<'_>,
        index: usize,
        shape: &Shape,
        encodings: Encodings,
        schema: Option<&JsonSchema>,
        run: Option<Run>,
    ) -> Result<Self, Failure> {
        let scalar = |leaf: Option<_>| leaf.map(|leaf| Scalar::open(group, leaf)).transpose();
        Ok(Self {
            key: ContentColumn::open(group, index, &shape.key, encodings.key, schema)?,
            value: ContentColumn::open(group, index, &shape.value, encodings.value, schema)?,
            headers: HeaderColumn::open(group, &shape.headers, encodings.headers)?,
            timestamp: scalar(shape.timestamp)?,
            partition: scalar(shape.partition)?,
            offset: scalar(shape.offset)?,
            topic: shape.topic.map(|leaf| Bytes::open(group, leaf.leaf, leaf.fixed)).transpose()?,
            rows_left: group.end - group.skip,
            run,
            instants: Vec::new(),
        })
    }

    /// Adds rows until a column needs to be read on or a limit is reached. `row` follows.
    pub(super) fn append(
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

fn null(part: &str) -> Failure {
    Failure::Row(format!("the {part} is null (`backup.columns.{part} = \"-\"` if the file's {part}s do not count)"))
}

/// A partition, unless Kafka cannot have it.
pub(super) fn kafka_partition(partition: i64) -> Result<i32, Failure> {
    i32::try_from(partition)
        .map_err(|_| Failure::Row(format!("partition {partition} is more than Kafka's partitions can be")))
}
