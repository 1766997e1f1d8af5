//! A small format for these tests: a line a record, `topic partition offset key value`, `-` where
//! something is missing. The first line says which of topic, partition and offset are columns.

use std::sync::Arc;

use arrow_array::StringArray;

use crate::batch::{ColumnsBuilder, Limits, NO_TIMESTAMP};
use crate::catalog::{Opener, Opening};
use crate::read::{Count, FileFacts, Format, LaneRoom, OpenFile, Placing, ReadError, RowReader, Rows};

/// Opens files of the format, with or without statistics.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    /// Whether facts tell exact counts and the range of offsets.
    pub(super) statistics: bool,
}

/// A record as a line has it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
}

/// A file of the format.
pub(super) fn file(columns: &str, lines: &[Line]) -> String {
    let mut content = format!("{columns}\n");
    for Line { topic, partition, offset, key, value } in lines {
        let or_none = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
        content += &format!("{topic} {partition} {offset} {} {}\n", or_none(key), or_none(value));
    }
    content
}

fn parse(file: &OpenFile) -> Result<(Placing, Vec<Line>), ReadError> {
    let bytes = file.read_at(0, file.size() as usize)?;
    let corrupt =
        |message: &str| ReadError::UnknownFormat { path: Arc::clone(file.path()), message: message.to_owned() };
    let content = std::str::from_utf8(&bytes).map_err(|_| corrupt("no text"))?;
    let mut lines = content.lines();
    let columns =
        lines.next().filter(|columns| columns.starts_with("columns")).ok_or_else(|| corrupt("no first line"))?;
    let has = |name: &str| columns.split(' ').any(|column| column == name);
    let some = |field: &str| (field != "-").then(|| field.to_owned());
    let records = lines.map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        Line {
            topic: fields[0].to_owned(),
            partition: fields[1].parse().unwrap(),
            offset: fields[2].parse().unwrap(),
            key: some(fields[3]),
            value: some(fields[4]),
        }
    });
    Ok((Placing { topic: has("topic"), partition: has("partition"), offset: has("offset") }, records.collect()))
}

impl Opener for Lines {
    fn facts(&self, file: &OpenFile) -> Result<FileFacts, ReadError> {
        let (has, lines) = parse(file)?;
        let offsets = lines.iter().map(|line| line.offset);
        let range = offsets.clone().min().zip(offsets.max()).filter(|_| has.offset);
        Ok(FileFacts {
            format: Format::JsonLines,
            rows: if self.statistics {
                Count::Exact(lines.len() as u64)
            } else {
                Count::Estimated(1 + lines.len() as u64)
            },
            schema: Vec::new(),
            mapping: Vec::new(),
            lost: Vec::new(),
            offsets: range.filter(|_| self.statistics),
            timestamps: None,
            log_append_time: None,
            without_key: None,
            has,
        })
    }

    fn room(&self) -> LaneRoom {
        LaneRoom::default()
    }

    fn open(&self, file: OpenFile, opening: Opening) -> Result<Box<dyn RowReader>, ReadError> {
        let (has, lines) = parse(&file)?;
        Ok(Box::new(Reader { has, lines, next: opening.first_row as usize, limits: opening.limits }))
    }
}

struct Reader {
    has: Placing,
    lines: Vec<Line>,
    next: usize,
    limits: Limits,
}

impl RowReader for Reader {
    fn next(&mut self) -> Result<Option<Rows>, ReadError> {
        let first = self.next;
        let mut columns = ColumnsBuilder::default();
        while let Some(line) = self.lines.get(self.next).filter(|_| !columns.is_full(self.limits)) {
            columns.key(line.key.as_ref().map(String::as_bytes));
            columns.value(line.value.as_ref().map(String::as_bytes));
            columns.end_row(NO_TIMESTAMP);
            self.next += 1;
        }
        let lines = self.lines.get(first..self.next).unwrap_or_default();
        if lines.is_empty() {
            return Ok(None);
        }
        Ok(Some(Rows {
            first_row: first as u64,
            columns: columns.finish(),
            topics: self.has.topic.then(|| lines.iter().map(|line| Some(line.topic.as_str())).collect::<StringArray>()),
            partitions: self.has.partition.then(|| lines.iter().map(|line| line.partition).collect()),
            offsets: self.has.offset.then(|| lines.iter().map(|line| line.offset).collect()),
        }))
    }
}
