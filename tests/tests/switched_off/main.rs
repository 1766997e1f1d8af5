//! Runs the tests that show the promises of `docs/guarantees.md` once more for each mechanism that they rest on, with that
//! mechanism switched off, and requires that they fail: a test that passes all the same shows nothing.
//!
//! It builds `anabranch` with the feature `switches`, which alone has such switches, and runs it from a folder of its
//! own, so that neither this build nor any other takes the place of the other. What a test said when it failed stands in
//! `target/switched-off/said`. Arguments are those of any test: `just switched-off verify` runs what has that in its name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod documented;
mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anabranch_tests::binaries::workspace;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

use list::{SWITCHES, Switch};

/// What names mechanisms that are switched off.
const VARIABLE: &str = "ANABRANCH_SWITCHED_OFF";
/// How long a test may go on without its mechanism: one that does not come to its end has failed as well.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long all of a binary's tests may take with all mechanisms.
const PATIENCE_WITH_ALL: Duration = Duration::from_secs(900);

fn main() {
    let arguments = Arguments::from_args();
    let folder = workspace().join("target/switched-off");
    if !arguments.list {
        build(&folder);
    }
    let mut trials = vec![Trial::test("documented", || documented::check().map_err(Failed::from))];
    for (binary, tests) in by_binary() {
        let folder = folder.clone();
        trials.push(Trial::test(format!("with-all::{binary}"), move || passes(&folder, binary, &tests)));
    }
    for switch in SWITCHES {
        let folder = folder.clone();
        trials.push(Trial::test(format!("without::{}", switch.mechanism), move || fails(&folder, switch)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The tests of each binary.
fn by_binary() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut binaries: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for Switch { tests, .. } in SWITCHES {
        for (binary, test) in *tests {
            binaries.entry(*binary).or_default().insert(*test);
        }
    }
    binaries
}

/// Builds `anabranch` and the tests' binaries, and puts them side by side: tests run the `anabranch` that lies above them.
fn build(folder: &Path) {
    fs::create_dir_all(folder.join("said")).unwrap();
    let mut binaries = cargo(&["build", "--bins"]);
    let tests: Vec<&str> = by_binary().into_keys().flat_map(|binary| ["--test", binary]).collect();
    binaries.extend(cargo(&[&["test", "--no-run"], &*tests].concat()));
    for (name, built) in binaries {
        // Not over the former one, which may be running.
        let (new, place) = (folder.join(format!(".{name}")), folder.join(name));
        fs::copy(built, &new).unwrap();
        fs::rename(new, place).unwrap();
    }
}

/// Builds with switches, and gives the executables by name.
fn cargo(arguments: &[&str]) -> BTreeMap<String, PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).args(["--workspace", "--features", "anabranch/switches"]);
    command.args(["--message-format", "json-render-diagnostics"]).current_dir(workspace());
    // What cargo tells this test would have it build again what looks at it.
    let told = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in told.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
        command.env_remove(name);
    }
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    let messages = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    let executable = |message: Value| {
        let path = PathBuf::from(message["executable"].as_str()?);
        Some((message["target"]["name"].as_str()?.to_owned(), path))
    };
    messages.filter_map(executable).collect()
}

/// How a run of tests ended.
struct Run {
    passed: usize,
    failed: usize,
    /// Whether it had to be ended.
    stuck: bool,
    said: PathBuf,
}

/// Runs tests of a binary without a mechanism.
fn run(folder: &Path, binary: &str, tests: &[&str], mechanism: Option<&str>, patience: Duration) -> Run {
    let said = folder.join(format!("said/{}-{binary}.txt", mechanism.unwrap_or("nothing")));
    let file = File::create(&said).unwrap();
    let mut command = Command::new(folder.join(binary));
    command.args(tests).stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
    command.current_dir(workspace().join("tests")).env_remove(VARIABLE);
    command.envs(mechanism.map(|mechanism| (VARIABLE, mechanism)));
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let mut stuck = false;
    while child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(50));
        if begun.elapsed() > patience {
            stuck = true;
            // With all that it has started.
            let group = format!("-{}", child.id());
            Command::new("kill").args(["-s", "KILL", "--", &group]).status().unwrap();
            child.wait().unwrap();
        }
    }
    let text = String::from_utf8_lossy(&fs::read(&said).unwrap()).into_owned();
    let ended = |how: &str| text.lines().filter(|line| line.starts_with("test ") && line.ends_with(how)).count();
    Run { passed: ended("... ok"), failed: ended("... FAILED"), stuck, said }
}

fn passes(folder: &Path, binary: &str, tests: &BTreeSet<&str>) -> Result<(), Failed> {
    let list: Vec<&str> = tests.iter().copied().collect();
    let Run { passed, said, .. } = run(folder, binary, &list, None, PATIENCE_WITH_ALL);
    if passed == tests.len() {
        return Ok(());
    }
    Err(format!("{passed} of {} tests passed: {}", tests.len(), said.display()).into())
}

fn fails(folder: &Path, switch: &Switch) -> Result<(), Failed> {
    let mut tests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    switch.tests.iter().for_each(|(binary, test)| tests.entry(binary).or_default().push(test));
    for (binary, tests) in tests {
        let Run { passed, failed, stuck, said } = run(folder, binary, &tests, Some(switch.mechanism), PATIENCE);
        let all = passed == 0 && (failed == tests.len() || stuck);
        if !all {
            let message = format!("without `{}` {passed} of {} tests passed", switch.mechanism, tests.len());
            return Err(format!("{message}, and {failed} failed: {}", said.display()).into());
        }
    }
    Ok(())
}
