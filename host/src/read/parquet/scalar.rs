//! Timestamps, partitions, offsets and topics of a row group, row by row.

use chrono::DateTime;
use parquet::basic::{TimeUnit, Type as PhysicalType};
use parquet::data_type::{ByteArrayType, Int32Type, Int64Type, Int96Type};
use parquet::errors::ParquetError;

use super::column::{Flat, Group};
use super::content::Failure;
use super::schema::{is_unsigned, per_millisecond, unit};
use super::shape::ScalarLeaf;
use crate::batch::NO_TIMESTAMP;

/// A column of integers, whichever way they are written.
pub(super) struct Scalar {
    column: Physical,
    unsigned: bool,
    unit: TimeUnit,
}

enum Physical {
    Int32(Flat<Int32Type>),
    Int64(Flat<Int64Type>),
    Int96(Flat<Int96Type>),
    Text(Flat<ByteArrayType>),
}

impl Scalar {
    /// Opens the leaf.
    ///
    /// # Errors
    /// A codec or an encoding that is unknown, or a damaged file.
    pub(super) fn open(group: Group<'_>, source: ScalarLeaf) -> Result<Self, ParquetError> {
        let column = match source.physical {
            PhysicalType::INT32 => Physical::Int32(Flat::open(group, source.leaf)?),
            PhysicalType::INT64 => Physical::Int64(Flat::open(group, source.leaf)?),
            PhysicalType::INT96 => Physical::Int96(Flat::open(group, source.leaf)?),
            PhysicalType::BYTE_ARRAY => Physical::Text(Flat::open(group, source.leaf)?),
            other => return Err(ParquetError::General(format!("{other} is not a number"))),
        };
        let descriptor = group.metadata.schema_descr().column(source.leaf);
        Ok(Self { column, unsigned: is_unsigned(&descriptor), unit: unit(&descriptor) })
    }

    /// Rows that can be taken without further reading, at least one.
    ///
    /// # Errors
    /// A damaged file, or the end of the column.
    pub(super) fn fill(&mut self) -> Result<usize, ParquetError> {
        match &mut self.column {
            Physical::Int32(column) => column.fill(),
            Physical::Int64(column) => column.fill(),
            Physical::Int96(column) => column.fill(),
            Physical::Text(column) => column.fill(),
        }
    }

    /// The integer of the next row. Only as often as [`Self::fill`] said.
    ///
    /// # Errors
    /// Text that is no integer.
    pub(super) fn integer(&mut self) -> Result<Option<i64>, Failure> {
        Ok(match &mut self.column {
            Physical::Int32(column) => {
                column.next().map(|value| if self.unsigned { i64::from(*value as u32) } else { i64::from(*value) })
            }
            Physical::Int64(column) => match column.next() {
                Some(value) if self.unsigned && *value < 0 => {
                    return Err(Failure::Row(format!("{} is more than a 64-bit integer holds", *value as u64)));
                }
                value => value.copied(),
            },
            Physical::Int96(column) => column.next().map(|value| value.to_millis()),
            Physical::Text(column) => match column.next() {
                Some(text) => {
                    let text = text.data();
                    let number = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
                    Some(number.ok_or_else(|| {
                        Failure::Row(format!("`{}` is not an integer", String::from_utf8_lossy(text)))
                    })?)
                }
                None => None,
            },
        })
    }

    /// Adds the integers of the next `rows` rows to `integers`, `null` for those that are null. No more rows than
    /// [`Self::fill`] said.
    ///
    /// # Errors
    /// Text that is no integer; a null without a `null`.
    pub(super) fn integers(
        &mut self,
        rows: usize,
        null: impl Fn() -> Result<i64, Failure>,
        integers: &mut Vec<i64>,
    ) -> Result<(), Failure> {
        if let (Physical::Int64(column), false) = (&mut self.column, self.unsigned)
            && let Some(run) = column.run(rows)
        {
            integers.extend_from_slice(run);
            return Ok(());
        }
        for _ in 0..rows {
            integers.push(self.integer()?.map_or_else(&null, Ok)?);
        }
        Ok(())
    }

    /// Adds the instants of the next `rows` rows to `instants`, [`NO_TIMESTAMP`] for those that are null. No more
    /// rows than [`Self::fill`] said.
    ///
    /// # Errors
    /// As [`Self::millis`].
    pub(super) fn instants(&mut self, rows: usize, instants: &mut Vec<i64>) -> Result<(), Failure> {
        if let (Physical::Int64(_), TimeUnit::MILLIS) = (&self.column, self.unit) {
            return self.integers(rows, || Ok(NO_TIMESTAMP), instants);
        }
        for _ in 0..rows {
            instants.push(self.millis()?.unwrap_or(NO_TIMESTAMP));
        }
        Ok(())
    }

    /// The instant of the next row in milliseconds since the epoch, rounded down. Only as often as
    /// [`Self::fill`] said.
    ///
    /// # Errors
    /// Text that is neither RFC 3339 nor a number of milliseconds.
    pub(super) fn millis(&mut self) -> Result<Option<i64>, Failure> {
        if let Physical::Text(column) = &mut self.column {
            return column.next().map(|text| text_millis(text.data())).transpose();
        }
        let divisor = per_millisecond(self.unit);
        Ok(self.integer()?.map(|value| if divisor == 1 { value } else { value.div_euclid(divisor) }))
    }
}

fn text_millis(text: &[u8]) -> Result<i64, Failure> {
    let wrong = || Failure::Row(format!("`{}` is not a timestamp of RFC 3339", String::from_utf8_lossy(text)));
    let text = std::str::from_utf8(text).map_err(|_| wrong())?.trim();
    if let Ok(millis) = text.parse() {
        return Ok(millis);
    }
    DateTime::parse_from_rfc3339(text).map(|instant| instant.timestamp_millis()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn text_is_rfc_3339_or_milliseconds() {
        assert_eq!(text_millis(b"2024-02-29T12:00:00.123456+02:00").unwrap(), 1_709_200_800_123);
        assert_eq!(text_millis(b"1969-12-31T23:59:59.999Z").unwrap(), -1);
        assert_eq!(text_millis(b"-1").unwrap(), -1);
        assert!(text_millis(b"2024-02-29 12:00").is_err());
        assert!(text_millis(b"\xff").is_err());
    }
}
