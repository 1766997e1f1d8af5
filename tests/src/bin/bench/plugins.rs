//! What the plugins that are here cost, beside the same work done natively.
//!
//! Natively the very crate of the plugin runs, without a boundary: no call, no columns that cross, no checks. So the ratio is
//! all that WebAssembly costs.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use anabranch::batch::Batch;
use anabranch::job::{PluginLimits, PluginSource, PluginUse};
use anabranch::plugin::{Chain, ChainOrigin, Subjects, Transform};
use anabranch::position::TopicPartition;
use anabranch::report::PluginCounts;
use anabranch_plugin::columns::{Batch as GuestBatch, BytesColumn, HeadersColumn, Offsets, numbers};
use anabranch_plugin::{Plugin, testing};
use anabranch_tests::binaries;
use anabranch_tests::orders::{Orders, TOPIC};
use anyhow::{Result, anyhow};
use arrow_array::{Array as _, BinaryArray};
use serde_json::{Value, json};

use crate::timing::{Rounds, time};

const ORDERS: Orders = Orders { records: 4096, partitions: 1, files: 1, headers: true };
/// Records in a batch: as many as a restore cuts by default, for records of this size.
const BATCH: u64 = 1024;
const ROUNDS: usize = 11;
/// How often a plugin is made ready.
const STARTS: usize = 21;
/// How long a round of one candidate takes, about.
const ROUND: f64 = 0.05;

/// One of what takes turns.
struct Candidate {
    run: Box<dyn FnMut() -> Result<()>>,
    passes: u64,
    rounds: Rounds,
}

impl Candidate {
    /// `run` passes once over all records.
    fn new(mut run: Box<dyn FnMut() -> Result<()>>) -> Result<Self> {
        // Warms up, and says how many passes make a round.
        run()?;
        let (took, done) = time(&mut run);
        done?;
        Ok(Self { run, passes: (ROUND / took.as_secs_f64()).ceil() as u64, rounds: Rounds::default() })
    }

    fn round(&mut self) -> Result<()> {
        let (took, done) = time(|| (0..self.passes).try_for_each(|_| (self.run)()));
        done?;
        self.rounds.add(took, ORDERS.records * self.passes);
        Ok(())
    }
}

/// A plugin, and what it is held against.
struct Subject {
    name: &'static str,
    plugin: Candidate,
    native: Candidate,
}

pub(crate) fn measure() -> Result<String> {
    let batches: Arc<[Arc<Batch>]> = (0..ORDERS.records)
        .step_by(BATCH as usize)
        .map(|first| Arc::new(ORDERS.batch(0, first, (first + BATCH).min(ORDERS.records))))
        .collect();
    let of_where = |expression: &str| json!({ "expression": expression });
    let steps = json!({ "steps": [
        { "rename": "email", "to": "mail" },
        { "cast": "cents", "as": "text" },
        { "default": "status", "value": "open" },
        { "drop": "note" },
        { "flatten": "address", "prefix": "address_" },
    ]});
    let masked = json!({ "redact": ["..email"], "tokenize": ["address.street"] });
    let hashed = json!({ "hash": ["email"] });
    let with_hmac = json!({ "hash": ["email"], "algorithm": "hmac-sha256" });
    let secret = |mut parameters: Value| {
        parameters["secret"] = "0123456789abcdef".into();
        parameters
    };
    let mut subjects = vec![
        subject::<where_plugin::Where>(
            "`where`, on the key",
            "where",
            &of_where(r#"!key.startsWith("test-")"#),
            &batches,
        )?,
        subject::<where_plugin::Where>(
            "`where`, on a header",
            "where",
            &of_where(r#"headers.source == "checkout""#),
            &batches,
        )?,
        subject::<where_plugin::Where>("`where`, on the offset", "where", &of_where("offset % 10 != 3"), &batches)?,
        subject::<where_plugin::Where>(
            "`where`, on the value",
            "where",
            &of_where(r#"value.cents > 5000 && value.address.country == "DE""#),
            &batches,
        )?,
        subject::<remap::Remap>("`remap`, five steps", "remap", &steps, &batches)?,
        subject::<mask::Mask>("`mask`, redacts and tokenizes", "mask", &secret(masked), &batches)?,
        subject::<mask::Mask>("`mask`, hashes with BLAKE3", "mask", &secret(hashed), &batches)?,
        subject::<mask::Mask>("`mask`, hashes with HMAC-SHA-256", "mask", &secret(with_hmac), &batches)?,
    ];
    for _ in 0..ROUNDS {
        for Subject { plugin, native, .. } in &mut subjects {
            plugin.round()?;
            native.round()?;
        }
    }
    let mut text = format!(
        "### Plugins beside native code\n\n{} records with a header in batches of {BATCH}; {ROUNDS} rounds in turn, one core. \
         Ns a record: median (fastest to slowest).\n\n| plugin | through the boundary | the same crate natively | ratio \
         |\n|---|---|---|---|\n",
        ORDERS.records
    );
    for Subject { name, plugin, native } in &subjects {
        let ratio = plugin.rounds.median() / native.rounds.median();
        writeln!(text, "| {name} | {} | {} | {ratio:.2} |", plugin.rounds, native.rounds)?;
    }
    languages(&batches, &mut text)?;
    Ok(text)
}

/// The same filter on keys in each language, by record; and how fast each is there.
fn languages(batches: &Arc<[Arc<Batch>]>, text: &mut String) -> Result<()> {
    let built = binaries::workspace().join("target");
    let plugins = [
        ("Rust", binaries::plugin("drop-test-users")?),
        ("JavaScript", built.join("js/plugins/drop-test-users.wasm")),
        ("Python", binaries::plugin("python-template")?),
    ];
    let prefix = json!({ "prefix": "test-" });
    let mut subjects = Vec::new();
    for (language, path) in plugins {
        let plugin = plugin_use(language, path, &prefix);
        let chain = Chain::load(std::slice::from_ref(&plugin), &origin())?;
        let mut transform = chain.open(&TopicPartition::new(TOPIC, Some(0)), TOPIC)?;
        let batches = Arc::clone(batches);
        let candidate = Candidate::new(Box::new(move || passes(&mut *transform, &batches)))?;
        subjects.push((language, plugin, candidate));
    }
    for _ in 0..ROUNDS {
        subjects.iter_mut().try_for_each(|(_, _, candidate)| candidate.round())?;
    }
    write!(
        text,
        "\n### Languages\n\nA filter on keys by record, which drops a tenth, as `anabranch plugin new` makes it, over the same records; \
         {ROUNDS} rounds in turn, one core. Ready: from the file to a configured instance, compiled code being kept; {STARTS} \
         times, one after the other.\n\n| | ns a record: median (fastest to slowest) | ready, ms: median (fastest to slowest) \
         |\n|---|---|---|\n"
    )?;
    for (language, plugin, candidate) in &subjects {
        let mut ready = Rounds::default();
        for _ in 0..STARTS {
            // Nanoseconds a million are milliseconds each.
            ready.add(Subjects::load(plugin, &origin())?.ready(), 1_000_000);
        }
        writeln!(text, "| {language} | {} | {ready} |", candidate.rounds)?;
    }
    Ok(())
}

fn subject<P: Plugin + 'static>(
    name: &'static str,
    package: &str,
    parameters: &Value,
    batches: &Arc<[Arc<Batch>]>,
) -> Result<Subject> {
    let chain = Chain::load(&[plugin_use(package, binaries::plugin(package)?, parameters)], &origin())?;
    let mut transform = chain.open(&TopicPartition::new(TOPIC, Some(0)), TOPIC)?;
    let mut native = testing::configure::<P>(parameters.clone())
        .map_err(|error| anyhow!("{package} does not take its parameters: {}", error.message))?;
    let columns: Vec<GuestBatch> = batches.iter().map(|batch| columns(batch)).collect();
    let batches = Arc::clone(batches);
    Ok(Subject {
        name,
        plugin: Candidate::new(Box::new(move || passes(&mut *transform, &batches)))?,
        native: Candidate::new(Box::new(move || {
            for batch in &columns {
                black_box(native.batch(black_box(batch)).map_err(|message| anyhow!(message))?);
            }
            Ok(())
        }))?,
    })
}

fn origin() -> ChainOrigin {
    ChainOrigin { job: "bench".to_owned(), started: 0, seed: 0 }
}

fn plugin_use(name: &str, path: PathBuf, parameters: &Value) -> PluginUse {
    PluginUse {
        name: name.to_owned(),
        source: PluginSource::File(path),
        sha256: None,
        parameters: parameters.as_object().cloned().unwrap_or_default(),
        hidden: Default::default(),
        limits: PluginLimits::default(),
    }
}

fn passes(transform: &mut dyn Transform, batches: &[Arc<Batch>]) -> Result<()> {
    let mut counts = [PluginCounts::default()];
    for batch in batches {
        black_box(transform.process(Arc::clone(black_box(batch)), &mut counts)?);
    }
    Ok(())
}

/// A batch as a plugin is handed it, with all of its columns.
fn columns(batch: &Batch) -> GuestBatch {
    let headers = &batch.columns.headers;
    let names: Vec<&str> = headers.dictionary().iter().flatten().collect();
    GuestBatch {
        topic: batch.source.topic.to_string(),
        partition: batch.source.partition,
        count: batch.len() as u32,
        offsets: Offsets::Listed(
            batch.offsets.as_ref().map(|offsets| numbers::pack::<i64>(offsets)).unwrap_or_default(),
        ),
        timestamps: Some(numbers::pack::<i64>(&batch.columns.timestamps)),
        keys: Some(bytes(&batch.columns.keys)),
        values: Some(bytes(&batch.columns.values)),
        headers: Some(HeadersColumn {
            rows: numbers::pack::<i32>(headers.row_offsets()),
            names: numbers::pack(headers.names()),
            dictionary: bytes(&BinaryArray::from_iter_values(names)),
            values: bytes(headers.values()),
        }),
        topics: None,
        partitions: None,
    }
}

/// A column that begins with its buffer, as those of a new batch do, and has no nulls.
fn bytes(array: &BinaryArray) -> BytesColumn {
    BytesColumn {
        offsets: numbers::pack(array.value_offsets()),
        data: array.value_data().to_vec(),
        validity: array.nulls().map(|nulls| nulls.inner().values().to_vec()),
    }
}
