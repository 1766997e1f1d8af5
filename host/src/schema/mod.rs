//! Values that have a schema: what they are encoded in, and how they change from one schema to another.
//!
//! A restore takes values as the bytes that they are unless its job says more. Where it does, they reach the plugins as
//! JSON, and are written again under the schema that the target wants. What no plugin changes goes from bytes to bytes.

pub mod avro;
mod error;
mod framing;
mod json_schema;
mod lane_part;
mod language;
mod marks;
mod outlook;
mod protobuf;
mod recoded;
mod turn;
mod way;

use std::sync::Arc;

pub use error::ValuesError;
pub use framing::name_of;
pub use outlook::{Absent, Becomes, Obstacle, Origin, Outlook, Takes};
pub use way::{Part, Registering};

use crate::batch::Batch;
use crate::job::{Job, Policies, Recoding, SchemaRule};
use crate::plugin::{Seen, Transform};
use crate::registry::Registry;
use lane_part::LanePart;
use recoded::Recoded;

/// What the values of a job are encoded in, with the registries that know.
#[derive(Debug)]
pub struct Schemas {
    rules: Vec<Rule>,
    policies: Policies,
}

#[derive(Debug)]
struct Rule {
    rule: SchemaRule,
    key: Option<Arc<Part>>,
    value: Option<Arc<Part>>,
}

impl Schemas {
    /// For a job; `None` for one that takes bytes as bytes. No registry is asked yet.
    ///
    /// # Errors
    /// Files of schemas or certificates that cannot be used.
    pub fn open(job: &Job, registering: Registering) -> Result<Option<Self>, ValuesError> {
        let is_raw = |rule: &SchemaRule| rule.key.is_raw() && rule.value.is_raw();
        if job.schemas.iter().all(is_raw) {
            return Ok(None);
        }
        let source = job.registry.as_ref().map(Registry::open).transpose()?;
        let own = job.target.registry.as_ref().map(Registry::open).transpose()?;
        let part = |name, settings: &Recoding| {
            if settings.is_raw() {
                return Ok(None);
            }
            // Values that come without an id get one where the target has a registry of its own.
            let target = own.as_ref().or(source.as_ref().filter(|_| settings.reads_ids()));
            let target = target.filter(|_| settings.writes_ids(true));
            Part::open(name, settings, source.as_ref(), target, registering).map(|part| Some(Arc::new(part)))
        };
        let rule = |rule: &SchemaRule| {
            Ok(Rule { rule: rule.clone(), key: part("key", &rule.key)?, value: part("value", &rule.value)? })
        };
        let rules = job.schemas.iter().map(rule).collect::<Result<_, ValuesError>>()?;
        Ok(Some(Self { rules, policies: job.rejected.policies }))
    }

    /// What tells these settings from others: encodings, the schemas that the job names, ids.
    pub fn digest(&self) -> String {
        let rules = self.rules.iter().map(|Rule { rule, key, value }| {
            let part = |part: &Option<Arc<Part>>| part.as_ref().map(|part| part.digest()).unwrap_or_default();
            format!("{:?} {} {}", rule.topics, part(key), part(value))
        });
        rules.collect::<Vec<_>>().join("\n")
    }

    /// Asks for what the values of a topic will need whatever they are, and registers it where it is not there yet.
    ///
    /// # Errors
    /// A target schema that cannot be had.
    pub fn prepare(&self, source_topic: &str, target_topic: &str) -> Result<(), ValuesError> {
        let Some(rule) = self.rule(source_topic) else { return Ok(()) };
        let topic = target_topic.into();
        [&rule.key, &rule.value].into_iter().flatten().try_for_each(|part| part.prepare(&topic))
    }

    /// What of a topic is not taken as bytes: its keys, its values, both or neither.
    pub fn parts(&self, source_topic: &str) -> impl Iterator<Item = &Part> {
        self.rule(source_topic).into_iter().flat_map(|rule| [&rule.key, &rule.value]).flatten().map(|part| &**part)
    }

    fn rule(&self, topic: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.rule.fits(topic))
    }

    /// A lane's transform between decoding and encoding.
    ///
    /// # Errors
    /// A target schema that cannot be had.
    pub fn wrap(
        &self,
        inner: Box<dyn Transform>,
        source_topic: &str,
        target_topic: &str,
        seen: Seen,
    ) -> Result<Box<dyn Transform>, ValuesError> {
        self.prepare(source_topic, target_topic)?;
        let Some(rule) = self.rule(source_topic) else { return Ok(inner) };
        let [key, value] = rule.lane(target_topic, seen);
        if key.is_none() && value.is_none() {
            return Ok(inner);
        }
        Ok(Box::new(Recoded { inner, key, value, policies: self.policies }))
    }

    /// Records of a topic as people are shown them before they change: what is Avro as JSON.
    ///
    /// # Errors
    /// A registry that does not answer.
    pub fn shown(&self, batch: &Batch, source_topic: &str, target_topic: &str) -> Result<Batch, ValuesError> {
        let mut shown = batch.clone();
        let Some(rule) = self.rule(source_topic) else { return Ok(shown) };
        let [key, value] = rule.lane(target_topic, Seen::default());
        if let Some(mut key) = key {
            shown.columns.keys = key.shown(&batch.columns.keys, &batch.columns.headers)?;
        }
        if let Some(mut value) = value {
            shown.columns.values = value.shown(&batch.columns.values, &batch.columns.headers)?;
        }
        Ok(shown)
    }
}

impl Rule {
    /// The keys and the values of a lane, where anything is said of them.
    fn lane(&self, target_topic: &str, seen: Seen) -> [Option<LanePart>; 2] {
        let topic: Arc<str> = target_topic.into();
        [(&self.key, seen.keys), (&self.value, seen.values)].map(|(part, is_seen)| {
            let part = part.as_ref()?;
            Some(LanePart::new(Arc::clone(part), Arc::clone(&topic), is_seen))
        })
    }
}
