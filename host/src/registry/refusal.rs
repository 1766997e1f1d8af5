//! What a registry says where it does not do what was asked.

use std::sync::Arc;

use reqwest::StatusCode;

use super::trouble::{WORDS, Words, beginning};
use super::{RegistryError, wire};
use crate::text::printable;

/// There is no such subject, version or schema. A 404 without these is of a path that the registry does not have.
const UNKNOWN: [i64; 3] = [40401, 40402, 40403];

/// That of these which says that there is no such subject.
const NO_SUBJECT: i64 = 40401;

/// A status of 4xx or 5xx, with what the registry says about it.
#[derive(Debug)]
pub(super) struct Refusal {
    words: Words,
    status: StatusCode,
    /// What it says, if it speaks JSON.
    own: Option<wire::Refusal>,
    /// What the answer begins with.
    beginning: String,
}

impl Refusal {
    pub(super) fn of(words: &Words, status: StatusCode, body: &[u8]) -> Self {
        let own = serde_json::from_slice(body).ok();
        Self { words: words.clone(), status, own, beginning: beginning(body) }
    }

    /// Whether there is no such subject, version or schema.
    pub(super) fn is_unknown(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && self.code().is_some_and(|code| UNKNOWN.contains(&code))
    }

    /// Whether there is no such subject, so that there is nothing under it either.
    pub(super) fn is_no_subject(&self) -> bool {
        self.is_unknown() && self.code() == Some(NO_SUBJECT)
    }

    fn code(&self) -> Option<i64> {
        self.own.as_ref().and_then(|own| own.error_code)
    }

    /// Whether there is nothing at the path, for whatever reason.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
    }

    /// Whether a schema does not go with others of its subject.
    pub(super) fn is_conflict(&self) -> bool {
        self.status == StatusCode::CONFLICT
    }

    /// What the registry says, in its words alone where it has some.
    pub(super) fn message(&self) -> String {
        match self.own.as_ref().and_then(|own| own.message.as_deref()) {
            Some(message) => printable(message, WORDS),
            None => self.beginning.clone(),
        }
    }

    /// The status, and what the registry says.
    pub(super) fn said(&self) -> String {
        match self.message() {
            message if message.is_empty() => self.status.to_string(),
            message => format!("{}: {message}", self.status),
        }
    }

    /// The error that it is to whoever did not expect it.
    pub(super) fn into_error(self) -> RegistryError {
        let Some(own) = &self.own else { return self.words.no_json(self.status, self.beginning.as_bytes()) };
        RegistryError::Refused {
            registry: Arc::clone(&self.words.registry),
            asked: self.words.asked.clone(),
            code: own.error_code.unwrap_or_else(|| self.status.as_u16().into()),
            message: self.said(),
            table: self.words.table,
        }
    }
}
