//! The demo: a backup of orders flows through two plugins into a Kafka broker.
//!
//! Everything in it is real: the files, the plugins, the `anabranch` binary that restores, and a broker
//! that is read back at the end. The broker is librdkafka's mock cluster inside this process or, with
//! `--kafka`, Apache Kafka.

#![allow(clippy::print_stderr, reason = "a program for people")]

mod broker;
mod read_back;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use anabranch_tests::orders::Orders;
use anyhow::{Context, Result, bail};
use broker::Broker;

const PARTITIONS: i32 = 4;
const RECORDS: u64 = 200_000;
const JOB: &str = "examples/drop-test-users/job.toml";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            error.chain().skip(1).for_each(|cause| eprintln!("  caused by: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let on_kafka = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--kafka" => true,
        other => bail!("`demo` takes nothing but `--kafka`, not `{}`", other.join(" ")),
    };
    let root = root()?;
    env::set_current_dir(&root).with_context(|| format!("cannot go to `{}`", root.display()))?;

    let backup = Path::new("target/demo/backup");
    if backup.exists() {
        fs::remove_dir_all(backup)?;
    }
    say(&format!(
        "writing a backup of {RECORDS} orders in {PARTITIONS} partitions to `{}` (Parquet)",
        backup.display()
    ));
    Orders { records: RECORDS, partitions: PARTITIONS, files: 2, headers: true }.write(backup)?;

    say("what is in it: `anabranch inspect`");
    anabranch(&["inspect", "target/demo/backup"])?;
    say("the first records, before and after the plugins: `anabranch preview`");
    anabranch(&["preview", JOB, "-n", "2"])?;

    let broker = Broker::start(on_kafka)?;
    say(&format!("restoring into {}: `anabranch restore`", broker.description()));
    anabranch(&["restore", JOB, "--brokers", broker.servers()])?;

    say("reading the topic back with a consumer of its own");
    let found = read_back::check(broker.servers(), PARTITIONS)?;
    eprintln!("{found}");
    Ok(())
}

/// Runs the binary beside this one, its output on this terminal.
fn anabranch(arguments: &[&str]) -> Result<()> {
    let binary = env::current_exe()?.with_file_name("anabranch");
    let status = Command::new(&binary)
        .args(arguments)
        .status()
        .with_context(|| format!("cannot run `{}`; `./justw demo` builds it", binary.display()))?;
    if !status.success() {
        bail!("`anabranch {}` ended with {status}", arguments.join(" "));
    }
    Ok(())
}

/// The folder of the workspace, above the target folder that this binary lies in.
fn root() -> Result<PathBuf> {
    let binary = env::current_exe()?;
    let root = binary.ancestors().find(|folder| folder.join(JOB).exists());
    Ok(root.context("the demo runs from a checkout: `./justw demo`")?.to_owned())
}

fn say(line: &str) {
    eprintln!("\n==> {line}\n");
}
