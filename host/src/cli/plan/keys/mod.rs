//! Keys that occur in several source partitions: whether that matters, what looking for them would take, and looking.
//!
//! A restore promises the order of a key's records within one source partition. Where they come from several, and records
//! find their partition by key, they meet without an order between them.

mod scan;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::batch::Limits;
use crate::catalog::{Catalog, Lane};
use crate::failure::Failure;
use crate::finding::{Finding, Weight};
use crate::job::{Job, Order, PartitionStrategy};
use crate::report::shown::{count, size};
use scan::{HELD, Scan};

/// What to set where it matters.
const REMEDY: &str = "`order = \"timestamp\"` in `[target]` merges the source partitions of a topic by time";

/// What was found of the keys that go to one target topic.
#[derive(Debug, Serialize)]
pub(super) struct KeysDocument {
    target_topic: String,
    /// Distinct keys that were looked at.
    keys: u64,
    /// Those of them that occur in several source partitions.
    in_several: u64,
    /// One of how many keys was looked at, chosen by their hashes.
    one_of: u64,
    examples: Vec<ExampleDocument>,
}

/// A key that occurs in several source partitions.
#[derive(Debug, Serialize)]
struct ExampleDocument {
    key: String,
    sources: [String; 2],
}

/// The lanes that meet in each target topic, where several do.
fn meeting<'a>(job: &'a Job, catalog: &'a Catalog) -> BTreeMap<&'a str, Vec<&'a Lane>> {
    let mut topics: BTreeMap<&str, Vec<&Lane>> = BTreeMap::new();
    for lane in &catalog.lanes {
        topics.entry(job.target.topic(&lane.source.topic)).or_default().push(lane);
    }
    topics.retain(|_, lanes| lanes.len() > 1);
    topics
}

/// Whether a key's records of several source partitions meet in one, without an order that was asked for.
fn matters(job: &Job) -> bool {
    job.target.partition == PartitionStrategy::Key && job.target.order == Order::Key
}

/// That it is not known whether there are such keys, where that matters.
pub(super) fn unscanned(job: &Job, catalog: &Catalog) -> Option<Finding> {
    let topics = meeting(job, catalog);
    if topics.is_empty() || !matters(job) {
        return None;
    }
    let bytes = topics.values().flatten().fold(0_u64, |sum, lane| sum.saturating_add(lane.bytes));
    let names: Vec<String> = topics.keys().map(|topic| format!("`{topic}`")).collect();
    Some(Finding {
        code: "keys-in-partitions",
        weight: Weight::Note,
        message: format!(
            "whether keys of {} occur in several source partitions is not established: of such a key the records of one \
             source partition keep their order, and there is none between these",
            names.join(", ")
        ),
        remedy: Some(format!("`anabranch plan --scan-keys` looks, for which it reads {}", size(bytes))),
    })
}

/// Reads the keys of all selected records that meet others in a target topic.
///
/// # Errors
/// Whatever is wrong with the backup.
pub(super) fn scan(job: &Job, catalog: &Catalog) -> Result<Vec<KeysDocument>, Failure> {
    let mut documents = Vec::new();
    for (topic, lanes) in meeting(job, catalog) {
        let mut scan = Scan::new(HELD);
        for (index, lane) in (0..).zip(&lanes) {
            let mut batches = catalog.open_lane(lane, Limits::default(), None)?;
            while let Some(batch) = batches.next()? {
                batch.columns.keys.iter().flatten().for_each(|key| scan.see(key, index));
            }
        }
        let source = |index: u32| lanes.get(index as usize).map_or_else(String::new, |lane| lane.source.to_string());
        let examples = scan
            .examples()
            .iter()
            .map(|example| ExampleDocument { key: shown(&example.key), sources: example.lanes.map(source) });
        documents.push(KeysDocument {
            target_topic: topic.to_owned(),
            keys: scan.keys(),
            in_several: scan.in_several(),
            one_of: scan.one_of(),
            examples: examples.collect(),
        });
    }
    Ok(documents)
}

/// What was found, as findings.
pub(super) fn findings(job: &Job, documents: &[KeysDocument]) -> Vec<Finding> {
    documents.iter().map(|document| document.finding(matters(job))).collect()
}

impl KeysDocument {
    fn finding(&self, matters: bool) -> Finding {
        let Self { target_topic, keys, in_several, one_of, examples } = self;
        let looked = match one_of {
            1 => format!("{} keys", count(*keys)),
            _ => format!(
                "{} keys that were looked at (one of {one_of}, chosen by their hashes, since {} are held at a time)",
                count(*keys),
                count(HELD as u64)
            ),
        };
        if *in_several == 0 {
            let message = format!("of {looked} of `{target_topic}` none occurs in several source partitions");
            return Finding { code: "keys-in-partitions", weight: Weight::Note, message, remedy: None };
        }
        let examples: Vec<String> = examples
            .iter()
            .map(|ExampleDocument { key, sources: [first, second] }| format!("{key} in {first} and {second}"))
            .collect();
        let then = if matters {
            "the records of such a key keep the order of each source partition, and there is none between these"
        } else {
            "their records stay apart, as they are in the backup"
        };
        Finding {
            code: "keys-in-partitions",
            weight: if matters { Weight::Warning } else { Weight::Note },
            message: format!(
                "of {looked} of `{target_topic}` {} occur in several source partitions, for instance {}: {then}",
                count(*in_several),
                examples.join(", ")
            ),
            remedy: matters.then(|| REMEDY.to_owned()),
        }
    }
}

/// A key as people read it.
fn shown(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if !text.chars().any(char::is_control) => format!("\"{}\"", crate::report::shown::shortened(text, 60)),
        _ => format!("0x{}", crate::report::shown::shortened(&hex::encode(key), 60)),
    }
}
