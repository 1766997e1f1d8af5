//! What plugins say: log lines, and whatever guests write to their standard output and error.
//!
//! A lane's plugin has so many lines, over all the instances that it has there: one that is started anew after each
//! fault does not begin to count anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

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

/// The lines that the plugins of a lane may still write.
#[derive(Clone, Debug, Default)]
pub(super) struct LogBudgets {
    plugins: Arc<Mutex<BTreeMap<Arc<str>, Arc<LogBudget>>>>,
    /// Whether lines are only kept for error messages, all along.
    is_silent: bool,
}

impl LogBudgets {
    /// Those of plugins that may write nothing.
    pub(super) fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    /// A log of what `plugin` may still write of its `limit` lines in the lane of `source`.
    pub(super) fn log(&self, plugin: &Arc<str>, source: &Arc<TopicPartition>, limit: u64) -> PluginLog {
        let mut budgets = self.plugins.lock();
        let budget = budgets.entry(Arc::clone(plugin)).or_insert_with(|| {
            let (plugin, source) = (Arc::clone(plugin), Arc::clone(source));
            Arc::new(LogBudget { plugin, source, limit, said: AtomicU64::new(0) })
        });
        PluginLog { budget: Arc::clone(budget), is_silent: self.is_silent, muted: false, last: VecDeque::new() }
    }
}

/// The lines that one plugin may still write in one lane.
#[derive(Debug)]
struct LogBudget {
    plugin: Arc<str>,
    source: Arc<TopicPartition>,
    limit: u64,
    /// Lines so far, with those that were left out.
    said: AtomicU64,
}

impl Drop for LogBudget {
    fn drop(&mut self) {
        let left_out = self.said.get_mut().saturating_sub(self.limit);
        if left_out > 0 {
            tracing::warn!(plugin = &*self.plugin, lane = %self.source, "{left_out} lines of this plugin were left out");
        }
    }
}

/// Writes a plugin's lines to the restore's log, up to a limit, and keeps the last complaints.
#[derive(Debug)]
pub(super) struct PluginLog {
    budget: Arc<LogBudget>,
    is_silent: bool,
    muted: bool,
    last: VecDeque<String>,
}

impl PluginLog {
    /// Whether lines are only kept for error messages: while something is replayed or tried out.
    pub(super) fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// One line of the plugin's.
    pub(super) fn line(&mut self, level: Level, message: &str) {
        let line = || printable(message, LINE);
        if matches!(level, Level::Warn | Level::Error) {
            if self.last.len() == LAST {
                self.last.pop_front();
            }
            self.last.push_back(line());
        }
        if self.muted || self.is_silent {
            return;
        }
        let LogBudget { plugin, source: lane, limit, .. } = &*self.budget;
        let said = self.budget.said.fetch_add(1, Ordering::Relaxed);
        if said == *limit {
            tracing::warn!(plugin = &**plugin, %lane, "further lines of this plugin are left out: its limit is {limit} lines");
        }
        if said >= *limit {
            return;
        }
        match level {
            Level::Debug => tracing::debug!(plugin = &**plugin, %lane, "{}", line()),
            Level::Info => tracing::info!(plugin = &**plugin, %lane, "{}", line()),
            Level::Warn => tracing::warn!(plugin = &**plugin, %lane, "{}", line()),
            Level::Error => tracing::error!(plugin = &**plugin, %lane, "{}", line()),
        }
    }

    /// The last complaints since the last call, which a trap leaves behind.
    pub(super) fn take_last_words(&mut self) -> Option<String> {
        (!self.last.is_empty()).then(|| self.last.drain(..).collect::<Vec<_>>().join(" / "))
    }
}
