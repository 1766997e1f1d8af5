//! The JSON of the API, as far as it is used.

use serde::{Deserialize, Serialize};

use super::schema::{Reference, SchemaKind, SchemaText};

/// A schema as it is given; which of the fields are there depends on what was asked.
#[derive(Debug, Deserialize)]
pub(super) struct Schema {
    schema: String,
    #[serde(rename = "schemaType")]
    kind: Option<String>,
    references: Option<Vec<Reference>>,
}

impl Schema {
    /// The schema; an error says what of it is not known.
    pub(super) fn into_text(self) -> Result<SchemaText, String> {
        // Avro goes without saying.
        let kind = match self.kind.as_deref() {
            None => SchemaKind::Avro,
            Some(name) => SchemaKind::named(name).ok_or_else(|| format!("a schema of the unknown type `{name}`"))?,
        };
        Ok(SchemaText { kind, text: self.schema.into(), references: self.references.unwrap_or_default() })
    }
}

/// Where a schema is registered.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub(super) id: i32,
    pub(super) version: i32,
    /// Newer registries tell it.
    pub(super) guid: Option<String>,
}

/// A schema of a subject.
#[derive(Debug, Deserialize)]
pub(super) struct Registered {
    #[serde(flatten)]
    pub(super) place: Place,
    #[serde(flatten)]
    pub(super) schema: Schema,
}

/// What a new schema got.
#[derive(Debug, Deserialize)]
pub(super) struct Id {
    pub(super) id: i32,
}

/// A mode.
#[derive(Debug, Deserialize)]
pub(super) struct Mode {
    pub(super) mode: String,
}

/// A version of a subject.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) subject: String,
    pub(super) version: i32,
}

/// Whether a schema would be taken.
#[derive(Debug, Deserialize)]
pub(super) struct Compatible {
    pub(super) is_compatible: bool,
    pub(super) messages: Option<Vec<String>>,
}

/// What a refusal says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) error_code: Option<i64>,
    pub(super) message: Option<String>,
}

/// A schema as it is sent. What need not be said is not, for old registries know only Avro, without references.
#[derive(Debug, Serialize)]
pub(super) struct Sent<'a> {
    schema: &'a str,
    #[serde(rename = "schemaType", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    references: &'a [Reference],
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i32>,
}

impl<'a> Sent<'a> {
    /// A schema, with the id that it is to have, if any.
    pub(super) fn of(schema: &'a SchemaText, id: Option<i32>) -> Self {
        let kind = (schema.kind != SchemaKind::Avro).then(|| schema.kind.name());
        Self { schema: &schema.text, kind, references: &schema.references, id }
    }
}
