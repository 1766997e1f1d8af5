//! The native layout as JSON Lines.
//!
//! Bytes that are UTF-8 are written as text, others as base64 with a field beside them that says so, so
//! that a file can be read by people, loses nothing and needs no settings. See `docs/native-layout.md`.

use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::write::GzEncoder;

use super::TimestampType;
use crate::batch::Batch;
use crate::read::json_lines::{KEY_ENCODING, VALUE_ENCODING};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinesCompression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// Writes records to one file.
pub struct JsonLinesWriter<W: Write> {
    output: Output<W>,
    line: Vec<u8>,
}

enum Output<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> JsonLinesWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(output: W, compression: LinesCompression) -> io::Result<Self> {
        let output = match compression {
            LinesCompression::None => Output::Plain(output),
            LinesCompression::Gzip => Output::Gzip(GzEncoder::new(output, flate2::Compression::default())),
            LinesCompression::Zstd => Output::Zstd(zstd::Encoder::new(output, zstd::DEFAULT_COMPRESSION_LEVEL)?),
        };
        Ok(Self { output, line: Vec::new() })
    }

    /// Adds the records of a batch, a line each.
    ///
    /// # Errors
    /// What the output says.
    pub fn write(&mut self, batch: &Batch, timestamp_type: Option<TimestampType>) -> io::Result<()> {
        for row in 0..batch.len() {
            self.line.clear();
            append(batch, row, timestamp_type, &mut self.line)?;
            match &mut self.output {
                Output::Plain(output) => output.write_all(&self.line)?,
                Output::Gzip(output) => output.write_all(&self.line)?,
                Output::Zstd(output) => output.write_all(&self.line)?,
            }
        }
        Ok(())
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(self) -> io::Result<W> {
        match self.output {
            Output::Plain(output) => Ok(output),
            Output::Gzip(output) => output.finish(),
            Output::Zstd(output) => output.finish(),
        }
    }
}

/// Appends the line of one record.
fn append(batch: &Batch, row: usize, timestamp_type: Option<TimestampType>, line: &mut Vec<u8>) -> io::Result<()> {
    line.extend_from_slice(b"{\"topic\":");
    serde_json::to_writer(&mut *line, &*batch.source.topic)?;
    line.extend_from_slice(b",\"partition\":");
    serde_json::to_writer(&mut *line, &batch.source.partition)?;
    line.extend_from_slice(b",\"offset\":");
    serde_json::to_writer(&mut *line, &batch.offsets.as_ref().map(|offsets| offsets[row]))?;
    line.extend_from_slice(b",\"timestamp\":");
    serde_json::to_writer(&mut *line, &batch.columns.timestamps[row])?;
    line.extend_from_slice(b",\"timestamp_type\":");
    serde_json::to_writer(&mut *line, &timestamp_type.map(TimestampType::name))?;
    field(line, "key", KEY_ENCODING, crate::batch::value_at(&batch.columns.keys, row))?;
    field(line, "value", VALUE_ENCODING, crate::batch::value_at(&batch.columns.values, row))?;
    line.extend_from_slice(b",\"headers\":[");
    for (index, header) in batch.columns.headers.row(row).enumerate() {
        line.extend_from_slice(if index == 0 { b"{\"key\":".as_slice() } else { b",{\"key\":" });
        serde_json::to_writer(&mut *line, header.name)?;
        field(line, "value", "encoding", header.value)?;
        line.push(b'}');
    }
    line.extend_from_slice(b"]}\n");
    Ok(())
}

/// Appends a field of bytes, and what says how they are written unless they are text.
fn field(line: &mut Vec<u8>, name: &str, encoding: &str, bytes: Option<&[u8]>) -> io::Result<()> {
    write!(line, ",\"{name}\":")?;
    let Some(bytes) = bytes else {
        line.extend_from_slice(b"null");
        return Ok(());
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::to_writer(line, text)?,
        Err(_) => {
            let start = line.len() + 1;
            line.push(b'"');
            line.resize(start + bytes.len().div_ceil(3) * 4, 0);
            let written = BASE64_STANDARD.encode_slice(bytes, &mut line[start..]).map_err(io::Error::other)?;
            line.truncate(start + written);
            write!(line, "\",\"{encoding}\":\"base64\"")?;
        }
    }
    Ok(())
}
