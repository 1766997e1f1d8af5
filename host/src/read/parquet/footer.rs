//! Reads the footer, whose schema is checked before the `parquet` crate builds a tree of it.
//!
//! A footer is a Thrift struct in the compact protocol (`parquet.thrift`, `FileMetaData`): its version
//! as field 1, then, as field 2, the elements of the schema, depth first, each with its count of
//! children. The crate goes down as deep and reserves memory for as many children as they say; the end
//! of the stack or of memory ends the process, which no guard catches.

use parquet::errors::ParquetError;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::page_header::{TYPE_I32, TYPE_STRUCT, byte, zigzag};
use super::window::Windows;

/// How deep groups of a schema may lie in each other.
const DEPTH: usize = 128;
/// How deep the values of a field may lie in each other that only newer versions of the format have.
const UNKNOWN_DEPTH: usize = 16;
/// The length of the footer and the magic number, in bytes.
const TAIL: usize = 8;

const TYPE_STOP: u8 = 0;
const TYPE_BINARY: u8 = 8;
const TYPE_LIST: u8 = 9;

/// Reads the footer at the end of a file.
///
/// # Errors
/// A footer that is damaged, and one that cannot be that of a file.
pub(super) fn read(windows: &Windows) -> Result<ParquetMetaData, ParquetError> {
    let end = windows.len().saturating_sub(TAIL as u64);
    let tail = FooterTail::try_from(&windows.get_bytes(end, TAIL)?[..])?;
    if tail.is_encrypted_footer() {
        return Err(ParquetError::General("it is encrypted, which is not supported".to_owned()));
    }
    let length = tail.metadata_length();
    let start = end.checked_sub(length as u64).ok_or_else(|| {
        ParquetError::EOF(format!("it says that it has {length} bytes, but there are {end} before its end"))
    })?;
    let footer = windows.get_bytes(start, length)?;
    check(&footer)?;
    // The crate takes the first schema here and passes over any further one below.
    let schema = ParquetMetaDataReader::decode_schema(&footer)?;
    let options = ParquetMetaDataOptions::new().with_schema(schema);
    ParquetMetaDataReader::decode_metadata_with_options(&footer, Some(&options))
}

fn check(footer: &[u8]) -> Result<(), ParquetError> {
    let fail = |message: &str| Err(ParquetError::General(message.to_owned()));
    let mut input = footer;
    let Some(count) = elements(&mut input) else {
        return fail("it does not begin with a version and a schema");
    };
    // The children that are still to come: of each group around, and of all of them.
    let mut around: Vec<u64> = Vec::new();
    let mut due = 0_u64;
    for left in (0..count).rev() {
        let Some(children) = children(&mut input).and_then(|children| u64::try_from(children).ok()) else {
            return fail("an element of its schema is damaged");
        };
        if let Some(siblings) = around.last_mut() {
            *siblings -= 1;
            due -= 1;
        }
        due += children;
        if due > left {
            return fail("its schema has fewer elements than its groups have children");
        }
        if children > 0 {
            around.push(children);
        }
        if around.len() > DEPTH {
            return fail(&format!("the groups of its schema lie more than {DEPTH} deep in each other"));
        }
        while around.last() == Some(&0) {
            around.pop();
        }
    }
    Ok(())
}

/// Whether a page index has no list that says of itself that it has more items than there are bytes: the crate reserves
/// memory for them. `OffsetIndex` and `ColumnIndex` of `parquet.thrift` have lists as their fields, but for the order of
/// the column index, which is a number.
pub(super) fn has_sound_lists(index: &[u8]) -> bool {
    let mut input = index;
    let mut field = 0;
    loop {
        match next_field(&mut input, field) {
            Some((_, TYPE_STOP)) => return true,
            Some((number, kind @ (TYPE_LIST | TYPE_I32))) if pass(kind, &mut input, UNKNOWN_DEPTH).is_some() => {
                field = number;
            }
            _ => return false,
        }
    }
}

/// Goes to the schema's elements and gives their count.
fn elements(input: &mut &[u8]) -> Option<u64> {
    let mut field = 0;
    loop {
        let (number, kind) = next_field(input, field)?;
        field = number;
        match (number, kind) {
            (1, TYPE_I32) => {
                zigzag(input)?;
            }
            (2, TYPE_LIST) => break,
            _ => return None,
        }
    }
    list(input).and_then(|(kind, count)| (kind == TYPE_STRUCT).then_some(count))
}

/// Goes to the end of an element and gives its count of children.
fn children(input: &mut &[u8]) -> Option<i32> {
    let (mut children, mut field) = (0, 0);
    loop {
        let (number, kind) = next_field(input, field)?;
        field = number;
        match (number, kind) {
            (_, TYPE_STOP) => return Some(children),
            // The crate cuts what is longer than 32 bits off.
            (5, TYPE_I32) => children = zigzag(input)? as i32,
            // The crate reads what it knows as what it should be, not as what it says that it is.
            (1..=3 | 6..=9, TYPE_I32) | (4, TYPE_BINARY) | (10, TYPE_STRUCT) => pass(kind, input, UNKNOWN_DEPTH)?,
            (1..=10, _) => return None,
            _ => pass(kind, input, UNKNOWN_DEPTH)?,
        }
    }
}

/// The number and type of the next field; `last` is the number of the one before.
fn next_field(input: &mut &[u8], last: i16) -> Option<(i16, u8)> {
    let lead = byte(input)?;
    let (delta, kind) = (i16::from(lead >> 4), lead & 0x0f);
    let number = match (kind, delta) {
        (TYPE_STOP, _) => 0,
        (_, 0) => zigzag(input)? as i16,
        (_, delta) => last.checked_add(delta)?,
    };
    Some((number, kind))
}

/// The type of a list's items and their count.
fn list(input: &mut &[u8]) -> Option<(u8, u64)> {
    let lead = byte(input)?;
    let count = match lead >> 4 {
        15 => super::delta::varint(|| byte(input))?,
        short => u64::from(short),
    };
    // An item has a byte at least, so more of them than bytes cannot be.
    (count <= input.len() as u64).then_some((lead & 0x0f, count))
}

/// Goes to the end of a value.
fn pass(kind: u8, input: &mut &[u8], depth: usize) -> Option<()> {
    let bytes = match kind {
        // Booleans are their type.
        1 | 2 => 0,
        3 => 1,
        4..=6 => {
            zigzag(input)?;
            0
        }
        7 => 8,
        TYPE_BINARY => usize::try_from(super::delta::varint(|| byte(input))?).ok()?,
        TYPE_LIST | 10 => {
            let (kind, count) = list(input)?;
            // In a list a boolean is a byte, and its type does not say which.
            if matches!(kind, 1 | 2) {
                *input = input.get(usize::try_from(count).ok()?..)?;
                return Some(());
            }
            for _ in 0..count {
                pass(kind, input, depth.checked_sub(1)?)?;
            }
            0
        }
        TYPE_STRUCT => {
            loop {
                let (_, kind) = next_field(input, 0)?;
                if kind == TYPE_STOP {
                    break;
                }
                pass(kind, input, depth.checked_sub(1)?)?;
            }
            0
        }
        _ => return None,
    };
    *input = input.get(bytes..)?;
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::page_header::tests::varint;
    use super::*;

    /// The beginning of a footer whose elements have so many children each.
    fn footer(children: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xfc];
        varint(children.len() as u64, &mut bytes);
        for count in children {
            // Field 4, a name of one letter; field 5; the end of the element.
            bytes.extend([0x48, 1, b'x', 0x15]);
            varint(u64::from(*count) * 2, &mut bytes);
            bytes.push(0);
        }
        bytes
    }

    fn fails(footer: &[u8]) -> String {
        check(footer).unwrap_err().to_string()
    }

    #[test]
    fn a_schema_deeper_than_the_stack_is_refused_before_the_crate_goes_down() {
        let deep = |groups: usize| footer(&[vec![1; groups], vec![0]].concat());
        assert!(check(&deep(128)).is_ok());
        let error = fails(&deep(100_000));
        assert!(error.contains("more than 128 deep"), "{error}");
    }

    #[test]
    fn memory_is_not_reserved_for_children_that_are_not_there() {
        assert!(check(&footer(&[2, 0, 2, 0, 0])).is_ok());
        for children in [&[i32::MAX as u32][..], &[3, 0, 0], &[2, 2, 0, 0], &[u32::MAX / 2 + 1, 0]] {
            let error = fails(&footer(children));
            assert!(error.contains("schema"), "{error}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_schema_is_an_error() {
        let whole = footer(&[2, 0, 0]);
        for length in 0..whole.len() {
            assert!(check(&whole[..length]).is_err(), "{length}");
        }
        assert!(fails(&[0x19, 0x0c]).contains("does not begin"));
        // A group of 2 whose count of children is hidden in text, for a reader that trusts types.
        assert!(check(&[0x15, 2, 0x19, 0x1c, 0x58, 1, 4, 0]).is_err());
    }
}
