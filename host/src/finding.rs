//! What `plan` found out before a restore starts, good to know or a reason not to start.

use std::fmt;

use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something that was assumed or is good to know.
    Note,
    /// Something that may surprise; the restore goes on.
    Warning,
    /// The restore does not start unless the job allows it by [`Finding::code`].
    Stop,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable name, as `allow = ["…"]` in a job has it: `timestamp-zero`.
    pub code: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What would happen, and where.
    pub message: String,
    /// What to set or do.
    pub remedy: Option<String>,
}

/// A finding as JSON documents have it.
#[derive(Debug, Serialize)]
pub struct FindingDocument<'a> {
    code: &'a str,
    weight: &'static str,
    message: &'a str,
    remedy: Option<&'a str>,
}

impl Weight {
    /// The weight's name in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Stop => "stop",
        }
    }
}

impl Finding {
    /// The finding for a JSON document.
    pub fn document(&self) -> FindingDocument<'_> {
        let Self { code, weight, message, remedy } = self;
        FindingDocument { code, weight: weight.name(), message, remedy: remedy.as_deref() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]: {}", self.weight.name(), self.code, self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  hint: {remedy}"),
            None => Ok(()),
        }
    }
}
