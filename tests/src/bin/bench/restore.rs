//! Runs the `anabranch` binary and takes its own summary.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anabranch_tests::binaries;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::timing::time;

/// What a restore says of itself, and how long the whole process took.
pub(crate) struct Restored {
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) process: Duration,
    /// The largest resident set of the process, in bytes.
    pub(crate) resident: u64,
    /// `None` without transactions.
    pub(crate) commits: Option<Commits>,
}

/// Commits of one restore or several.
#[derive(Default)]
pub(crate) struct Commits {
    number: u64,
    seconds: f64,
    longest: f64,
}

impl Commits {
    fn of(summary: &Value) -> Option<Self> {
        let commits = &summary["commits"];
        let number = commits["number"].as_u64()?;
        let seconds = commits["average_seconds"].as_f64()? * number as f64;
        Some(Self { number, seconds, longest: commits["longest_seconds"].as_f64()? })
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.number += other.number;
        self.seconds += other.seconds;
        self.longest = self.longest.max(other.longest);
    }
}

impl fmt::Display for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, seconds, longest } = self;
        write!(f, "{number}, {:.0} ms on average, {:.0} ms at most", seconds / *number as f64 * 1e3, longest * 1e3)
    }
}

/// The arguments of a restore of `backup` through the key filter.
pub(crate) fn arguments(backup: &Path, target: &[&str]) -> Result<Vec<String>> {
    let plugin = binaries::plugin("drop-test-users")?;
    let arguments = ["restore", "--output", "json", "--backup", &backup.to_string_lossy(), "--plugin"];
    let arguments = arguments.into_iter().map(str::to_owned);
    Ok(arguments.chain([plugin.to_string_lossy().into_owned()]).chain(target.iter().map(|a| (*a).to_owned())).collect())
}

/// Runs `anabranch` with these arguments, behind `wrapper` if there is one.
pub(crate) fn run(wrapper: &[&str], arguments: &[String]) -> Result<Restored> {
    let binary = binaries::anabranch()?;
    let mut words = wrapper.iter().map(|word| (*word).into()).chain([binary.get_program().to_owned()]);
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).args(arguments).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    let (process, output) = time(|| anabranch_tests::resident::output(&mut command));
    let (output, resident) = output?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).context("the summary of the restore")?;
    let count = |part: &str| summary[part]["records"].as_u64().with_context(|| format!("no `{part}` in {summary}"));
    let commits = Commits::of(&summary);
    Ok(Restored { read: count("read")?, written: count("written")?, process, resident, commits })
}
