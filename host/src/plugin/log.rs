//! What plugins say: log lines, and whatever guests write to their standard output and error.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::position::TopicPartition;

use super::text::printable;

/// Bytes of a line that reach the log.
const LINE: usize = 4096;

/// Lines that an error message can quote.
const LAST: usize = 3;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Writes a plugin's lines to the restore's log, up to a limit, and keeps the last complaints.
#[derive(Debug)]
pub(super) struct PluginLog {
    plugin: Arc<str>,
    source: Arc<TopicPartition>,
    left: u64,
    limit: u64,
    muted: bool,
    last: VecDeque<String>,
}

impl PluginLog {
    /// A log of at most `limit` lines.
    pub(super) fn new(plugin: Arc<str>, source: Arc<TopicPartition>, limit: u64) -> Self {
        Self { plugin, source, left: limit, limit, muted: false, last: VecDeque::new() }
    }

    /// Whether lines are only kept for error messages: while something is replayed or tried out.
    pub(super) fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// One line of the plugin's.
    pub(super) fn line(&mut self, level: Level, message: &str) {
        let line = printable(message, LINE);
        if matches!(level, Level::Warn | Level::Error) {
            if self.last.len() == LAST {
                self.last.pop_front();
            }
            self.last.push_back(line.clone());
        }
        if self.muted {
            return;
        }
        let (plugin, lane) = (&*self.plugin, &*self.source);
        if self.left == 0 {
            return;
        }
        match level {
            Level::Debug => tracing::debug!(plugin, %lane, "{line}"),
            Level::Info => tracing::info!(plugin, %lane, "{line}"),
            Level::Warn => tracing::warn!(plugin, %lane, "{line}"),
            Level::Error => tracing::error!(plugin, %lane, "{line}"),
        }
        self.left -= 1;
        if self.left == 0 {
            tracing::warn!(plugin, %lane, "further lines of this plugin are left out: its limit is {} lines", self.limit);
        }
    }

    /// The last complaints since the last call, which a trap leaves behind.
    pub(super) fn take_last_words(&mut self) -> Option<String> {
        (!self.last.is_empty()).then(|| self.last.drain(..).collect::<Vec<_>>().join(" / "))
    }
}
