//! Runs the `anabranch` binary in a folder and keeps what it said, for snapshots.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::binaries;

/// What a run left behind.
pub struct Run {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Data.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

/// Runs `anabranch` in `folder`, whose path becomes `<folder>` in what was said.
///
/// # Errors
/// A binary that does not start.
pub fn run(folder: &Path, arguments: &[&str]) -> Result<Run> {
    let begun = Instant::now();
    let mut command = binaries::anabranch()?;
    // Nothing of the tester's own account with a store.
    let foreign = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("AWS_"));
    for name in foreign {
        command.env_remove(name);
    }
    let output = command.current_dir(folder).args(arguments).env("COLUMNS", "120").output()?;
    let folders = [std::fs::canonicalize(folder)?.display().to_string(), folder.display().to_string()];
    let said = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        folders.iter().fold(text, |text, folder| text.replace(folder.as_str(), "<folder>"))
    };
    Ok(Run {
        code: output.status.code(),
        stdout: said(&output.stdout),
        stderr: said(&output.stderr),
        took: begun.elapsed(),
    })
}

/// The exit code and the error with its hint; all of what was said to people where there is none. Log lines
/// and how far each lane came, which stand before the error, differ from run to run.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        let error = self.stderr.find("\nerror: ").map_or(0, |newline| newline + 1);
        write!(f, "exit {code}\n{}", &self.stderr[error..])
    }
}
