//! The file of what is expected: one outcome a line.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
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

/// What came, against what is written down.
pub(super) struct Comparison {
    /// Of the records that came, in their order.
    pub(super) differences: Vec<Difference>,
    /// What is expected of records that did not come.
    pub(super) missing: Vec<Difference>,
}

/// Writes outcomes down.
///
/// # Errors
/// The disk's.
pub(super) fn write(path: &Path, outcomes: &[Outcome]) -> Result<(), TestError> {
    let text: String = outcomes.iter().map(|outcome| outcome.line() + "\n").collect();
    store::write_whole(path, text.as_bytes()).map_err(|source| file(path, "written", source))
}

/// Refuses a file that the test itself is about: a test must not be the end of its records.
///
/// # Errors
/// One that is `plugin` or `records`, by whatever name; either is none where it is no file of this machine.
pub(super) fn refuse_subject(path: &Path, plugin: Option<&Path>, records: &str) -> Result<(), TestError> {
    let records = Path::new(records.strip_prefix("file://").unwrap_or(records));
    let Ok(given) = fs::canonicalize(path) else { return Ok(()) };
    let is = |other: &Path| fs::canonicalize(other).is_ok_and(|other| other == given);
    let subject = |what| Err(TestError::Subject { path: path.to_owned(), what });
    match plugin {
        _ if is(records) => subject("the records that the plugin is tried on"),
        Some(plugin) if is(plugin) => subject("the plugin itself"),
        _ => Ok(()),
    }
}

/// Refuses a file that is there and does not consist of outcomes: `--bless` writes over no other.
///
/// # Errors
/// Such a file, or one that cannot be read.
pub(super) fn refuse_foreign(path: &Path) -> Result<(), TestError> {
    let foreign = |why| TestError::Foreign { path: path.to_owned(), why };
    match read(path) {
        Ok(_) => Ok(()),
        Err(TestError::File { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(()),
        Err(TestError::File { source, .. }) if source.kind() == ErrorKind::InvalidData => {
            Err(foreign("it is no text".to_owned()))
        }
        Err(TestError::Line { line, message, .. }) => Err(foreign(format!("line {line}: {message}"))),
        Err(error) => Err(error),
    }
}

fn file(path: &Path, what: &'static str, source: std::io::Error) -> TestError {
    TestError::File { path: path.to_owned(), what, source }
}

/// The outcomes of a file, by position.
fn read(path: &Path) -> Result<BTreeMap<String, Outcome>, TestError> {
    let text = fs::read_to_string(path).map_err(|source| file(path, "read", source))?;
    let mut outcomes = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |message: String| TestError::Line { path: path.to_owned(), line: number + 1, message };
        let outcome: Outcome = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if outcomes.insert(outcome.position.clone(), outcome).is_some() {
            return Err(wrong("its position stands there twice".to_owned()));
        }
    }
    Ok(outcomes)
}

/// What differs from what is written down.
///
/// # Errors
/// A file that cannot be read, or holds something else.
pub(super) fn compare(path: &Path, outcomes: &[Outcome]) -> Result<Comparison, TestError> {
    let mut expected = read(path)?;
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
    Ok(Comparison { differences, missing: expected.into_iter().map(missing).collect() })
}
