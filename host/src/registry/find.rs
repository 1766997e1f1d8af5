//! Where a schema is registered under a subject, also where it is written in another way there.
//!
//! Confluent's registry compares what schemas say, others compare their texts: with those a schema whose keys stand in
//! another order, or that is indented, would be registered twice, or not be found at all. So what the registry does not find
//! is looked for among the versions of the subject. `normalize=true` is not asked for: what two registries take for the same
//! by it differs, and may be an Avro record whose fields stand in another order, which is another schema to whoever
//! decodes its values.

use std::sync::Arc;

use hashbrown::HashSet;
use serde_json::Value;

use super::refusal::Refusal;
use super::{Reference, Registered, Registry, RegistryError, SchemaKind, SchemaText, unless_unknown, wire};

/// How many versions of a subject are looked at, the newest first.
const VERSIONS: usize = 100;

/// A version of a subject.
pub(super) type Version = Arc<(Registered, SchemaText)>;

impl Registry {
    /// Where a schema is registered under a subject, if it is: as it is written, or as one that says the same.
    ///
    /// # Errors
    /// Whatever keeps the registry from answering.
    pub fn find(&self, subject: &str, schema: &SchemaText) -> Result<Option<Registered>, RegistryError> {
        match self.look_up(subject, schema)? {
            Ok(found) => Ok(Some(found)),
            Err(refusal) if refusal.is_no_subject() => Ok(None),
            Err(refusal) if refusal.is_unknown() => self.written_otherwise(subject, schema),
            Err(refusal) => Err(refusal.into_error()),
        }
    }

    /// Where the registry itself finds a schema, which is one request.
    pub(super) fn look_up(
        &self,
        subject: &str,
        schema: &SchemaText,
    ) -> Result<Result<Registered, Refusal>, RegistryError> {
        let path = self.subject("/subjects/", subject, "")?;
        let found = self.client().post::<wire::Place>(&path, &wire::Sent::of(schema, None))?;
        Ok(found.map(Registered::from))
    }

    fn written_otherwise(&self, subject: &str, schema: &SchemaText) -> Result<Option<Registered>, RegistryError> {
        let versions = self.client().get::<Vec<i32>>(&self.subject("/subjects/", subject, "/versions")?)?;
        let mut versions = unless_unknown(versions)?.unwrap_or_default();
        versions.sort_unstable_by(|one, other| other.cmp(one));
        for version in versions.into_iter().take(VERSIONS) {
            let there = self.version(subject, version)?;
            if let Some((registered, text)) = there.as_deref()
                && says_the_same(text, schema)
            {
                return Ok(Some(*registered));
            }
        }
        Ok(None)
    }

    /// A version of a subject; `None` where it is gone by now, or of a language that nobody here knows.
    fn version(&self, subject: &str, version: i32) -> Result<Option<Version>, RegistryError> {
        self.shared.there.get(&(subject.to_owned(), version), || {
            let path = self.subject("/subjects/", subject, &format!("/versions/{version}"))?;
            let there = unless_unknown(self.client().get::<wire::Registered>(&path)?)?;
            Ok(there.and_then(|there| Some(Arc::new((there.place.into(), there.schema.into_text().ok()?)))))
        })
    }
}

/// Whether two schemas are one, however they are written. What Avro and JSON Schema say is JSON, in which neither space nor
/// the order of keys means anything; all else does, also what no value depends on, such as `doc`.
fn says_the_same(one: &SchemaText, other: &SchemaText) -> bool {
    let references = |schema: &SchemaText| schema.references.iter().cloned().collect::<HashSet<Reference>>();
    if one.kind != other.kind || references(one) != references(other) {
        return false;
    }
    let json = |schema: &SchemaText| serde_json::from_str::<Value>(&schema.text).ok();
    match (one.kind, json(one), json(other)) {
        (SchemaKind::Avro | SchemaKind::Json, Some(one), Some(other)) => one == other,
        _ => one.text.trim() == other.text.trim(),
    }
}
