//! `anabranch preview`: the first records before and after the plugins, without a target.

mod document;

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::flags::JobFlags;
use super::prepare;
use super::terminal::Terminal;
use crate::batch::{Batch, Limits};
use crate::catalog::{Catalog, Lane};
use crate::failure::{Exit, Explain, Failure};
use crate::job::Job;
use crate::passage::Passage;
use crate::report::PluginCounts;
use crate::schema::{Registering, Schemas};
pub(super) use document::RecordDocument;

/// What is to be shown.
#[derive(Debug, Args)]
pub(super) struct Preview {
    #[command(flatten)]
    job: JobFlags,
    /// How many records to show, lane after lane
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    records: usize,
    /// Only this topic, or this `topic-partition`
    #[arg(long, value_name = "LANE")]
    lane: Option<String>,
}

/// `anabranch.preview/1`.
#[derive(Debug, Serialize)]
struct PreviewDocument {
    schema: &'static str,
    job: String,
    records: Vec<RecordDocument>,
}

/// A lane that the backup does not hold.
#[derive(Debug, thiserror::Error)]
#[error("the backup holds no lane `{wanted}`")]
struct NoSuchLane {
    wanted: String,
    lanes: Vec<String>,
}

impl Explain for NoSuchLane {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        let near = crate::job::nearest(&self.wanted, self.lanes.iter().map(String::as_str));
        Some(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`anabranch inspect` lists them".to_owned(),
        })
    }
}

impl Preview {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Self { job, records, lane } = self;
        let job = job.job_without_target()?;
        let mut open = prepare::open(&job.backup, terminal)?;
        prepare::select_since(&job, &mut open, None)?;
        let chain = prepare::chain(&job)?;
        let schemas = Schemas::open(&job, Registering::Pretended)?;
        let passage = Passage { chain: chain.as_ref(), schemas: schemas.as_ref() };
        let mut document =
            PreviewDocument { schema: "anabranch.preview/1", job: job.name.clone(), records: Vec::new() };
        for lane in wanted_lanes(&open.catalog, lane)? {
            let left = records.saturating_sub(document.records.len());
            if left == 0 {
                break;
            }
            preview_lane(&job, &open.catalog, lane, passage, left, &mut document.records)?;
        }
        terminal.give(&document, || {
            document.records.iter().fold(String::new(), |mut text, record| {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{}", record.text());
                text
            })
        })?;
        Ok(Exit::Done)
    }
}

fn wanted_lanes(catalog: &Catalog, wanted: Option<String>) -> Result<Vec<&Lane>, NoSuchLane> {
    let Some(wanted) = wanted else { return Ok(catalog.lanes.iter().collect()) };
    let matches = |lane: &&Lane| *lane.source.topic == *wanted || lane.source.to_string() == wanted;
    let lanes: Vec<_> = catalog.lanes.iter().filter(matches).collect();
    if lanes.is_empty() {
        let lanes = catalog.lanes.iter().map(|lane| lane.source.to_string()).collect();
        return Err(NoSuchLane { wanted, lanes });
    }
    Ok(lanes)
}

/// The first `count` records of a lane. Each passes the plugins in a batch of its own: the plugins
/// cannot tell, and what they count is then about one record.
fn preview_lane(
    job: &Job,
    catalog: &Catalog,
    lane: &Lane,
    passage: Passage<'_>,
    count: usize,
    records: &mut Vec<RecordDocument>,
) -> Result<(), Failure> {
    let target_topic = job.target.topic(&lane.source.topic);
    let mut transform = passage.open(&lane.source, target_topic)?;
    let most = Limits::default().records;
    // Of what is selected nobody knows how many records have to be looked at.
    let batch = if catalog.narrowed.is_some() { most } else { count.min(most) };
    let limits = Limits { records: batch, ..Limits::default() };
    let mut batches = catalog.open_lane(lane, limits, None)?;
    let mut left = count;
    while left > 0
        && let Some(batch) = batches.next()?
    {
        for row in 0..batch.len().min(left) {
            let record: Arc<Batch> = Arc::new(batch.slice(row, 1));
            let mut counts = vec![PluginCounts::default(); job.plugins.len()];
            let passed = transform.process(Arc::clone(&record), &mut counts)?;
            // Nobody reads Avro, and what comes out is shown as JSON, too.
            let shown = passage.schemas.map(|schemas| schemas.shown(&record, &lane.source.topic, target_topic));
            let shown = shown.transpose()?.map_or(record, Arc::new);
            records.push(RecordDocument::new(job, &shown, &passed, &counts, target_topic));
            left -= 1;
        }
    }
    Ok(())
}
