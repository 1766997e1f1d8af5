//! The languages that schemas are written in: what each of them knows to do with values.

use std::sync::Arc;

use super::avro::{self, Misfit};
use super::{json_schema, protobuf};
use crate::batch::Limits;
use crate::job::ValueEncoding;
use crate::registry::{Known, SchemaKind, SchemaText};

/// A schema that values can be read and written by.
#[derive(Debug)]
pub(super) enum Language {
    Avro(avro::Schema),
    JsonSchema(json_schema::Schema),
    Protobuf(protobuf::File),
}

/// The language of an encoding whose values have schemas.
pub(super) fn kind(encoding: ValueEncoding) -> Option<SchemaKind> {
    match encoding {
        ValueEncoding::Avro => Some(SchemaKind::Avro),
        ValueEncoding::JsonSchema => Some(SchemaKind::Json),
        ValueEncoding::Protobuf => Some(SchemaKind::Protobuf),
        ValueEncoding::Raw | ValueEncoding::Json | ValueEncoding::RewriteIds => None,
    }
}

/// What it is called.
pub(super) fn name(kind: SchemaKind) -> &'static str {
    match kind {
        SchemaKind::Avro => "Avro",
        SchemaKind::Json => "JSON Schema",
        SchemaKind::Protobuf => "Protobuf",
    }
}

impl Language {
    /// The schema of a text, with all that it refers to by the names of the references, what is referred to first; of
    /// Protobuf, `message` is what values are that do not come of one.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn parse(
        kind: SchemaKind,
        text: &Arc<str>,
        referenced: &[(String, SchemaText)],
        message: Option<&str>,
    ) -> Result<Self, String> {
        let named = referenced.iter().map(|(name, schema)| (name.as_str(), schema.text.as_ref()));
        match kind {
            SchemaKind::Avro => {
                let texts: Vec<Arc<str>> = referenced.iter().map(|(_, schema)| Arc::clone(&schema.text)).collect();
                avro::Schema::parse(text, &texts).map(Self::Avro).map_err(|error| error.to_string())
            }
            SchemaKind::Json => json_schema::Schema::parse(text, named).map(Self::JsonSchema),
            SchemaKind::Protobuf => protobuf::File::parse(text, named, message).map(Self::Protobuf),
        }
    }

    /// A schema that a job names. What it cannot do is told now.
    ///
    /// # Errors
    /// As of [`Self::parse`]; and a JSON Schema that nothing can be validated by.
    pub(super) fn named(kind: SchemaKind, text: &Arc<str>, message: Option<&str>) -> Result<Self, String> {
        let schema = Self::parse(kind, text, &[], message)?;
        match schema.limitation() {
            Some(why) => Err(why.to_owned()),
            None => Ok(schema),
        }
    }

    /// A schema of a registry, which may be none.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn known(known: &Known) -> Result<Self, Misfit> {
        Self::parse(known.schema.kind, &known.schema.text, &known.referenced, None)
            .map_err(|error| Misfit::of("its schema cannot be used", format!("schema {}: {error}", known.name)))
    }

    /// As registries have it.
    pub(super) fn to_text(&self) -> SchemaText {
        let (kind, text) = match self {
            Self::Avro(schema) => (SchemaKind::Avro, schema.text()),
            Self::JsonSchema(schema) => (SchemaKind::Json, schema.text()),
            Self::Protobuf(file) => (SchemaKind::Protobuf, file.text()),
        };
        SchemaText { kind, text: Arc::clone(text), references: Vec::new() }
    }

    /// The name that subjects may go by: a record's or a message's full name, a title.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Avro(schema) => schema.name(),
            Self::JsonSchema(schema) => schema.title(),
            Self::Protobuf(file) => Some(file.name()),
        }
    }

    /// Why values are taken though they cannot be checked against it.
    pub(super) fn limitation(&self) -> Option<&str> {
        match self {
            Self::JsonSchema(schema) => schema.refusal(),
            Self::Avro(_) | Self::Protobuf(_) => None,
        }
    }

    /// Appends a value as JSON; of Protobuf, one with indexes of its message, or without.
    ///
    /// # Errors
    /// What is no such value.
    pub(super) fn append_json(&self, value: &[u8], has_indexes: bool, out: &mut Vec<u8>) -> Result<(), Misfit> {
        match self {
            Self::Avro(schema) => schema.append_json(value, Limits::RECORD, out),
            Self::Protobuf(file) => file.append_json(value, has_indexes, out),
            Self::JsonSchema(_) => {
                json_schema::check_json(value)?;
                out.extend_from_slice(value);
                Ok(())
            }
        }
    }
}
