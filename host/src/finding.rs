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
    /// What would have stopped a restore that the job allows.
    Allowed,
}

/// Every code that a finding can have; a job may allow no other.
pub const CODES: [&str; 56] = [
    "at-least-once",
    "catalog-cached",
    "catalog-not-kept",
    "changed-delivery",
    "changed-map",
    "changed-plugins",
    "changed-source",
    "changed-target",
    "configs-changed",
    "configs-left",
    "configs-put-back",
    "counted-offsets",
    "empty-files",
    "estimated-records",
    "keys-in-partitions",
    "keys-missing",
    "limits-unknown",
    "lost",
    "map-unused",
    "merged",
    "mixed-files",
    "names-assumed",
    "no-offsets",
    "no-partitions",
    "not-established",
    "one-replica",
    "partition-count",
    "permission-missing",
    "plugin-partitions",
    "record-too-large",
    "replicas-behind",
    "retention-deletes",
    "retention-returns",
    "schema-missing",
    "schema-refused",
    "schema-unfit",
    "schema-unknown",
    "schema-unused",
    "separate-keys",
    "set-aside",
    "shortened-target",
    "skipped-files",
    "sources-merged",
    "target-compacted",
    "target-not-empty",
    "times-unknown",
    "timestamp-out-of-range",
    "timestamp-type-lost",
    "timestamp-zero",
    "timestamps-replaced",
    "timestamps-unknown",
    "topic-assumed",
    "topic-created",
    "too-few-replicas",
    "topic-unused",
    "unmatched-files",
];

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
            Self::Allowed => "allowed",
        }
    }
}

impl Finding {
    /// The finding in the report of a restore that went on in spite of it.
    pub fn allowed(self) -> Self {
        match self.weight {
            Weight::Stop => Self { weight: Weight::Allowed, ..self },
            _ => self,
        }
    }

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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;
    use walkdir::WalkDir;

    use super::*;

    #[test]
    fn every_finding_in_the_sources_can_be_allowed() {
        let code = Regex::new(r#"(?:code: |\badd\(\s*)"([a-z]+(?:-[a-z]+)*)""#).unwrap();
        let sources = WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).into_iter().map(Result::unwrap);
        let mut used = BTreeSet::from([crate::target::kafka::TIMESTAMP_ZERO.to_owned()]);
        for source in sources.filter(|source| source.file_type().is_file()) {
            // Tests make findings up.
            let text = std::fs::read_to_string(source.path()).unwrap();
            let is_test =
                source.path().components().any(|part| part.as_os_str().to_string_lossy().starts_with("tests"));
            if !is_test {
                used.extend(code.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
        assert_eq!(used, CODES.map(str::to_owned).into());
    }
}
