//! Standard output and error of a guest, line by line, on their way to the log.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::log::{Level, PluginLog};

/// Bytes that are kept between two calls of a plugin; more is left out.
const KEPT: usize = 64 << 10;

/// Whole lines that a guest wrote, with what they matter, until the host takes them.
#[derive(Clone, Debug, Default)]
pub(super) struct CapturedLines(Arc<Mutex<Pending>>);

#[derive(Debug, Default)]
struct Pending {
    output: Vec<u8>,
    error: Vec<u8>,
}

impl CapturedLines {
    /// Moves what was written into the log; an unfinished line waits for its end unless `finish`, or unless
    /// there is no more room for it: it would wait for ever, and nothing later be kept.
    pub(super) fn drain_into(&self, log: &mut PluginLog, finish: bool) {
        let mut pending = self.0.lock();
        let Pending { output, error } = &mut *pending;
        for (level, bytes) in [(Level::Info, output), (Level::Error, error)] {
            let whole = if finish || bytes.len() >= KEPT {
                bytes.len()
            } else {
                bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1)
            };
            for line in bytes.drain(..whole).collect::<Vec<_>>().split(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(line);
                if !line.trim().is_empty() {
                    log.line(level, &line);
                }
            }
        }
    }
}

/// One of the two streams.
#[derive(Clone, Debug)]
pub(super) struct Captured {
    lines: CapturedLines,
    level: Level,
}

impl Captured {
    /// The stream whose lines matter as `level` says.
    pub(super) fn new(lines: CapturedLines, level: Level) -> Self {
        Self { lines, level }
    }
}

impl IsTerminal for Captured {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Captured {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for it, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Captured {
    async fn ready(&mut self) {}
}

impl OutputStream for Captured {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut pending = self.lines.0.lock();
        let kept = if self.level == Level::Error { &mut pending.error } else { &mut pending.output };
        let room = KEPT.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(KEPT)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::plugin::log::LogBudgets;
    use crate::position::TopicPartition;

    #[test]
    fn a_line_without_an_end_does_not_silence_a_guest_for_ever() {
        let lines = CapturedLines::default();
        let mut stream = Captured::new(lines.clone(), Level::Error);
        let source = Arc::new(TopicPartition::new("orders", Some(3)));
        let mut log = LogBudgets::default().log(&"test".into(), &source, 100);
        stream.write(vec![b'x'; KEPT + 1].into()).unwrap();
        lines.drain_into(&mut log, false);
        assert!(log.take_last_words().unwrap().starts_with("xxx"));
        stream.write("later\n".into()).unwrap();
        lines.drain_into(&mut log, false);
        assert_eq!(log.take_last_words().as_deref(), Some("later"));
    }

    #[test]
    fn an_unfinished_line_waits_for_its_end() {
        let lines = CapturedLines::default();
        let mut stream = Captured::new(lines.clone(), Level::Error);
        let source = Arc::new(TopicPartition::new("orders", Some(3)));
        let mut log = LogBudgets::default().log(&"test".into(), &source, 100);
        stream.write("half ".into()).unwrap();
        lines.drain_into(&mut log, false);
        assert_eq!(log.take_last_words(), None);
        stream.write("a line\n".into()).unwrap();
        lines.drain_into(&mut log, false);
        assert_eq!(log.take_last_words().as_deref(), Some("half a line"));
    }
}
