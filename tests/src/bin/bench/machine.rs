//! What the figures were measured on.

use std::fs;
use std::thread;

use anyhow::Result;

/// One line: processor, cores, memory, build.
pub(crate) fn description() -> Result<String> {
    let cores = thread::available_parallelism()?;
    let after = |file: &str, name: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?.to_owned();
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = after("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unnamed processor".to_owned());
    let memory = after("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let build = if cfg!(debug_assertions) { "**debug build: figures mean nothing**" } else { "release build" };
    Ok(format!("Measured on {model}, {cores} cores, memory {memory}; {build}."))
}

/// Bytes as people read them.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
