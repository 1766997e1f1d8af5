//! What a failed command says and how it exits.
//!
//! Modules have `thiserror` enums of their own. Each implements [`Explain`], which adds what only a
//! person needs: which exit code it is, and a hint. The command line prints the chain of causes and
//! then the hint; nothing else decides on either.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// How a command ended. The codes are part of the command line's promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// The work failed: a file, a record or a plugin is at fault.
    Failed = 1,
    /// The command line or the job file is at fault.
    Usage = 2,
    /// The environment is at fault: store, broker, credentials.
    Environment = 3,
    /// Finished, with records skipped or dead-lettered by policy.
    WithSkips = 4,
    /// The target holds something else than the backup gives.
    Differs = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that knows its exit code and may know a remedy.
pub trait Explain: Error {
    /// The exit code of a command that ends with this error.
    fn exit(&self) -> Exit;

    /// What to do about it, in one sentence without a full stop.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// An [`Explain`]ed error on its way to the command line, its type forgotten.
///
/// It is no [`Error`] itself: `From` for every `Explain` would then collide with `From` for itself.
#[derive(Debug)]
pub struct Failure {
    source: Box<dyn Error + Send + Sync + 'static>,
    exit: Exit,
    hint: Option<String>,
}

impl Failure {
    /// The exit code of the command.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What caused it.
    pub fn cause(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl<E: Explain + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: error.exit(), hint: error.hint(), source: Box::new(error) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
