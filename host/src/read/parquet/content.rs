//! Keys and values of a row group, row by row: bytes as they are, decoded text, or JSON text.

use parquet::errors::ParquetError;

use super::column::{Bytes, Group};
use super::json::{JsonColumn, JsonSchema};
use super::shape::Content;
use super::views::Views;
use crate::batch::Limits;
use crate::job::Encoding;
use crate::read::encoding;

/// What goes wrong while a row is read.
#[derive(Debug)]
pub(super) enum Failure {
    /// The file is damaged, or the store failed.
    File(ParquetError),
    /// The row is not what it must be.
    Row(String),
}

impl From<ParquetError> for Failure {
    fn from(error: ParquetError) -> Self {
        Self::File(error)
    }
}

/// A record beyond [`Limits::RECORD`].
pub(super) fn too_large() -> Failure {
    Failure::Row(format!("the record is larger than {} bytes", Limits::RECORD))
}

/// Decodes text that stands for bytes.
pub(super) struct Encoded {
    encoding: Encoding,
    buffer: Vec<u8>,
}

impl Encoded {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, buffer: Vec::new() }
    }

    /// The bytes that `text` stands for.
    ///
    /// # Errors
    /// Says what is wrong with the `part` of a record and which key of the job file decides.
    pub(super) fn decode<'a>(&'a mut self, text: &'a [u8], part: &str) -> Result<&'a [u8], Failure> {
        if self.encoding == Encoding::Text {
            return Ok(text);
        }
        let key = if part == "header" { "headers" } else { part };
        encoding::decode(text, self.encoding, &mut self.buffer)
            .map_err(|error| Failure::Row(format!("the {part} is {error} (`backup.encoding.{key}`)")))
    }
}

/// Keys or values of a row group.
#[expect(clippy::large_enum_variant, reason = "two a row group: a box would cost more than the room")]
pub(super) enum ContentColumn {
    None,
    Bytes(Bytes, Encoded),
    Json(Box<JsonColumn>),
}

impl ContentColumn {
    /// Opens the columns that a content comes from.
    ///
    /// # Errors
    /// A codec or an encoding that is unknown, or a damaged file.
    pub(super) fn open(
        group: Group<'_>,
        index: usize,
        content: &Content,
        encoding: Encoding,
        schema: Option<&JsonSchema>,
    ) -> Result<Self, Failure> {
        Ok(match content {
            Content::None => Self::None,
            Content::Leaf(leaf) => {
                let encoding = if leaf.text { encoding } else { Encoding::Text };
                Self::Bytes(Bytes::open(group, leaf.leaf, leaf.fixed)?, Encoded::new(encoding))
            }
            Content::Json(source) => {
                let schema = schema.ok_or_else(|| Failure::Row("the file has no Arrow schema".to_owned()))?;
                Self::Json(Box::new(JsonColumn::open(group, index, source, schema)?))
            }
        })
    }

    /// Rows that can be taken without further reading, at least one.
    ///
    /// # Errors
    /// A damaged file, or the end of a column.
    pub(super) fn fill(&mut self) -> Result<usize, Failure> {
        match self {
            Self::None => Ok(usize::MAX),
            Self::Bytes(column, _) => Ok(column.fill()?),
            Self::Json(column) => column.fill(),
        }
    }

    /// Whether rows can be taken by [`Self::run`]: the column is as it lies in the file, or there is none.
    pub(super) fn runs(&self) -> bool {
        match self {
            Self::None => true,
            Self::Bytes(Bytes::Views(_), encoded) => encoded.encoding == Encoding::Text,
            Self::Bytes(..) | Self::Json(_) => false,
        }
    }

    /// Bytes of the rows to come, in order; none for a column that does not [run](Self::runs).
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        let views = match self {
            Self::Bytes(Bytes::Views(views), _) => Some(views),
            _ => None,
        };
        views.into_iter().flat_map(Views::lengths).chain(std::iter::repeat(0))
    }

    /// The bytes of the next `rows` rows, of a column that [runs](Self::runs).
    pub(super) fn run(&mut self, rows: usize) -> impl Iterator<Item = Option<&[u8]>> {
        let (views, none) = match self {
            Self::Bytes(Bytes::Views(views), _) => (Some(views), 0),
            _ => (None, rows),
        };
        views.into_iter().flat_map(move |views| views.run(rows)).chain(std::iter::repeat_n(None, none))
    }

    /// The bytes of the next row. Only as often as [`Self::fill`] said.
    ///
    /// # Errors
    /// Text that is not in its encoding; a value that has no JSON text.
    pub(super) fn next(&mut self, part: &str) -> Result<Option<&[u8]>, Failure> {
        match self {
            Self::None => Ok(None),
            Self::Bytes(column, encoded) => match column.next() {
                Some(bytes) => encoded.decode(bytes, part).map(Some),
                None => Ok(None),
            },
            Self::Json(column) => column.next(),
        }
    }
}
