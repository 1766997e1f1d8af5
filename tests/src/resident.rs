//! Runs a process and tells how much memory it had at most, and how much it read.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

/// How often a process is looked at. What is looked at only grows, so that no more than the last moments of it
/// can be missed.
const LOOK: Duration = Duration::from_millis(5);

/// What a process took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Its largest resident set, in bytes (`VmHWM` of proc(5)).
    pub resident: u64,
    /// Bytes that it read by `read` and its kin, from files above all (`rchar` of proc(5)).
    pub read: u64,
}

/// A process that is watched while it runs: what wait4(2) tells afterwards counts the memory of the process that
/// started it as well.
#[derive(Debug)]
pub struct Watched {
    id: u32,
    end: JoinHandle<Result<(Output, Used)>>,
}

/// The output of `command`, and the largest resident set of its process in bytes.
///
/// # Errors
/// A command that does not start, and a system without `/proc`.
pub fn output(command: &mut Command) -> Result<(Output, u64)> {
    let (output, used) = Watched::start(command)?.end()?;
    Ok((output, used.resident))
}

impl Watched {
    /// Starts a process.
    ///
    /// # Errors
    /// A command that does not start.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let id = child.id();
        let end = thread::spawn(move || {
            let waiting = thread::spawn(move || child.wait_with_output());
            let mut used = Used::default();
            while !waiting.is_finished() {
                let most = |file, name| value(&format!("/proc/{id}/{file}"), name).unwrap_or_default();
                used.resident = used.resident.max(most("status", "VmHWM:") * 1024);
                used.read = used.read.max(most("io", "rchar:"));
                thread::sleep(LOOK);
            }
            let output = waiting.join().map_err(|_| anyhow!("waiting for the process failed"))??;
            (used.resident > 0).then_some((output, used)).with_context(|| format!("`/proc/{id}` tells nothing"))
        });
        Ok(Self { id, end })
    }

    /// Asks it to stop, by SIGTERM.
    ///
    /// # Errors
    /// A process that has ended.
    pub fn stop(&self) -> Result<()> {
        let done = Command::new("kill").args(["-s", "TERM", &self.id.to_string()]).status()?;
        done.success().then_some(()).context("the process has ended before it was stopped")
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// A system without `/proc`.
    pub fn end(self) -> Result<(Output, Used)> {
        self.end.join().map_err(|_| anyhow!("watching the process failed"))?
    }
}

/// A number of a file of proc(5), by its name.
fn value(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
