//! Runs a process and tells how much memory it had at most.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

/// How often a process is looked at. Its maximum only grows, so that no more than the last moments of it
/// can be missed.
const LOOK: Duration = Duration::from_millis(5);

/// The output of `command`, and the largest resident set of its process in bytes (`VmHWM` of proc(5)).
///
/// It is read while the process runs: what wait4(2) tells afterwards counts the memory of the process that
/// started it as well.
///
/// # Errors
/// A command that does not start, and a system without `/proc`.
pub fn output(command: &mut Command) -> Result<(Output, u64)> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let waiting = thread::spawn(move || child.wait_with_output());
    let mut most = None;
    while !waiting.is_finished() {
        most = high_water_mark(&status).max(most);
        thread::sleep(LOOK);
    }
    let output = waiting.join().map_err(|_| anyhow!("waiting for the process failed"))??;
    Ok((output, most.ok_or_else(|| anyhow!("`{status}` tells no VmHWM"))?))
}

fn high_water_mark(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
