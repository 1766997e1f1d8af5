//! What is wrong with a value, and where in it.

use std::fmt;

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
        Self { path: Vec::new(), what: what.into(), detail: None }
    }

    /// With what is true of this one value alone.
    pub(crate) fn of(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: Vec::new(), what: what.into(), detail: Some(detail.into()) }
    }

    /// It is in this field, or entry.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.path.push(part.to_owned());
        self
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
