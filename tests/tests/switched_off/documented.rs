//! Holds the list of switches against `docs/guarantees.md` and against the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anabranch_tests::binaries::workspace;
use regex::Regex;

use crate::list::SWITCHES;

/// What is in one and not in the other.
pub(crate) fn check() -> Result<(), String> {
    let text = fs::read_to_string(workspace().join("docs/guarantees.md")).unwrap();
    let (_, tables) = text.split_once("## Which test shows it").unwrap();
    let quoted = Regex::new("`([a-z0-9_-]+)`").unwrap();
    let names = |cell: &str| quoted.captures_iter(cell).map(|found| found[1].to_owned()).collect::<BTreeSet<_>>();
    let mut told = BTreeSet::new();
    for row in tables.lines().filter(|line| line.starts_with('|')).filter(|line| !line.starts_with("|---")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, tests, without] = *cells else { return Err(format!("not three columns: {row}")) };
        if without.is_empty() {
            return Err(format!("neither a switch nor why there is none: {row}"));
        }
        let tests = names(tests);
        for mechanism in names(without) {
            let Some(switch) = SWITCHES.iter().find(|switch| switch.mechanism == mechanism) else {
                return Err(format!("no switch is called `{mechanism}`: {row}"));
            };
            let fails: Vec<&str> =
                switch.tests.iter().map(|(_, test)| *test).filter(|test| tests.contains(*test)).collect();
            if fails.is_empty() {
                return Err(format!("`{mechanism}` is not tried with a test of: {row}"));
            }
            told.extend(fails.into_iter().map(|test| (mechanism.clone(), test)));
        }
    }
    for switch in SWITCHES {
        for (_, test) in switch.tests {
            if !told.contains(&(switch.mechanism.to_owned(), *test)) {
                return Err(format!(
                    "docs/guarantees.md does not tell that `{test}` fails without `{}`",
                    switch.mechanism
                ));
            }
        }
    }
    let called = Regex::new(r#"(?:is_off|unless_off)\(\s*"([a-z-]+)""#).unwrap();
    let (mut sources, mut folders) = (String::new(), vec![workspace().join("host/src")]);
    while let Some(folder) = folders.pop() {
        read(&folder, &mut sources, &mut folders);
    }
    let called: BTreeSet<&str> = called.captures_iter(&sources).map(|found| found.extract::<1>().1[0]).collect();
    let listed: BTreeSet<&str> = SWITCHES.iter().map(|switch| switch.mechanism).collect();
    match called.difference(&listed).next() {
        Some(mechanism) => Err(format!("`{mechanism}` can be switched off, and no test is tried without it")),
        None => Ok(()),
    }
}

fn read(folder: &Path, sources: &mut String, folders: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders.push(path);
        } else {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
