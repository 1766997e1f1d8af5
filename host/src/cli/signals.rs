//! SIGINT and SIGTERM: the first asks the restore to stop in order, the second ends the process.

use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::terminal::Terminal;
use crate::failure::Exit;
use crate::stop::StopSignal;

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
        for _ in signals.forever() {
            if stop.is_stopped() {
                std::process::exit(Exit::Failed as i32);
            }
            stop.stop();
            terminal.say("stopping: what was read is still sent; once more ends at once");
        }
    });
    if let Err(error) = listening {
        tracing::warn!("signals cannot be listened to: {error}");
    }
}
