//! What can go wrong between here and a schema registry, and what to do about it.
//!
//! Each message names the registry by its URL, which holds no credentials, and what was asked. Words of servers are made
//! printable and cut. Errors can be cloned: who waits for the answer to another's question gets its error, too.

use std::sync::Arc;

use super::SchemaName;
use crate::failure::{Exit, Explain};

/// What can go wrong between here and a schema registry.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegistryError {
    /// Settings of the job that cannot work.
    #[error("the registry at `{registry}` cannot be asked: {message}")]
    Settings {
        /// Its URL.
        registry: Arc<str>,
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// It was down, or at fault, for as long as it is asked again.
    #[error(
        "the registry at `{registry}` gave no answer to `{asked}` for {seconds:.1} s, though it was asked {times} times: \
         {message}"
    )]
    Unanswered {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// How long it was asked again.
        seconds: f64,
        /// How often it was asked.
        times: u64,
        /// What came of the last time.
        message: String,
        /// The job's table of it.
        table: &'static str,
    },
    /// One side does not trust the other's certificate, or there is no TLS.
    #[error("there is no TLS with the registry at `{registry}` (`{asked}`): {message}")]
    Tls {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// What OpenSSL says.
        message: String,
        /// The job's table of it.
        table: &'static str,
    },
    /// It refuses who asks.
    #[error("the registry at `{registry}` refuses `{asked}`: {message}")]
    Denied {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// The status, with its words.
        message: String,
        /// The job's table of it.
        table: &'static str,
    },
    /// It sends requests on to another place.
    #[error("the registry at `{registry}` sends `{asked}` on to `{to}`")]
    Redirected {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// Where to, without what stands behind the path.
        to: String,
        /// The job's table of it.
        table: &'static str,
    },
    /// Something else than a registry answers.
    #[error("what answers `{asked}` at `{registry}` is no schema registry: {status}, and no JSON but `{beginning}`")]
    NoJson {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// The status, with its words.
        status: String,
        /// What the answer begins with.
        beginning: String,
        /// The job's table of it.
        table: &'static str,
    },
    /// An answer that is larger than any schema.
    #[error("the answer of the registry at `{registry}` to `{asked}` is larger than {} MiB", limit >> 20)]
    TooLarge {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// What an answer may have in bytes.
        limit: u64,
    },
    /// JSON that is not what the API gives.
    #[error("the answer of the registry at `{registry}` to `{asked}` is not understood: {message}")]
    Unexpected {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// What is wrong with it.
        message: String,
    },
    /// No schema has this id, or guid.
    #[error("the registry at `{registry}` knows no schema with the {} {name}", name.noun())]
    UnknownId {
        /// Its URL.
        registry: Arc<str>,
        /// The id, or guid.
        name: SchemaName,
        /// The job's table of it.
        table: &'static str,
    },
    /// A schema refers to one that is not there.
    #[error(
        "the registry at `{registry}` has no version {version} of the subject `{subject}`, to which a schema refers as `{name}`"
    )]
    UnknownReference {
        /// Its URL.
        registry: Arc<str>,
        /// The name by which it is referred to.
        name: String,
        /// The subject.
        subject: String,
        /// The version.
        version: i32,
    },
    /// A schema refers to itself.
    #[error(
        "at the registry at `{registry}` version {version} of the subject `{subject}` refers to itself, by way of others"
    )]
    Cycle {
        /// Its URL.
        registry: Arc<str>,
        /// The subject.
        subject: String,
        /// The version.
        version: i32,
    },
    /// A schema refers to more others than any that is meant.
    #[error("a schema of the registry at `{registry}` refers to more than {limit} others")]
    TooManyReferences {
        /// Its URL.
        registry: Arc<str>,
        /// How many it may be.
        limit: usize,
    },
    /// A subject that no URL can name.
    #[error("the registry at `{registry}` cannot be asked about the subject `{subject}`: no URL can name it")]
    Subject {
        /// Its URL.
        registry: Arc<str>,
        /// The subject.
        subject: String,
    },
    /// A schema that the rules of its subject do not let in.
    #[error("the registry at `{registry}` does not take a schema into the subject `{subject}`: {message}")]
    Incompatible {
        /// Its URL.
        registry: Arc<str>,
        /// The subject.
        subject: String,
        /// What the registry says.
        message: String,
    },
    /// Whatever else it refuses.
    #[error("the registry at `{registry}` refuses `{asked}`: {message}")]
    Refused {
        /// Its URL.
        registry: Arc<str>,
        /// Method and path.
        asked: String,
        /// The registry's own code, or the status.
        code: i64,
        /// The status, with its words and the registry's.
        message: String,
        /// The job's table of it.
        table: &'static str,
    },
}

impl RegistryError {
    /// Whether the same question will get the same answer: what is said of schemas, which do not change.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::UnknownId { .. }
                | Self::UnknownReference { .. }
                | Self::Cycle { .. }
                | Self::TooManyReferences { .. }
                | Self::Subject { .. }
        )
    }
}

/// The registry's code for what it does not do in the mode that it is in.
const OPERATION_NOT_PERMITTED: i64 = 42205;
/// The code for a path that the registry does not have.
const NO_SUCH_PATH: i64 = 404;

impl Explain for RegistryError {
    fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } => Exit::Usage,
            Self::UnknownId { .. }
            | Self::UnknownReference { .. }
            | Self::Cycle { .. }
            | Self::TooManyReferences { .. }
            | Self::Subject { .. }
            | Self::Incompatible { .. } => Exit::Failed,
            Self::Unanswered { .. }
            | Self::Tls { .. }
            | Self::Denied { .. }
            | Self::Redirected { .. }
            | Self::NoJson { .. }
            | Self::TooLarge { .. }
            | Self::Unexpected { .. }
            | Self::Refused { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Settings { hint, .. } => hint.clone(),
            Self::Unanswered { table, .. } => format!(
                "start again once it answers; `retry_for` under `[{table}]` sets how long it is asked, `timeout` how long \
                 each time"
            ),
            Self::Tls { table, .. } => format!(
                "under `[{table}]` set `ca` to the authority that it is vouched for by, and `certificate` and `key` if it \
                 asks for them; write `http://` if it speaks no TLS"
            ),
            Self::Denied { table, .. } => {
                format!("check `user` and `password`, or `token`, under `[{table}]`, and what they may do")
            }
            Self::Redirected { table, .. } => {
                format!("set `url` under `[{table}]` to the registry itself; it may be behind a login")
            }
            Self::NoJson { table, .. } => {
                format!("check `url` under `[{table}]`: it may lack a path, or a login may stand before the registry")
            }
            Self::UnknownId { table, .. } => {
                format!("check that `url` under `[{table}]` is the registry that the records were written with")
            }
            Self::UnknownReference { .. } => "register it there again, or ask a registry that has it".to_owned(),
            Self::Incompatible { .. } => {
                "register it by hand, or change the compatibility of the subject while records are restored".to_owned()
            }
            Self::Refused { code: OPERATION_NOT_PERMITTED, .. } => {
                "the mode of the registry or of the subject does not let it: see `GET /mode`".to_owned()
            }
            Self::Refused { code: NO_SUCH_PATH, table, .. } => {
                format!("check the path of `url` under `[{table}]`: this is none of a registry's")
            }
            Self::TooLarge { .. }
            | Self::Unexpected { .. }
            | Self::Cycle { .. }
            | Self::TooManyReferences { .. }
            | Self::Subject { .. }
            | Self::Refused { .. } => return None,
        })
    }
}
