//! What keeps values from being decoded or encoded.

use std::io;
use std::path::PathBuf;

use super::avro::Misfit;
use crate::failure::{Exit, Explain};
use crate::registry::RegistryError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum ValuesError {
    /// A value does not go with its schema, and the job says that this ends it.
    #[error("{position}: its {part} does not go with its schema: {misfit}")]
    Misfit {
        /// The record.
        position: String,
        /// `key` or `value`.
        part: &'static str,
        /// What is wrong with it.
        misfit: Misfit,
    },
    /// A registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file with a schema that cannot be read.
    #[error("cannot read the schema `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The machine's word.
        source: io::Error,
    },
    /// A file with a schema that is none.
    #[error("`{path}` is no schema: {reason}")]
    NoSchema {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The target's registry does not have a schema, and nothing may be registered.
    #[error("the registry of the target has no such schema under `{subject}`")]
    NotRegistered {
        /// Where it was looked for.
        subject: String,
    },
    /// A subject strategy that needs a name, and a schema that has none.
    #[error("a subject by the name of a record is due, and the schema for the {part} of `{topic}` has no name")]
    NoName {
        /// `key` or `value`.
        part: &'static str,
        /// The target topic.
        topic: String,
    },
}

impl Explain for ValuesError {
    fn exit(&self) -> Exit {
        match self {
            Self::Misfit { .. } | Self::NotRegistered { .. } => Exit::Failed,
            Self::Registry(error) => error.exit(),
            Self::Unreadable { .. } | Self::NoSchema { .. } | Self::NoName { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Misfit { .. } => {
                "to leave such records out, say `schema = \"skip\"` or `schema = \"dead-letter\"` in `[rejected.causes]`".to_owned()
            }
            Self::Registry(error) => return error.hint(),
            Self::NotRegistered { .. } => {
                "register it there, or let the restore do that: `register = true` in `[schema.value]`".to_owned()
            }
            Self::NoName { .. } => "say `subject = \"topic\"` in `[schema.value]` or `[schema.key]`".to_owned(),
            Self::Unreadable { .. } | Self::NoSchema { .. } => return None,
        })
    }
}
