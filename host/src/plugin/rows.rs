//! Checks of row numbers that a plugin answers with.

use super::fault::Fault;

/// Checks that `rows` strictly increase and lie below `count`.
pub(super) fn strictly_increasing(what: &str, rows: &[u32], count: usize) -> Result<(), Fault> {
    if let Some(at) = rows.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(Fault::contract(format!("rows of {what} do not increase at entry {}", at + 1)));
    }
    below(what, rows, count)
}

/// Checks that `rows` never decrease and lie below `count`.
pub(super) fn never_decreasing(what: &str, rows: &[u32], count: usize) -> Result<(), Fault> {
    if let Some(at) = rows.windows(2).position(|pair| pair[0] > pair[1]) {
        return Err(Fault::contract(format!("rows of {what} decrease at entry {}", at + 1)));
    }
    below(what, rows, count)
}

/// Checks the last and so the largest of rows that are in order.
fn below(what: &str, rows: &[u32], count: usize) -> Result<(), Fault> {
    match rows.last() {
        Some(last) if *last as usize >= count => Err(Fault::contract(format!("{what} names row {last} of {count}"))),
        _ => Ok(()),
    }
}

/// Checks that two ordered lists of rows have none in common.
pub(super) fn disjoint(left: (&str, &[u32]), right: (&str, impl Iterator<Item = u32>)) -> Result<(), Fault> {
    let mut rest = left.1.iter().copied().peekable();
    for row in right.1 {
        while rest.next_if(|each| *each < row).is_some() {}
        if rest.peek() == Some(&row) {
            return Err(Fault::contract(format!("row {row} is in both {} and {}", left.0, right.0)));
        }
    }
    Ok(())
}

/// How many different rows an ordered list names.
pub(super) fn distinct(rows: &[u32]) -> usize {
    let repeated = rows.windows(2).filter(|pair| pair[0] == pair[1]).count();
    rows.len() - repeated
}
