//! What neither the client library nor the user's permissions can tell: said, never guessed, and never fatal.

use crate::finding::{Finding, Weight};

/// Names that are listed before the rest is counted.
const LISTED: usize = 3;

/// What is not known, by what it is about.
#[derive(Default)]
pub(super) struct Unknown(Vec<Item>);

struct Item {
    what: &'static str,
    of: Vec<String>,
    why: String,
}

impl Unknown {
    /// Notes that `what` is not known `of` something, and `why`: "how large the largest record is of orders-0: …".
    pub(super) fn add(&mut self, what: &'static str, of: impl Into<String>, why: impl Into<String>) {
        let (of, why) = (of.into(), why.into());
        match self.0.iter_mut().find(|item| item.what == what && item.why == why) {
            Some(item) => item.of.push(of),
            None => self.0.push(Item { what, of: vec![of], why }),
        }
    }

    /// One finding of everything.
    pub(super) fn finding(&self) -> Option<Finding> {
        let item = |Item { what, of, why }: &Item| {
            let more = match of.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let listed: Vec<&str> = of.iter().take(LISTED).map(String::as_str).collect();
            format!("{what} {}{more} ({why})", listed.join(", "))
        };
        let items: Vec<String> = self.0.iter().map(item).collect();
        (!items.is_empty()).then(|| Finding {
            code: "not-established",
            weight: Weight::Note,
            message: format!("not established: {}", items.join("; ")),
            remedy: None,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_for_one_reason_is_listed_together_and_the_list_ends_somewhere() {
        let mut unknown = Unknown::default();
        assert_eq!(unknown.finding(), None);
        for topic in ["a", "b", "c", "d", "e"] {
            unknown.add("whether the user may write to", topic, "nobody tells");
        }
        unknown.add("how large the largest record is of", "orders-0", "it is known once it is read");
        insta::assert_snapshot!(unknown.finding().unwrap(), @"note [not-established]: not established: whether the user may write to a, b, c and 2 more (nobody tells); how large the largest record is of orders-0 (it is known once it is read)");
    }
}
