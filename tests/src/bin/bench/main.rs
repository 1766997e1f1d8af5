//! The benchmarks: what a record costs, measured beside what it is compared with, in one run.
//!
//! Results go to stdout as Markdown, in the shape of `docs/benchmarks.md`; everything else to stderr.
//! Nothing is asserted here, and nothing is measured in tests.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a program for people")]

mod boundary;
mod broker;
mod listing;
mod machine;
mod pipeline;
mod plugins;
mod processor;
mod restore;
mod resume;
mod schemas;
mod selection;
mod timing;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

/// Measures and gives its results as Markdown.
type Measure = fn() -> Result<String>;

/// What can be measured, in the order in which it is.
const PARTS: [(&str, Measure); 8] = [
    ("boundary", boundary::measure),
    ("plugins", plugins::measure),
    ("schemas", schemas::measure),
    ("pipeline", pipeline::measure),
    ("selection", selection::measure),
    ("listing", listing::measure),
    ("broker", broker::measure),
    ("resume", resume::measure),
];

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
    let wanted: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        let parts: Vec<&str> = PARTS.iter().map(|(part, _)| *part).collect();
        bail!("there is no benchmark `{unknown}`, only {}", parts.join(", "));
    }
    println!("{}", machine::description()?);
    for (name, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|part| part == name) {
            eprintln!("==> {name}");
            println!("\n{}", measure()?);
        }
    }
    Ok(())
}
