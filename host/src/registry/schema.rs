//! What registries know: schemas, where they are registered, and what they say about new ones.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a schema goes by at a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemaName {
    /// The number that the registry has given it.
    Id(i32),
    /// What the registry has made of its content; the same at another one that has the same schema.
    Guid(Uuid),
}

impl SchemaName {
    /// Its number, if it goes by that.
    pub fn id(self) -> Option<i32> {
        match self {
            Self::Id(id) => Some(id),
            Self::Guid(_) => None,
        }
    }

    /// `id` or `guid`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Id(_) => "id",
            Self::Guid(_) => "guid",
        }
    }
}

impl From<i32> for SchemaName {
    fn from(id: i32) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Guid(guid) => write!(f, "{guid}"),
        }
    }
}

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
    /// What it was asked for by.
    pub name: SchemaName,
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
    /// Its guid; older registries give none.
    pub guid: Option<Uuid>,
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
