//! `anabranch plan`: what a restore would do, and what speaks against it.

mod document;
mod keys;
mod order;
mod schemas;
mod selection;
mod start;
mod stops;
mod unused;

pub(super) use stops::{refuse, refuse_to};

use clap::Args;

use super::flags::JobFlags;
use super::prepare::{self, OpenBackup};
use super::terminal::Terminal;
use crate::aside::DeadLetterFiles;
use crate::catalog::Catalog;
use crate::failure::{Exit, Failure};
use crate::finding::{Finding, Weight};
use crate::job::{Cluster, Job};
use crate::passage::Passage;
use crate::plugin::Chain;
use crate::progress::Inputs;
use crate::report::shown;
use crate::schema::{Registering, Schemas};
use crate::target::{self, Reached};
use document::{Looked, PlanDocument, TargetState};
use start::StartDocument;

/// What is to be planned.
#[derive(Debug, Args)]
pub(super) struct PlanCommand {
    #[command(flatten)]
    job: JobFlags,
    /// Leave the target alone: what it lacks or will not take is then not established
    #[arg(long)]
    offline: bool,
    /// Read the keys of all selected records, and say which occur in several source partitions
    #[arg(long)]
    scan_keys: bool,
    /// Count the schemas of all selected records by their ids, rather than those of the first ones of each lane
    #[arg(long)]
    scan_schemas: bool,
}

impl PlanCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Self { job, offline, scan_keys, scan_schemas } = self;
        let job = if offline { job.job_without_target()? } else { job.job()? };
        let reached = (!offline).then(|| target::reach(&job));
        let known = reached.as_ref().and_then(|reached| reached.as_ref().ok()?.survey());
        let mut open = prepare::open_again(&job.backup, known, terminal)?;
        let started = reached.as_ref().and_then(|reached| reached.as_ref().ok()?.started());
        prepare::select_since(&job, &mut open, started)?;
        let chain = prepare::chain(&job)?;
        if let Some(chain) = &chain {
            prepare::try_out(chain, &job, &open.catalog)?;
        }
        let mut findings = before_the_target(&job, &open, chain.as_ref());
        let schemas = Schemas::open(&job, Registering::Pretended)?;
        let passage = Passage { chain: chain.as_ref(), schemas: schemas.as_ref() };
        let inputs = Inputs::of(&job.backup, &open.catalog, passage);
        let needs = prepare::needs(&open.catalog);
        let examine = |reached: Reached| reached.examine(&job, &needs, &inputs);
        let (state, mut failure) = match reached.map(|reached| reached.and_then(examine)) {
            None => (TargetState::NotAsked, None),
            Some(Ok(examined)) => {
                let start = StartDocument::new(&job, &open.catalog, &needs, &examined);
                findings.extend(examined.findings);
                let is_null = job.target.cluster == Cluster::Null;
                (if is_null { TargetState::NotAsked } else { TargetState::Established(Box::new(start)) }, None)
            }
            Some(Err(error)) => (TargetState::NotEstablished(error.to_string()), Some(Failure::from(error))),
        };
        if let (false, Some(files)) = (offline, DeadLetterFiles::open(&job, open.runtime())?) {
            files.check()?;
        }
        let say = || terminal.say("reading the keys of all selected records");
        let scan = || prepare::with_patience(prepare::SILENCE, say, || keys::scan(&job, &open.catalog));
        let keys = scan_keys.then(scan).transpose()?;
        if let Some(keys) = &keys {
            findings.retain(|finding| finding.code != "keys-in-partitions");
            findings.extend(keys::findings(&job, keys));
        }
        let say = || terminal.say("looking at the schemas of records");
        let extent = schemas::Extent { all: scan_schemas, asks: !offline };
        let look = |known: &Schemas| schemas::plan(&job, known, chain.as_ref(), &open.catalog, extent);
        let planned = schemas.as_ref().map(|known| prepare::with_patience(prepare::SILENCE, say, || look(known)));
        let schemas = planned.transpose()?.map(|planned| {
            findings.extend(planned.findings);
            // Of two that do not answer the cluster is told.
            failure = failure.take().or(planned.failure);
            planned.document
        });
        let extent = open.catalog.extent()?;
        let looked = Looked { keys, schemas };
        let document = PlanDocument::new(&job, &open, chain.as_ref(), extent.as_ref(), state, looked, &findings);
        terminal.give(&document, || document.text(&findings))?;
        match failure {
            Some(failure) => Err(failure),
            None => refuse(&findings, &job.allow).map(|()| Exit::Done),
        }
    }
}

/// Records that a range of time has left out because nobody knows whether they are of it.
pub(super) fn without_a_time(catalog: &Catalog) -> Option<Finding> {
    let tests = catalog.narrowed.as_ref()?.tests.as_ref()?;
    let records = tests.untimed();
    (records > 0).then(|| Finding {
        code: "times-unknown",
        weight: Weight::Warning,
        message: format!(
            "{} records that were read have no timestamp, and are in no range of time: they were left out",
            shown::count(records)
        ),
        remedy: Some("select them by offset or key, if they are wanted".to_owned()),
    })
}

/// What is found without asking the target.
pub(super) fn before_the_target(job: &Job, open: &OpenBackup, chain: Option<&Chain>) -> Vec<Finding> {
    let mut findings = open.catalog.findings.clone();
    findings.extend(order::of_plugins(job, chain));
    findings.extend(unused::of(job, &open.catalog));
    findings.extend(keys::unscanned(job, &open.catalog));
    findings
}
