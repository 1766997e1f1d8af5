//! The schemas that keys and values bring along, and what becomes of them.
//!
//! The registries are asked as a restore asks them, and nothing is registered. One that does not answer is asked no more,
//! and the rest is said without it.

mod document;
mod findings;
mod scan;

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Lane};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::job::Job;
use crate::plugin::{Chain, Column};
use crate::registry::SchemaName;
use crate::schema::{Becomes, Obstacle, Outlook, Part, Schemas, ValuesError};
pub(super) use document::SchemasDocument;
use scan::{Found, Seen};

/// The keys or the values of a topic.
struct Looked<'a> {
    topic: &'a str,
    target_topic: &'a str,
    part: &'a Part,
    seen: Seen,
    is_sample: bool,
    /// Whether a plugin may change them: what the rules cannot do is its matter then.
    is_changed: bool,
    /// The schema that the job names for all of them, at the target's registry.
    named: Option<Becomes>,
    /// By what names the schema. What registries did not tell is missing.
    outlooks: BTreeMap<SchemaName, Outlook>,
}

/// What the plan says of schemas.
pub(super) struct Planned {
    pub(super) document: SchemasDocument,
    pub(super) findings: Vec<Finding>,
    /// What a registry did not answer.
    pub(super) failure: Option<Failure>,
}

/// What of a backup is to be looked at.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// All records, rather than a sample.
    pub(super) all: bool,
    /// Whether registries may be asked.
    pub(super) asks: bool,
}

/// Looks at what has a schema.
///
/// # Errors
/// Whatever is wrong with the backup.
pub(super) fn plan(
    job: &Job,
    schemas: &Schemas,
    chain: Option<&Chain>,
    catalog: &Catalog,
    extent: Extent,
) -> Result<Planned, Failure> {
    let descriptions = chain.map(Chain::descriptions).unwrap_or_default();
    let changes = |column| descriptions.iter().any(|plugin| plugin.changes.contains(column));
    let mut topics: BTreeMap<&str, Vec<&Lane>> = BTreeMap::new();
    for lane in &catalog.lanes {
        topics.entry(&lane.source.topic).or_default().push(lane);
    }
    let mut parts = Vec::new();
    for (topic, lanes) in topics {
        let reads = schemas.parts(topic).any(|part| part.settings().reads_ids());
        let found = if reads { scan::look(catalog, &lanes, extent.all)? } else { Found::default() };
        let Found { mut keys, mut values, is_sample } = found;
        for part in schemas.parts(topic) {
            let seen = if part.name() == "key" { &mut keys } else { &mut values };
            let seen = if part.settings().reads_ids() { std::mem::take(seen) } else { Seen::default() };
            let target_topic = job.target.topic(topic);
            let is_changed = changes(if part.name() == "key" { Column::Key } else { Column::Value });
            let (named, outlooks) = (None, BTreeMap::new());
            parts.push(Looked { topic, target_topic, part, seen, is_sample, is_changed, named, outlooks });
        }
    }
    let asked = if extent.asks { parts.iter_mut().try_for_each(Looked::ask) } else { Ok(()) };
    let document = SchemasDocument::new(&parts, extent.asks, asked.as_ref().err());
    let findings = findings::of(&parts, job.rejected.policies);
    Ok(Planned { document, findings, failure: asked.err().map(Failure::from) })
}

impl Looked<'_> {
    fn ask(&mut self) -> Result<(), ValuesError> {
        self.named = self.part.named_schema(self.target_topic)?;
        for id in self.seen.ids.keys() {
            let mut outlook = self.part.outlook(*id, self.target_topic)?;
            if self.is_changed {
                outlook.obstacle = outlook.obstacle.filter(|obstacle| !matches!(obstacle, Obstacle::Unresolvable(_)));
            }
            self.outlooks.insert(*id, outlook);
        }
        Ok(())
    }
}
