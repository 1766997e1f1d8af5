//! What would become of the values of a schema, for a plan: the registries are asked as a restore asks them, and nothing is
//! registered.
//!
//! What a restore does without is asked as well, and where a registry does not tell it, that is no error: which subjects a
//! schema has at its source, and whether the target would take it.

use super::avro::{Misfit, Resolution};
use super::error::ValuesError;
use super::language::{self, Language};
use super::way::{Part, Place, of_kind};
use crate::job::{Recoding, ValueEncoding};
use crate::registry::{
    Compatibility, Known, Mode, Registered, Registry, RegistryError, SchemaKind, SchemaName, SchemaText,
};
use crate::text::printable;

/// The longest name of a schema that is told, in bytes.
const NAME: usize = 200;

/// What would become of the values of one schema.
#[derive(Debug, Default)]
pub struct Outlook {
    /// What the backup's registry knows of it; `None` where it does not, or where there is none.
    pub origin: Option<Origin>,
    /// What they become, where that can be told.
    pub becomes: Option<Becomes>,
    /// Why none of them can be restored.
    pub obstacle: Option<Obstacle>,
}

/// A schema at the backup's registry.
#[derive(Debug)]
pub struct Origin {
    /// Its language.
    pub kind: SchemaKind,
    /// The full name, where it has one; of JSON Schema the title.
    pub name: Option<String>,
    /// The subjects that have it, each with the version there, as far as the registry tells.
    pub subjects: Vec<(String, i32)>,
}

/// Why no value of a schema can be restored.
#[derive(Debug)]
pub enum Obstacle {
    /// Nobody knows the schema.
    Unknown(Misfit),
    /// It is not what the job says, or cannot be used.
    Unfit(Misfit),
    /// By the rules alone none of its values can become what the job says.
    Unresolvable(Misfit),
}

impl Obstacle {
    /// What is wrong.
    pub fn misfit(&self) -> &Misfit {
        let (Self::Unknown(misfit) | Self::Unfit(misfit) | Self::Unresolvable(misfit)) = self;
        misfit
    }
}

/// What values become.
#[derive(Debug)]
pub enum Becomes {
    /// JSON text.
    Json,
    /// Avro without an id.
    Bare,
    /// They get the schema that the job names.
    TargetSchema,
    /// They get the id that the job says.
    Given(i32),
    /// They keep their id, or guid: both registries are one.
    Same(SchemaName),
    /// They get the id that the target's registry has for their schema.
    There {
        /// The subject.
        subject: String,
        /// The id and the guid.
        found: Registered,
    },
    /// The target's registry does not have the schema.
    Absent(Absent),
}

/// A schema that the target's registry does not have.
#[derive(Debug)]
pub struct Absent {
    /// The subject that it would have.
    pub subject: String,
    /// Whether the job lets it be registered.
    pub registers: bool,
    /// The id that it would keep, where the subject is in the mode for that.
    pub keeps: Option<i32>,
    /// Whether the registry would take it.
    pub takes: Takes,
}

/// Whether a registry takes a schema.
#[derive(Debug, PartialEq, Eq)]
pub enum Takes {
    /// As the first one of its subject, or since it goes with those that are there.
    Yes,
    /// It does not, for these reasons; there may be none that it tells.
    No(Vec<String>),
    /// Nobody tells, and why.
    Untold(String),
}

impl Part {
    /// `key` or `value`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the job says of it.
    pub fn settings(&self) -> &Recoding {
        &self.settings
    }

    /// The URL of the registry that knows the ids of the target.
    pub fn target_url(&self) -> Option<&str> {
        self.target.as_ref().map(|target| &**target.url())
    }

    /// What would become of values with this schema that go to a topic.
    ///
    /// # Errors
    /// A registry that does not answer; a subject that cannot be told.
    pub fn outlook(&self, name: SchemaName, topic: &str) -> Result<Outlook, ValuesError> {
        let known = match (self.known(name)?, self.settings.encoding, self.given(name)) {
            (Ok(known), ..) => known,
            // Nobody looks into them, so that nobody needs to know.
            (Err(_), ValueEncoding::RewriteIds, Some(given)) => {
                return Ok(Outlook { becomes: Some(Becomes::Given(given)), ..Outlook::default() });
            }
            (Err(misfit), ..) => {
                return Ok(Outlook { obstacle: Some(Obstacle::Unknown(misfit)), ..Outlook::default() });
            }
        };
        let parsed = match language::kind(self.settings.encoding) {
            Some(kind) => of_kind(&known, kind),
            None => Language::known(&known),
        };
        let full_name = parsed.as_ref().ok().and_then(|schema| schema.name()).map(|name| printable(name, NAME));
        let origin = Some(Origin { kind: known.schema.kind, name: full_name, subjects: self.subjects(name)? });
        let (becomes, obstacle) = match (self.settings.encoding, &parsed) {
            (ValueEncoding::RewriteIds, parsed) => match &self.target {
                Some(target) => (Some(self.placed(target, &known, parsed.as_ref().ok(), topic)?), None),
                None => (None, None),
            },
            (_, Err(misfit)) => (None, Some(Obstacle::Unfit(misfit.clone()))),
            (_, Ok(schema)) => {
                (Some(self.of_language(&known, schema, topic)?), self.never(schema).map(Obstacle::Unresolvable))
            }
        };
        Ok(Outlook { origin, becomes, obstacle })
    }

    /// Where the target's registry has the schema that the job names for all values, or would; `None` where it names none,
    /// or where values go without an id.
    ///
    /// # Errors
    /// As of [`Self::outlook`].
    pub fn named_schema(&self, topic: &str) -> Result<Option<Becomes>, ValuesError> {
        let Some(target) = &self.target else { return Ok(None) };
        let own = self.schema.as_ref().filter(|_| language::kind(self.settings.becomes()).is_some());
        let Some(schema) = self.target_schema.as_ref().or(own) else { return Ok(None) };
        let (subject, text) = (self.subject(schema.name(), topic)?, schema.to_text());
        Ok(Some(match target.find(&subject, &text)? {
            Some(found) => Becomes::There { subject, found },
            None => Becomes::Absent(self.absent(target, subject, Some(&text), None)?),
        }))
    }

    /// Why no value at all can be restored: the job names a schema that cannot become the other one that it names.
    pub fn unfit(&self) -> Option<Misfit> {
        self.schema.as_ref().and_then(|schema| self.never(schema))
    }

    /// Of Avro alone the schemas tell; other languages leave it to each value.
    fn never(&self, schema: &Language) -> Option<Misfit> {
        match (schema, self.target_schema.as_deref()) {
            (Language::Avro(schema), Some(Language::Avro(target))) => Resolution::new(schema, target).never(),
            _ => None,
        }
    }

    fn of_language(&self, known: &Known, schema: &Language, topic: &str) -> Result<Becomes, ValuesError> {
        if self.settings.becomes() == ValueEncoding::Json {
            return Ok(Becomes::Json);
        }
        match (&self.target_schema, &self.target) {
            (Some(_), _) => Ok(Becomes::TargetSchema),
            (None, None) => Ok(Becomes::Bare),
            (None, Some(target)) => self.placed(target, known, Some(schema), topic),
        }
    }

    fn placed(
        &self,
        target: &Registry,
        known: &Known,
        named: Option<&Language>,
        topic: &str,
    ) -> Result<Becomes, ValuesError> {
        Ok(match self.place(target, known, named, topic)? {
            Place::Given(id) => Becomes::Given(id),
            Place::Same(name) => Becomes::Same(name),
            Place::There { subject, found } => Becomes::There { subject, found },
            Place::Missing { subject, text } => {
                Becomes::Absent(self.absent(target, subject, text.as_ref(), known.name.id())?)
            }
        })
    }

    fn absent(
        &self,
        target: &Registry,
        subject: String,
        text: Option<&SchemaText>,
        id: Option<i32>,
    ) -> Result<Absent, ValuesError> {
        let registers = self.settings.register;
        let (takes, keeps) = match registers {
            true => takes(target, &subject, text, id)?,
            false => (Takes::Untold("nothing is registered".to_owned()), None),
        };
        Ok(Absent { subject, registers, keeps, takes })
    }

    /// Of a guid registries do not tell them.
    fn subjects(&self, name: SchemaName) -> Result<Vec<(String, i32)>, ValuesError> {
        let (Some(source), Some(id)) = (&self.source, name.id()) else { return Ok(Vec::new()) };
        match source.subjects_of(id) {
            // Schemas outlive their subjects.
            Err(RegistryError::UnknownId { .. }) => Ok(Vec::new()),
            subjects => Ok(told(subjects)?.unwrap_or_default()),
        }
    }
}

/// Whether a registry takes a schema into a subject, and with which id if that is not its own choice.
fn takes(
    target: &Registry,
    subject: &str,
    text: Option<&SchemaText>,
    id: Option<i32>,
) -> Result<(Takes, Option<i32>), RegistryError> {
    let takes = match (told(target.mode(subject))?, text) {
        (Ok(Mode::Import), _) if id.is_some() => return Ok((Takes::Yes, id)),
        (Ok(Mode::Import), _) => Takes::No(vec!["the subject is in the mode IMPORT".to_owned()]),
        (Ok(Mode::ReadOnly), _) => Takes::No(vec!["the subject is in the mode READONLY".to_owned()]),
        (_, None) => Takes::Untold("what it refers to would be registered before".to_owned()),
        (_, Some(text)) => match told(target.compatibility(subject, text))? {
            Ok(Compatibility::Compatible | Compatibility::NothingThere) => Takes::Yes,
            Ok(Compatibility::Incompatible(reasons)) => Takes::No(reasons),
            Err(why) => Takes::Untold(why),
        },
    };
    Ok((takes, None))
}

/// What a registry answers to a question that a restore does without; within, that it does not tell.
fn told<T>(answer: Result<T, RegistryError>) -> Result<Result<T, String>, RegistryError> {
    use RegistryError::{Denied, NoJson, Refused};
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error @ (Denied { .. } | NoJson { .. } | Refused { .. })) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}
