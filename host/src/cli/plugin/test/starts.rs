//! Instances that begin in the middle of the lane, as those of a restore do that is started again: with as much replayed
//! before as the plugin says that it remembers, what comes of each record must be the same.

use std::sync::Arc;

use super::TestError;
use super::outcome::Outcome;
use super::same::other;
use super::tried::Tried;
use crate::failure::Failure;
use crate::plugin::State;
use crate::report::PluginCounts;

/// How many instances begin somewhere: the first behind the first record, where all but one are still to come.
const STARTS: usize = 4;

/// Begins new instances in the middle; `alone` is what became of each record from the beginning on.
///
/// # Errors
/// The first record of which something else comes, and the plugin's own faults.
pub(super) fn check(tried: &Tried<'_>, alone: &[Outcome]) -> Result<(), Failure> {
    for start in (1..alone.len()).step_by(alone.len().div_ceil(STARTS).max(1)) {
        let mut transform = tried.open_quietly()?;
        let state = transform.state();
        let replayed = match state {
            State::None => start,
            State::Window(window) => start.saturating_sub(window as usize),
            State::Lane => 0,
        };
        for part in tried.parts(replayed..start, usize::MAX) {
            transform.replay(part)?;
        }
        let mut due = alone.iter().skip(start);
        for part in tried.parts(start..alone.len(), usize::MAX) {
            let passed = transform.process(Arc::clone(&part), &mut [PluginCounts::default()])?;
            if let Some(other) = other(&part, &passed, &mut due) {
                let first = alone.get(start).map(|outcome| outcome.position.as_str()).unwrap_or_default();
                let before = match state {
                    State::None => "was handed nothing before, as its state is none".to_owned(),
                    State::Window(window) => format!("was handed the {window} records before, as its state says"),
                    State::Lane => "was handed all records before, as its state says".to_owned(),
                };
                let other_start = format!(
                    "it comes out as `{}`, and as {} from an instance that begins at `{first}` and {before}",
                    other.due.line(),
                    other.came
                );
                return Err(TestError::State { position: other.due.position.clone(), other_start }.into());
            }
        }
    }
    Ok(())
}
