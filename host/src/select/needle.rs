//! Bytes that are looked for in a column, of which the first eight are compared at once.
//!
//! A call of `memcmp` for each record was a third of what a test may cost, and most keys and header values are short.

/// How many bytes are compared at once.
const WORD: usize = 8;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    bytes: Box<[u8]>,
    /// The first ones, as a number, and which of its bits count.
    head: u64,
    mask: u64,
}

impl Needle {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut head = [0; WORD];
        head.iter_mut().zip(bytes).for_each(|(head, byte)| *head = *byte);
        let bits = u32::try_from(bytes.len().min(WORD) * 8).unwrap_or_default();
        let mask = u64::MAX.checked_shr(u64::BITS - bits).unwrap_or_default();
        Self { bytes: bytes.into(), head: u64::from_le_bytes(head), mask }
    }

    /// How many bytes there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether they stand in `data` from `begin` on.
    #[inline]
    pub(super) fn stands_at(&self, data: &[u8], begin: usize) -> bool {
        let whole = || data.get(begin..).is_some_and(|rest| rest.starts_with(&self.bytes));
        match data.get(begin..).and_then(|rest| rest.first_chunk()) {
            Some(head) => u64::from_le_bytes(*head) & self.mask == self.head && (self.len() <= WORD || whole()),
            None => whole(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Needle;

    proptest! {
        #[test]
        fn a_needle_stands_where_the_bytes_do(
            data in proptest::collection::vec(0_u8..3, 0..40),
            needle in proptest::collection::vec(0_u8..3, 0..12),
            from in 0_usize..45,
            length in 0_usize..20,
        ) {
            // Of random bytes and of those that are there.
            let there = data.get(from..(from + length).min(data.len())).unwrap_or_default();
            for needle in [&needle[..], there] {
                let wanted = data.get(from..).is_some_and(|rest| rest.starts_with(needle));
                prop_assert_eq!(Needle::new(needle).stands_at(&data, from), wanted);
            }
        }
    }
}
