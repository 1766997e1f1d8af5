//! SIGINT and SIGTERM: the first asks the restore to stop in order, the second ends the process.
//!
//! To stop in order takes the cluster, for what is committed, and the store, for the read under way. Where these do not
//! answer, it is given up after [`IN_ORDER`]: that is as good as `kill -9`, which loses nothing.

use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::terminal::Terminal;
use crate::failure::Exit;
use crate::stop::StopSignal;

/// How long a restore that can go on may take to stop in order.
const IN_ORDER: Duration = Duration::from_secs(10);

/// What a signal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    Stop,
    End,
}

/// Listens until the process ends. A restore that `goes_on` when it is started again is ended if it does not stop in time;
/// another one is waited for, since what it has sent is there twice after the next start.
pub(super) fn listen(stop: &StopSignal, goes_on: bool, terminal: &Terminal) {
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
                Reaction::Stop => {
                    terminal.say("stopping: what was sent is waited for; once more ends at once");
                    if goes_on {
                        end_in_time(&terminal);
                    }
                }
                Reaction::End => std::process::exit(Exit::Failed as i32),
            }
        }
    });
    if let Err(error) = listening {
        tracing::warn!("signals cannot be listened to: {error}");
    }
}

/// Ends the process unless it has ended by itself in time.
fn end_in_time(terminal: &Terminal) {
    let terminal = terminal.clone();
    let waiting = thread::Builder::new().name("stopping".to_owned()).spawn(move || {
        thread::sleep(IN_ORDER);
        terminal.say(&format!(
            "the target or the store does not answer, and stopping was given up after {} s: what is not committed is taken \
             back, by the cluster or the next start",
            IN_ORDER.as_secs()
        ));
        terminal.say("the same command goes on from the last commit, on any machine");
        std::process::exit(Exit::Failed as i32);
    });
    if let Err(error) = waiting {
        tracing::warn!("stopping may take as long as the target and the store let it: {error}");
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
