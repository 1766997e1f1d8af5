//! Which message of a file a value is: before it stand the indexes of the message, of each that it is within first,
//! behind their number; all of them as varints in zigzag. The first message of all, which is the usual one, is a single
//! zero.

use prost_reflect::{FileDescriptor, MessageDescriptor};

use super::super::avro::Misfit;

/// How deep messages may stand within others.
const DEPTH: usize = 100;
/// How many bytes a number of 32 bits takes.
const WIDEST: usize = 5;

/// The indexes of a value, and the bytes that they take.
///
/// # Errors
/// What are none.
pub(super) fn read(value: &[u8]) -> Result<(Vec<usize>, &[u8]), Misfit> {
    let (path, rest) = path(value)?;
    Ok((path, value.get(..value.len().saturating_sub(rest.len())).unwrap_or_default()))
}

/// The indexes of a value, and what is behind them.
fn path(value: &[u8]) -> Result<(Vec<usize>, &[u8]), Misfit> {
    let (number, mut rest) = varint(value)?;
    if number == 0 {
        return Ok((vec![0], rest));
    }
    if number > DEPTH {
        return Err(Misfit::of("before it stand no indexes of a message", format!("there would be {number} of them")));
    }
    let mut path = Vec::with_capacity(number);
    for _ in 0..number {
        let (index, behind) = varint(rest)?;
        path.push(index);
        rest = behind;
    }
    Ok((path, rest))
}

fn varint(bytes: &[u8]) -> Result<(usize, &[u8]), Misfit> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(WIDEST) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let index = match value & 1 {
                0 => usize::try_from(value >> 1).ok(),
                _ => None,
            };
            let index = index.filter(|index| i32::try_from(*index).is_ok());
            let index = index.ok_or_else(|| Misfit::new("before it stand no indexes of a message"))?;
            return Ok((index, bytes.get(at + 1..).unwrap_or_default()));
        }
    }
    Err(Misfit::new(match bytes.len() < WIDEST {
        true => "it ends within the indexes of its message",
        false => "before it stand no indexes of a message",
    }))
}

/// The message at these indexes.
pub(super) fn find(file: &FileDescriptor, path: &[usize]) -> Option<MessageDescriptor> {
    let (first, within) = path.split_first()?;
    within.iter().try_fold(file.messages().nth(*first)?, |message, index| message.child_messages().nth(*index))
}

/// The bytes that say which message it is.
pub(super) fn of(message: &MessageDescriptor) -> Vec<u8> {
    let mut path = Vec::new();
    let mut within = Some(message.clone());
    while let Some(message) = within {
        within = message.parent_message();
        let index = match &within {
            Some(parent) => parent.child_messages().position(|child| child == message),
            None => message.parent_file().messages().position(|other| other == message),
        };
        path.push(index.unwrap_or_default());
    }
    if path == [0] {
        return vec![0];
    }
    let mut out = Vec::new();
    append(path.len(), &mut out);
    path.iter().rev().for_each(|index| append(*index, &mut out));
    out
}

fn append(number: usize, out: &mut Vec<u8>) {
    let mut left = (number as u64) << 1;
    while left > 0x7f {
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}
