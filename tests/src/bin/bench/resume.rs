//! What a restore that goes on reads of a backup of many files: what is left, and not what was restored before.

use std::fmt::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anabranch_tests::binaries;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::orders::{self, Orders, TOPIC};
use anabranch_tests::resident::{Used, Watched};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::machine::mebibytes;
use crate::restore;

const ORDERS: Orders = Orders { records: 4_000_000, partitions: 4, files: 2_500, headers: false };

/// What one run did.
struct Run {
    records: u64,
    used: Used,
    took: Duration,
    complete: bool,
}

pub(crate) fn measure() -> Result<String> {
    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("backup");
    ORDERS.write(&backup)?;
    let cluster = Cluster::start("auto.create.topics.enable=false\n")?;
    let whole = run(&cluster, &backup, &cluster.topic("whole", ORDERS.partitions, &[])?, None)?;
    // Twice into the same topic, which is the same job.
    let topic = cluster.topic("stopped", ORDERS.partitions, &[])?;
    let stopped = run(&cluster, &backup, &topic, Some(whole.took / 2))?;
    let resumed = run(&cluster, &backup, &topic, None)?;
    ensure!(whole.complete && !stopped.complete && resumed.complete, "the restore was not stopped in its middle");
    let mut text = format!(
        "### Going on\n\n{} files of {} Parquet (snappy) in all, {} partitions, exactly once into Apache Kafka, on local disk; \
         one run each.\n\n| | records read | bytes read by the process | s |\n|---|---|---|---|\n",
        ORDERS.files * u64::from(ORDERS.partitions.unsigned_abs()),
        mebibytes(orders::size(&backup)?),
        ORDERS.partitions
    );
    for (name, run) in [("whole", &whole), ("stopped in its middle", &stopped), ("gone on", &resumed)] {
        let Run { records, used, took, .. } = run;
        writeln!(text, "| {name} | {records} | {} | {:.1} |", mebibytes(used.read), took.as_secs_f64())?;
    }
    let a_record = whole.used.read as f64 / whole.records as f64;
    let share = resumed.used.read as f64 / (a_record * resumed.records as f64);
    writeln!(text, "\nThe run that went on read {share:.2} times what its records take in the whole run.")?;
    Ok(text)
}

fn run(cluster: &Cluster, backup: &Path, topic: &str, stop_after: Option<Duration>) -> Result<Run> {
    let map = format!("{TOPIC}={topic}");
    let target = ["--brokers", cluster.servers(), "--map", &map, "--delivery", "exactly-once"];
    let begun = Instant::now();
    let watched = Watched::start(binaries::anabranch()?.args(restore::arguments(backup, &target)?))?;
    if let Some(after) = stop_after {
        thread::sleep(after);
        watched.stop()?;
    }
    let (output, used) = watched.end()?;
    let took = begun.elapsed();
    let summary: Value =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let records = summary["read"]["records"].as_u64().context("no records in the summary")?;
    Ok(Run { records, used, took, complete: summary["complete"] == true })
}
