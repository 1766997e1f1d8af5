//! How many values delta-encoded streams claim, before the `parquet` crate reserves memory for them.
//!
//! The layout is the format's own (`Encodings.md`, "Delta encoding"): block size, miniblocks in a
//! block, count of values, first value; then blocks of a smallest delta, one bit width for each
//! miniblock, and the miniblocks.

/// Whether every count in this delta-encoded page body is at most `most`. `strings`: the lengths (or
/// prefixes) are such a stream, followed by another one for encodings with suffixes.
pub(super) fn counts_fit(data: &[u8], streams: usize, most: usize) -> bool {
    let mut rest = data;
    (0..streams).all(|index| match Stream::read(&mut rest) {
        Some(stream) if stream.count > most as u64 => false,
        Some(stream) if index + 1 < streams => stream.pass(&mut rest).is_some(),
        _ => true,
    })
}

struct Stream {
    block: u64,
    miniblocks: u64,
    count: u64,
}

impl Stream {
    fn read(rest: &mut &[u8]) -> Option<Self> {
        let stream = Self { block: next(rest)?, miniblocks: next(rest)?, count: next(rest)? };
        next(rest)?;
        (stream.miniblocks > 0).then_some(stream)
    }

    /// Goes to the end of the blocks.
    fn pass(&self, rest: &mut &[u8]) -> Option<()> {
        let in_miniblock = self.block / self.miniblocks;
        let mut left = self.count.saturating_sub(1);
        while left > 0 {
            next(rest)?;
            let widths = rest.get(..usize::try_from(self.miniblocks).ok()?)?;
            *rest = &rest[widths.len()..];
            for width in widths {
                if left == 0 {
                    break;
                }
                let bytes = usize::try_from(in_miniblock.checked_mul(u64::from(*width))? / 8).ok()?;
                *rest = rest.get(bytes..)?;
                left = left.saturating_sub(in_miniblock.max(1));
            }
        }
        Some(())
    }
}

fn next(rest: &mut &[u8]) -> Option<u64> {
    varint(|| {
        let (first, others) = rest.split_first()?;
        *rest = others;
        Some(*first)
    })
}

/// An unsigned number of the LEB128 kind, as Thrift and Parquet have it.
pub(super) fn varint(mut byte: impl FnMut() -> Option<u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let next = byte()?;
        number |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_beyond_the_page_is_found_in_either_stream() {
        // Block of 128, 4 miniblocks, 1 value, first value 0: no blocks follow.
        let one = [0x80, 1, 4, 1, 0];
        let many = [0x80, 1, 4, 100, 0];
        assert!(counts_fit(&one, 1, 1));
        assert!(!counts_fit(&many, 1, 99));
        assert!(counts_fit(&[one, one].concat(), 2, 1));
        assert!(!counts_fit(&[one, many].concat(), 2, 99));
    }
}
