//! What it costs to take a record through a plugin and back.
//!
//! The plugins do next to nothing, so that what is measured is the boundary: the call, the columns that
//! cross, the SDK's loop over them, and the host's checks of the answer.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use anabranch::batch::Batch;
use anabranch::job::{PluginLimits, PluginSource, PluginUse};
use anabranch::plugin::{Chain, ChainOrigin, Transform, Untouched};
use anabranch::position::TopicPartition;
use anabranch::report::PluginCounts;
use anabranch_tests::binaries;
use anabranch_tests::orders::{Orders, TOPIC};
use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::timing::{Rounds, time};

const ORDERS: Orders = Orders { records: 4096, partitions: 1, files: 1, headers: false };
/// Records in a batch: as many as a restore cuts by default, for records of this size.
const BATCH: u64 = 1024;
const ROUNDS: usize = 15;
/// Times that a round passes over the records.
const PASSES: usize = 512;

struct Subject {
    name: &'static str,
    transform: Box<dyn Transform>,
    rounds: Rounds,
}

pub(crate) fn measure() -> Result<String> {
    let mut subjects = vec![
        Subject { name: "no plugin", transform: Box::new(Untouched), rounds: Rounds::default() },
        subject("key filter, drops a tenth", "drop-test-users", json!({ "prefix": "test-" }))?,
        subject("value filter, drops none", "guest-value-filter", json!({ "prefix": "[" }))?,
        subject("every value replaced", "guest-replace-value", json!({ "value": "x".repeat(250) }))?,
    ];
    let records = ORDERS.records;
    let batches: Vec<Arc<Batch>> = (0..records)
        .step_by(BATCH as usize)
        .map(|first| Arc::new(ORDERS.batch(0, first, (first + BATCH).min(records))))
        .collect();
    // Side by side: every round measures each of them once. The first round warms up.
    for round in 0..=ROUNDS {
        for subject in &mut subjects {
            let (took, done) = time(|| passes(&mut *subject.transform, &batches));
            done?;
            if round > 0 {
                subject.rounds.add(took, records * PASSES as u64);
            }
        }
    }
    let values: usize = batches.iter().map(|batch| batch.columns.values.value_data().len()).sum();
    let mut text = format!(
        "### Plugin boundary\n\n{records} records in batches of {BATCH}, values of {} bytes on average; {ROUNDS} rounds of \
         {PASSES} passes, one core.\n\n| plugin | ns a record: median (fastest to slowest) |\n|---|---|\n",
        values as u64 / records
    );
    for Subject { name, rounds, .. } in &subjects {
        writeln!(text, "| {name} | {rounds} |")?;
    }
    Ok(text)
}

fn subject(name: &'static str, package: &str, parameters: Value) -> Result<Subject> {
    let Value::Object(parameters) = parameters else { return subject(name, package, Value::Object(Map::new())) };
    let plugin = PluginUse {
        name: package.to_owned(),
        source: PluginSource::File(binaries::plugin(package)?),
        sha256: None,
        parameters,
        hidden: Default::default(),
        limits: PluginLimits::default(),
    };
    let chain = Chain::load(&[plugin], &ChainOrigin { job: "bench".to_owned(), started: 0, seed: 0 })?;
    let transform = chain.open(&TopicPartition::new(TOPIC, Some(0)), TOPIC)?;
    Ok(Subject { name, transform, rounds: Rounds::default() })
}

fn passes(transform: &mut dyn Transform, batches: &[Arc<Batch>]) -> Result<()> {
    let mut counts = [PluginCounts::default()];
    for _ in 0..PASSES {
        for batch in batches {
            black_box(transform.process(Arc::clone(black_box(batch)), &mut counts)?);
        }
    }
    Ok(())
}
