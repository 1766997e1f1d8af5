//! Checks what a page header claims before the `parquet` crate reserves memory for it.
//!
//! A page header is a Thrift struct in the compact protocol. Only the sizes and counts are read here,
//! by the format's own definition (`parquet.thrift`, `PageHeader`): 1 type, 2 uncompressed size,
//! 3 compressed size, 5 data page, 7 dictionary page, 8 data page of version 2; field 1 of each of the
//! last three is the number of values.

use std::io::Read;

use parquet::errors::ParquetError;

/// What the pages of a column chunk can claim at most, by the footer.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageClaims {
    /// Values of the chunk, nulls among them.
    pub(super) values: u64,
    /// Uncompressed bytes of the chunk.
    pub(super) bytes: u64,
}

/// Some writers leave the headers or the dictionary out of the footer's sums; what is this small is
/// taken whatever the footer says.
const HARMLESS: u64 = 16 << 20;

/// A number of Thrift's compact protocol.
pub(super) const TYPE_I32: u8 = 5;
/// A struct of Thrift's compact protocol.
pub(super) const TYPE_STRUCT: u8 = 12;

impl PageClaims {
    /// Reads the header that begins here and tells how many bytes the page has, decompressed.
    ///
    /// # Errors
    /// What it claims too much of; what is not a page header at all is left to the crate.
    pub(super) fn check(self, input: &mut impl Read) -> Result<u64, ParquetError> {
        let Some(header) = Header::read(input) else {
            return Ok(0);
        };
        let bytes = header.uncompressed.unwrap_or_default();
        if bytes > self.bytes.max(HARMLESS) {
            return Err(ParquetError::General(format!(
                "a page says that it has {bytes} bytes, but its column chunk has {}",
                self.bytes
            )));
        }
        let most = match header.kind {
            // Each value of a dictionary takes at least a byte; also an empty string has a length.
            Kind::Dictionary => bytes.max(1),
            Kind::Data => self.values,
        };
        if header.values > most {
            return Err(ParquetError::General(format!(
                "a page says that it has {} values, but there can only be {most}",
                header.values
            )));
        }
        Ok(bytes)
    }
}

enum Kind {
    Data,
    Dictionary,
}

struct Header {
    uncompressed: Option<u64>,
    kind: Kind,
    values: u64,
}

impl Header {
    fn read(input: &mut impl Read) -> Option<Self> {
        let mut uncompressed = None;
        let mut field = 0_i16;
        loop {
            let lead = byte(input)?;
            let delta = i16::from(lead >> 4);
            // The crate cuts numbers of fields and sizes off to their type, so that is done here too.
            field = if delta == 0 { zigzag(input)? as i16 } else { field.checked_add(delta)? };
            match (field, lead & 0x0f) {
                (2, TYPE_I32) => uncompressed = Some(u64::try_from(zigzag(input)? as i32).ok()?),
                (_, TYPE_I32) => {
                    zigzag(input)?;
                }
                (number @ (5 | 7 | 8), TYPE_STRUCT) => {
                    if byte(input)? != (1 << 4 | TYPE_I32) {
                        return None;
                    }
                    let values = u64::try_from(zigzag(input)? as i32).ok()?;
                    let kind = if number == 7 { Kind::Dictionary } else { Kind::Data };
                    return Some(Self { uncompressed, kind, values });
                }
                _ => return None,
            }
        }
    }
}

pub(super) fn byte(input: &mut impl Read) -> Option<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte).ok()?;
    Some(byte[0])
}

/// A signed number of the compact protocol.
pub(super) fn zigzag(input: &mut impl Read) -> Option<i64> {
    let raw = super::delta::varint(|| byte(input))?;
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const CLAIMS: PageClaims = PageClaims { values: 10, bytes: HARMLESS * 2 };

    /// A header of a data page with these sizes: fields 1, 2, 3 and 5.1.
    fn header(uncompressed: u64, values: u64) -> Vec<u8> {
        let mut bytes = vec![0x15, 0];
        for (lead, number) in [(0x15, uncompressed), (0x15, 7)] {
            bytes.push(lead);
            varint(number * 2, &mut bytes);
        }
        bytes.extend([0x2c, 0x15]);
        varint(values * 2, &mut bytes);
        bytes
    }

    /// Writes a number of the compact protocol.
    pub(in crate::read::parquet) fn varint(mut number: u64, out: &mut Vec<u8>) {
        while number >= 0x80 {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        out.push(number as u8);
    }

    #[test]
    fn a_page_cannot_claim_more_than_its_chunk() {
        assert!(CLAIMS.check(&mut header(HARMLESS * 2, 10).as_slice()).is_ok());
        let values = CLAIMS.check(&mut header(100, 11).as_slice()).unwrap_err().to_string();
        assert!(values.contains("11 values"), "{values}");
        let bytes = CLAIMS.check(&mut header(HARMLESS * 2 + 1, 10).as_slice()).unwrap_err().to_string();
        assert!(bytes.contains("its column chunk has"), "{bytes}");
    }

    #[test]
    fn a_field_number_at_its_end_does_not_overflow() {
        // The long form of the field, an i32 of 0, and a field that is one further.
        for number in [i64::MAX as u64, i16::MAX as u64] {
            let mut bytes = vec![TYPE_I32];
            varint(number * 2, &mut bytes);
            bytes.extend([0, 1 << 4 | TYPE_I32, 0]);
            assert!(CLAIMS.check(&mut bytes.as_slice()).is_ok());
        }
    }

    #[test]
    fn a_long_number_of_a_field_hides_nothing() {
        // Field 5 as the crate reads it, with field 1 of 11 values in it.
        let mut bytes = vec![TYPE_STRUCT];
        varint((5 + (1 << 16)) * 2, &mut bytes);
        bytes.extend([1 << 4 | TYPE_I32, 22]);
        assert!(CLAIMS.check(&mut bytes.as_slice()).is_err());
    }
}
