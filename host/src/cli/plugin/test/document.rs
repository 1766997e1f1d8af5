//! What `anabranch plugin test` tells.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::expected::{Comparison, Difference};
use super::outcome::Outcome;
use crate::cli::preview::RecordDocument;
use crate::plugin::Chain;
use crate::report::{PluginCounts, shown};

/// `anabranch.plugin-test/1`.
#[derive(Debug, Serialize)]
pub(super) struct TestDocument {
    schema: &'static str,
    plugin: String,
    pub(super) records: usize,
    /// Whether the limit left no record out.
    complete: bool,
    unchanged: usize,
    changed: usize,
    dropped: usize,
    rejected: usize,
    /// The plugin's own counters.
    counters: BTreeMap<String, u64>,
    pub(super) outcomes: Vec<Outcome>,
    /// `null` where nothing was compared.
    pub(super) differences: Option<Vec<Difference>>,
    /// Expected outcomes of records that the limit left out; `null` where nothing was compared.
    untried: Option<usize>,
    #[serde(skip)]
    shown: Vec<RecordDocument>,
    /// How many differences the text has.
    #[serde(skip)]
    show: usize,
}

impl TestDocument {
    pub(super) fn new(
        chain: &Chain,
        outcomes: Vec<Outcome>,
        counts: PluginCounts,
        complete: bool,
        shown: Vec<RecordDocument>,
        show: usize,
    ) -> Self {
        let description = chain.descriptions().first();
        let of = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
        let (unchanged, dropped) = (of(Outcome::is_unchanged), of(|outcome| outcome.dropped.is_some()));
        let rejected = of(|outcome| outcome.rejected.is_some());
        Self {
            schema: "anabranch.plugin-test/1",
            plugin: description.map(|plugin| format!("{} {}", plugin.name, plugin.version)).unwrap_or_default(),
            records: outcomes.len(),
            complete,
            unchanged,
            changed: outcomes.len() - unchanged - dropped - rejected,
            dropped,
            rejected,
            counters: counts.counters,
            outcomes,
            differences: None,
            untried: None,
            shown,
            show,
        }
    }

    /// Adds what differs from what is expected.
    pub(super) fn compared(&mut self, comparison: Comparison) {
        let Comparison { differences, missing } = comparison;
        let (mut differences, mut untried) = (differences, 0);
        if self.complete {
            differences.extend(missing);
        } else {
            untried = missing.len();
        }
        (self.differences, self.untried) = (Some(differences), Some(untried));
    }

    /// For people; `blessed` is the file that was written.
    pub(super) fn text(&self, blessed: Option<&Path>) -> String {
        let mut out = String::new();
        for record in &self.shown {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}", record.text());
        }
        let Self { plugin, records, unchanged, changed, dropped, rejected, .. } = self;
        let count = |count: &usize| shown::count(*count as u64);
        let _ = writeln!(
            out,
            "{plugin}: {} records, {} unchanged, {} changed, {} dropped, {} rejected; the same however they are cut into \
             batches, and wherever an instance begins",
            count(records),
            count(unchanged),
            count(changed),
            count(dropped),
            count(rejected)
        );
        for (name, counted) in &self.counters {
            let _ = writeln!(out, "counted `{name}`: {}", shown::count(*counted));
        }
        if !self.complete {
            let _ = writeln!(out, "records beyond these were not tried; `--limit` says how many are");
        }
        for difference in self.differences.iter().flatten().take(self.show) {
            let _ = write!(out, "{difference}");
        }
        if let (Some(differences), Some(untried)) = (&self.differences, &self.untried) {
            if differences.is_empty() {
                out.push_str("all of them as expected\n");
            }
            if *untried > 0 {
                let _ = writeln!(out, "outcomes in the file of records that were not tried: {}", count(untried));
            }
        }
        if let Some(path) = blessed {
            let _ = writeln!(out, "written to {}", path.display());
        }
        out
    }
}
