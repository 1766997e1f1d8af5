//! `anabranch inspect`: what a backup holds.

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::backup::BackupDocument;
use super::flags::BackupFlags;
use super::prepare;
use super::terminal::Terminal;
use crate::failure::{Exit, Failure};
use crate::finding::{Finding, FindingDocument};
use crate::job::{Draft, file};

/// What is to be inspected.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The backup's URL or path, or a job file (`.toml`)
    source: String,
    /// Give the Avro schema of a topic's structured values, as `target_schema` in `[schema.value]` takes it, and nothing else
    #[arg(long, value_name = "TOPIC")]
    value_schema: Option<String>,
    #[command(flatten)]
    backup: BackupFlags,
}

/// `anabranch.inspect/1`.
#[derive(Debug, Serialize)]
struct InspectDocument<'a> {
    schema: &'static str,
    backup: BackupDocument,
    findings: Vec<FindingDocument<'a>>,
}

impl Inspect {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Self { source, value_schema, backup } = self;
        let mut draft = if source.ends_with(".toml") {
            file::open(Path::new(&source))?
        } else {
            let mut draft = Draft::default();
            draft.backup.url = Some(source);
            draft
        };
        backup.lay_over(&mut draft.backup)?;
        let job = draft.finish_without_target()?;
        let open = prepare::open(&job.backup, terminal)?;
        if let Some(topic) = value_schema {
            let schema = open.catalog.value_schema(&topic)?;
            terminal.give(&schema, || format!("{schema:#}\n"))?;
            return Ok(Exit::Done);
        }
        let findings = &open.catalog.findings;
        let document = InspectDocument {
            schema: "anabranch.inspect/1",
            backup: BackupDocument::new(&open.url, &open.catalog, None),
            findings: findings.iter().map(Finding::document).collect(),
        };
        terminal.give(&document, || {
            findings.iter().fold(document.backup.text(), |mut text, finding| {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{finding}");
                text
            })
        })?;
        Ok(Exit::Done)
    }
}
