//! JSON Lines: one JSON object a line, plain, gzip or zstd.
//!
//! A string stands for bytes in the encoding that the job or the line says; any other value is its own
//! source text. The first lines decide which field is what part of a record ([`super::mapping`]).
//! Nothing is allocated per record: a line is read into a buffer, parsed without building a tree, and
//! its parts go straight into columns.

mod fields;
mod headers;
mod input;
mod late;
mod literal;
mod parts;
mod reader;
mod sample;

pub(crate) use fields::{KEY_ENCODING, VALUE_ENCODING};

use super::mapping::Mapping;
use super::{FileFacts, Format, OpenFile, ReadError, ReadSettings, RowReader};

/// Opens a file at `settings.first_row`; the lines before are passed over without being parsed.
///
/// # Errors
/// A file that cannot be read, and columns that the job names and the first lines do not have.
pub fn open(file: OpenFile, settings: &ReadSettings) -> Result<Box<dyn RowReader>, ReadError> {
    Ok(Box::new(reader::LinesReader::open(&file, settings)?))
}

/// What the first lines tell of a file. Rows are exact where those lines are the whole file.
///
/// # Errors
/// As [`open`], and a broken line among the first, as reading tells it.
pub fn facts(file: &OpenFile, settings: &ReadSettings) -> Result<FileFacts, ReadError> {
    let sample = sample::Sample::take(file, &settings.room)?;
    if let Some(lines) = sample.broken_after() {
        read_past(file, settings, lines)?;
    }
    let names = if sample.is_empty() { &Default::default() } else { &settings.columns };
    let (rows, schema) = (sample.rows(file.size()), sample.schema());
    let empty = sample.is_empty();
    let mut mapping = Mapping::resolve(file.path(), names, sample.columns)?;
    for name in fields::encodings(&mapping).collect::<Vec<_>>() {
        mapping.also_uses(name);
    }
    Ok(FileFacts {
        format: Format::JsonLines,
        rows,
        schema,
        mapping: mapping.in_words(),
        lost: if empty { Vec::new() } else { mapping.lost() },
        offsets: None,
        timestamps: None,
        log_append_time: None,
        without_key: mapping.without_key(rows).filter(|_| !empty),
        has: mapping.placing(),
    })
}

/// Reads past the first lines, of which one is broken, and so gives the error that reading gives. Where
/// reading finds nothing wrong (it passes over objects that the sample looks into) there is none.
fn read_past(file: &OpenFile, settings: &ReadSettings, lines: u64) -> Result<(), ReadError> {
    let settings = ReadSettings { first_row: 0, ..settings.clone() };
    let mut reader = reader::LinesReader::open(file, &settings)?;
    while let Some(rows) = reader.next()? {
        if rows.first_row + rows.columns.len() as u64 > lines {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
