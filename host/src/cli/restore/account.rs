//! What became of the lanes, for the report of a run.

use std::sync::Arc;

use crate::aside::ListedFiles;
use crate::catalog::{Catalog, Lane};
use crate::job::{Cluster, DeadLetters, Job};
use crate::position::{Place, TopicPartition};
use crate::progress::Ranges;
use crate::report::{LaneAccount, RunReport, Tally};
use crate::target::Standing;

/// Notes in `report` what became of each lane: what earlier runs did `before`, and what this one has done by `now`, with
/// whether that was all of it; and the `files` of dead letters, where this run knows more of them than earlier ones.
pub(super) fn account(
    report: &mut RunReport,
    job: &Job,
    catalog: &Catalog,
    before: impl Fn(&TopicPartition) -> Option<Standing>,
    ranges: impl Fn(&TopicPartition) -> Option<Ranges>,
    now: impl Fn(usize) -> Option<(Tally, bool)>,
    files: impl Fn(usize) -> Option<ListedFiles>,
) {
    let plugins: Vec<String> = job.plugins.iter().map(|plugin| plugin.name.clone()).collect();
    let lane = |(index, lane): (usize, &'_ Lane)| {
        let before = before(&lane.source);
        let (now, complete) = now(index).unwrap_or_else(|| (Tally::new(plugins.len()), false));
        LaneAccount {
            source: Arc::clone(&lane.source),
            first: lane.offsets.map(|(first, _)| lane.source.at(&Place::Offset(first)).to_string()),
            complete: complete || before.as_ref().is_some_and(|before| before.complete),
            files: files(index).or_else(|| before.as_ref().map(|before| before.kept.files.clone())).unwrap_or_default(),
            before: before.map(|before| before.tally),
            now,
            ranges: ranges(&lane.source),
        }
    };
    let is_null = matches!(job.target.cluster, Cluster::Null);
    let dead_letters = job.rejected.dead_letters.as_ref();
    // A target that keeps nothing keeps no letters either.
    let dead_letters = dead_letters.filter(|place| !is_null || matches!(place, DeadLetters::Files { .. }));
    report.counted(&plugins, dead_letters, catalog.lanes.iter().enumerate().map(lane).collect());
}
