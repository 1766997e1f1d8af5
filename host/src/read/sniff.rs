//! Tells formats by content: the first bytes decide, never a file's name.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;

use super::{Format, OpenFile, ReadError};
use crate::store::{SequentialReader, StoreError};

/// How many bytes are looked at.
const HEAD: u64 = 512;

/// What JSON Lines may be compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// The first bytes of a file.
pub(super) fn head(file: &OpenFile) -> Result<Bytes, ReadError> {
    Ok(file.read_at(0, HEAD.min(file.size()) as usize)?)
}

/// Whether bytes begin like compressed ones. zstd has also skippable frames, with which multi-frame
/// files of some writers begin.
pub(super) fn compression(head: &[u8]) -> Option<Compression> {
    match head {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Compression::Zstd),
        _ => None,
    }
}

/// The format of a file. `expected` is what the job says of files whose content does not decide.
///
/// # Errors
/// A file without content that the job does not call JSON Lines, and one of another format, with what
/// it begins with and what to do.
pub(super) fn format(file: &OpenFile, expected: Option<Format>) -> Result<Format, ReadError> {
    let head = head(file)?;
    let unknown = |message: String| ReadError::UnknownFormat { path: Arc::clone(file.path()), message };
    if head.is_empty() {
        return match expected {
            Some(Format::JsonLines) => Ok(Format::JsonLines),
            _ => Err(unknown(
                "it is empty; remove it, or set `backup.format = \"json-lines\"` where an empty file means no records"
                    .to_owned(),
            )),
        };
    }
    if head.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if head.starts_with(b"Obj\x01") {
        return Ok(Format::Avro);
    }
    let Some(compression) = compression(&head) else {
        return text(&head).map_err(unknown);
    };
    let source = SequentialReader::new(Arc::clone(file), 0);
    let mut inner = Vec::new();
    let read = match compression {
        Compression::Gzip => flate2::bufread::MultiGzDecoder::new(source).take(HEAD).read_to_end(&mut inner),
        Compression::Zstd => {
            zstd::Decoder::with_buffer(source).and_then(|decoder| decoder.take(HEAD).read_to_end(&mut inner))
        }
    };
    match read {
        // Damage is told by the reader, with the line it comes after, if there is anything to read.
        Ok(_) | Err(_) if !inner.is_empty() => {
            text(&inner).map_err(|what| unknown(format!("it is {} of something else: {what}", compression.name())))
        }
        Ok(_) => Ok(Format::JsonLines),
        Err(error) => match StoreError::from_io(error) {
            Ok(error) => Err(error.into()),
            Err(error) => Err(ReadError::Corrupt {
                path: Arc::clone(file.path()),
                row: None,
                message: format!("the {} data is damaged from the start: {error}", compression.name()),
            }),
        },
    }
}

/// Whether text is JSON Lines, or in words what it is instead.
fn text(head: &[u8]) -> Result<Format, String> {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match body {
        [] | [b'{', ..] => Ok(Format::JsonLines),
        _ => Err(in_words(body)),
    }
}

/// What foreign bytes are, and what to do with them.
fn in_words(body: &[u8]) -> String {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"PAR1", "it is Parquet in a compressed wrapper; decompress it"),
        (b"PARE", "it is Parquet with an encrypted footer, which is not read"),
        (b"Obj\x01", "it is Avro in a compressed wrapper; decompress it"),
        (b"ORC", "it begins like ORC; convert it to Parquet"),
        (b"KBAK", "it begins like a segment of `kafka-backup` (KBAK)"),
        (b"PK\x03\x04", "it begins like a zip archive; unpack it"),
        (b"BZh", "it begins like bzip2; decompress it, or use gzip or zstd"),
        (b"\xfd7zXZ\x00", "it begins like xz; decompress it, or use gzip or zstd"),
        (b"\xff\x06\x00\x00sNaPpY", "it begins like framed snappy; decompress it, or use gzip or zstd"),
        (b"\x04\x22\x4d\x18", "it begins like lz4; decompress it, or use gzip or zstd"),
        (b"\x1f\x8b", "it is compressed twice; decompress it once"),
        (b"\x28\xb5\x2f\xfd", "it is compressed twice; decompress it once"),
        (b"SQLite format 3\0", "it begins like a SQLite database"),
        (b"\xff\xfe", "it begins like UTF-16 text; convert it to UTF-8"),
        (b"\xfe\xff", "it begins like UTF-16 text; convert it to UTF-8"),
        (b"<", "it begins like XML"),
        (b"[", "it begins like a JSON array; JSON Lines has one object a line (`jq -c '.[]'` makes it)"),
    ];
    if let Some((_, words)) = KNOWN.iter().find(|(magic, _)| body.starts_with(magic)) {
        return (*words).to_owned();
    }
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or(body);
    let shown: String = String::from_utf8_lossy(&line[..line.len().min(24)]).escape_debug().collect();
    let is_text = !body.iter().any(|byte| *byte < b' ' && !byte.is_ascii_whitespace());
    if is_text && line.iter().filter(|byte| matches!(byte, b',' | b';' | b'\t')).count() >= 1 {
        format!("it looks like CSV (`{shown}`); convert it to JSON Lines or Parquet")
    } else {
        format!("it begins with `{shown}`; if it does not belong to the backup, move it elsewhere")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::store::MemoryFile;

    fn told(content: &[u8]) -> Result<Format, String> {
        let file: OpenFile = Arc::new(MemoryFile::new("a", content.to_vec()));
        format(&file, None).map_err(|error| error.to_string())
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_content_decides() {
        assert_eq!(told(b"PAR1\0"), Ok(Format::Parquet));
        assert_eq!(told(b"Obj\x01\0"), Ok(Format::Avro));
        for lines in ["{}", "\u{feff} \r\n {\"a\"", "\n"] {
            assert_eq!(told(lines.as_bytes()), Ok(Format::JsonLines), "{lines:?}");
            assert_eq!(told(&gzip(lines.as_bytes())), Ok(Format::JsonLines), "{lines:?}");
            assert_eq!(told(&zstd::encode_all(lines.as_bytes(), 0).unwrap()), Ok(Format::JsonLines), "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_backup_is_told_in_words() {
        let words = |content: &[u8]| told(content).unwrap_err();
        insta::assert_snapshot!(words(b""), @"");
        insta::assert_snapshot!(words(b" [{\"a\":1}]"), @"");
        insta::assert_snapshot!(words(b"key,value\n1,2\n"), @"");
        insta::assert_snapshot!(words(b"KBAK\x01"), @"");
        insta::assert_snapshot!(words(b"hello"), @"");
        insta::assert_snapshot!(words(&[0x1f, 0x8b, 9, 9]), @"");
        insta::assert_snapshot!(words(&gzip(b"PAR1")), @"");
        insta::assert_snapshot!(words(&gzip(b"hello")), @"");
    }

    #[test]
    fn an_empty_file_is_json_lines_if_the_job_says_so() {
        let file: OpenFile = Arc::new(MemoryFile::new("a", Vec::new()));
        assert_eq!(format(&file, Some(Format::JsonLines)).unwrap(), Format::JsonLines);
        assert!(format(&file, Some(Format::Avro)).is_err());
    }
}
