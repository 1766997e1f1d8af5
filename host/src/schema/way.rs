//! What becomes of the values of one schema: found out once for a schema and a subject, and shared by all lanes.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use uuid::Uuid;

use super::avro::{Misfit, Resolution};
use super::error::ValuesError;
use super::framing::{Mark, Stamp};
use super::language::{self, Language};
use crate::job::{Recoding, Subject, ValueEncoding};
use crate::registry::{Known, Mode, Registered, Registry, RegistryError, SchemaKind, SchemaName, SchemaText};

/// Whether the target's registry may be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registering {
    /// As the job says.
    Allowed,
    /// Nothing is changed: what is not there is missing.
    Never,
    /// Nothing is changed, and what is not there is taken to be: values are shown as JSON then, without an id.
    Pretended,
}

/// What the keys or the values of some topics are, and become.
#[derive(Debug)]
pub struct Part {
    /// `key` or `value`.
    pub(super) name: &'static str,
    pub(super) settings: Recoding,
    /// Where ids are known that values come with.
    pub(super) source: Option<Registry>,
    /// Where ids are known that values go with; `None`: they have none.
    pub(super) target: Option<Registry>,
    /// That of values which do not name theirs.
    pub(super) schema: Option<Arc<Language>>,
    /// That which values are to have.
    pub(super) target_schema: Option<Arc<Language>>,
    registering: Registering,
    ways: Mutex<Ways>,
}

/// By what names the schema, and target topic; what is wrong with a schema is kept as well.
type Ways = HashMap<(Stamp, Arc<str>), Result<Arc<Way>, Misfit>>;

/// Where the target has a schema that the backup's registry knows.
#[derive(Debug)]
pub(super) enum Place {
    /// Where the job says.
    Given(i32),
    /// By its own name: both registries are one.
    Same(SchemaName),
    /// Where the target's registry has it.
    There { subject: String, found: Registered },
    /// Nowhere yet; with its text as it would read there, unless what it refers to is not there either.
    Missing { subject: String, text: Option<SchemaText> },
}

/// What a schema goes by at the target.
#[derive(Clone, Copy, Debug)]
enum Name {
    /// What it came by.
    Same,
    /// What the target's registry has for it.
    Own { id: i32, guid: Option<Uuid> },
}

impl From<Registered> for Name {
    fn from(Registered { id, guid, .. }: Registered) -> Self {
        Self::Own { id, guid }
    }
}

/// What becomes of the values of one schema.
#[derive(Debug)]
pub(super) struct Way {
    /// Their schema; `None`: they are JSON, or nobody looks into them.
    pub(super) writer: Option<Arc<Language>>,
    pub(super) end: End,
    /// What names it afterwards.
    pub(super) mark: Option<Mark>,
}

/// What values become.
#[derive(Debug)]
pub(super) enum End {
    /// They stay as they are behind their id.
    Same,
    /// JSON text.
    Json,
    /// Values of a schema; Avro by way of a resolution where they have been Avro before.
    Schema(Arc<Language>, Option<Resolution>),
}

impl Way {
    /// Whether what names the schema may also say which message of it a value is.
    pub(super) fn may_have_indexes(&self) -> bool {
        matches!((self.writer.as_deref(), &self.end), (Some(Language::Protobuf(_)), _) | (_, End::Same))
    }
}

impl Part {
    /// Reads the schemas that the job names.
    ///
    /// # Errors
    /// Files that cannot be read, or are no schemas.
    pub(super) fn open(
        name: &'static str,
        settings: &Recoding,
        source: Option<&Registry>,
        target: Option<&Registry>,
        registering: Registering,
    ) -> Result<Self, ValuesError> {
        let read = |path: &Option<PathBuf>, encoding| match (path, language::kind(encoding)) {
            (Some(path), Some(kind)) => read(path, kind, settings.message.as_deref()).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            name,
            settings: settings.clone(),
            source: source.cloned(),
            target: target.cloned(),
            schema: read(&settings.schema, settings.encoding)?,
            target_schema: read(&settings.target_schema, settings.becomes())?,
            registering,
            ways: Mutex::default(),
        })
    }

    /// What tells these settings from others.
    pub(super) fn digest(&self) -> String {
        let Recoding { encoding, schema: _, target_encoding, target_schema: _, message, subject, register: _, ids } =
            &self.settings;
        let text = |schema: &Option<Arc<Language>>| schema.as_ref().map(|schema| schema.to_text().text);
        let schemas = (text(&self.schema), text(&self.target_schema));
        format!(
            "{encoding:?} {target_encoding:?} {schemas:?} {message:?} {subject:?} {ids:?} {}",
            self.target.is_some()
        )
    }

    /// Whether values are shown, and not sent.
    pub(super) fn is_shown(&self) -> bool {
        self.registering == Registering::Pretended
    }

    /// Asks for what a lane will need whatever its values are: a target schema that the registry refuses is told before
    /// any record moves.
    ///
    /// # Errors
    /// As of [`Self::way`].
    pub(super) fn prepare(&self, topic: &Arc<str>) -> Result<(), ValuesError> {
        match self.target_schema {
            Some(_) => self.way(Stamp::None, topic).map(drop),
            None => Ok(()),
        }
    }

    /// What becomes of values that name their schema so and go to a topic.
    ///
    /// # Errors
    /// A registry that does not answer; a target schema that cannot be had there. Within: what is wrong with the schema of
    /// such values, which is theirs alone.
    pub(super) fn way(&self, stamp: Stamp, topic: &Arc<str>) -> Result<Result<Arc<Way>, Misfit>, ValuesError> {
        // Held while registries are asked, so that of several lanes one asks.
        let mut ways = self.ways.lock();
        if let Some(way) = ways.get(&(stamp, Arc::clone(topic))) {
            return Ok(way.clone());
        }
        let way = self.found(stamp, topic)?.map(Arc::new);
        ways.insert((stamp, Arc::clone(topic)), way.clone());
        Ok(way)
    }

    fn found(&self, stamp: Stamp, topic: &str) -> Result<Result<Way, Misfit>, ValuesError> {
        if self.settings.encoding == ValueEncoding::RewriteIds {
            return self.rewritten(stamp, topic);
        }
        let mut known = None;
        let writer = match (stamp.name(), language::kind(self.settings.encoding)) {
            (_, Some(_)) if self.schema.is_some() => self.schema.clone(),
            (Some(name), Some(kind)) => {
                let parsed = self.known(name)?.and_then(|of_id| Ok((Arc::new(of_kind(&of_id, kind)?), of_id)));
                let (parsed, of_id) = match parsed {
                    Ok(found) => found,
                    Err(misfit) => return Ok(Err(misfit)),
                };
                known = Some(of_id);
                Some(parsed)
            }
            _ => None,
        };
        if self.settings.becomes() == ValueEncoding::Json {
            return Ok(Ok(Way { writer, end: End::Json, mark: None }));
        }
        let Some(schema) = self.target_schema.clone().or_else(|| writer.clone()) else {
            return Ok(Err(Misfit::of("nothing says which schema it is to have", "the record came without a value")));
        };
        let mark = match &self.target {
            None => None,
            // Values are shown without it: the target need not be there.
            Some(_) if self.is_shown() && self.settings.register => Some(Mark::before(0)),
            Some(target) => {
                let name = match (known, &self.target_schema) {
                    (Some(known), None) => self.target_name(target, &known, Some(&schema), topic)?,
                    _ => {
                        let subject = self.subject(schema.name(), topic)?;
                        self.taken(target, &subject, &schema.to_text())?
                    }
                };
                self.mark(stamp, name, topic)
            }
        };
        if let Some(why) = schema.limitation() {
            tracing::warn!(
                "what plugins make of the {}s of {topic} is not validated by their schema: {why}",
                self.name
            );
        }
        let resolution = match (writer.as_deref(), &*schema) {
            (Some(Language::Avro(writer)), Language::Avro(schema)) => Some(Resolution::new(writer, schema)),
            _ => None,
        };
        Ok(Ok(Way { writer, end: End::Schema(schema, resolution), mark }))
    }

    /// What becomes of values that nobody looks into.
    fn rewritten(&self, stamp: Stamp, topic: &str) -> Result<Result<Way, Misfit>, ValuesError> {
        let way = |name| Way { writer: None, end: End::Same, mark: self.mark(stamp, name, topic) };
        let Some(name) = stamp.name() else {
            return Ok(Err(Misfit::new("nothing says which schema it is to have")));
        };
        if let Some(given) = self.given(name) {
            return Ok(Ok(way(Name::Own { id: given, guid: None })));
        }
        let Some(target) = &self.target else {
            return Ok(Err(Misfit::of("`ids` does not say what becomes of its schema's id", name.to_string())));
        };
        let known = match self.known(name)? {
            Ok(known) => known,
            Err(misfit) => return Ok(Err(misfit)),
        };
        // Nobody looks into values: a schema that cannot be used is one without a name.
        let named = match self.settings.subject {
            Subject::Topic => None,
            Subject::Record | Subject::TopicRecord => Language::known(&known).ok(),
        };
        Ok(Ok(way(self.target_name(target, &known, named.as_ref(), topic)?)))
    }

    /// What names a schema of this name at the target, where it named it before.
    fn mark(&self, stamp: Stamp, name: Name, topic: &str) -> Option<Mark> {
        Some(match (name, stamp) {
            (Name::Same, _) => return stamp.mark(),
            (Name::Own { id, .. }, Stamp::None | Stamp::Before(_)) => Mark::before(id),
            (Name::Own { id, .. }, Stamp::Header(SchemaName::Id(_))) => Mark::header(SchemaName::Id(id)),
            (Name::Own { guid: Some(guid), .. }, Stamp::Header(SchemaName::Guid(_))) => {
                Mark::header(SchemaName::Guid(guid))
            }
            (Name::Own { id, guid: None }, Stamp::Header(SchemaName::Guid(_))) => {
                tracing::warn!(
                    "the {}s of {topic} name their schema by a guid in a header, and the registry of the target gives no \
                     guids: the id stands before them instead",
                    self.name
                );
                Mark::before(id)
            }
        })
    }

    /// The id that the job says for a schema.
    pub(super) fn given(&self, name: SchemaName) -> Option<i32> {
        name.id().and_then(|id| self.settings.ids.get(&id).copied())
    }

    /// The schema of an id, or a guid.
    pub(super) fn known(&self, name: SchemaName) -> Result<Result<Arc<Known>, Misfit>, ValuesError> {
        let Some(source) = &self.source else {
            return Ok(Err(Misfit::of("there is no registry that knows its schema's id", name.to_string())));
        };
        match source.schema(name) {
            Ok(known) => Ok(Ok(known)),
            Err(error @ (RegistryError::UnknownId { .. } | RegistryError::UnknownReference { .. })) => {
                Ok(Err(Misfit::of("the registry does not know its schema's id", error.to_string())))
            }
            Err(error @ (RegistryError::Cycle { .. } | RegistryError::TooManyReferences { .. })) => {
                Ok(Err(Misfit::of("what its schema refers to cannot be had", error.to_string())))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where the target has a schema that the backup's registry knows. Nothing is changed there.
    pub(super) fn place(
        &self,
        target: &Registry,
        known: &Known,
        named: Option<&Language>,
        topic: &str,
    ) -> Result<Place, ValuesError> {
        if let Some(given) = self.given(known.name) {
            return Ok(Place::Given(given));
        }
        let Some(source) = self.source.as_ref().filter(|source| source.url() != target.url()) else {
            return Ok(Place::Same(known.name));
        };
        let subject = self.subject(named.and_then(Language::name), topic)?;
        let text = source.carried(known, target)?;
        let found = text.as_ref().map(|text| target.find(&subject, text)).transpose()?.flatten();
        Ok(match found {
            Some(found) => Place::There { subject, found },
            None => Place::Missing { subject, text },
        })
    }

    /// What a schema that the backup's registry knows goes by at the target.
    fn target_name(
        &self,
        target: &Registry,
        known: &Known,
        named: Option<&Language>,
        topic: &str,
    ) -> Result<Name, ValuesError> {
        let (subject, text) = match self.place(target, known, named, topic)? {
            Place::Given(id) => return Ok(Name::Own { id, guid: None }),
            Place::Same(_) => return Ok(Name::Same),
            Place::There { found, .. } => return Ok(found.into()),
            Place::Missing { subject, text } => (subject, text),
        };
        if !self.may_register() {
            return self.pretended(subject);
        }
        let text = match (text, &self.source) {
            (None, Some(source)) => source.carry(known, target)?,
            (text, _) => text.unwrap_or_else(|| known.schema.clone()),
        };
        if let Some(id) = known.name.id()
            && target.mode(&subject)? == Mode::Import
        {
            target.register_as(&subject, &text, id)?;
            return Ok(Name::Own { id, guid: None });
        }
        Ok(target.register(&subject, &text)?.into())
    }

    /// What a schema that the job names goes by at the target.
    fn taken(&self, target: &Registry, subject: &str, text: &SchemaText) -> Result<Name, ValuesError> {
        if let Some(found) = target.find(subject, text)? {
            return Ok(found.into());
        }
        if !self.may_register() {
            return self.pretended(subject.to_owned());
        }
        Ok(target.register(subject, text)?.into())
    }

    fn pretended(&self, subject: String) -> Result<Name, ValuesError> {
        match self.is_shown() && self.settings.register {
            true => Ok(Name::Own { id: 0, guid: None }),
            false => Err(ValuesError::NotRegistered { subject }),
        }
    }

    fn may_register(&self) -> bool {
        self.registering == Registering::Allowed && self.settings.register
    }

    pub(super) fn subject(&self, name: Option<&str>, topic: &str) -> Result<String, ValuesError> {
        let no_name = || ValuesError::NoName { part: self.name, topic: topic.to_owned() };
        Ok(match self.settings.subject {
            Subject::Topic => format!("{topic}-{}", self.name),
            Subject::Record => name.ok_or_else(no_name)?.to_owned(),
            Subject::TopicRecord => format!("{topic}-{}", name.ok_or_else(no_name)?),
        })
    }
}

fn read(path: &Path, kind: SchemaKind, message: Option<&str>) -> Result<Arc<Language>, ValuesError> {
    let text = fs::read_to_string(path).map_err(|source| ValuesError::Unreadable { path: path.to_owned(), source })?;
    let schema = Language::named(kind, &text.into(), message);
    Ok(Arc::new(schema.map_err(|reason| ValuesError::NoSchema { path: path.to_owned(), reason })?))
}

/// A schema of the registry, which may be of another language, or none.
pub(super) fn of_kind(known: &Known, kind: SchemaKind) -> Result<Language, Misfit> {
    if known.schema.kind != kind {
        let (due, found) = (language::name(kind), language::name(known.schema.kind));
        return Err(Misfit::of(format!("its schema is no {due}, but {found}"), format!("schema {}", known.name)));
    }
    Language::known(known)
}
