//! A schema registry, by Confluent's API: the schemas that values of records are written with.
//!
//! Lanes share one [`Registry`] and block while it is asked. What is known of an id or of a version does not change, so
//! that it is asked once, also where several lanes want it at once; everything else is asked each time. A registry that is
//! down, or answers that it is at fault, is asked again for as long as the job says, and whatever else is not an
//! answer of the API is an error that names the registry and what was asked.

mod carry;
mod client;
mod error;
mod find;
mod once;
mod open;
mod refusal;
mod schema;
mod trouble;
mod walk;
mod wire;

pub use error::RegistryError;
pub use schema::{Compatibility, Known, Mode, Reference, Registered, SchemaKind, SchemaName, SchemaText};

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use backon::{BlockingRetryable as _, ConstantBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::job;
use crate::text::printable;
use client::Client;
use once::Once;
use refusal::Refusal;
use trouble::WORDS;

/// What of a subject is not written as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// How long to wait before a registry of several servers is asked again for what another of them has just taken, and how
/// often.
const SETTLING: (Duration, usize) = (Duration::from_millis(200), 15);

/// A schema registry; its clones are the same one.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    known: Once<SchemaName, Arc<Known>>,
    /// By subject and version.
    versions: Once<(String, i32), Arc<SchemaText>>,
    /// Those that schemas were looked for among, by the same.
    there: Once<(String, i32), Option<find::Version>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(self.url()).finish()
    }
}

impl Registry {
    /// The registry of a job. Nothing is asked yet.
    ///
    /// # Errors
    /// Files of certificates that cannot be used.
    pub fn open(settings: &job::Registry) -> Result<Self, RegistryError> {
        let client = Client::new(settings)?;
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                known: Once::default(),
                versions: Once::default(),
                there: Once::default(),
            }),
        })
    }

    /// Its URL, in which there are no credentials.
    pub fn url(&self) -> &Arc<str> {
        self.client().url()
    }

    /// How many requests were sent to it.
    pub fn requests(&self) -> u64 {
        self.client().requests()
    }

    /// The schema of an id or a guid, with all that it refers to.
    ///
    /// # Errors
    /// [`RegistryError::UnknownId`], and whatever keeps the registry from answering.
    pub fn schema(&self, name: impl Into<SchemaName>) -> Result<Arc<Known>, RegistryError> {
        let name = name.into();
        self.shared.known.get(&name, || {
            let path = format!("/schemas/{}s/{name}", name.noun());
            let schema = match self.client().get::<wire::Schema>(&path)? {
                Ok(schema) => self.text(&path, schema)?,
                Err(refusal) => return Err(self.unless_unknown_id(name, refusal)),
            };
            // As registries do it themselves: what comes first by a name has it.
            let identity = |reference: &Reference| reference.name.clone();
            let referenced = walk::walk(self.url(), &schema, identity, |reference| self.referenced(reference))?;
            let named =
                |(reference, schema): (Reference, Arc<SchemaText>)| (reference.name, Arc::unwrap_or_clone(schema));
            Ok(Arc::new(Known { name, schema, referenced: referenced.into_iter().map(named).collect() }))
        })
    }

    /// Registers a schema under a subject; where it is already, it stays as it is.
    ///
    /// # Errors
    /// [`RegistryError::Incompatible`], and whatever keeps the registry from taking it.
    pub fn register(&self, subject: &str, schema: &SchemaText) -> Result<Registered, RegistryError> {
        let wire::Id { id } = self.submit(subject, &wire::Sent::of(schema, None))?;
        // Another server than the one that took it may not know it yet.
        let (pause, times) = SETTLING;
        let found = (|| unless_unknown(self.look_up(subject, schema).map_err(Some)?).map_err(Some)?.ok_or(None))
            .retry(ConstantBuilder::default().with_delay(pause).with_max_times(times))
            .sleep(thread::sleep)
            .when(Option::is_none)
            .call();
        match found {
            Ok(found) => Ok(Registered { id, ..found }),
            Err(Some(error)) => Err(error),
            Err(None) => Err(self.unexpected(
                format!("POST /subjects/{subject}"),
                &format!("the schema that it has taken, with the id {id}, is not there"),
            )),
        }
    }

    /// Registers a schema under a subject with the id that it is to have, for which the subject must be in the mode
    /// [`Mode::Import`].
    ///
    /// # Errors
    /// Whatever keeps the registry from taking it, for instance another schema that has the id.
    pub fn register_as(&self, subject: &str, schema: &SchemaText, id: i32) -> Result<(), RegistryError> {
        let given: wire::Id = self.submit(subject, &wire::Sent::of(schema, Some(id)))?;
        if given.id == id {
            return Ok(());
        }
        let message = format!("the schema has the id {} there, and not {id}", given.id);
        Err(self.unexpected(format!("POST /subjects/{subject}/versions"), &message))
    }

    /// What may be done with a subject.
    ///
    /// # Errors
    /// Whatever keeps the registry from answering.
    pub fn mode(&self, subject: &str) -> Result<Mode, RegistryError> {
        let own = self.client().get::<wire::Mode>(&self.subject("/mode/", subject, "?defaultToGlobal=true")?)?;
        // Older registries do not tell the global one in place of the subject's, and some have no modes at all.
        let mode = match own {
            Err(refusal) if refusal.is_nothing() => self.client().get::<wire::Mode>("/mode")?,
            answer => answer,
        };
        match mode {
            Ok(wire::Mode { mode }) => Ok(match mode.as_str() {
                "READWRITE" => Mode::ReadWrite,
                "READONLY" | "READONLY_OVERRIDE" => Mode::ReadOnly,
                "IMPORT" => Mode::Import,
                other => Mode::Other(printable(other, WORDS)),
            }),
            Err(refusal) if refusal.is_nothing() => Ok(Mode::ReadWrite),
            Err(refusal) => Err(refusal.into_error()),
        }
    }

    /// Whether a subject would take a schema.
    ///
    /// # Errors
    /// Whatever keeps the registry from answering.
    pub fn compatibility(&self, subject: &str, schema: &SchemaText) -> Result<Compatibility, RegistryError> {
        let path = self.subject("/compatibility/subjects/", subject, "/versions?verbose=true")?;
        let answer = self.client().post::<wire::Compatible>(&path, &wire::Sent::of(schema, None))?;
        Ok(match unless_unknown(answer)? {
            None => Compatibility::NothingThere,
            Some(wire::Compatible { is_compatible: false, messages }) => {
                let messages = messages.unwrap_or_default();
                Compatibility::Incompatible(messages.iter().map(|message| printable(message, WORDS)).collect())
            }
            // Some say that of a subject that is not there.
            Some(_) if self.is_there(subject)? => Compatibility::Compatible,
            Some(_) => Compatibility::NothingThere,
        })
    }

    /// The subjects under which the schema of an id is registered, each with its version there.
    ///
    /// # Errors
    /// [`RegistryError::UnknownId`], and whatever keeps the registry from answering.
    pub fn subjects_of(&self, id: i32) -> Result<Vec<(String, i32)>, RegistryError> {
        let versions = self.client().get::<Vec<wire::Version>>(&format!("/schemas/ids/{id}/versions"))?;
        let versions = versions.map_err(|refusal| self.unless_unknown_id(id.into(), refusal))?;
        Ok(versions.into_iter().map(|wire::Version { subject, version }| (subject, version)).collect())
    }

    /// The last version of a subject.
    ///
    /// # Errors
    /// Whatever keeps the registry from answering.
    pub fn latest(&self, subject: &str) -> Result<Option<(Registered, SchemaText)>, RegistryError> {
        let path = self.subject("/subjects/", subject, "/versions/latest")?;
        let latest = unless_unknown(self.client().get::<wire::Registered>(&path)?)?;
        latest.map(|latest| Ok((latest.place.into(), self.text(&path, latest.schema)?))).transpose()
    }

    /// A schema to which another refers; it may be deleted by now.
    fn referenced(&self, reference: &Reference) -> Result<Arc<SchemaText>, RegistryError> {
        let Reference { name, subject, version } = reference;
        self.shared.versions.get(&(subject.clone(), *version), || {
            let path = self.subject("/subjects/", subject, &format!("/versions/{version}?deleted=true"))?;
            match self.client().get::<wire::Schema>(&path)? {
                Ok(schema) => self.text(&path, schema).map(Arc::new),
                Err(refusal) if refusal.is_unknown() => Err(RegistryError::UnknownReference {
                    registry: Arc::clone(self.url()),
                    name: name.clone(),
                    subject: subject.clone(),
                    version: *version,
                }),
                Err(refusal) => Err(refusal.into_error()),
            }
        })
    }

    fn submit<T: DeserializeOwned>(&self, subject: &str, schema: &impl Serialize) -> Result<T, RegistryError> {
        let path = self.subject("/subjects/", subject, "/versions")?;
        self.client().post(&path, schema)?.map_err(|refusal| {
            if refusal.is_conflict() {
                let (registry, message) = (Arc::clone(self.url()), refusal.message());
                return RegistryError::Incompatible { registry, subject: subject.to_owned(), message };
            }
            refusal.into_error()
        })
    }

    fn is_there(&self, subject: &str) -> Result<bool, RegistryError> {
        let versions = self.client().get::<Vec<i32>>(&self.subject("/subjects/", subject, "/versions")?)?;
        Ok(unless_unknown(versions)?.is_some())
    }

    /// A path with a subject in it, which may hold any character.
    fn subject(&self, before: &str, subject: &str, after: &str) -> Result<String, RegistryError> {
        if matches!(subject, "" | "." | "..") {
            let registry = Arc::clone(self.url());
            return Err(RegistryError::Subject { registry, subject: subject.to_owned() });
        }
        Ok(format!("{before}{}{after}", utf8_percent_encode(subject, RESERVED)))
    }

    fn text(&self, path: &str, schema: wire::Schema) -> Result<SchemaText, RegistryError> {
        schema.into_text().map_err(|message| self.unexpected(format!("GET {path}"), &message))
    }

    fn unless_unknown_id(&self, name: SchemaName, refusal: Refusal) -> RegistryError {
        // Older registries have no guids, and so nothing at their paths.
        let has_none = matches!(name, SchemaName::Guid(_)) && refusal.is_nothing();
        if !refusal.is_unknown() && !has_none {
            return refusal.into_error();
        }
        RegistryError::UnknownId { registry: Arc::clone(self.url()), name, table: self.client().table() }
    }

    fn unexpected(&self, asked: String, message: &str) -> RegistryError {
        RegistryError::Unexpected { registry: Arc::clone(self.url()), asked, message: printable(message, WORDS) }
    }

    fn client(&self) -> &Client {
        &self.shared.client
    }
}

/// An answer, or none where a subject, version or schema is not known.
fn unless_unknown<T>(answer: Result<T, Refusal>) -> Result<Option<T>, RegistryError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if refusal.is_unknown() => Ok(None),
        Err(refusal) => Err(refusal.into_error()),
    }
}

impl From<wire::Place> for Registered {
    fn from(wire::Place { id, version, guid }: wire::Place) -> Self {
        Self { id, version, guid: guid.and_then(|guid| guid.parse().ok()) }
    }
}

#[cfg(test)]
mod tests;
