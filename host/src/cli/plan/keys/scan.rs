//! Which keys occur in several lanes, in bounded memory.
//!
//! Keys are held as hashes of 128 bits. Where more of them come than are held, only those stay whose hash ends in a zero
//! bit, then in two, and so on: what is left is known of exactly, and is a sample of all keys that their order, their
//! number and their partition have no part in.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

/// Keys that are held at a time: some 100 MB.
pub(super) const HELD: usize = 3_600_000;

/// Examples that are kept.
const EXAMPLES: usize = 3;

/// See the module.
pub(super) struct Scan {
    held: usize,
    /// Keys are looked at whose hash ends in so many zero bits.
    zeros: u32,
    /// By hash: the lane that a key was first seen in, and whether it was in another one.
    seen: HashMap<[u64; 2], (u32, bool), BuildHasherDefault<AsItIs>>,
    examples: Vec<Example>,
}

/// A key in two lanes.
pub(super) struct Example {
    pub(super) key: Vec<u8>,
    pub(super) lanes: [u32; 2],
}

/// Takes the first half of what is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
    }

    fn write_usize(&mut self, _length: usize) {}
}

impl Scan {
    /// That holds so many keys.
    pub(super) fn new(held: usize) -> Self {
        Self { held, zeros: 0, seen: HashMap::default(), examples: Vec::new() }
    }

    /// Notes a key of a lane.
    pub(super) fn see(&mut self, key: &[u8], lane: u32) {
        let hash = hash(key);
        if hash[1].trailing_zeros() < self.zeros {
            return;
        }
        let (first, several) = self.seen.entry(hash).or_insert((lane, false));
        if *first != lane && !*several {
            *several = true;
            if self.examples.len() < EXAMPLES {
                self.examples.push(Example { key: key.to_owned(), lanes: [*first, lane] });
            }
        }
        while self.seen.len() > self.held {
            self.zeros += 1;
            let zeros = self.zeros;
            self.seen.retain(|hash, _| hash[1].trailing_zeros() >= zeros);
        }
    }

    /// Distinct keys that were looked at.
    pub(super) fn keys(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Those of them that occur in several lanes.
    pub(super) fn in_several(&self) -> u64 {
        self.seen.values().filter(|(_, several)| *several).count() as u64
    }

    /// One of how many keys was looked at.
    pub(super) fn one_of(&self) -> u64 {
        1_u64.checked_shl(self.zeros).unwrap_or(u64::MAX)
    }

    /// Some of those that occur in several lanes.
    pub(super) fn examples(&self) -> &[Example] {
        &self.examples
    }
}

/// Two halves that have nothing to do with each other, the same in every run.
fn hash(key: &[u8]) -> [u64; 2] {
    [0_u8, 1].map(|half| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(half);
        hasher.write(key);
        hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_several_lanes_are_counted_once() {
        let mut scan = Scan::new(100);
        for (key, lane) in [("a", 0), ("b", 0), ("a", 0), ("c", 1), ("a", 1), ("a", 2), ("c", 1), ("b", 2)] {
            scan.see(key.as_bytes(), lane);
        }
        assert_eq!((scan.keys(), scan.in_several(), scan.one_of()), (3, 2, 1));
        let examples: Vec<_> = scan.examples().iter().map(|example| (&example.key[..], example.lanes)).collect();
        assert_eq!(examples, [(&b"a"[..], [0, 1]), (&b"b"[..], [0, 2])]);
    }

    #[test]
    fn what_does_not_fit_is_sampled_and_what_is_said_of_the_sample_is_exact() {
        let mut scan = Scan::new(1000);
        // Each tenth key is in a second lane, much later.
        (0..20_000_u32).for_each(|key| scan.see(&key.to_be_bytes(), 0));
        (0..20_000_u32).step_by(10).for_each(|key| scan.see(&key.to_be_bytes(), 1));
        let sampled = |key: &u32| hash(&key.to_be_bytes())[1].trailing_zeros() >= scan.zeros;
        let (keys, several) = ((0..20_000).filter(sampled).count(), (0..20_000).step_by(10).filter(sampled).count());
        assert_eq!((scan.keys(), scan.in_several()), (keys as u64, several as u64));
        assert!(scan.one_of() >= 20 && keys > 300 && several > 10, "{} {keys} {several}", scan.one_of());
    }
}
