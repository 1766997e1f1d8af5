//! What becomes of a record that a plugin cannot do its work on: the same words in all plugins.

use anabranch_plugin::{Outcome, Record};
use serde::Deserialize;

/// `"reject"`, `"keep"` or `"drop"`, as a parameter says it: `#[parameter(text, default = "reject")]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The record is rejected: the restore ends, or sets it aside where the job says so.
    Reject,
    /// The record is passed on as it came.
    Keep,
    /// The record is left out.
    Drop,
}

impl Policy {
    /// Ends a record that nothing was changed of. It is rejected for `reason`, or dropped as `what`, which the report
    /// counts by.
    ///
    /// # Errors
    /// The rejection, where it comes to that.
    pub fn settle(self, record: Record<'_>, what: &str, reason: impl FnOnce() -> String) -> Outcome {
        match self {
            Self::Reject => record.reject(reason()),
            Self::Keep => record.keep(),
            Self::Drop => record.drop(what),
        }
    }

    /// Ends a record whose value or key, as `part` says, is not JSON.
    ///
    /// # Errors
    /// The rejection, where it comes to that.
    pub fn not_json(self, record: Record<'_>, part: &str, error: &dyn std::error::Error) -> Outcome {
        self.settle(record, "not JSON", || format!("the {part} is not JSON: {error}"))
    }
}
