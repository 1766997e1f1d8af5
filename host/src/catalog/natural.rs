//! The natural order of names: runs of digits compare as numbers, everything else by character.
//!
//! `part-2` comes before `part-10`. Numbers may be of any length. Names that differ only in leading
//! zeros are still ordered, so that the order is total.

use std::cmp::Ordering;

/// Compares two names in natural order.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        match (left.first(), right.first()) {
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (first, rest_left) = number(left);
                let (second, rest_right) = number(right);
                // Without leading zeros the longer number is the larger one.
                let order = first.len().cmp(&second.len()).then_with(|| first.cmp(second));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_left, rest_right);
            }
            (Some(x), Some(y)) if x == y => (left, right) = (&left[1..], &right[1..]),
            (None, None) => return a.cmp(b),
            (x, y) => return x.cmp(&y),
        }
    }
}

/// The digits that a text begins with, without leading zeros, and what follows them.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let zeros = text[..end].iter().take_while(|byte| **byte == b'0').count();
    (&text[zeros..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_compare_as_numbers() {
        let mut names = ["part-10", "part-9", "part-010", "a/2/x", "a/10/x", "part-9.b", "part-"];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["a/2/x", "a/10/x", "part-", "part-9", "part-9.b", "part-010", "part-10"]);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[a0-1]{0,6}", b in "[a0-1]{0,6}", c in "[a0-1]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
    }
}
