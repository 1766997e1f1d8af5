//! Rust plugins, by cargo and whichever Rust compiles to WebAssembly.

use std::fs;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::project::Project;
use super::{BuildError, tool};

/// Finds the Rust that compiles to WebAssembly and runs cargo with it. This repository builds its own plugins by it.
const CARGO: &str = include_str!("../../../../../sdk/rust/wasm-cargo");

/// What it exits with where there is none.
const NONE: i32 = 69;

/// The oldest Rust that the SDK takes.
const LEAST: (u32, u32) = (1, 95);

const INSTALL: &str = "`rustup target add wasm32-unknown-unknown` adds it; where rustup cannot, Debian has a Rust for it: \
                       `apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-19`";

/// One line of what cargo tells programs.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// # Errors
/// No Rust that compiles to WebAssembly, and whatever cargo says.
pub(super) fn build(project: &Project, out: &Path) -> Result<(), BuildError> {
    let install = "https://rustup.rs has the newest Rust; `rustup update stable` brings yours up to date";
    tool::require("Rust", Command::new("rustc").arg("--version"), LEAST, install)?;
    let started = |source| BuildError::Start { tool: "sh".to_owned(), source };
    let check = wasm_cargo(project).stderr(Stdio::null()).status().map_err(started)?;
    if check.code() == Some(NONE) {
        let what = "no Rust here compiles to WebAssembly: the target wasm32-unknown-unknown is missing".to_owned();
        return Err(BuildError::Tool { what, remedy: INSTALL.to_owned() });
    }

    let mut cargo = wasm_cargo(project);
    cargo.args(["build", "--lib", "--release", "--message-format", "json-render-diagnostics"]);
    // Apart from what `cargo test` builds, perhaps by another Rust.
    if std::env::var_os("CARGO_TARGET_DIR").is_none() {
        cargo.args(["--target-dir", "target/wasm"]);
    }
    let mut cargo = cargo.stdout(Stdio::piped()).spawn().map_err(started)?;
    let manifest = fs::canonicalize(project.folder.join(project.language.manifest())).ok();
    let mut made = None;
    // There is one: it is piped.
    if let Some(stdout) = cargo.stdout.take() {
        for line in std::io::BufReader::new(stdout).lines() {
            let line = line.map_err(started)?;
            let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
            if message.reason == "compiler-artifact" && fs::canonicalize(&message.manifest_path).ok() == manifest {
                made = message.filenames.into_iter().find(|file| file.extension().is_some_and(|end| end == "wasm"));
            }
        }
    }
    let status = cargo.wait().map_err(started)?;
    if !status.success() {
        return Err(BuildError::Failed { tool: "cargo build".to_owned(), status });
    }
    let made = made.ok_or_else(|| BuildError::NotMade {
        tool: "cargo build",
        why: format!("`{}` is no library that becomes a `.wasm` file", project.name),
    })?;
    fs::copy(&made, out).map(drop).map_err(|source| BuildError::Write { path: out.to_owned(), source })
}

fn wasm_cargo(project: &Project) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", CARGO, "wasm-cargo"]).current_dir(&project.folder).stdin(Stdio::null());
    command
}
