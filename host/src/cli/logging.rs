//! The log: lines to stderr, those of plugins with the plugin's name.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use super::terminal::Terminal;

/// What is logged unless `ANABRANCH_LOG` or `-v` says otherwise.
const USUAL: &str = "warn,anabranch=info,librdkafka=off,rdkafka=off";

/// Starts to log. `ANABRANCH_LOG` outranks `-v`.
pub(super) fn start(verbose: u8, terminal: &Terminal) {
    let by_count = match verbose {
        0 => USUAL,
        1 => "info,anabranch=debug",
        _ => "debug,anabranch=trace",
    };
    let wanted = std::env::var("ANABRANCH_LOG").ok().filter(|wanted| !wanted.is_empty());
    let (filter, wrong) = match wanted.as_deref().map(EnvFilter::try_new) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new(by_count), Some(error)),
        None => (EnvFilter::new(by_count), None),
    };
    let colour = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let writer = terminal.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_target(false)
        .with_writer(move || writer.clone());
    // Only a second start can fail, and there is none.
    drop(subscriber.try_init());
    if let Some(error) = wrong {
        tracing::warn!("`ANABRANCH_LOG` is no log filter and is left aside: {error}");
    }
}
