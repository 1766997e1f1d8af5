//! Checks of row numbers that a plugin answers with.
//!
//! They run over every row of every answer. So they look at all neighbours without ending early, which
//! the compiler makes vector instructions of; where the fault is, is looked for only once there is one.

use super::fault::Fault;

/// Checks that `rows` strictly increase and lie below `count`.
pub(super) fn strictly_increasing(what: &str, rows: &[u32], count: usize) -> Result<(), Fault> {
    if !every_pair(rows, |before, row| before < row) {
        let at = rows.windows(2).position(|pair| pair[0] >= pair[1]).unwrap_or_default();
        return Err(Fault::contract(format!("rows of {what} do not increase at entry {}", at + 1)));
    }
    below(what, rows, count)
}

/// Checks that `rows` never decrease and lie below `count`; tells how many different ones they are.
pub(super) fn never_decreasing(what: &str, rows: &[u32], count: usize) -> Result<usize, Fault> {
    if every_pair(rows, |before, row| before < row) {
        return below(what, rows, count).map(|()| rows.len());
    }
    if let Some(at) = rows.windows(2).position(|pair| pair[0] > pair[1]) {
        return Err(Fault::contract(format!("rows of {what} decrease at entry {}", at + 1)));
    }
    let repeated = rows.windows(2).filter(|pair| pair[0] == pair[1]).count();
    below(what, rows, count).map(|()| rows.len() - repeated)
}

/// Whether something holds of every two neighbours.
fn every_pair(rows: &[u32], holds: impl Fn(u32, u32) -> bool) -> bool {
    let after = rows.get(1..).unwrap_or_default();
    rows.iter().zip(after).fold(true, |all, (before, row)| all & holds(*before, *row))
}

/// Checks the last and so the largest of rows that are in order.
fn below(what: &str, rows: &[u32], count: usize) -> Result<(), Fault> {
    match rows.last() {
        Some(last) if *last as usize >= count => Err(Fault::contract(format!("{what} names row {last} of {count}"))),
        _ => Ok(()),
    }
}

/// Checks that two lists of rows have none in common; both are in order, and the right one has none twice.
pub(super) fn disjoint(left: (&str, &[u32]), right: (&str, impl Iterator<Item = u32>)) -> Result<(), Fault> {
    let mut rest = left.1;
    for row in right.1 {
        rest = rest.get(first_from(rest, row)..).unwrap_or_default();
        if rest.first() == Some(&row) {
            return Err(Fault::contract(format!("row {row} is in both {} and {}", left.0, right.0)));
        }
    }
    Ok(())
}

/// The index of the first of `rows` that is not below `row`. Looked for where it is if all rows up to
/// there are in the list, as those that a filter keeps between two that it drops.
fn first_from(rows: &[u32], row: u32) -> usize {
    let first = rows.first().copied().unwrap_or(row);
    let guess = (row.saturating_sub(first) as usize).min(rows.len());
    let (before, after) = rows.split_at(guess);
    if before.last().is_none_or(|each| *each < row) && after.first().is_none_or(|each| *each >= row) {
        guess
    } else {
        rows.partition_point(|each| *each < row)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ordered(length: usize) -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(0..40_u32, 0..length).prop_map(|mut rows| {
            rows.sort_unstable();
            rows
        })
    }

    proptest! {
        #[test]
        fn disjoint_is_what_sets_say(left in ordered(30), right in ordered(10)) {
            let mut right = right;
            right.dedup();
            let shared = right.iter().any(|row| left.contains(row));
            let found = disjoint(("left", &left), ("right", right.iter().copied()));
            prop_assert_eq!(found.is_err(), shared);
        }

        #[test]
        fn order_is_what_neighbours_say(rows in prop::collection::vec(0..6_u32, 0..6)) {
            let (mut sorted, mut distinct) = (rows.clone(), rows.clone());
            sorted.sort_unstable();
            distinct.sort_unstable();
            distinct.dedup();
            let told = never_decreasing("rows", &rows, 6);
            prop_assert_eq!(told.ok(), (sorted == rows).then_some(distinct.len()));
            prop_assert_eq!(strictly_increasing("rows", &rows, 6).is_ok(), distinct == rows);
        }
    }
}
