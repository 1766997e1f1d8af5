//! What the tests run rather than link: the `anabranch` binary and the plugins built from source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

/// The `anabranch` binary of this build, without anything of the environment that it reads.
///
/// # Errors
/// A build without it: `cargo test --workspace` builds it.
pub fn anabranch() -> Result<Command> {
    let tests = env::current_exe()?;
    let profile = tests.ancestors().find(|folder| folder.join("anabranch").is_file());
    let binary = profile.context("no `anabranch` above this test; `./justw test` builds it")?.join("anabranch");
    let mut command = Command::new(binary);
    command.env_remove("ANABRANCH_LOG").env("NO_COLOR", "1");
    Ok(command)
}

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A plugin built from this repository's sources, by its package's name.
///
/// # Errors
/// A plugin that is not built, or older than its source.
pub fn plugin(package: &str) -> Result<PathBuf> {
    let path = workspace().join("target/plugins").join(format!("{package}.wasm"));
    ensure!(path.exists(), "`{package}` is not built; `./justw test` does it, or `./justw plugins` alone");
    fs::canonicalize(path).context("the plugin's path")
}

/// A plugin at `path` whose compiled code is kept: an interpreter takes many seconds, which tests side by side would each
/// spend.
///
/// # Errors
/// A file that is no plugin.
pub fn compiled(path: PathBuf) -> Result<PathBuf> {
    static DONE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !done.contains(&path) {
        let output = anabranch()?.args(["plugin", "inspect"]).arg(&path).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        done.insert(path.clone());
    }
    Ok(path)
}
