//! The Avro schema of a topic's structured values: what a restore of them as Avro takes for `target_schema`.

use std::sync::Arc;

use serde_json::Value;

use super::{Catalog, CatalogError};
use crate::failure::{Exit, Explain};
use crate::read::ReadError;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum ValueSchemaError {
    /// The backup does not hold the topic.
    #[error("the backup does not hold the topic `{topic}`")]
    NoSuchTopic {
        /// The topic that was asked for.
        topic: String,
        /// Those that there are.
        topics: Vec<String>,
    },
    /// Values are bytes or text as they are.
    #[error("the values of `{topic}` are not structured: `{path}` has them as bytes or text")]
    NotStructured {
        /// The topic.
        topic: String,
        /// A file of it.
        path: Arc<str>,
    },
    /// Files have different schemas.
    #[error("the values of `{one}` and of `{other}` have different schemas")]
    Different {
        /// A file.
        one: Arc<str>,
        /// Another one.
        other: Arc<str>,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file that the store does not give.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Explain for ValueSchemaError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoSuchTopic { .. } => Exit::Usage,
            Self::NotStructured { .. } | Self::Different { .. } => Exit::Failed,
            Self::Read(error) => error.exit(),
            Self::Catalog(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchTopic { topics, .. } => Some(format!("it holds {}", topics.join(", "))),
            Self::NotStructured { .. } => Some(
                "where they are Avro, JSON or Protobuf by themselves, `encoding` in `[schema.value]` says so"
                    .to_owned(),
            ),
            Self::Different { .. } => {
                Some("look at each by itself, and write the one that all can be read by yourself".to_owned())
            }
            Self::Read(error) => error.hint(),
            Self::Catalog(error) => error.hint(),
        }
    }
}

impl Catalog {
    /// The Avro schema under which the structured values of a topic become Avro, of all its files.
    ///
    /// # Errors
    /// Values that are not structured, and files that differ.
    pub fn value_schema(&self, topic: &str) -> Result<Value, ValueSchemaError> {
        let lanes = self.lanes.iter().filter(|lane| &*lane.source.topic == topic);
        let mut found: Option<(Arc<str>, Value)> = None;
        for piece in lanes.flat_map(|lane| lane.pieces.iter()) {
            let path = &piece.entry.path;
            let file = self.store.file(&piece.entry).map_err(ReadError::from)?;
            let schema = self
                .opener
                .value_schema(&file, topic)?
                .ok_or_else(|| ValueSchemaError::NotStructured { topic: topic.to_owned(), path: Arc::clone(path) })?;
            match &found {
                Some((one, known)) if *known != schema => {
                    return Err(ValueSchemaError::Different { one: Arc::clone(one), other: Arc::clone(path) });
                }
                Some(_) => {}
                None => found = Some((Arc::clone(path), schema)),
            }
        }
        found
            .map(|(_, schema)| schema)
            .ok_or_else(|| ValueSchemaError::NoSuchTopic { topic: topic.to_owned(), topics: self.topics() })
    }

    fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = self.lanes.iter().map(|lane| lane.source.topic.to_string()).collect();
        topics.dedup();
        topics
    }
}
