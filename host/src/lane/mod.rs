//! A lane: everything of one source topic-partition, in order, by one path.
//!
//! Three stages run side by side, each on a thread of its own: read, transform, send. Batches leave a
//! stage in the order in which they came, so the order of the backup is the order of arrival, and a
//! key, which lives in one source partition, keeps its order. What waits between stages is bounded by
//! bytes ([`Budget`]).
//!
//! A lane can be rewound to any earlier place, its plugins with it: the sending stage asks for it when
//! the target took something back ([`LaneTarget::take_rewind`]). Every item between the stages carries
//! the generation it belongs to, and what is older than the last rewind is thrown away.

mod budget;
mod control;
mod letters;
mod marks;
mod read_stage;
mod send_stage;
mod transform_stage;
mod until;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::{io, thread};

pub use budget::{Budget, Permit};
pub use letters::Letters;
pub(crate) use until::Until;

use control::Control;
use transform_stage::Transformed;

use crate::aside::{Kept, LaneCeiling, LetterError, TooManyRejected};
use crate::batch::Batch;
use crate::catalog::BatchSource;
use crate::failure::{Exit, Explain};
use crate::plugin::{Transform, TransformError};
use crate::position::{Restart, TopicPartition};
use crate::read::ReadError;
use crate::report::{LaneEnd, LaneProgress, Tally};
use crate::stop::StopSignal;
use crate::target::{LaneTarget, TargetError};

/// Items that may wait between two stages. Bytes are bounded by [`Budget`]; this bounds the number
/// of tiny ones.
const QUEUE: usize = 4;

/// What to do where the machine gives no more threads.
pub(crate) const FEWER_LANES: &str =
    "lower `resources.lanes`: each lane that runs takes three threads; or raise the machine's limit (`ulimit -u`)";

/// The parts of one lane.
pub struct Lane<'a> {
    /// Which topic-partition it is.
    pub source: Arc<TopicPartition>,
    /// Its batches.
    pub batches: Box<dyn BatchSource>,
    /// What passes over them.
    pub transform: Box<dyn Transform>,
    /// Where they go.
    pub target: Box<dyn LaneTarget>,
    /// Where to begin sending. What the transform needs from before is replayed and its output thrown away.
    pub from: Restart,
    /// What earlier runs kept of records that were set aside.
    pub kept: Kept,
    /// What becomes of records that are set aside.
    pub letters: Letters,
    /// How many of them there may be.
    pub ceiling: LaneCeiling<'a>,
    /// How many plugins the transform has.
    pub plugins: usize,
    /// Bytes in flight, shared by all lanes.
    pub budget: &'a Budget,
    /// Ends the lane; what was sent is committed.
    pub stop: &'a StopSignal,
    /// Counts for whoever watches.
    pub progress: &'a LaneProgress,
}

/// What a lane did.
#[derive(Debug)]
pub struct LaneOutcome {
    /// What it counted.
    pub tally: Tally,
    /// How it ended.
    pub end: LaneEnd,
}

/// What ended a lane.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// The backup.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A plugin, or a value and its schema.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Dead letters.
    #[error(transparent)]
    Letters(#[from] LetterError),
    /// More records set aside than the job allows.
    #[error(transparent)]
    TooManyRejected(#[from] Box<TooManyRejected>),
    /// No thread for a stage.
    #[error("{lane}: the machine gives no thread for the {stage} stage")]
    Thread {
        /// The lane.
        lane: TopicPartition,
        /// Which stage.
        stage: &'static str,
        /// The machine's word.
        source: io::Error,
    },
    /// A defect of this program.
    #[error("{lane}: the {stage} stage panicked: {message}")]
    Panicked {
        /// The lane.
        lane: TopicPartition,
        /// Which stage.
        stage: &'static str,
        /// The panic's own words.
        message: String,
    },
}

impl Explain for LaneError {
    fn exit(&self) -> Exit {
        match self {
            Self::Read(error) => error.exit(),
            Self::Transform(error) => error.exit(),
            Self::Target(error) => error.exit(),
            Self::Letters(error) => error.exit(),
            Self::TooManyRejected(error) => error.exit(),
            Self::Thread { .. } => Exit::Environment,
            Self::Panicked { .. } => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Transform(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Letters(error) => error.hint(),
            Self::TooManyRejected(error) => error.hint(),
            Self::Thread { .. } => Some(FEWER_LANES.to_owned()),
            Self::Panicked { .. } => Some("this is a defect of Anabranch; please report it".to_owned()),
        }
    }
}

/// What goes from one stage to the next.
enum Item<P> {
    /// The lane begins anew somewhere; what comes before is replay.
    Restart { generation: u64, at: Restart },
    /// Batches, in order: one as a rule, and several where they are short.
    Payload { generation: u64, payload: Vec<P>, permit: Permit },
    /// The last batch has passed. `complete` is false after a stop.
    End { generation: u64, complete: bool },
}

impl Lane<'_> {
    /// Runs the lane to its end, to a stop or to the first error.
    ///
    /// # Errors
    /// The first error of any stage. Where reading or transforming failed, what was handed to the target
    /// before is committed.
    pub fn run(self) -> Result<LaneOutcome, LaneError> {
        let Self {
            source,
            batches,
            mut transform,
            target,
            from,
            kept,
            letters,
            ceiling,
            plugins,
            budget,
            stop,
            progress,
        } = self;
        kept.guilty().for_each(|(plugin, place)| transform.condemn(plugin, place));
        let control = Control::default();
        let (to_transform, from_read) = crossbeam_channel::bounded::<Item<Arc<Batch>>>(QUEUE);
        let (to_send, from_transform) = crossbeam_channel::bounded::<Item<Transformed>>(QUEUE);
        let state = transform.state();
        let begin = from.clone();
        let finished = batches.finished();

        thread::scope(|scope| {
            let (control, lane) = (&control, &source);
            let reading = start(scope, lane, "reading", control, move || {
                read_stage::run(batches, state, from, control, budget, stop, to_transform).map_err(LaneError::from)
            });
            let transforming = start(scope, lane, "transforming", control, move || {
                transform_stage::run(lane, transform, plugins, control, progress, from_read, to_send)
            });
            // Also where a stage could not be started: its queues are gone with it, and the others end.
            let sent = guarded(lane, "sending", control, || {
                let parts = send_stage::Parts { target, finished, letters, ceiling, control, progress };
                send_stage::run(parts, send_stage::Counted::new(&begin, kept, plugins), stop, from_transform)
            });
            let read = join(reading, lane, "reading");
            let transformed = join(transforming, lane, "transforming");
            // The earliest stage that failed is the cause; later ones only saw its queue end.
            let statistics = read?;
            transformed?;
            let send_stage::Sent { mut tally, complete } = sent?;
            tally.duplicates = statistics.duplicates;
            tally.missing_offsets = statistics.missing_offsets;
            Ok(LaneOutcome { tally, end: if complete { LaneEnd::Complete } else { LaneEnd::Stopped } })
        })
    }
}

/// Starts a stage on a thread of its own.
fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    lane: &'scope TopicPartition,
    stage: &'static str,
    control: &'scope Control,
    run: impl FnOnce() -> Result<T, LaneError> + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, Result<T, LaneError>>, LaneError> {
    let named = Builder::new().name(stage.to_owned());
    named.spawn_scoped(scope, move || guarded(lane, stage, control, run)).map_err(|source| {
        control.close();
        LaneError::Thread { lane: lane.clone(), stage, source }
    })
}

/// Runs a stage: a panic becomes an error, and the other stages are told when it ends early.
fn guarded<T>(
    lane: &TopicPartition,
    stage: &'static str,
    control: &Control,
    run: impl FnOnce() -> Result<T, LaneError>,
) -> Result<T, LaneError> {
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panicked(lane, stage, &*panic)));
    if result.is_err() {
        control.close();
    }
    result
}

fn join<T>(
    started: Result<ScopedJoinHandle<'_, Result<T, LaneError>>, LaneError>,
    lane: &TopicPartition,
    stage: &'static str,
) -> Result<T, LaneError> {
    started?.join().unwrap_or_else(|panic| Err(panicked(lane, stage, &*panic)))
}

/// A panic as an error of `lane`.
pub(crate) fn panicked(lane: &TopicPartition, stage: &'static str, panic: &(dyn Any + Send)) -> LaneError {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    LaneError::Panicked { lane: lane.clone(), stage, message }
}

#[cfg(test)]
mod tests;
