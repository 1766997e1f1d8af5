//! All that a schema refers to, and that these refer to.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashSet;

use super::{Reference, RegistryError, SchemaText};

/// How many schemas one may refer to, all in all.
pub(super) const MOST: usize = 1000;

/// A schema whose references are looked at.
struct Step {
    reference: Reference,
    schema: Arc<SchemaText>,
    next: usize,
}

/// What `root` refers to, each behind all that it refers to itself, and once by what `identity` tells of it. Without
/// recursion: how far references reach is the registry's matter.
pub(super) fn walk<K: Eq + Hash>(
    registry: &Arc<str>,
    root: &SchemaText,
    identity: impl Fn(&Reference) -> K,
    fetch: impl Fn(&Reference) -> Result<Arc<SchemaText>, RegistryError>,
) -> Result<Vec<(Reference, Arc<SchemaText>)>, RegistryError> {
    let mut done = Vec::new();
    let mut seen = HashSet::new();
    let mut way: Vec<Step> = Vec::new();
    let mut of_root = 0;
    loop {
        let (references, next) = match way.last_mut() {
            Some(step) => (&step.schema.references, &mut step.next),
            None => (&root.references, &mut of_root),
        };
        let Some(reference) = references.get(*next).cloned() else {
            match way.pop() {
                Some(step) => done.push((step.reference, step.schema)),
                None => return Ok(done),
            }
            continue;
        };
        *next += 1;
        let is_same =
            |step: &Step| step.reference.subject == reference.subject && step.reference.version == reference.version;
        if way.iter().any(is_same) {
            let Reference { subject, version, .. } = reference;
            return Err(RegistryError::Cycle { registry: Arc::clone(registry), subject, version });
        }
        if !seen.insert(identity(&reference)) {
            continue;
        }
        if seen.len() > MOST {
            return Err(RegistryError::TooManyReferences { registry: Arc::clone(registry), limit: MOST });
        }
        let schema = fetch(&reference)?;
        way.push(Step { reference, schema, next: 0 });
    }
}
