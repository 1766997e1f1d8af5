//! What keys and values are encoded in, and what they become: `[[schema]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::TopicPattern;
use super::choices::VALUE_ENCODINGS;
use super::error::JobError;

/// What holds for some topics.
#[derive(Clone, Debug)]
pub struct SchemaRule {
    /// Those that are meant; none: all.
    pub topics: Vec<TopicPattern>,
    /// What holds for keys.
    pub key: Recoding,
    /// What holds for values.
    pub value: Recoding,
}

impl SchemaRule {
    /// Whether it is about a topic of the backup.
    pub fn fits(&self, topic: &str) -> bool {
        self.topics.is_empty() || self.topics.iter().any(|pattern| pattern.fits(topic))
    }

    /// # Errors
    /// What does not go together, with the registries that there are.
    pub(super) fn check(&self, has_source: bool, has_target: bool) -> Result<(), JobError> {
        self.key.check("key", has_source, has_source || has_target)?;
        self.value.check("value", has_source, has_source || has_target)
    }
}

/// What keys or values are encoded in, and what they become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recoding {
    /// What they are encoded in.
    pub encoding: ValueEncoding,
    /// The file of the schema that they were written with; `None`: each names its own.
    pub schema: Option<PathBuf>,
    /// What they are to be encoded in; `None`: the same.
    pub target_encoding: Option<ValueEncoding>,
    /// The file of the schema that they are to have; `None`: their own.
    pub target_schema: Option<PathBuf>,
    /// The full name of the message in it that they are to be, of Protobuf; `None`: the first.
    pub message: Option<String>,
    /// The subject under which that is looked for and registered.
    pub subject: Subject,
    /// Whether it may be registered.
    pub register: bool,
    /// Ids of the backup's registry, and those that stand for them at the target.
    pub ids: BTreeMap<i32, i32>,
}

/// What bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ValueEncoding {
    /// Bytes, nothing more.
    #[default]
    Raw,
    /// JSON text.
    Json,
    /// Avro.
    Avro,
    /// JSON text that a JSON Schema is about.
    JsonSchema,
    /// Protobuf.
    Protobuf,
    /// Whatever stands behind the id of a schema. Only the id changes.
    RewriteIds,
}

/// The subject of a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The target topic and `-key` or `-value`.
    #[default]
    Topic,
    /// The record's full name.
    Record,
    /// The target topic, `-` and the record's full name.
    TopicRecord,
}

impl Recoding {
    /// Whether anything is done at all.
    pub fn is_raw(&self) -> bool {
        self.encoding == ValueEncoding::Raw
    }

    /// What they are to be encoded in.
    pub fn becomes(&self) -> ValueEncoding {
        self.target_encoding.unwrap_or(self.encoding)
    }

    /// Whether the values that come name their schema by an id.
    pub fn reads_ids(&self) -> bool {
        match self.encoding {
            ValueEncoding::Avro => self.schema.is_none(),
            ValueEncoding::JsonSchema | ValueEncoding::Protobuf | ValueEncoding::RewriteIds => true,
            ValueEncoding::Raw | ValueEncoding::Json => false,
        }
    }

    /// Whether the values that go name their schema by an id, where the target has a registry or not.
    pub fn writes_ids(&self, has_registry: bool) -> bool {
        match self.becomes() {
            ValueEncoding::Avro | ValueEncoding::JsonSchema | ValueEncoding::Protobuf => has_registry,
            ValueEncoding::RewriteIds => true,
            ValueEncoding::Raw | ValueEncoding::Json => false,
        }
    }

    /// # Errors
    /// What does not go together.
    fn check(&self, part: &str, has_source: bool, has_target: bool) -> Result<(), JobError> {
        let conflict = |message: String, hint| Err(JobError::Conflict { message, hint });
        use ValueEncoding::{Avro, Json, JsonSchema, Protobuf, Raw, RewriteIds};
        let (from, to) = (self.encoding, self.becomes());
        match (from, to) {
            (Raw, Raw) if self.schema.is_some() || self.target_schema.is_some() => {
                return conflict(
                    format!("`schema.{part}` names a schema, and takes the {part}s as the bytes that they are"),
                    "say what they are encoded in: `encoding = \"avro\"`",
                );
            }
            (Raw, Raw)
            | (Json | Avro | JsonSchema | Protobuf, Json | Avro | JsonSchema | Protobuf)
            | (RewriteIds, RewriteIds) => {}
            _ => {
                return conflict(
                    format!("`schema.{part}`: nothing becomes of \"{}\" what is \"{}\"", from.name(), to.name()),
                    "what has a JSON becomes each other: `json`, `avro`, `json-schema`, `protobuf`; `raw` and `rewrite-ids` stay what they are",
                );
            }
        }
        if from == RewriteIds && (self.schema.is_some() || self.target_schema.is_some()) {
            return conflict(
                format!("`schema.{part}` names a schema, and `rewrite-ids` looks into no {part}"),
                "leave the schema out, or say `encoding = \"avro\"`",
            );
        }
        if from != Avro && self.schema.is_some() {
            return conflict(
                format!("`schema.{part}.schema` is about Avro, and the {part}s are {}", from.name()),
                "leave it out; what they become is `target_schema`",
            );
        }
        if to == Json && self.target_schema.is_some() {
            return conflict(
                format!("`schema.{part}.target_schema` names a schema, and the {part}s become {}", to.name()),
                "leave it out, or say of which language it is: `target_encoding = \"avro\"`",
            );
        }
        if self.message.is_some() && !(to == Protobuf && self.target_schema.is_some()) {
            return conflict(
                format!("`schema.{part}.message` names a message of `target_schema`, and there is none of Protobuf"),
                "leave it out: a value that keeps its schema stays the message that it is",
            );
        }
        if from != to && to != Json && self.target_schema.is_none() {
            return conflict(
                format!(
                    "`schema.{part}`: what is {} is to become {}, and nothing says of which schema",
                    from.name(),
                    to.name()
                ),
                "name its file: `target_schema = \"order.avsc\"`",
            );
        }
        if self.reads_ids() && !has_source && (from != RewriteIds || self.ids.is_empty()) {
            return conflict(
                format!(
                    "`schema.{part}`: each {part} names its schema by an id, and nothing says which registry knows it"
                ),
                "give `url` in `[registry]`; of Avro without ids the file of its schema: `schema = \"order.avsc\"`",
            );
        }
        if !(self.ids.is_empty() || self.reads_ids() && self.writes_ids(has_target)) {
            return conflict(
                format!("`schema.{part}.ids` says what becomes of ids, and these {part}s have none before or after"),
                "leave `ids` out",
            );
        }
        if !self.ids.is_empty() && self.target_schema.is_some() {
            return conflict(
                format!("`schema.{part}.ids` says what becomes of ids, and all {part}s get that of `target_schema`"),
                "leave out `ids`, or `target_schema`",
            );
        }
        Ok(())
    }
}

impl ValueEncoding {
    /// As the job file has it.
    pub fn name(self) -> &'static str {
        VALUE_ENCODINGS.iter().find(|(_, encoding)| *encoding == self).map_or("raw", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests;
