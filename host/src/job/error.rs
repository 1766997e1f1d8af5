//! What can be wrong with a job.

use std::fmt;
use std::path::PathBuf;

use crate::failure::{Exit, Explain};

/// Where a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// In the job file, written `job.toml:3:7`.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// By this flag, written `--memory`.
    Flag(&'static str),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A variable of the environment that is not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: `{key}`: the environment variable `{variable}` is not set")]
pub struct Unset {
    /// Where it is named.
    pub at: At,
    /// The key with its table.
    pub key: String,
    /// Its name.
    pub variable: String,
}

/// What is wrong with a job file or with the flags over it. What the environment puts into a text is in
/// no message but that of [`Self::Conflict`], which names plugins and findings.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The file cannot be read.
    #[error("cannot read the job file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{at}: {message}")]
    Syntax {
        /// Where it stops being TOML.
        at: At,
        /// What is wrong there.
        message: String,
    },
    /// A key that there is not.
    #[error("{at}: unknown key `{key}` {table}")]
    UnknownKey {
        /// Where.
        at: At,
        /// The key.
        key: String,
        /// The table, in words.
        table: String,
        /// What may be meant.
        hint: String,
    },
    /// A value of the wrong type.
    #[error("{at}: `{key}` must be {due}, not {found}")]
    WrongType {
        /// Where.
        at: At,
        /// The key with its table, for instance `backup.url`.
        key: String,
        /// What is due.
        due: String,
        /// What is there.
        found: &'static str,
    },
    /// A value of the right type that does not do.
    #[error("{at}: `{key}`: {message}")]
    Invalid {
        /// Where.
        at: At,
        /// The key with its table.
        key: String,
        /// What is wrong with it.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A variable of the environment that the file names and that is not set.
    #[error("{0}")]
    Unset(Unset),
    /// Neither the file nor a flag says something that has to be said.
    #[error("no {what} is given")]
    Missing {
        /// What, in words.
        what: &'static str,
        /// The key and the flag that would give it.
        hint: &'static str,
    },
    /// Settings that do not go together.
    #[error("{message}")]
    Conflict {
        /// Which and why.
        message: String,
        /// What to do about it.
        hint: &'static str,
    },
}

impl Explain for JobError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { hint, .. } => Some(hint.clone()),
            Self::Invalid { hint, .. } => hint.clone(),
            Self::Missing { hint, .. } | Self::Conflict { hint, .. } => Some((*hint).to_owned()),
            Self::Unset(_) => Some("set it, or write `$${` for a `${` that is meant as it stands".to_owned()),
            Self::Unreadable { .. } => Some("check the path of the job file".to_owned()),
            Self::Syntax { .. } | Self::WrongType { .. } => None,
        }
    }
}
