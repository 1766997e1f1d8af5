//! The file of what is expected: one outcome a line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::TestError;
use super::outcome::Outcome;
use crate::store;

/// A record that came out otherwise.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    position: String,
    /// `null` where the record is not expected at all.
    expected: Option<Outcome>,
    /// `null` where the record did not come.
    found: Option<Outcome>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |outcome: &Option<Outcome>, none: &str| outcome.as_ref().map_or(none.to_owned(), Outcome::line);
        writeln!(f, "- {}", line(&self.expected, &format!("`{}` is not expected", self.position)))?;
        writeln!(f, "+ {}", line(&self.found, &format!("`{}` did not come", self.position)))
    }
}

/// Writes outcomes down.
///
/// # Errors
/// The disk's.
pub(super) fn write(path: &Path, outcomes: &[Outcome]) -> Result<(), TestError> {
    let text: String = outcomes.iter().map(|outcome| outcome.line() + "\n").collect();
    store::write_whole(path, text.as_bytes()).map_err(|source| file(path, "written", source))
}

fn file(path: &Path, what: &'static str, source: std::io::Error) -> TestError {
    TestError::File { path: path.to_owned(), what, source }
}

/// What differs from what is written down, in the order of what came and then of what did not.
///
/// # Errors
/// A file that cannot be read, or holds something else.
pub(super) fn compare(path: &Path, outcomes: &[Outcome]) -> Result<Vec<Difference>, TestError> {
    let text = std::fs::read_to_string(path).map_err(|source| file(path, "read", source))?;
    let mut expected = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |message: String| TestError::Line { path: path.to_owned(), line: number + 1, message };
        let outcome: Outcome = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if expected.insert(outcome.position.clone(), outcome).is_some() {
            return Err(wrong("its position stands there twice".to_owned()));
        }
    }
    let mut differences = Vec::new();
    for found in outcomes {
        let due = expected.remove(&found.position);
        if due.as_ref() != Some(found) {
            differences.push(Difference {
                position: found.position.clone(),
                expected: due,
                found: Some(found.clone()),
            });
        }
    }
    let missing = |(position, due)| Difference { position, expected: Some(due), found: None };
    differences.extend(expected.into_iter().map(missing));
    Ok(differences)
}
