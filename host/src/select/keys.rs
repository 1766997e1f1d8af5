//! Which keys are taken: some, those of a file of millions, those that begin in a certain way.
//!
//! All keys lie in one buffer, and a table of hashes points into it: some 40 bytes a key beside its own.

use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::{self, BufRead as _, BufReader};
use std::ops::Range;
use std::path::Path;

use hashbrown::{DefaultHashBuilder, HashTable};
use sha2::{Digest as _, Sha256};

use super::SelectError;
use super::glance::Glance;
use super::needle::Needle;
use crate::job::{Encoding, Keys};
use crate::read::WantedKeys;
use crate::read::encoding::decode;

/// What some editors write before the text.
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// A set of keys.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    glance: Glance,
    hashes: DefaultHashBuilder,
    table: HashTable<Slot>,
    bytes: Vec<u8>,
    /// Where each key ends in `bytes`.
    ends: Vec<usize>,
    /// Keys in order, by their numbers.
    sorted: Vec<u32>,
    /// In order, none of them beginning with another.
    prefixes: Vec<Vec<u8>>,
    only: Option<Only>,
}

/// A key in the table. Short ones lie there whole: to look for one elsewhere costs more than all else.
#[derive(Clone, Copy, Debug)]
struct Slot {
    head: u64,
    length: u32,
    /// Its number.
    index: u32,
}

/// A single key, or a single beginning.
#[derive(Debug)]
pub(super) struct Only {
    is_whole: bool,
    needle: Needle,
}

impl Only {
    /// Whether the key at these bytes of a column is taken.
    #[inline]
    pub(super) fn fits(&self, data: &[u8], place: Range<usize>) -> bool {
        let fits = if self.is_whole { place.len() == self.needle.len() } else { place.len() >= self.needle.len() };
        fits && self.needle.stands_at(data, place.start)
    }
}

impl KeySet {
    /// The keys that a job names.
    pub(super) fn load(keys: &Keys) -> Result<Self, SelectError> {
        let Keys { exact, prefixes, file, encoding } = keys;
        let mut set = Self::default();
        let mut buffer = Vec::new();
        let named = |list: &'static str, number: usize| {
            move |message| SelectError::Key { place: format!("select.{list}[{number}]"), message }
        };
        for (number, key) in exact.iter().enumerate() {
            let key = decode(key.as_bytes(), *encoding, &mut buffer).map_err(named("keys", number))?;
            set.insert(key);
        }
        for (number, prefix) in prefixes.iter().enumerate() {
            let prefix = decode(prefix.as_bytes(), *encoding, &mut buffer).map_err(named("key_prefixes", number))?;
            set.prefixes.push(prefix.to_vec());
        }
        set.prefixes.sort_unstable();
        set.prefixes.dedup_by(|longer, shorter| longer.starts_with(shorter));
        set.prefixes.iter().for_each(|prefix| set.glance.prefix(prefix));
        if let Some(path) = file {
            set.read(path, *encoding)?;
        }
        let Self { sorted, bytes, ends, .. } = &mut set;
        *sorted = (0..).take(ends.len()).collect();
        sorted.sort_unstable_by_key(|index| at(bytes, ends, *index));
        set.only = match (&set.prefixes[..], &set.ends[..]) {
            ([], [_]) => Some(Only { is_whole: true, needle: Needle::new(&set.bytes) }),
            ([prefix], []) => Some(Only { is_whole: false, needle: Needle::new(prefix) }),
            _ => None,
        };
        Ok(set)
    }

    /// Adds the keys of a file, one a line; empty lines are none.
    fn read(&mut self, path: &Path, encoding: Encoding) -> Result<(), SelectError> {
        let unreadable = |source: io::Error| SelectError::Unreadable { path: path.to_owned(), source };
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
        let (mut line, mut buffer) = (Vec::new(), Vec::new());
        let (mut number, mut keys) = (0_u64, 0_u64);
        loop {
            line.clear();
            if file.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
                break;
            }
            number += 1;
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let text = if number == 1 { text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text) } else { text };
            if text.is_empty() {
                continue;
            }
            let wrong = |message| SelectError::Key { place: format!("{}:{number}", path.display()), message };
            if std::str::from_utf8(text).is_err() {
                return Err(wrong("not UTF-8".to_owned()));
            }
            self.insert(decode(text, encoding, &mut buffer).map_err(wrong)?);
            keys += 1;
        }
        if keys == 0 { Err(SelectError::NoKeys { path: path.to_owned() }) } else { Ok(()) }
    }

    fn insert(&mut self, key: &[u8]) {
        // More keys than numbers of 32 bits would take some 100 GiB.
        let Ok(index) = u32::try_from(self.ends.len()) else { return };
        if self.holds(key) {
            return;
        }
        self.glance.key(key);
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        let Self { hashes, table, bytes, ends, .. } = self;
        let slot = Slot { head: head(key), length: length(key), index };
        table.insert_unique(hash(hashes, slot.head, slot.length, key), slot, |slot| {
            let key = if slot.length > WORD { at(bytes, ends, slot.index) } else { &[] };
            hash(hashes, slot.head, slot.length, key)
        });
    }

    fn holds(&self, key: &[u8]) -> bool {
        let Self { hashes, table, bytes, ends, .. } = self;
        let (head, length) = (head(key), length(key));
        let is_it = |slot: &Slot| {
            let begins = slot.head == head && slot.length == length;
            begins && (length <= WORD || at(bytes, ends, slot.index) == key)
        };
        !table.is_empty() && table.find(hash(hashes, head, length, key), is_it).is_some()
    }

    /// Whether a record with this key is taken.
    pub(super) fn fits(&self, key: &[u8]) -> bool {
        if self.glance.may_be_key(key) && self.holds(key) {
            return true;
        }
        if !self.glance.may_begin(key) {
            return false;
        }
        // All that lies between a prefix and what begins with it begins with it too, and no prefix does.
        let after = self.prefixes.partition_point(|prefix| prefix.as_slice() <= key);
        after.checked_sub(1).and_then(|index| self.prefixes.get(index)).is_some_and(|prefix| key.starts_with(prefix))
    }

    /// What is taken, where it is a single key or all that begins in one way.
    pub(super) fn only(&self) -> Option<&Only> {
        self.only.as_ref()
    }

    /// The keys, in order.
    fn exact(&self) -> impl Iterator<Item = &[u8]> {
        self.sorted.iter().map(|index| at(&self.bytes, &self.ends, *index))
    }

    /// Adds all of it to a digest, in whatever order it was given.
    pub(super) fn digest(&self, digest: &mut Sha256) {
        let keys: Vec<&[u8]> = self.exact().collect();
        for (kind, keys) in [(b"k", keys), (b"p", self.prefixes.iter().map(Vec::as_slice).collect())] {
            for key in keys {
                digest.update(kind);
                digest.update((key.len() as u64).to_le_bytes());
                digest.update(key);
            }
        }
    }
}

impl WantedKeys for KeySet {
    fn any_between(&self, least: &[u8], most: &[u8]) -> bool {
        let first = self.sorted.partition_point(|index| at(&self.bytes, &self.ends, *index) < least);
        let exact = self.sorted.get(first).is_some_and(|index| at(&self.bytes, &self.ends, *index) <= most);
        // What begins with a prefix comes after it, and before all that comes after it and begins otherwise.
        let begins =
            |prefix: &Vec<u8>| prefix.as_slice() <= most && (prefix.as_slice() >= least || least.starts_with(prefix));
        exact || self.prefixes.iter().any(begins)
    }

    fn any_of(&self, may_hold: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        !self.prefixes.is_empty() || self.exact().any(may_hold)
    }
}

/// How many bytes a head has.
const WORD: u32 = 8;

/// The first bytes of a key as a number; of a short key all of them, and zeros.
#[inline]
fn head(key: &[u8]) -> u64 {
    if let Some(head) = key.first_chunk() {
        return u64::from_le_bytes(*head);
    }
    match (key.first_chunk(), key.last_chunk()) {
        // Where the two overlap they are equal.
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) << (8 * (key.len() - 4))
        }
        _ => key.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

/// The length of a key; of those that are longer than a number of 32 bits only that they are.
#[inline]
fn length(key: &[u8]) -> u32 {
    u32::try_from(key.len()).unwrap_or(u32::MAX)
}

/// The hash of a key, of which a short one is known by its head and length.
#[inline]
fn hash(hashes: &DefaultHashBuilder, head: u64, length: u32, key: &[u8]) -> u64 {
    if length > WORD { hashes.hash_one(key) } else { hashes.hash_one(head ^ u64::from(length).rotate_left(56)) }
}

/// A key of the buffer.
fn at<'a>(bytes: &'a [u8], ends: &[usize], index: u32) -> &'a [u8] {
    let index = index as usize;
    let begin = index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
    ends.get(index).and_then(|end| bytes.get(begin..*end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::KeySet;

    proptest! {
        #[test]
        fn a_set_holds_its_keys_and_no_others(
            keys in btree_set(vec(0_u8..3, 0..12), 0..60),
            others in vec(vec(0_u8..3, 0..12), 0..60),
        ) {
            let mut set = KeySet::default();
            keys.iter().for_each(|key| set.insert(key));
            let held: BTreeSet<Vec<u8>> = keys.iter().chain(&others).filter(|key| set.holds(key)).cloned().collect();
            prop_assert_eq!(held, keys);
        }
    }
}
