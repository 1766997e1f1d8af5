//! SIGINT and SIGTERM: the first asks the restore to stop in order, the second ends the process.

use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::terminal::Terminal;
use crate::failure::Exit;
use crate::stop::StopSignal;

/// What a signal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    Stop,
    End,
}

/// Listens until the process ends.
pub(super) fn listen(stop: &StopSignal, terminal: &Terminal) {
    let (stop, terminal) = (stop.clone(), terminal.clone());
    let mut signals = match Signals::new([SIGINT, SIGTERM]) {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!("signals end the restore at once, because none can be listened to: {error}");
            return;
        }
    };
    let listening = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for (before, _) in signals.forever().enumerate() {
            match heard(before, &stop) {
                Reaction::Stop => terminal.say("stopping: what was sent is waited for; once more ends at once"),
                Reaction::End => std::process::exit(Exit::Failed as i32),
            }
        }
    });
    if let Err(error) = listening {
        tracing::warn!("signals cannot be listened to: {error}");
    }
}

/// Reacts to a signal that has so many `before` it. They are counted here: a lane that has failed asks to
/// stop too, and whoever then signals for the first time shall still be told what it was.
fn heard(before: usize, stop: &StopSignal) -> Reaction {
    if before > 0 {
        return Reaction::End;
    }
    stop.stop();
    Reaction::Stop
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_after_a_failed_lane_is_not_taken_for_the_second() {
        let stop = StopSignal::default();
        // What a worker does whose lane has failed.
        stop.stop();
        assert_eq!(heard(0, &stop), Reaction::Stop);
        assert_eq!(heard(1, &stop), Reaction::End);
    }

    #[test]
    fn the_first_signal_stops_in_order() {
        let stop = StopSignal::default();
        assert_eq!(heard(0, &stop), Reaction::Stop);
        assert!(stop.is_stopped());
    }
}
