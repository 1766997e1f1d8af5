//! SIGINT and SIGTERM: the first ends a command in order, the second ends the process.
//!
//! What is in order depends on how far the command has come ([`Stage`]). A restore that has sent records takes the cluster
//! for it, for what is committed, and the store and the schema registries, for the questions under way. Where these do not
//! answer, it is given up after [`IN_ORDER`]: that is as good as `kill -9`.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals as Caught;

use super::terminal::Terminal;
use crate::failure::Exit;
use crate::mechanism::unless_off;
use crate::stop::StopSignal;

/// How long a restore may take to stop in order.
pub(super) const IN_ORDER: Duration = Duration::from_secs(10);

/// What is done last, before the process ends.
pub(super) type LastWords = Box<dyn FnOnce() + Send>;

/// What the first signal leads to.
pub(super) enum Stage {
    /// Nothing is under way that would have to be brought to an end: this is called, and the process ends.
    Free(LastWords),
    /// The command is asked to stop. If this is given, it is called where the command has not ended in time, and the
    /// process ends.
    Busy(StopSignal, Option<LastWords>),
    /// A signal has come, and the process is about to end.
    Ending,
}

/// Listens until the process ends.
#[derive(Clone)]
pub(super) struct Signals(Arc<Mutex<Stage>>);

impl Signals {
    /// Begins to listen.
    pub(super) fn listen(terminal: &Terminal, stage: Stage) -> Self {
        let signals = Self(Arc::new(Mutex::new(stage)));
        match Caught::new([SIGINT, SIGTERM]) {
            Ok(caught) => signals.hear(caught, terminal.clone()),
            Err(error) => tracing::warn!("signals end the command at once, because none can be listened to: {error}"),
        }
        signals
    }

    fn hear(&self, mut caught: Caught, terminal: Terminal) {
        let signals = self.clone();
        let listening = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            // Counted here: a lane that has failed asks to stop too, and whoever then signals for the first time shall
            // still be told what it was.
            for (before, _) in caught.forever().enumerate() {
                if before > 0 {
                    std::process::exit(Exit::Failed as i32);
                }
                signals.first(&terminal);
            }
        });
        if let Err(error) = listening {
            tracing::warn!("signals cannot be listened to: {error}");
        }
    }

    /// Says how far the command has come. Does not return where a signal ends it.
    pub(super) fn now(&self, stage: Stage) {
        let mut now = self.0.lock();
        if let Stage::Ending = *now {
            drop(now);
            loop {
                thread::park();
            }
        }
        *now = stage;
    }

    fn first(&self, terminal: &Terminal) {
        let mut stage = self.0.lock();
        match std::mem::replace(&mut *stage, Stage::Ending) {
            Stage::Free(last_words) => end_after(Duration::ZERO, last_words),
            Stage::Busy(stop, last_words) => {
                terminal.say("stopping: what was sent is waited for; once more ends at once");
                stop.stop();
                if let Some(last_words) = unless_off("signal-in-time", last_words) {
                    end_after(IN_ORDER, last_words);
                }
                *stage = Stage::Busy(stop, None);
            }
            Stage::Ending => {}
        }
    }
}

/// Ends the process after `time`, unless it has ended by itself: on a thread of its own, so that a second signal is heard.
fn end_after(time: Duration, last_words: LastWords) {
    let ending = thread::Builder::new().name("stopping".to_owned()).spawn(move || {
        thread::sleep(time);
        last_words();
        std::process::exit(Exit::Failed as i32);
    });
    if let Err(error) = ending {
        tracing::warn!("stopping may take as long as the target and the store let it: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Output;

    #[test]
    fn the_first_signal_stops_in_order_what_is_under_way() {
        let stop = StopSignal::default();
        // What a worker does whose lane has failed: whoever signals then is told all the same.
        stop.stop();
        let signals = Signals(Arc::new(Mutex::new(Stage::Busy(stop.clone(), None))));
        signals.first(&Terminal::new(Output::Text));
        assert!(stop.is_stopped());
        // It comes to its end by itself.
        signals.now(Stage::Busy(stop, None));
    }
}
