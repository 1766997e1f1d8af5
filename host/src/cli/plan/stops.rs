//! Findings that keep a restore from starting.

use std::collections::BTreeSet;

use crate::failure::{Exit, Explain, Failure};
use crate::finding::{Finding, Weight};

/// A restore that does not start because of what was found.
#[derive(Debug, thiserror::Error)]
#[error("the {what} does not start: {}", codes.join(", "))]
struct Stopped {
    what: &'static str,
    go_on: &'static str,
    codes: Vec<String>,
    messages: Vec<String>,
}

impl Explain for Stopped {
    fn exit(&self) -> Exit {
        Exit::Failed
    }

    fn hint(&self) -> Option<String> {
        let allowed: Vec<String> = self.codes.iter().map(|code| format!("--allow {code}")).collect();
        Some(format!("{}; to {} in spite of it: {}", self.messages.join("; "), self.go_on, allowed.join(" ")))
    }
}

/// Refuses if there are findings that stop a restore and that the job does not allow by name.
pub(in crate::cli) fn refuse(findings: &[Finding], allow: &[String]) -> Result<(), Failure> {
    refuse_to("restore", findings, allow)
}

/// As [`refuse`], for a command that does something else.
pub(in crate::cli) fn refuse_to(what: &'static str, findings: &[Finding], allow: &[String]) -> Result<(), Failure> {
    let stopping = stops(findings, allow);
    if stopping.is_empty() {
        return Ok(());
    }
    let codes: BTreeSet<&str> = stopping.iter().map(|finding| finding.code).collect();
    let messages = stopping.iter().map(|finding| match &finding.remedy {
        Some(remedy) => format!("{} ({remedy})", finding.message),
        None => finding.message.clone(),
    });
    let (what, go_on) = (if what == "compare" { "comparison" } else { what }, what);
    Err(Stopped { what, go_on, codes: codes.into_iter().map(str::to_owned).collect(), messages: messages.collect() }
        .into())
}

/// The findings that stop a restore.
pub(super) fn stops<'a>(findings: &'a [Finding], allow: &[String]) -> Vec<&'a Finding> {
    let stops = |finding: &&Finding| finding.weight == Weight::Stop && !allow.iter().any(|code| code == finding.code);
    findings.iter().filter(stops).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_finding_stops_unless_it_is_allowed_by_name() {
        let finding = |code, weight| Finding { code, weight, message: format!("about {code}"), remedy: None };
        let findings = [finding("a", Weight::Stop), finding("b", Weight::Stop), finding("c", Weight::Warning)];
        let failure = refuse(&findings, &["a".to_owned()]).unwrap_err();
        assert_eq!(failure.exit(), Exit::Failed);
        insta::assert_snapshot!(failure, @"the restore does not start: b");
        insta::assert_snapshot!(failure.hint().unwrap(), @"about b; to restore in spite of it: --allow b");
        assert!(refuse(&findings, &["a".to_owned(), "b".to_owned()]).is_ok());
    }
}
