//! The headers of a row group, row by row.

use parquet::data_type::{ByteArray, ByteArrayType, DataType, FixedLenByteArrayType};
use parquet::errors::ParquetError;

use super::column::{Bytes, Entry, Group, Repeated, Size};
use super::content::{Encoded, Failure, too_large};
use super::shape::{BytesLeaf, HeaderSource};
use crate::batch::ColumnsBuilder;
use crate::job::Encoding;

/// Headers of a row group.
#[expect(clippy::large_enum_variant, reason = "one a row group: a box would cost more than the room")]
pub(super) enum HeaderColumn {
    /// There are none.
    None,
    /// Names and values of the entries of a list or a map.
    List {
        names: Repeated<ByteArrayType>,
        values: Values,
        entry: i16,
        rows_left: usize,
        /// Whether none of the rows left has a header.
        blank: bool,
        encoded: Encoded,
    },
    /// A column for each name.
    Struct(Vec<(String, Bytes, Encoded)>),
}

/// The values of headers, of variable or of one length.
pub(super) enum Values {
    Variable(Repeated<ByteArrayType>),
    Fixed(Repeated<FixedLenByteArrayType>),
}

impl HeaderColumn {
    /// Opens the columns of headers.
    ///
    /// # Errors
    /// A codec or an encoding that is unknown, or a damaged file.
    pub(super) fn open(group: Group<'_>, source: &HeaderSource, encoding: Encoding) -> Result<Self, ParquetError> {
        let encoded = |leaf: &BytesLeaf| Encoded::new(if leaf.text { encoding } else { Encoding::Text });
        Ok(match source {
            HeaderSource::None => Self::None,
            HeaderSource::List { names, values, entry } => Self::List {
                names: Repeated::open(group, names.leaf)?,
                values: match values.fixed {
                    true => Values::Fixed(Repeated::open(group, values.leaf)?),
                    false => Values::Variable(Repeated::open(group, values.leaf)?),
                },
                entry: *entry,
                rows_left: 0,
                blank: false,
                encoded: encoded(values),
            },
            HeaderSource::Struct(fields) => {
                let open = |(name, leaf): &(String, BytesLeaf)| {
                    Ok((name.clone(), Bytes::open(group, leaf.leaf, leaf.fixed)?, encoded(leaf)))
                };
                Self::Struct(fields.iter().map(open).collect::<Result<_, ParquetError>>()?)
            }
        })
    }

    /// Rows that can be taken without further reading, at least one.
    ///
    /// # Errors
    /// A damaged file, or the end of a column.
    pub(super) fn fill(&mut self) -> Result<usize, ParquetError> {
        match self {
            Self::None => Ok(usize::MAX),
            Self::List { names, values, entry, rows_left, blank, .. } => {
                if *rows_left == 0 {
                    *rows_left = match values {
                        Values::Variable(values) => decode(names, values)?,
                        Values::Fixed(values) => decode(names, values)?,
                    };
                    *blank = names.ends_above(*entry);
                }
                Ok(*rows_left)
            }
            Self::Struct(fields) => {
                let mut rows = usize::MAX;
                for (_, column, _) in fields {
                    rows = rows.min(column.fill()?);
                }
                Ok(rows)
            }
        }
    }

    /// Whether no row that [`Self::fill`] spoke of has a header.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::None => true,
            Self::List { blank, .. } => *blank,
            Self::Struct(_) => false,
        }
    }

    /// Passes over the next `rows` rows, of which none [has a header](Self::is_blank).
    pub(super) fn pass(&mut self, rows: usize) {
        if let Self::List { names, values, rows_left, .. } = self {
            *rows_left = rows_left.saturating_sub(rows);
            names.pass(rows);
            match values {
                Values::Variable(values) => values.pass(rows),
                Values::Fixed(values) => values.pass(rows),
            }
        }
    }

    /// Adds the headers of the next row to the row under way, `left` bytes at most. Only as often as
    /// [`Self::fill`] said.
    ///
    /// # Errors
    /// A header without a name, a name that is not UTF-8, a value that is not in its encoding, more bytes.
    pub(super) fn append(&mut self, builder: &mut ColumnsBuilder, mut left: usize) -> Result<(), Failure> {
        match self {
            Self::None => Ok(()),
            Self::List { names, values, entry, rows_left, encoded, .. } => {
                *rows_left = rows_left.saturating_sub(1);
                match values {
                    Values::Variable(values) => append(names, values, *entry, encoded, builder, left),
                    Values::Fixed(values) => append(names, values, *entry, encoded, builder, left),
                }
            }
            Self::Struct(fields) => {
                for (name, column, encoded) in fields {
                    if let Some(value) = column.next() {
                        let value = encoded.decode(value, "header")?;
                        left = left.checked_sub(name.len() + value.len()).ok_or_else(too_large)?;
                        builder.header(name, Some(value));
                    }
                }
                Ok(())
            }
        }
    }
}

/// Decodes the next rows of both columns; says how many.
fn decode<V: DataType>(names: &mut Repeated<ByteArrayType>, values: &mut Repeated<V>) -> Result<usize, ParquetError>
where
    V::T: Size,
{
    let rows = names.decode(names.step().min(values.step()))?;
    let same = values.decode(rows)? == rows && names.repetitions() == values.repetitions();
    if !same || names.repetitions().first() != Some(&0) {
        return Err(ParquetError::General("names and values of the headers do not fit each other".to_owned()));
    }
    Ok(rows)
}

fn append<V: DataType>(
    names: &mut Repeated<ByteArrayType>,
    values: &mut Repeated<V>,
    entry: i16,
    encoded: &mut Encoded,
    builder: &mut ColumnsBuilder,
    mut left: usize,
) -> Result<(), Failure>
where
    V::T: Size + AsRef<[u8]>,
{
    loop {
        let (Some(name), Some(value)) = (names.next(), values.next()) else {
            return Err(Failure::Row("the row has no headers, not even none".to_owned()));
        };
        if name.definition >= entry {
            let name = header_name(&name)?;
            let value = value.value.map(|value| encoded.decode(value.as_ref(), "header")).transpose()?;
            left = left.checked_sub(name.len() + value.map_or(0, <[u8]>::len)).ok_or_else(too_large)?;
            builder.header(name, value);
        }
        if !names.goes_on() {
            return Ok(());
        }
    }
}

fn header_name<'a>(entry: &Entry<'a, ByteArray>) -> Result<&'a str, Failure> {
    let name = entry.value.ok_or_else(|| Failure::Row("a header has no name".to_owned()))?;
    std::str::from_utf8(name.data()).map_err(|error| Failure::Row(format!("a header's name is not UTF-8: {error}")))
}
