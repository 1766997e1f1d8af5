//! The plan as JSON and as text.

use std::fmt::Write as _;

use serde::Serialize;

use super::keys::KeysDocument;
use super::order::{self, OrderDocument};
use super::schemas::SchemasDocument;
use super::selection::SelectionDocument;
use super::start::StartDocument;
use super::stops::stops;
use crate::cli::backup::BackupDocument;
use crate::cli::plugin::DescriptionDocument;
use crate::cli::prepare::OpenBackup;
use crate::finding::{Finding, FindingDocument};
use crate::job::{Job, PluginUse};
use crate::plugin::Chain;
use crate::read::Extent;
use crate::report::shown;
use crate::restore::Memory;

/// What is known of the target.
pub(super) enum TargetState {
    /// It was asked; and where the restore would begin.
    Established(Box<StartDocument>),
    /// It was not to be asked, or there is none.
    NotAsked,
    /// It was asked and this came back.
    NotEstablished(String),
}

/// What was found in records, where they were looked at.
pub(super) struct Looked {
    pub(super) keys: Option<Vec<KeysDocument>>,
    pub(super) schemas: Option<SchemasDocument>,
}

/// `anabranch.plan/1`.
#[derive(Debug, Serialize)]
pub(super) struct PlanDocument<'a> {
    schema: &'static str,
    job: &'a str,
    backup: BackupDocument,
    selection: Option<SelectionDocument>,
    plugins: Vec<PluginDocument<'a>>,
    target: TargetDocument,
    start: Option<Box<StartDocument>>,
    order: Vec<OrderDocument>,
    keys: Option<Vec<KeysDocument>>,
    schemas: Option<SchemasDocument>,
    memory: MemoryDocument,
    findings: Vec<FindingDocument<'a>>,
    stops: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct PluginDocument<'a> {
    name: &'a str,
    path: String,
    #[serde(flatten)]
    description: DescriptionDocument,
    parameters: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct TargetDocument {
    cluster: String,
    established: bool,
    error: Option<String>,
}

/// Bytes that the restore may hold beyond the program itself.
#[derive(Debug, Serialize)]
struct MemoryDocument {
    in_lanes: usize,
    in_target_queue: usize,
    plugins: usize,
    total: usize,
    /// Times the largest record, line or page that come on top.
    largest_record_times: usize,
    /// The largest record of the files that were read through for the plan.
    largest_record: Option<u64>,
}

impl<'a> PlanDocument<'a> {
    pub(super) fn new(
        job: &'a Job,
        open: &OpenBackup,
        chain: Option<&Chain>,
        extent: Option<&Extent>,
        target: TargetState,
        looked: Looked,
        findings: &'a [Finding],
    ) -> Self {
        let descriptions = chain.map(Chain::descriptions).unwrap_or_default();
        let plugins = job.plugins.iter().zip(descriptions).map(|(plugin, description)| PluginDocument {
            name: &plugin.name,
            path: plugin.source.to_string(),
            description: DescriptionDocument::new(description),
            parameters: shown_parameters(plugin),
        });
        let plugin_memory = job.plugins.iter().fold(0_usize, |sum, plugin| sum.saturating_add(plugin.limits.memory));
        let largest_record = open.catalog.lanes.iter().filter_map(|lane| lane.largest_record).max();
        let memory = Memory::of(job.resources, open.catalog.lanes.len(), plugin_memory);
        let (established, error, start) = match target {
            TargetState::Established(start) => (true, None, Some(start)),
            TargetState::NotAsked => (false, None, None),
            TargetState::NotEstablished(error) => (false, Some(error), None),
        };
        Self {
            schema: "anabranch.plan/1",
            job: &job.name,
            backup: BackupDocument::new(&open.url, &open.catalog, Some(&job.target)),
            selection: open
                .catalog
                .narrowed
                .as_ref()
                .zip(extent)
                .map(|(narrowed, extent)| SelectionDocument::new(narrowed, extent)),
            plugins: plugins.collect(),
            target: TargetDocument { cluster: job.target.cluster.to_string(), established, error },
            start,
            order: order::of_topics(job, &open.catalog, chain),
            keys: looked.keys,
            schemas: looked.schemas,
            memory: MemoryDocument {
                in_lanes: memory.lanes,
                in_target_queue: memory.target,
                plugins: memory.plugins,
                total: memory.total(),
                largest_record_times: Memory::TIMES_LARGEST,
                largest_record,
            },
            findings: findings.iter().map(Finding::document).collect(),
            stops: stops(findings, &job.allow).into_iter().map(|finding| finding.code).collect(),
        }
    }

    /// The same for people.
    pub(super) fn text(&self, findings: &[Finding]) -> String {
        let mut out = format!("job `{}`\n\n{}", self.job, self.backup.text());
        // Writing to a String cannot fail.
        let _ = self.write_rest(&mut out, findings);
        out
    }

    fn write_rest(&self, out: &mut String, findings: &[Finding]) -> std::fmt::Result {
        if let Some(selection) = &self.selection {
            writeln!(out, "{selection}")?;
        }
        for (number, plugin) in self.plugins.iter().enumerate() {
            write!(out, "plugin {} `{}`: {}", number + 1, plugin.name, plugin.description.text())?;
            for (name, value) in &plugin.parameters {
                writeln!(out, "  {name} = {}", shown::shortened(&value.to_string(), PARAMETER))?;
            }
            writeln!(out)?;
        }
        let TargetDocument { cluster, established, error } = &self.target;
        writeln!(out, "target {cluster}")?;
        match (established, error) {
            (true, _) => {}
            (false, None) => writeln!(out, "  not asked: what it lacks or will not take is not established")?,
            (false, Some(_)) => writeln!(out, "  what it lacks or will not take is not established, see the error")?,
        }
        for topic in &self.order {
            writeln!(out, "  topic {}, from {}", topic.target_topic, topic.sources.join(", "))?;
            for promise in &topic.promises {
                writeln!(out, "    order {promise}")?;
            }
        }
        if let Some(start) = &self.start {
            write!(out, "\n{start}")?;
        }
        if let Some(schemas) = &self.schemas {
            write!(out, "\n{schemas}")?;
        }
        let bytes = |bytes: usize| shown::size(bytes as u64);
        let memory = &self.memory;
        writeln!(
            out,
            "\nmemory up to {}: lanes {}, target's queue {}, plugins {}; beyond it {} times the largest record, line or page{}",
            bytes(memory.total),
            bytes(memory.in_lanes),
            bytes(memory.in_target_queue),
            bytes(memory.plugins),
            memory.largest_record_times,
            memory.largest_record.map_or_else(String::new, |seen| format!(" (largest seen: {})", shown::size(seen))),
        )?;
        if !findings.is_empty() {
            writeln!(out)?;
        }
        findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))
    }
}

/// Letters of a parameter that the text shows: a list of keys may be megabytes.
const PARAMETER: usize = 500;

/// The parameters of a plugin, without those that may be secrets.
fn shown_parameters(plugin: &PluginUse) -> serde_json::Map<String, serde_json::Value> {
    let shown = |name: &String, value: &serde_json::Value| {
        if plugin.hidden.contains(name) { "[hidden]".into() } else { value.clone() }
    };
    plugin.parameters.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect()
}
