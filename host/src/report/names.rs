//! Counts under names that a plugin chooses, bounded so that it cannot fill the host's memory or a summary.

use std::collections::BTreeMap;

/// Distinct names that are counted apart; further ones are counted together.
pub(crate) const NAMES: usize = 256;

/// Where further names are counted.
pub(crate) const OTHERS: &str = "(others)";

/// What is counted of `name`, or of [`OTHERS`] where there are too many names.
pub(crate) fn entry<'a, C: Default>(counts: &'a mut BTreeMap<String, C>, name: &str) -> &'a mut C {
    let name = if counts.len() < NAMES || counts.contains_key(name) { name } else { OTHERS };
    counts.entry(name.to_owned()).or_default()
}

/// Adds to the count of `name`.
pub(crate) fn count(counts: &mut BTreeMap<String, u64>, name: &str, by: u64) {
    // Looked up first: as a rule the name is there, and is not copied then.
    let count = match counts.get_mut(name) {
        Some(count) => count,
        None => entry(counts, name),
    };
    *count = count.saturating_add(by);
}
