//! Rows from lines.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;

use super::fields::{Fields, Parts};
use super::headers::{self, HeaderScratch};
use super::input::Lines;
use super::parts::{self, Scratch};
use super::sample::Sample;
use crate::batch::{ColumnsBuilder, Limits};
use crate::read::mapping::{ABSENT, Mapping, Role, ValueSource};
use crate::read::{OpenFile, Placing, ReadError, ReadSettings, RowReader, Rows};

/// Reads the rows of one file.
pub(super) struct LinesReader {
    path: Arc<str>,
    lines: Lines,
    fields: Fields,
    /// Whether the fields that are no part of a record are the value; `exact` if that is all of them.
    row_value: bool,
    row_exact: bool,
    placing: Placing,
    settings: ReadSettings,
    next_row: u64,
    columns: ColumnsBuilder,
    places: Places,
    scratch: Buffers,
    ended: bool,
}

/// The columns of the records' places, under construction.
#[derive(Default)]
struct Places {
    topics: StringBuilder,
    partitions: Vec<i32>,
    offsets: Vec<i64>,
}

#[derive(Default)]
struct Buffers {
    key: Scratch,
    value: Scratch,
    headers: HeaderScratch,
    rest: String,
}

impl LinesReader {
    pub(super) fn open(file: &OpenFile, settings: &ReadSettings) -> Result<Self, ReadError> {
        let sample = Sample::take(file, &settings.room)?;
        // A file without lines has no columns that could be missing.
        let names = if sample.is_empty() { &Default::default() } else { &settings.columns };
        let mapping = Mapping::resolve(file.path(), names, sample.columns)?;
        let mut reader = Self {
            path: Arc::clone(file.path()),
            lines: Lines::open(file, &settings.room)?,
            fields: Fields::new(&mapping, &settings.columns),
            row_value: matches!(mapping.value, ValueSource::Row(_)),
            row_exact: Role::ALL.into_iter().all(|role| mapping.column(role).is_none()),
            placing: mapping.placing(),
            settings: settings.clone(),
            next_row: 0,
            columns: ColumnsBuilder::default(),
            places: Places::default(),
            scratch: Buffers::default(),
            ended: false,
        };
        while reader.next_row < settings.first_row && reader.lines.advance(reader.next_row)? {
            reader.next_row += 1;
        }
        reader.ended = reader.next_row < settings.first_row;
        Ok(reader)
    }

    /// Adds the row of the line at hand.
    fn row(&mut self) -> Result<(), String> {
        let line = std::str::from_utf8(self.lines.line())
            .map_err(|error| format!("column {}: the text is not UTF-8", error.valid_up_to() + 1))?;
        let Buffers { key, value, headers, rest } = &mut self.scratch;
        let parts = self.fields.find(line, rest).map_err(|error| told(&error))?;
        if let Some(role) = self.fields.late_place(&parts) {
            return Err(late(role));
        }
        let encodings = self.settings.encoding;

        let encoding = of(Role::Key, parts::encoding(parts.key_encoding(), encodings.key, key))?;
        let bytes = match parts.part(Role::Key) {
            Some(json) => Some(of(Role::Key, parts::bytes(json, encoding, key))?),
            None => None,
        };
        self.columns.key(bytes);

        let bytes = if self.row_value {
            Some(if self.row_exact { line.trim_ascii().as_bytes() } else { rest.as_bytes() })
        } else {
            let encoding = of(Role::Value, parts::encoding(parts.value_encoding(), encodings.value, value))?;
            match parts.part(Role::Value) {
                Some(json) => Some(of(Role::Value, parts::bytes(json, encoding, value))?),
                None => None,
            }
        };
        self.columns.value(bytes);

        if let Some(json) = parts.part(Role::Headers) {
            of(Role::Headers, headers::append(json, encodings.headers, headers, &mut self.columns))?;
        }
        let timestamp = of(Role::Timestamp, parts::timestamp(parts.part(Role::Timestamp), key))?;
        self.columns.end_row(timestamp);
        place(&mut self.places, self.placing, &parts, key)
    }

    fn failed(&self, what: &str) -> ReadError {
        ReadError::Corrupt {
            path: Arc::clone(&self.path),
            row: Some(self.next_row),
            message: format!("line {}: {what}", self.lines.number()),
        }
    }
}

/// Adds the record's place.
fn place(places: &mut Places, has: Placing, parts: &Parts<'_>, scratch: &mut Scratch) -> Result<(), String> {
    if has.topic {
        match parts.part(Role::Topic) {
            Some(json) => places.topics.append_value(of(Role::Topic, parts::text(json, scratch))?),
            None => places.topics.append_null(),
        }
    }
    if has.partition {
        places.partitions.push(of(Role::Partition, parts::number(parts.part(Role::Partition)))?);
    }
    if has.offset {
        places.offsets.push(of(Role::Offset, parts::number(parts.part(Role::Offset)))?);
    }
    Ok(())
}

/// The message of a line with a part of the record's place that the sample did not have. To read on
/// would put the lines before, or this one, in the wrong place.
fn late(role: Role) -> String {
    let name = role.name();
    format!(
        "{name}: this line has one, but the first lines, which decide for the whole file, have none; name their column \
         in `backup.columns.{name}`, or `{ABSENT}` for none"
    )
}

/// Says which part of a record a message is about.
fn of<T>(role: Role, result: Result<T, String>) -> Result<T, String> {
    result.map_err(|what| format!("{}: {what}", role.name()))
}

/// The message of a line that is no JSON object, with its column; the line's own number is told by
/// the reader.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
    let more = if error.is_eof() { "; an object is one line (`jq -c .` makes it one)" } else { "" };
    match error.column() {
        0 => format!("{what}{more}"),
        column => format!("column {column}: {what}{more}"),
    }
}

impl LinesReader {
    /// Adds rows until a limit is reached or the file ends.
    fn fill(&mut self) -> Result<(), ReadError> {
        while !self.ended && !self.columns.is_full(self.settings.limits) {
            if !self.lines.advance(self.next_row)? {
                self.ended = true;
                break;
            }
            let before = self.columns.bytes();
            self.row().map_err(|what| self.failed(&what))?;
            if self.columns.bytes() - before > Limits::RECORD {
                return Err(self.failed(&format!("the record is larger than {} MiB", Limits::RECORD >> 20)));
            }
            self.next_row += 1;
        }
        Ok(())
    }
}

impl RowReader for LinesReader {
    fn next(&mut self) -> Result<Option<Rows>, ReadError> {
        let first_row = self.next_row;
        if let Err(error) = self.fill() {
            // Rows before the fault are not given out: the restore stops here.
            self.ended = true;
            self.columns = ColumnsBuilder::default();
            return Err(error);
        }
        if self.columns.is_empty() {
            return Ok(None);
        }
        Ok(Some(Rows {
            first_row,
            columns: self.columns.finish(),
            topics: self.placing.topic.then(|| self.places.topics.finish()),
            partitions: self.placing.partition.then(|| std::mem::take(&mut self.places.partitions)),
            offsets: self.placing.offset.then(|| std::mem::take(&mut self.places.offsets)),
        }))
    }
}
