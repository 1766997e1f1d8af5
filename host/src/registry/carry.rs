//! Schemas from one registry to another: what they refer to has other versions there.

use hashbrown::HashMap;

use super::walk::walk;
use super::{Known, Reference, Registered, Registry, RegistryError, SchemaText};

impl Registry {
    /// A schema of this registry as it reads at another: all that it refers to is registered there, under the subjects
    /// that it has here, unless it is there, and the references have the versions of there. The schema itself is not
    /// registered.
    ///
    /// # Errors
    /// Whatever either registry does not give or take.
    pub fn carry(&self, known: &Known, to: &Self) -> Result<SchemaText, RegistryError> {
        let place = |subject: &str, schema: &SchemaText| match to.find(subject, schema)? {
            Some(registered) => Ok(Some(registered)),
            None => to.register(subject, schema).map(Some),
        };
        // There is a place for each of them, or an error.
        Ok(self.across(known, place)?.unwrap_or_else(|| known.schema.clone()))
    }

    /// As [`Self::carry`], of what is at the other registry already; `None` where something is not.
    ///
    /// # Errors
    /// Whatever either registry does not give.
    pub fn carried(&self, known: &Known, to: &Self) -> Result<Option<SchemaText>, RegistryError> {
        self.across(known, |subject, schema| to.find(subject, schema))
    }

    fn across(
        &self,
        known: &Known,
        place: impl Fn(&str, &SchemaText) -> Result<Option<Registered>, RegistryError>,
    ) -> Result<Option<SchemaText>, RegistryError> {
        // Two schemas may call two versions of a third by one name: here each of them counts.
        let identity = |reference: &Reference| (reference.subject.clone(), reference.version);
        let all = walk(self.url(), &known.schema, identity, |reference| self.referenced(reference))?;
        let mut versions = HashMap::new();
        for (reference, schema) in all {
            match place(&reference.subject, &with_versions(&schema, &versions))? {
                Some(registered) => versions.insert(identity(&reference), registered.version),
                None => return Ok(None),
            };
        }
        Ok(Some(with_versions(&known.schema, &versions)))
    }
}

/// A schema whose references have other versions.
fn with_versions(schema: &SchemaText, versions: &HashMap<(String, i32), i32>) -> SchemaText {
    let mut schema = schema.clone();
    for reference in &mut schema.references {
        if let Some(version) = versions.get(&(reference.subject.clone(), reference.version)) {
            reference.version = *version;
        }
    }
    schema
}
