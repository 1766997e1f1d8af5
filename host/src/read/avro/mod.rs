//! Avro object container files, decoded in columns.
//!
//! The container (header, blocks, sync markers, codecs) is read here, because a file that is cut off
//! must be an error and a block must not grow without bound; the `arrow-avro` crate decodes the records
//! of a block into Arrow arrays, which become a record's columns by bulk appends. Memory is that of the
//! largest block and of one batch.
//!
//! A file whose schema is no record (a container of bare `bytes` or `string`, as sinks write keys) is
//! read as records of one field, `value`.

mod blocks;
mod columns;
mod decompress;
mod extent;
mod headers;
mod reader;
mod schema;

use super::{Count, FileFacts, Format, OpenFile, ReadError, ReadSettings, RowReader};

/// Opens a file at `settings.first_row`. Blocks before it are passed over by their counts.
///
/// # Errors
/// A header or schema that cannot be read, and columns that do not fit the job.
pub fn open(file: OpenFile, settings: &ReadSettings) -> Result<Box<dyn RowReader>, ReadError> {
    Ok(Box::new(reader::AvroReader::open(&file, settings)?))
}

/// What header and blocks tell of a file. Rows are exact where the blocks' counts were all read, which
/// is done for files of up to 64 blocks; else they are judged from those blocks.
///
/// # Errors
/// As [`open`].
pub fn facts(file: &OpenFile, settings: &ReadSettings) -> Result<FileFacts, ReadError> {
    let (blocks, schema) = prepare(file, settings)?;
    let mut lost = schema.mapping.lost();
    lost.extend(schema.lost);
    lost.extend(schema.mapping.timestamp_type_lost());
    let rows = rows(blocks, file.size())?;
    Ok(FileFacts {
        format: Format::Avro,
        rows,
        schema: schema.fields,
        mapping: schema.mapping.in_words(),
        lost,
        offsets: None,
        timestamps: None,
        log_append_time: None,
        without_key: schema.mapping.without_key(rows),
        has: schema.mapping.placing(),
    })
}

/// The Avro schema of the values, where they are structured; see [`super::value_schema`].
///
/// # Errors
/// As [`open`], and a schema that does not hold without the columns that are no part of the value.
pub fn value_schema(
    file: &OpenFile,
    settings: &ReadSettings,
    name: &str,
) -> Result<Option<serde_json::Value>, ReadError> {
    let (_, decoding) = prepare(file, settings)?;
    let Some(schema) = decoding.of_values(name) else { return Ok(None) };
    match crate::schema::avro::Schema::parse(&schema.to_string(), &[]) {
        Ok(_) => Ok(Some(schema)),
        Err(error) => Err(ReadError::NoAvro {
            path: std::sync::Arc::clone(file.path()),
            message: format!("the schema of its values alone cannot be told: {error}"),
            hint: "take that of the whole file, and write the `target_schema` yourself",
        }),
    }
}

/// Reads header, schema and the first record; the blocks are at the first one.
fn prepare(file: &OpenFile, settings: &ReadSettings) -> Result<(blocks::Blocks, schema::Decoding), ReadError> {
    let (mut blocks, header) = blocks::Blocks::open(file, &settings.room)?;
    let mut decoding = schema::Decoding::new(file.path(), &header, settings)?;
    let (start, mut block) = (blocks.position(), Vec::new());
    if blocks.read(0, &mut block)?.is_some_and(|records| records > 0) {
        decoding.leave_out_blanks(file.path(), &block)?;
    }
    blocks.go(start);
    Ok((blocks, decoding))
}

/// How many blocks are counted before the rest is judged from them.
const COUNTED: usize = 64;

fn rows(mut blocks: blocks::Blocks, size: u64) -> Result<Count, ReadError> {
    let start = blocks.position();
    let mut rows = 0u64;
    for _ in 0..COUNTED {
        match blocks.skip(rows)? {
            Some(count) => rows = rows.saturating_add(count),
            None => return Ok(Count::Exact(rows)),
        }
    }
    if blocks.position() >= size {
        return Ok(Count::Exact(rows));
    }
    let (all, taken) = (size.saturating_sub(start), blocks.position().saturating_sub(start).max(1));
    let judged = u128::from(all) * u128::from(rows) / u128::from(taken);
    Ok(Count::Estimated(u64::try_from(judged).unwrap_or(u64::MAX).max(rows)))
}

#[cfg(test)]
mod tests;
