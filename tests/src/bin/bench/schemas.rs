//! What it costs to change the schema of a value on the way.
//!
//! Beside it stands what the crate `apache-avro` takes to decode a value and encode it again in a loop, nothing else: a value
//! that it makes of each record, and throws away.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anabranch::batch::{Batch, ColumnsBuilder};
use anabranch::job::file::parse;
use anabranch::passage::Passage;
use anabranch::plugin::{Chain, ChainOrigin, Transform};
use anabranch::position::TopicPartition;
use anabranch::report::PluginCounts;
use anabranch::schema::{Registering, Schemas};
use anabranch_tests::binaries;
use anyhow::{Context as _, Result};
use apache_avro::types::{Record, Value};
use apache_avro::{Decimal, Schema, from_avro_datum, to_avro_datum};
use serde_json::json;
use tempfile::TempDir;

use crate::timing::{Rounds, time};

const RECORDS: usize = 4096;
/// Records in a batch.
const BATCH: usize = 1024;
const ROUNDS: usize = 15;
/// Times that a round passes over the records.
const PASSES: usize = 16;
const TOPIC: &str = "orders";

/// A schema of 20 fields.
fn schema(fields: [serde_json::Value; 6]) -> String {
    let texts = (0..6).map(|at| json!({"name": format!("text{at}"), "type": "string"}));
    let numbers = (0..5).map(|at| json!({"name": format!("number{at}"), "type": "long"}));
    let options = (0..3).map(|at| json!({"name": format!("option{at}"), "type": ["null", "string"]}));
    let fields: Vec<serde_json::Value> = fields.into_iter().chain(texts).chain(numbers).chain(options).collect();
    json!({"type": "record", "name": "Order", "namespace": "shop", "fields": fields}).to_string()
}

/// What the backup has.
fn before() -> String {
    schema([
        json!({"name": "id", "type": "int"}),
        json!({"name": "full_name", "type": "string"}),
        json!({"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "PAID", "SENT"]}}),
        json!({"name": "sum", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}),
        json!({"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}),
        json!({"name": "weight", "type": "float"}),
    ])
}

/// What the target wants: a longer number, another name, other symbols, and a new field in the place of one that goes.
fn after() -> String {
    schema([
        json!({"name": "id", "type": "long"}),
        json!({"name": "name", "aliases": ["full_name"], "type": "string"}),
        json!({"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["SENT", "PAID", "NEW"]}}),
        json!({"name": "sum", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}),
        json!({"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}),
        json!({"name": "currency", "type": "string", "default": "EUR"}),
    ])
}

fn values(schema: &Schema) -> Result<Vec<Vec<u8>>> {
    let one = |at: usize| -> Result<Vec<u8>> {
        let mut record = Record::new(schema).context("no record")?;
        record.put("id", Value::Int(at as i32));
        record.put("full_name", format!("Ann Bell {at}"));
        record.put("status", Value::Enum((at % 3) as u32, ["NEW", "PAID", "SENT"][at % 3].to_owned()));
        record.put("sum", Value::Decimal(Decimal::from((at as i32 * 7).to_be_bytes())));
        record.put("at", Value::TimestampMillis(1_700_000_000_000 + at as i64));
        record.put("weight", Value::Float(at as f32));
        for field in 0..6 {
            record.put(&format!("text{field}"), format!("some text of record {at}"));
        }
        for field in 0..5 {
            record.put(&format!("number{field}"), Value::Long((at * field * 1000) as i64));
        }
        for field in 0..3 {
            let branch = if at.is_multiple_of(2) { (0, Value::Null) } else { (1, Value::String("there".to_owned())) };
            record.put(&format!("option{field}"), Value::Union(branch.0, Box::new(branch.1)));
        }
        Ok(to_avro_datum(schema, record)?)
    };
    (0..RECORDS).map(one).collect()
}

fn batches(values: &[Vec<u8>]) -> Vec<Arc<Batch>> {
    let source = Arc::new(TopicPartition::new(TOPIC, Some(0)));
    let batch = |(number, part): (usize, &[Vec<u8>])| {
        let mut columns = ColumnsBuilder::default();
        for value in part {
            columns.key(Some(b"key"));
            columns.value(Some(value));
            columns.end_row(0);
        }
        let first = (number * BATCH) as i64;
        Arc::new(Batch {
            source: Arc::clone(&source),
            strand: None,
            file: "orders.jsonl".into(),
            rows: (0..part.len() as u64).collect(),
            offsets: Some((first..first + part.len() as i64).collect()),
            columns: columns.finish(),
            routes: Default::default(),
        })
    };
    values.chunks(BATCH).enumerate().map(batch).collect()
}

enum Work {
    Transform(Box<dyn Transform>, Vec<Arc<Batch>>),
    /// Decodes by one schema, resolves to another where there is one, and encodes.
    Apache(Box<Schema>, Option<Box<Schema>>, Vec<Vec<u8>>),
}

struct Subject {
    name: &'static str,
    work: Work,
    rounds: Rounds,
}

/// A transform as a job's restore has it, for a job that asks no registry.
fn transform(folder: &Path, schema: &str, chain: Option<&Chain>) -> Result<Box<dyn Transform>> {
    let text = format!("[backup]\nurl = \"x\"\n[target]\nbrokers = \"null\"\n[[schema]]\n[schema.value]\n{schema}\n");
    let job = parse(&text, &folder.join("job.toml"), &|_| None)?;
    let schemas = Schemas::open(&job, Registering::Never)?;
    let passage = Passage { chain, schemas: schemas.as_ref() };
    Ok(passage.open(&TopicPartition::new(TOPIC, Some(0)), TOPIC)?)
}

pub(crate) fn measure() -> Result<String> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join("before.avsc"), before())?;
    fs::write(folder.path().join("after.avsc"), after())?;
    let (old, new) = (
        Schema::parse_str(&before())?,
        Schema::parse_str(&after().replace("\"name\":\"name\"", "\"name\":\"full_name\""))?,
    );
    let bare = values(&old)?;
    let framed: Vec<Vec<u8>> = bare.iter().map(|value| [&[0, 0, 0, 0, 41][..], value].concat()).collect();
    let uses = json!({ "prefix": "[" });
    let filter = anabranch::job::PluginUse {
        name: "value-filter".to_owned(),
        source: anabranch::job::PluginSource::File(binaries::plugin("guest-value-filter")?),
        sha256: None,
        parameters: uses.as_object().cloned().unwrap_or_default(),
        hidden: Default::default(),
        limits: Default::default(),
    };
    let chain = Chain::load(&[filter], &ChainOrigin { job: "bench".to_owned(), started: 0, seed: 0 })?;
    let ours = |schema: &str, chain: Option<&Chain>, values: &[Vec<u8>]| -> Result<Work> {
        Ok(Work::Transform(transform(folder.path(), schema, chain)?, batches(values)))
    };
    let ids = "encoding = \"rewrite-ids\"\nids = { 41 = 7 }";
    let avro = "encoding = \"avro\"\nschema = \"before.avsc\"";
    let migrated = format!("{avro}\ntarget_schema = \"after.avsc\"");
    let json = format!("{avro}\ntarget_encoding = \"json\"");
    let mut subjects = vec![
        ("ids rewritten", ours(ids, None, &framed)?),
        ("checked, and written as it is", ours(avro, None, &bare)?),
        ("resolved to another schema", ours(&migrated, None, &bare)?),
        ("as JSON", ours(&json, None, &bare)?),
        ("as JSON through a plugin that changes nothing, resolved", ours(&migrated, Some(&chain), &bare)?),
        ("`apache-avro`: decoded and encoded", Work::Apache(Box::new(old.clone()), None, bare.clone())),
        (
            "`apache-avro`: decoded, resolved and encoded",
            Work::Apache(Box::new(old), Some(Box::new(new)), bare.clone()),
        ),
    ]
    .into_iter()
    .map(|(name, work)| Subject { name, work, rounds: Rounds::default() })
    .collect::<Vec<_>>();
    // Side by side: every round measures each of them once. The first round warms up.
    for round in 0..=ROUNDS {
        for subject in &mut subjects {
            let (took, done) = time(|| subject.work.pass());
            done?;
            if round > 0 {
                subject.rounds.add(took, (RECORDS * PASSES) as u64);
            }
        }
    }
    let bytes: usize = bare.iter().map(Vec::len).sum();
    let mut text = format!(
        "### Schemas\n\n{RECORDS} records in batches of {BATCH}, Avro of 20 fields in {} bytes on average; {ROUNDS} rounds of \
         {PASSES} passes, one core.\n\n| what becomes of a value | ns a record: median (fastest to slowest) |\n|---|---|\n",
        bytes / RECORDS
    );
    for Subject { name, rounds, .. } in &subjects {
        writeln!(text, "| {name} | {rounds} |")?;
    }
    Ok(text)
}

impl Work {
    fn pass(&mut self) -> Result<()> {
        for _ in 0..PASSES {
            match self {
                Self::Transform(transform, batches) => {
                    let mut counts = [PluginCounts::default()];
                    for batch in batches {
                        black_box(transform.process(Arc::clone(black_box(batch)), &mut counts)?);
                    }
                }
                Self::Apache(writer, reader, values) => {
                    for value in values {
                        let decoded = from_avro_datum(writer, &mut black_box(value).as_slice(), reader.as_deref())?;
                        black_box(to_avro_datum(reader.as_deref().unwrap_or(writer), decoded)?);
                    }
                }
            }
        }
        Ok(())
    }
}
