//! What ends `anabranch plugin test`.

use std::path::PathBuf;

use crate::failure::{Exit, Explain};
use crate::report::shown;

/// The plugin did something else than it should, or the file of what is expected cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TestError {
    /// Its answers depend on how records are cut into batches.
    #[error("the answers depend on how records are cut into batches: at `{position}`, {cut}")]
    Cut { position: String, cut: String },
    /// Its answers depend on more than its state says.
    #[error("the answers depend on more than the plugin's state: at `{position}`, {other_start}")]
    State { position: String, other_start: String },
    /// It does not give what is expected.
    #[error(
        "`{}` expects something else: differences: {}; records that were tried: {}",
        path.display(),
        shown::count(*differences as u64),
        shown::count(*records as u64)
    )]
    Differs { differences: usize, records: usize, path: PathBuf },
    /// The file of what is expected is one that the test is about.
    #[error("`{}` cannot be what is expected: it is {what}", path.display())]
    Subject { path: PathBuf, what: &'static str },
    /// A file that `--bless` would be the end of.
    #[error("`--bless` would write over `{}`, which holds something else than outcomes: {why}", path.display())]
    Foreign { path: PathBuf, why: String },
    /// The file of what is expected.
    #[error("`{}` cannot be {what}", path.display())]
    File { path: PathBuf, what: &'static str, source: std::io::Error },
    /// A line of it.
    #[error("`{}:{line}` is no outcome as `--bless` writes it: {message}", path.display())]
    Line { path: PathBuf, line: usize, message: String },
}

impl Explain for TestError {
    fn exit(&self) -> Exit {
        match self {
            Self::Cut { .. } | Self::State { .. } | Self::Differs { .. } => Exit::Failed,
            Self::Subject { .. } | Self::Foreign { .. } | Self::File { .. } | Self::Line { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Cut { .. } => {
                "what a plugin remembers must not depend on where a batch ends; how far back it remembers it says in its \
                 description (`STATE`)"
            }
            Self::State { .. } => {
                "a restore that is started again begins so: let the plugin say in its description how far back it remembers \
                 (`STATE`: a window, or the lane), and derive what is random from the seed and the record"
            }
            Self::Differs { .. } => "if that is as it should be, `--bless` writes it down",
            Self::Subject { .. } => "name a file of its own, for instance `expected.jsonl`",
            Self::Foreign { .. } => "name another file, or remove this one first",
            Self::File { what: "read", source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "`--bless` writes it"
            }
            Self::File { .. } => "name another file",
            Self::Line { .. } => "name another file; or remove this one, and write it anew with `--bless`",
        };
        Some(text.to_owned())
    }
}
