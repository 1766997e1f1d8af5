//! Runs the `anabranch` binary on small backups of JSON Lines.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a backup: topic `orders`, partition 0 in two files and partition 1 in one.
pub(crate) fn backup() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder for the backup");
    write(dir.path(), "data/orders/part-b.jsonl", 0, 3..5);
    write(dir.path(), "data/orders/part-a.jsonl", 0, 0..3);
    write(dir.path(), "data/orders/part-c.jsonl", 1, 7..9);
    dir
}

/// Writes records of `orders` with these offsets.
pub(crate) fn write(dir: &Path, name: &str, partition: i32, offsets: std::ops::Range<i64>) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).expect("a folder for the file");
    let lines = offsets.map(|offset| {
        let key = format!("user-{}", offset % 3);
        let record = serde_json::json!({
            "topic": "orders", "partition": partition, "offset": offset, "timestamp": 1_700_000_000_000_i64 + offset,
            "key": key, "value": format!("order {offset}"), "headers": [{"key": "trace", "value": "t"}],
        });
        format!("{record}\n")
    });
    fs::write(path, lines.collect::<String>()).expect("the file is written");
}

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        write!(f, "exit {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// The binary, in this folder, without anything of the environment that it reads.
pub(crate) fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anabranch"));
    command.current_dir(dir).args(arguments).env_remove("ANABRANCH_LOG").env("NO_COLOR", "1").env("COLUMNS", "100");
    command
}

/// Runs the binary in this folder.
pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Run {
    Run::of(command(dir, arguments).output().expect("the binary starts"))
}
