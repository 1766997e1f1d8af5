//! Standard output and standard error of the process.

use std::io::{self, BufWriter, Write};

use indicatif::MultiProgress;
use serde::Serialize;

use super::Output;
use crate::failure::{Exit, Explain, Failure};

/// Where commands write: data to stdout, the rest to stderr.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    output: Output,
    screen: MultiProgress,
}

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
enum OutputError {
    /// For instance a full disk.
    #[error("cannot write to standard output")]
    Write(#[source] io::Error),
    /// A document that is no JSON, which is a defect of this program.
    #[error("cannot write the result as JSON")]
    Json(#[source] serde_json::Error),
}

impl Explain for OutputError {
    fn exit(&self) -> Exit {
        match self {
            Self::Write(_) => Exit::Environment,
            Self::Json(_) => Exit::Failed,
        }
    }
}

impl Terminal {
    pub(super) fn new(output: Output) -> Self {
        Self { output, screen: MultiProgress::new() }
    }

    /// What keeps bars and lines on stderr apart.
    pub(super) fn screen(&self) -> &MultiProgress {
        &self.screen
    }

    /// Writes a command's data in the form that was asked for.
    ///
    /// # Errors
    /// A standard output that does not take it, unless because its reader is gone, which is the
    /// reader's own wish.
    pub(super) fn give(&self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        // A backup of many files is a document of many megabytes.
        let mut stdout = BufWriter::new(io::stdout().lock());
        let written = match self.output {
            Output::Text => {
                let text = text();
                let end = if text.ends_with('\n') { "" } else { "\n" };
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(end.as_bytes()))
            }
            Output::Json => match serde_json::to_writer_pretty(&mut stdout, document) {
                Ok(()) => stdout.write_all(b"\n"),
                Err(error) if error.is_io() => Err(error.into()),
                Err(error) => return Err(OutputError::Json(error).into()),
            },
        };
        match written.and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(OutputError::Write(error).into()),
            _ => Ok(()),
        }
    }

    /// Writes a line to stderr, above a bar if there is one.
    pub(super) fn say(&self, line: &str) {
        // A closed stderr is no reason to fail.
        self.screen.suspend(|| drop(writeln!(io::stderr(), "{line}")));
    }
}

/// A writer of log lines.
impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.screen.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
