//! Distinct names in order of first use.

use std::collections::BTreeMap;

/// Gives names their indices.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    names: Vec<String>,
    indices: BTreeMap<String, u32>,
    /// Where the next name is looked for first: names come in the same order record after record.
    guess: usize,
}

impl Dictionary {
    /// The index of `name`, which is added if it is new.
    #[inline(always)]
    pub(crate) fn index(&mut self, name: &str) -> u32 {
        let index = match self.names.get(self.guess) {
            Some(guess) if same(guess.as_bytes(), name.as_bytes()) => self.guess,
            _ => self.look_up(name),
        };
        self.guess = if index + 1 == self.names.len() { 0 } else { index + 1 };
        index as u32
    }

    #[inline(never)]
    fn look_up(&mut self, name: &str) -> usize {
        if let Some(index) = self.indices.get(name) {
            return *index as usize;
        }
        let index = self.names.len();
        self.names.push(name.to_owned());
        self.indices.insert(name.to_owned(), index as u32);
        index
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(crate) fn into_names(self) -> Vec<String> {
        self.names
    }
}

/// Whether two names are equal, eight bytes at a time: `==` calls a function that compares single bytes,
/// which for a short reason costs more than everything else of a drop.
#[inline]
fn same(mut left: &[u8], mut right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    while let (Some((one, left_rest)), Some((other, right_rest))) =
        (left.split_first_chunk(), right.split_first_chunk())
    {
        if u64::from_ne_bytes(*one) != u64::from_ne_bytes(*other) {
            return false;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.iter().zip(right).all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_only_if_every_byte_is() {
        for length in 0..40 {
            let name: Vec<u8> = (0..length).collect();
            assert!(same(&name, &name.clone()), "{length}");
            for at in 0..name.len() {
                let mut other = name.clone();
                other[at] ^= 1;
                assert!(!same(&name, &other), "{length} {at}");
                assert!(!same(&name, &name[..at]), "{length} {at}");
            }
        }
    }
}
