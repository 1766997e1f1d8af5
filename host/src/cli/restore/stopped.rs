//! What a restore says and reports that a signal ends, wherever it has come to.

use std::sync::Arc;

use super::account::account;
use crate::cli::prepare::OpenBackup;
use crate::cli::report::Reporter;
use crate::cli::signals::{IN_ORDER, Stage};
use crate::cli::terminal::Terminal;
use crate::job::Job;
use crate::report::{LaneEnd, Outcome, Progress, RunReport, Summary, Tally};
use crate::stop::StopSignal;
use crate::target::Target;

/// How to go on after a signal, where nothing is known of earlier runs.
pub(super) const AGAIN: &str = "the same command starts it again";

/// What a signal leads to before records flow.
pub(super) fn not_begun(go_on: String, reporter: Option<&Reporter>, terminal: &Terminal) -> Stage {
    let (terminal, reporter) = (terminal.clone(), reporter.cloned());
    Stage::Free(Box::new(move || {
        terminal.say(&format!("stopped before this run sent a record; {go_on}"));
        if let Some(reporter) = reporter {
            reporter.cut_short(Outcome::Stopped, &terminal);
        }
    }))
}

/// What a job and its target have come to.
#[derive(Clone)]
pub(super) struct Flow {
    pub(super) job: Arc<Job>,
    pub(super) open: Arc<OpenBackup>,
    pub(super) target: Arc<dyn Target>,
    pub(super) progress: Arc<Progress>,
}

impl Flow {
    /// Whether a restore that is started again goes on.
    pub(super) fn goes_on(&self) -> bool {
        self.target.started().is_some()
    }

    /// What a signal leads to while records flow: they are given up where the target, the store or a registry does not
    /// answer.
    pub(super) fn is_under_way(&self, stop: &StopSignal, reporter: &Reporter, terminal: &Terminal) -> Stage {
        let (flow, reporter, terminal) = (self.clone(), reporter.clone(), terminal.clone());
        let awaited = awaited(&self.job);
        let give_up = move || {
            terminal.say(&format!(
                "{awaited} does not answer, and stopping was given up after {} s: {}",
                IN_ORDER.as_secs(),
                if flow.goes_on() {
                    "what is not committed is taken back, by the cluster or the next start"
                } else {
                    "what was sent last may be written or not"
                }
            ));
            say_how_far(&flow.progress, &terminal);
            terminal.say(if flow.goes_on() {
                "the same command goes on from the last commit, on any machine"
            } else {
                "the same command begins at the beginning"
            });
            flow.account(&mut reporter.report(), None);
            reporter.cut_short(Outcome::Interrupted, &terminal);
        };
        Stage::Busy(stop.clone(), Some(Box::new(give_up)))
    }

    /// Notes in `report` what became of each lane, by the `summary` where there is one.
    pub(super) fn account(&self, report: &mut RunReport, summary: Option<&Summary>) {
        let Self { job, open, target, progress } = self;
        let now = |index: usize| match summary {
            Some(summary) => summary.lanes.get(index).map(|lane| (lane.tally.clone(), lane.end == LaneEnd::Complete)),
            None => progress.lanes().get(index).map(|lane| {
                let tally = lane.tally().map_or_else(|| Tally::new(job.plugins.len()), |(tally, _)| tally);
                (Tally { up_to: lane.place(), ..tally }, lane.is_done())
            }),
        };
        let files = |index: usize| Some(progress.lanes().get(index)?.tally()?.1);
        account(report, job, &open.catalog, |lane| target.before(lane), |lane| target.ranges(lane), now, files);
    }
}

/// Who may keep a restore from stopping.
fn awaited(job: &Job) -> &'static str {
    match job.registry.is_some() || job.target.registry.is_some() {
        true => "the target, the store or a registry",
        false => "the target or the store",
    }
}

/// After a failure: up to where each lane is known to be written, so that nobody has to guess what the target holds
/// for certain. More may be there: what was under way.
pub(super) fn say_how_far(progress: &Progress, terminal: &Terminal) {
    for lane in progress.lanes() {
        match lane.place() {
            _ if lane.is_done() => terminal.say(&format!("{}: all of it is written", lane.source())),
            Some(place) => terminal.say(&format!("{}: written up to {}", lane.source(), lane.source().at(&place))),
            None => terminal.say(&format!("{}: nothing is known to be written", lane.source())),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::job::file;

    #[test]
    fn a_registry_that_may_hang_is_among_those_that_do_not_answer() {
        let awaited = |registry: &str| {
            let text = format!("[backup]\nurl = \"/backup\"\n[target]\nbrokers = \"null\"\n{registry}");
            awaited(&file::parse(&text, Path::new("job.toml"), &|_| None).unwrap())
        };
        assert_eq!(awaited(""), "the target or the store");
        for table in ["registry", "target.registry"] {
            let registry = format!("[{table}]\nurl = \"http://registry\"\n");
            assert_eq!(awaited(&registry), "the target, the store or a registry");
        }
    }
}
