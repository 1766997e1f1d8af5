//! What a selection costs: reading a hundredth of a backup, and testing a record.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch::batch::{Batch, Columns};
use anabranch::job::{HeaderTest, Keys, Moment, Select, Tombstones};
use anabranch::select::Selection;
use anabranch::write::TimestampType;
use anabranch::write::parquet::ParquetWriter;
use anabranch_tests::binaries;
use anabranch_tests::orders::{self, Orders, TOPIC};
use anabranch_tests::resident::{Used, Watched};
use anyhow::{Context as _, Result};
use arrow_array::BinaryArray;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use crate::machine::mebibytes;
use crate::timing::{Rounds, time};

const ORDERS: Orders = Orders { records: 20_000_000, partitions: 2, files: 64, headers: false };
const ROUNDS: usize = 3;
/// Records of one key, one after the other.
const OF_A_KEY: u64 = 10;
/// Keys that are selected.
const KEYS: u64 = 1000;
/// How often a filter says of a key that is not there that it may be.
const WRONG: f64 = 1e-6;
const BATCH: u64 = 1024;
const BATCHES: u64 = 64;
/// How often the batches are tested in a round.
const PASSES: u64 = 64;
const TEST_ROUNDS: usize = 15;

pub(crate) fn measure() -> Result<String> {
    let mut text = slice()?;
    text.push('\n');
    text.push_str(&tests()?);
    Ok(text)
}

/// A partition's key at an offset.
fn key(partition: i32, offset: u64) -> String {
    format!("{partition}-{:016x}", (offset / OF_A_KEY).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn write(folder: &Path) -> Result<()> {
    let records = ORDERS.records / u64::from(ORDERS.partitions.unsigned_abs());
    let a_file = records.div_ceil(ORDERS.files);
    for partition in 0..ORDERS.partitions {
        let place = folder.join(TOPIC).join(format!("partition={partition}"));
        fs::create_dir_all(&place)?;
        for first in (0..records).step_by(usize::try_from(a_file)?) {
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_column_bloom_filter_fpp("key".into(), WRONG)
                .set_column_bloom_filter_max_ndv("key".into(), a_file.div_ceil(OF_A_KEY));
            let file = File::create(place.join(format!("{TOPIC}+{partition}+{first:010}.parquet")))?;
            let mut writer = ParquetWriter::with_properties(file, properties)?;
            let end = (first + a_file).min(records);
            for chunk in (first..end).step_by(8192) {
                let batch = ORDERS.batch(partition, chunk, (chunk + 8192).min(end));
                let keys: BinaryArray = batch
                    .offsets
                    .iter()
                    .flat_map(|offsets| offsets.iter())
                    .map(|offset| Some(key(partition, offset.unsigned_abs()).into_bytes()))
                    .collect();
                let columns = Columns { keys, ..batch.columns };
                writer.write(&Batch { columns, ..batch }, Some(TimestampType::Create))?;
            }
            writer.finish()?;
        }
    }
    Ok(())
}

/// One restore.
struct Run {
    took: Duration,
    used: Used,
    records: u64,
}

fn restore(folder: &Path, flags: &[&str]) -> Result<Run> {
    let mut command = binaries::anabranch()?;
    command.args(["restore", "--output", "json", "--brokers", "null", "--backup"]).arg(folder).args(flags);
    let begun = Instant::now();
    let (output, used) = Watched::start(&mut command)?.end()?;
    let took = begun.elapsed();
    let summary: Value =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let records = summary["read"]["records"].as_u64().context("no records in the summary")?;
    Ok(Run { took, used, records })
}

/// A hundredth of the backup by time, and a thousand of its keys, against all of it.
fn slice() -> Result<String> {
    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("backup");
    write(&backup)?;
    // As [`Orders::batch`] has it: 17 ms between one order and the next.
    let time_of = |share: u64| (1_760_000_000_000 + ORDERS.records * share / 1000 * 17).to_string();
    let (from, until) = (time_of(505), time_of(515));
    let records = ORDERS.records / u64::from(ORDERS.partitions.unsigned_abs());
    let of_slice =
        |partition| (0..KEYS / 2).map(move |number| key(partition, records / 1000 * 505 + number * OF_A_KEY * 20));
    let keys: Vec<String> = (0..ORDERS.partitions).flat_map(of_slice).collect();
    let file = folder.path().join("keys.txt");
    fs::write(&file, keys.join("\n"))?;
    let file = file.to_string_lossy();
    let cases: [(&str, &[&str]); 3] = [
        ("all of it", &[]),
        ("a hundredth, by time", &["--from", &from, "--until", &until]),
        ("1,000 keys of that hundredth", &["--key-file", &file]),
    ];
    let mut rounds: Vec<Vec<Run>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for ((_, flags), runs) in cases.iter().zip(&mut rounds) {
            let run = restore(&backup, flags)?;
            if round > 0 {
                runs.push(run);
            }
        }
    }
    let bytes = orders::size(&backup)?;
    let mut text = format!(
        "### A part of a backup\n\n{} of Parquet (snappy) in {} files of one row group each, {} records, on local disk into the \
         null target; {ROUNDS} rounds in turn after one to warm up, the whole process with its start. Filters of keys are \
         wrong once in {:.0} times.\n\n| | records | bytes read by the process | of all | s: median | of all |\n|---|---|---|---|---|---|\n",
        mebibytes(bytes),
        ORDERS.files * u64::from(ORDERS.partitions.unsigned_abs()),
        ORDERS.records,
        1.0 / WRONG,
    );
    let median = |runs: &[Run]| {
        let mut times: Vec<f64> = runs.iter().map(|run| run.took.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let all = rounds.first().map_or(f64::NAN, |runs| median(runs));
    for ((name, _), runs) in cases.iter().zip(&rounds) {
        let (read, records) = runs.last().map(|run| (run.used.read, run.records)).unwrap_or_default();
        let seconds = median(runs);
        writeln!(
            text,
            "| {name} | {records} | {} | {:.2} % | {seconds:.3} | {:.2} % |",
            mebibytes(read),
            read as f64 / bytes as f64 * 100.0,
            seconds / all * 100.0
        )?;
    }
    Ok(text)
}

/// What it costs to test a record that is read.
fn tests() -> Result<String> {
    let of_memory = Orders { headers: true, ..ORDERS };
    let batches: Vec<Arc<Batch>> =
        (0..BATCHES).map(|batch| Arc::new(of_memory.batch(0, batch * BATCH, (batch + 1) * BATCH))).collect();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("keys.txt");
    let millions: String = (0..1_000_000).fold(String::new(), |mut text, number| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", number * 2);
        text
    });
    fs::write(&file, millions)?;
    let none = Select::default;
    let cases = [
        ("a range of time", Select { from: Some(Moment::At(0)), until: Some(Moment::At(i64::MAX)), ..none() }),
        ("no tombstones", Select { tombstones: Some(Tombstones::None), ..none() }),
        ("a header and its value", Select { headers: vec![header("source=checkout")?], ..none() }),
        ("a header that none has", Select { headers: vec![header("retried")?], ..none() }),
        ("one key", Select { keys: Keys { exact: vec!["4711".to_owned()], ..Keys::default() }, ..none() }),
        (
            "a beginning of keys",
            Select { keys: Keys { prefixes: vec!["test-".to_owned()], ..Keys::default() }, ..none() },
        ),
        ("a file of a million keys", Select { keys: Keys { file: Some(file), ..Keys::default() }, ..none() }),
    ];
    let mut measured = Vec::new();
    for (name, select) in cases {
        let selection = Selection::load(&select)?.context("a selection that takes everything")?;
        measured.push((name, selection.tests(0)?, Rounds::default()));
    }
    let mut mask = Vec::new();
    for round in 0..=TEST_ROUNDS {
        for (_, tests, rounds) in &mut measured {
            let (took, ()) = time(|| {
                for batch in (0..PASSES).flat_map(|_| &batches) {
                    tests.mark(batch, &mut mask);
                    black_box(&mask);
                }
            });
            if round > 0 {
                rounds.add(took, PASSES * BATCHES * BATCH);
            }
        }
    }
    let mut text = format!(
        "### Testing a record\n\n{} records in batches of {BATCH}, in memory; {TEST_ROUNDS} rounds in turn, one core. Not in it: \
         what is taken is copied where it is less than all of a batch and does not lie together.\n\n| selected by | taken | ns a record: median (fastest to slowest) |\n|---|---|---|\n",
        PASSES * BATCHES * BATCH,
    );
    for (name, tests, rounds) in &measured {
        let taken: usize = batches.iter().map(|batch| tests.taken(Arc::clone(batch), &mut mask).len()).sum();
        writeln!(text, "| {name} | {:.1} % | {rounds} |", taken as f64 / (BATCHES * BATCH) as f64 * 100.0)?;
    }
    Ok(text)
}

fn header(text: &str) -> Result<HeaderTest> {
    HeaderTest::parse(text).map_err(anyhow::Error::msg)
}
