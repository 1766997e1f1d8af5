//! What registries know: schemas, where they are registered, and what they say about new ones.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The language of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaKind {
    /// Avro.
    Avro,
    /// JSON Schema.
    Json,
    /// Protocol Buffers.
    Protobuf,
}

impl SchemaKind {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Json => "JSON",
            Self::Protobuf => "PROTOBUF",
        }
    }

    /// What the API writes so.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Avro, Self::Json, Self::Protobuf].into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for SchemaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A schema as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaText {
    /// Its language.
    pub kind: SchemaKind,
    /// Its text.
    pub text: Arc<str>,
    /// The schemas that it refers to, of the registry that it is of.
    pub references: Vec<Reference>,
}

/// What a schema says of another that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The name by which its text refers to it: a full name, a URL or an imported file.
    pub name: String,
    /// The subject under which it is registered.
    pub subject: String,
    /// Its version there.
    pub version: i32,
}

/// A schema with all that it takes to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: i32,
    /// The schema.
    pub schema: SchemaText,
    /// All that it refers to, and that these refer to, by the name of the reference: each name once, and each behind all
    /// that it refers to itself.
    pub referenced: Vec<(String, SchemaText)>,
}

/// Where a schema is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: i32,
    /// Its version under the subject.
    pub version: i32,
}

/// What a registry lets be done with a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Schemas may be registered, and get ids.
    ReadWrite,
    /// None may be registered.
    ReadOnly,
    /// Schemas may be registered with the ids that they bring along.
    Import,
    /// One that this client does not know.
    Other(String),
}

/// What a registry says about a schema that is not registered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compatibility {
    /// The subject takes it.
    Compatible,
    /// There is no such subject.
    NothingThere,
    /// The subject does not take it, for these reasons; there may be none that the registry tells.
    Incompatible(Vec<String>),
}
