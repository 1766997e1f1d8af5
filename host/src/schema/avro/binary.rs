//! Avro's binary encoding: the few ways in which everything is written.

use super::misfit::Misfit;

/// How deep a value may be nested: a schema that contains itself bounds nothing.
pub(super) const DEPTH: usize = 100;

/// Items of no bytes that a value may have: one that says more stands for time and memory, and for nothing else.
const EMPTY_ITEMS: u32 = 1 << 16;

/// A value as it is read.
#[derive(Clone, Debug)]
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Items of no bytes so far.
    empty_items: u32,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, empty_items: 0 }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What was read since `start`.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// The next so many bytes.
    ///
    /// # Errors
    /// There are less.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Misfit> {
        let end = self.at.checked_add(length);
        let Some(taken) = end.and_then(|end| self.bytes.get(self.at..end)) else {
            return Err(Misfit::of("the value ends too soon", format!("{} bytes", self.bytes.len())));
        };
        self.at += length;
        Ok(taken)
    }

    /// A `long`, or an `int`'s bytes: zigzag, seven bits a byte.
    ///
    /// # Errors
    /// It ends too soon, or has more than 64 bits.
    pub(super) fn long(&mut self) -> Result<i64, Misfit> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().unwrap_or(&0);
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(Misfit::new("a number has more than 64 bits"))
    }

    /// An `int`.
    ///
    /// # Errors
    /// As of [`Self::long`], and one that has more than 32 bits.
    pub(super) fn int(&mut self) -> Result<i32, Misfit> {
        let value = self.long()?;
        i32::try_from(value).map_err(|_| Misfit::of("an int has more than 32 bits", value.to_string()))
    }

    /// A `boolean`.
    ///
    /// # Errors
    /// It is neither 0 nor 1.
    pub(super) fn boolean(&mut self) -> Result<bool, Misfit> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            other => Err(Misfit::of("a boolean is neither 0 nor 1", format!("{other:?}"))),
        }
    }

    /// A `float`.
    ///
    /// # Errors
    /// It ends too soon.
    pub(super) fn float(&mut self) -> Result<f32, Misfit> {
        Ok(f32::from_le_bytes(self.take(4)?.try_into().unwrap_or_default()))
    }

    /// A `double`.
    ///
    /// # Errors
    /// It ends too soon.
    pub(super) fn double(&mut self) -> Result<f64, Misfit> {
        Ok(f64::from_le_bytes(self.take(8)?.try_into().unwrap_or_default()))
    }

    /// `bytes`, led by their length.
    ///
    /// # Errors
    /// It ends too soon, or the length is negative.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Misfit> {
        let length = self.long()?;
        let length = usize::try_from(length).map_err(|_| Misfit::of("a length is negative", length.to_string()))?;
        self.take(length)
    }

    /// A `string`.
    ///
    /// # Errors
    /// As of [`Self::bytes`], and what is not UTF-8.
    pub(super) fn text(&mut self) -> Result<&'a str, Misfit> {
        std::str::from_utf8(self.bytes()?).map_err(|error| Misfit::of("a string is not UTF-8", error.to_string()))
    }

    /// The index of an enum's symbol or a union's branch, of so many.
    ///
    /// # Errors
    /// There are not so many.
    pub(super) fn index(&mut self, of: usize, what: &str) -> Result<usize, Misfit> {
        let index = self.long()?;
        let is_one = |index: &usize| *index < of;
        usize::try_from(index)
            .ok()
            .filter(is_one)
            .ok_or_else(|| Misfit::of(format!("{what} that there is not"), format!("{index} of {of}")))
    }

    /// Reads the blocks of an array or map, an item at a time.
    ///
    /// # Errors
    /// Those of `item`; a count that cannot be.
    pub(super) fn blocks(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Misfit>) -> Result<(), Misfit> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The size of the block in bytes, for those who pass over it.
                self.long()?;
                count = count.checked_neg().ok_or_else(|| Misfit::new("a block has too many items"))?;
            }
            for _ in 0..count {
                let before = self.at;
                item(self)?;
                self.empty_items += u32::from(self.at == before);
                if self.empty_items > EMPTY_ITEMS {
                    return Err(Misfit::new(format!("it has more than {EMPTY_ITEMS} items of no bytes")));
                }
            }
        }
    }

    /// # Errors
    /// There is more.
    pub(super) fn finish(&self) -> Result<(), Misfit> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            left => Err(Misfit::of("bytes follow the value", format!("{left} of {}", self.bytes.len()))),
        }
    }
}

/// Writes a `long`, or an `int`.
pub(super) fn write_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Writes `bytes` or a `string`.
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

/// Writes the index of a symbol or branch.
pub(super) fn write_index(index: usize, out: &mut Vec<u8>) {
    write_long(index as i64, out);
}

/// Ends a block: puts the count of its items before them, which stand from `start` on.
pub(super) fn end_block(start: usize, count: usize, out: &mut Vec<u8>) {
    if count > 0 {
        let mut written = Vec::with_capacity(10);
        write_index(count, &mut written);
        out.splice(start..start, written);
    }
    out.push(0);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn longs_come_back() {
        for value in [0, -1, 1, 63, 64, -64, -65, i64::from(i32::MAX), i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write_long(value, &mut out);
            let mut input = Input::new(&out);
            assert_eq!(input.long(), Ok(value));
            assert_eq!(input.finish(), Ok(()));
        }
        assert!(Input::new(&[0xff; 10]).long().is_err());
        assert!(Input::new(&[0xff; 3]).long().is_err());
    }

    #[test]
    fn a_block_of_nothing_is_not_counted_for_years() {
        let mut bytes = Vec::new();
        write_long(i64::MAX, &mut bytes);
        assert!(Input::new(&bytes).blocks(|_| Ok(())).unwrap_err().to_string().contains("items of no bytes"));
        // Nor are many of them.
        let mut block = Vec::new();
        write_long(60_000, &mut block);
        let bytes = [&block.repeat(1000)[..], &[0]].concat();
        let mut items = 0;
        let error = Input::new(&bytes)
            .blocks(|_| {
                items += 1;
                Ok(())
            })
            .unwrap_err();
        assert!(error.to_string().contains("items of no bytes") && items < 70_000, "{items}");
    }
}
