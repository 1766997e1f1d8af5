//! What is seen of a key at a glance: whether it can be one of those that are wanted, by its length and its outer bytes.
//!
//! Most keys of a backup are not wanted. To hash each of them and to look it up took 27 ns of the 5 that a record may cost.

/// Lengths from which on they are not told apart.
const LONG: usize = 63;

/// The lengths and outer bytes of keys that are wanted.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// Lengths of whole keys, by bit.
    lengths: u64,
    /// Their last bytes, by bit.
    last: [u64; 4],
    /// First bytes of beginnings, by bit.
    first: [u64; 4],
    /// Whether every key begins in a way that is wanted.
    any: bool,
}

impl Glance {
    /// Notes a whole key.
    pub(super) fn key(&mut self, key: &[u8]) {
        self.lengths |= 1 << key.len().min(LONG);
        if let Some(last) = key.last() {
            set(&mut self.last, *last);
        }
    }

    /// Notes a beginning.
    pub(super) fn prefix(&mut self, prefix: &[u8]) {
        match prefix.first() {
            Some(first) => set(&mut self.first, *first),
            None => self.any = true,
        }
    }

    /// Whether a key may be one of the whole ones.
    pub(super) fn may_be_key(&self, key: &[u8]) -> bool {
        self.lengths >> key.len().min(LONG) & 1 != 0 && key.last().is_none_or(|last| has(&self.last, *last))
    }

    /// Whether a key may begin as one of the beginnings.
    pub(super) fn may_begin(&self, key: &[u8]) -> bool {
        self.any || key.first().is_some_and(|first| has(&self.first, *first))
    }
}

fn set(bits: &mut [u64; 4], byte: u8) {
    if let Some(bits) = bits.get_mut(usize::from(byte / 64)) {
        *bits |= 1 << (byte % 64);
    }
}

fn has(bits: &[u64; 4], byte: u8) -> bool {
    bits.get(usize::from(byte / 64)).is_some_and(|bits| bits >> (byte % 64) & 1 != 0)
}
