//! Writes the report of a run: when it begins, so that a place that cannot be written is told before a restore of hours,
//! and again at its end, whatever that was.

use bytes::Bytes;
use tokio::runtime::Runtime;

use super::terminal::Terminal;
use super::{causes, complaint, prepare};
use crate::clock::now;
use crate::failure::{Exit, Explain, Failure};
use crate::job::Job;
use crate::report::{ErrorReport, Outcome, RunReport};
use crate::store::{Destination, Existing, Section, StoreError};

/// The report's part of the job.
const SECTION: Section = Section { what: "a report", url: "report.url", options: "report.store" };

/// The report of a run, and where it goes.
pub(super) struct Reporter {
    report: RunReport,
    place: Option<Place>,
}

struct Place {
    destination: Destination,
    name: String,
    /// Runs the requests of the store; they end with it.
    _runtime: Runtime,
}

/// The report cannot be written.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    /// Before the restore.
    #[error("the restore's report cannot be written, and nothing was done")]
    AtTheStart(#[source] StoreError),
    /// After it.
    #[error("{outcome}, but its report cannot be written")]
    AtTheEnd {
        /// How it ended, as a sentence.
        outcome: &'static str,
        /// Why not.
        source: StoreError,
    },
}

impl Explain for ReportError {
    fn exit(&self) -> Exit {
        let (Self::AtTheStart(source) | Self::AtTheEnd { source, .. }) = self;
        source.exit()
    }

    fn hint(&self) -> Option<String> {
        let (Self::AtTheStart(source) | Self::AtTheEnd { source, .. }) = self;
        source.hint().or_else(|| Some("name another place with `url` of `[report]`, or with `--report`".to_owned()))
    }
}

impl Reporter {
    /// Opens the place of the report, where the job names one, and writes there that a run has begun.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub(super) fn begin(job: &Job) -> Result<Self, Failure> {
        let report = RunReport::begin(job, now());
        let Some(wanted) = &job.report else { return Ok(Self { report, place: None }) };
        let runtime = prepare::runtime()?;
        let (destination, name) = Destination::of_file(&wanted.url, &wanted.store, SECTION, runtime.handle())?;
        let place = Place { destination, name, _runtime: runtime };
        place.write(&place.destination.brief(), &report).map_err(ReportError::AtTheStart)?;
        Ok(Self { report, place: Some(place) })
    }

    /// The report, to be filled in.
    pub(super) fn report(&mut self) -> &mut RunReport {
        &mut self.report
    }

    /// Writes how the run ended, and ends it so.
    ///
    /// # Errors
    /// What the run ended with; and a report that cannot be written, which does not hide the other.
    pub(super) fn end(mut self, result: Result<Exit, Failure>, terminal: &Terminal) -> Result<Exit, Failure> {
        let Some(place) = self.place else { return result };
        let (outcome, exit) = match &result {
            Ok(Exit::Failed) => (Outcome::Stopped, Exit::Failed),
            Ok(exit) => (Outcome::Complete, *exit),
            Err(failure) => {
                let (message, hint) = (failure.to_string(), failure.hint().map(str::to_owned));
                (Outcome::Failed(ErrorReport { message, causes: causes(failure), hint }), failure.exit())
            }
        };
        let said = match &outcome {
            Outcome::Complete => "the restore is complete",
            Outcome::Stopped => "the restore was stopped in order",
            Outcome::Failed(_) => "the restore failed",
        };
        self.report.end(outcome, exit as u8, now());
        match place.write(&place.destination, &self.report) {
            Ok(()) => {
                terminal.say(&format!("the report is at {}", place.destination.place(&place.name)));
                result
            }
            Err(source) => {
                let failure = Failure::from(ReportError::AtTheEnd { outcome: said, source });
                match result {
                    Ok(Exit::Done | Exit::WithSkips) => Err(failure),
                    // What the run itself ended with outranks it.
                    other => {
                        terminal.say(&complaint(&failure));
                        other
                    }
                }
            }
        }
    }
}

impl Place {
    fn write(&self, destination: &Destination, report: &RunReport) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(report).map_err(|error| StoreError::Unwritable {
            place: destination.place(&self.name),
            message: error.to_string(),
        })?;
        destination.put(&self.name, Bytes::from(text), Existing::Replace)
    }
}
