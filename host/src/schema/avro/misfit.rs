//! What is wrong with a value, and where in it.

use std::fmt;

use crate::text::printable;

/// The longest words about a value, in bytes; parts of them may come of it.
const WORDS: usize = 500;
/// The longest name within, in bytes.
const NAME: usize = 100;

/// Why a value cannot be read or written. The path is found on the way out, so that a value that fits costs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// From the innermost part outwards.
    path: Vec<String>,
    what: String,
    detail: Option<String>,
}

impl Misfit {
    /// What is wrong, in words that hold for other values too.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { path: Vec::new(), what: printable(&what.into(), WORDS), detail: None }
    }

    /// With what is true of this one value alone.
    pub(crate) fn of(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { detail: Some(printable(&detail.into(), WORDS)), ..Self::new(what) }
    }

    /// It is in this field.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.path.push(printable(part, NAME));
        self
    }

    /// It is in the entry of a map that has this key, which is true of this one value alone.
    pub(crate) fn under(self, key: &str) -> Self {
        let place = format!("under `{}`", printable(key, NAME));
        let detail = match &self.detail {
            Some(detail) => printable(&format!("{detail}, {place}"), WORDS),
            None => place,
        };
        Self { detail: Some(detail), ..self.within("[]") }
    }

    /// What is wrong and in which field: alike for values that are wrong in the same way.
    pub fn reason(&self) -> String {
        match self.path.split_first() {
            None => self.what.clone(),
            Some(_) => {
                let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
                format!("`{}`: {}", path.join("."), self.what)
            }
        }
    }

    /// What is true of this one value.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_a_value_forges_no_line_and_is_short() {
        let misfit = Misfit::of("no\nerror: number", "x".repeat(5000)).within("a\u{1b}[31m");
        assert_eq!(misfit.reason(), "`a\\u{1b}[31m`: no\\nerror: number");
        assert!(misfit.to_string().len() < 700);
    }

    #[test]
    fn entries_of_a_map_that_are_wrong_in_the_same_way_are_wrong_alike() {
        let misfit = |key: &str| Misfit::of("no number", "text").under(key).within("prices");
        assert_eq!(misfit("ann").reason(), misfit("bob").reason());
        assert_eq!(misfit("ann").to_string(), "`prices.[]`: no number (text, under `ann`)");
    }
}
