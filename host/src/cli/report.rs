//! Writes the report of a run: when it begins, so that a place that cannot be written is told before a restore of hours,
//! and again at its end, whatever that was, also where a signal cuts it short.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
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

/// How long a run that is cut short waits for its report to be written.
const CUT_SHORT: Duration = Duration::from_secs(3);

/// The report of a run, and where it goes. Clones are one and the same.
#[derive(Clone)]
pub(super) struct Reporter(Arc<Parts>);

struct Parts {
    report: Mutex<RunReport>,
    place: Option<Place>,
    /// Whether the end was reported; held while it is.
    ended: Mutex<bool>,
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
        let Some(wanted) = &job.report else { return Ok(Self::new(report, None)) };
        let runtime = prepare::runtime()?;
        let (destination, name) = Destination::of_file(&wanted.url, &wanted.store, SECTION, runtime.handle())?;
        let place = Place { destination, name, _runtime: runtime };
        place.write(&place.destination.brief(), &report).map_err(ReportError::AtTheStart)?;
        Ok(Self::new(report, Some(place)))
    }

    fn new(report: RunReport, place: Option<Place>) -> Self {
        Self(Arc::new(Parts { report: Mutex::new(report), place, ended: Mutex::new(false) }))
    }

    /// The report, to be filled in.
    pub(super) fn report(&self) -> MutexGuard<'_, RunReport> {
        self.0.report.lock()
    }

    /// Writes of a run that a signal cuts short how it ended, if its place lets it in time. The process ends behind this:
    /// whoever else would report an end waits for that.
    pub(super) fn cut_short(&self, outcome: Outcome, terminal: &Terminal) {
        let Some(place) = &self.0.place else { return };
        let Some(mut ended) = self.0.ended.try_lock_for(CUT_SHORT).filter(|ended| !**ended) else { return };
        *ended = true;
        self.report().end(outcome, Exit::Failed as u8, now());
        let (done, written) = crossbeam_channel::bounded(1);
        let parts = Arc::clone(&self.0);
        let writing = thread::Builder::new().name("report".to_owned()).spawn(move || {
            let result =
                parts.place.as_ref().map(|place| place.write(&place.destination.brief(), &parts.report.lock()));
            drop(done.send(result));
        });
        match writing.ok().and_then(|_| written.recv_timeout(CUT_SHORT).ok()).flatten() {
            Some(Ok(())) => terminal.say(&format!("the report is at {}", place.destination.place(&place.name))),
            Some(Err(error)) => terminal.say(&format!("the report is not written: {error}")),
            None => terminal.say("the report is not written: its place did not answer in time"),
        }
    }

    /// Writes how the run ended, and ends it so.
    ///
    /// # Errors
    /// What the run ended with; and a report that cannot be written, which does not hide the other.
    pub(super) fn end(&self, result: Result<Exit, Failure>, terminal: &Terminal) -> Result<Exit, Failure> {
        let Some(place) = &self.0.place else { return result };
        let mut ended = self.0.ended.lock();
        if std::mem::replace(&mut *ended, true) {
            // A signal has ended it, and the process with it.
            loop {
                thread::park();
            }
        }
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
            Outcome::Interrupted => "the restore was interrupted",
            Outcome::Failed(_) => "the restore failed",
        };
        self.report().end(outcome, exit as u8, now());
        let written = place.write(&place.destination, &self.report());
        match written {
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
