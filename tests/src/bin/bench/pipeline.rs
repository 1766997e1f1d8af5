//! What the pipeline can do without a broker: Parquet through a key filter, counted and forgotten.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anabranch_tests::orders::Orders;
use anyhow::{Context as _, Result, ensure};

use crate::restore::{self, Restored};
use crate::timing::Rounds;

const ORDERS: Orders = Orders { records: 4_000_000, partitions: 2, files: 4, headers: false };
const ROUNDS: usize = 3;
/// Entries of the profile that are shown.
const TOP: usize = 10;

pub(crate) fn measure() -> Result<String> {
    let backup = tempfile::tempdir()?;
    let folder = backup.path().join("backup");
    ORDERS.write(&folder)?;
    let [one, two] = [1, 2].map(|lanes| job(backup.path(), &folder, lanes));
    let (one, two) = (one?, two?);
    let mut rounds = [Rounds::default(), Rounds::default()];
    let mut resident = 0;
    for round in 0..=ROUNDS {
        for (arguments, rounds) in [&one, &two].into_iter().zip(&mut rounds) {
            let Restored { read, process, resident: most, .. } = restore::run(&[], arguments)?;
            resident = resident.max(most);
            if round > 0 {
                rounds.add(process, read);
            }
        }
    }
    let mut text = format!(
        "### Pipeline without a broker\n\n{} records of about 250 bytes, Parquet (snappy) on local disk, through the key \
         filter into the null target; {ROUNDS} rounds, the whole process with its start.\n\n\
         | lanes | records/s | ns a record: median (fastest to slowest) |\n|---|---|---|\n",
        ORDERS.records
    );
    for (lanes, rounds) in [1, 2].iter().zip(&rounds) {
        writeln!(text, "| {lanes} | {:.0} | {rounds} |", rounds.rate())?;
    }
    writeln!(text, "\nLargest resident set: {} MiB.", resident >> 20)?;
    write!(text, "\n{}", profile(backup.path(), &one)?)?;
    Ok(text)
}

/// A job file for as many lanes at a time, and the arguments that run it.
fn job(folder: &Path, backup: &Path, lanes: usize) -> Result<Vec<String>> {
    let file = folder.join(format!("{lanes}.toml"));
    let plugin = anabranch_tests::binaries::plugin("drop-test-users")?;
    let text = format!(
        "backup.url = {backup:?}\nresources.lanes = {lanes}\n[[plugin]]\npath = {plugin:?}\n[target]\nbrokers = \"null\"\n"
    );
    std::fs::write(&file, text)?;
    Ok(["restore", "--output", "json", &file.to_string_lossy()].map(str::to_owned).into())
}

/// Where one lane spends its time, by `perf`; says so where that is not to be had.
fn profile(folder: &Path, arguments: &[String]) -> Result<String> {
    let data = folder.join("perf.data");
    let data = data.to_string_lossy();
    if Command::new("perf").arg("--version").output().is_err() {
        return Ok("No profile: `perf` is not installed.\n".to_owned());
    }
    restore::run(&["perf", "record", "--quiet", "-F", "997", "-o", &data, "--"], arguments)?;
    let report = Command::new("perf")
        .args(["report", "-i", &data, "--stdio", "--no-children", "--percent-limit", "0.1", "--sort", "symbol"])
        .output()?;
    ensure!(report.status.success(), "perf report: {}", String::from_utf8_lossy(&report.stderr));
    let report = String::from_utf8(report.stdout).context("the profile")?;
    let lines = report.lines().filter(|line| line.contains('%') && !line.starts_with('#'));
    let mut text =
        "Top ten of the profile, one lane (`perf`, self time; `[.] 0x…` is the plugin's own code):\n\n```\n".to_owned();
    lines.take(TOP).try_for_each(|line| writeln!(text, "{}", line.trim_end_matches([' ', '-'])))?;
    text.push_str("```\n");
    Ok(text)
}
