//! What may come instead of an answer, and the words for it.

use std::error::Error;
use std::sync::Arc;

use reqwest::blocking::Response;
use reqwest::header::LOCATION;
use reqwest::{StatusCode, Url};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::RegistryError;
use crate::text::printable;

/// Bytes of what is shown of an answer that is no JSON.
const BEGINNING: usize = 100;
/// Bytes of what is shown of a message.
pub(super) const WORDS: usize = 2000;

/// Why a request got no answer.
pub(super) enum Trouble {
    /// The registry's fault, or the network's: it may answer if it is asked again.
    Passing(String),
    /// Asking again does not help.
    Lasting(RegistryError),
}

/// What an error says of its question.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// The registry's URL.
    pub(super) registry: Arc<str>,
    /// Method and path.
    pub(super) asked: String,
    /// The job's table of it.
    pub(super) table: &'static str,
}

impl Words {
    /// An error of the HTTP client: what counts of it is its innermost cause.
    pub(super) fn of(&self, error: reqwest::Error) -> Trouble {
        // The URL is in `asked`, and what it says must not be taken for a cause.
        let error = error.without_url();
        let said: Vec<String> = causes(&error).map(ToString::to_string).collect();
        let innermost = said.last().map(|text| printable(text, WORDS)).unwrap_or_default();
        // OpenSSL's reasons have no types. A registry that drops a connection may be back; one that is not trusted stays so.
        // An alert is the other side's word that it will not have it; but that it failed inside may pass.
        let is_alert = |text: &String| text.contains("SSL alert number") && !text.contains("alert internal error");
        let is_tls =
            |text: &String| text.contains("certificate") || text.contains("wrong version number") || is_alert(text);
        match said.iter().find(|text| is_tls(text)) {
            Some(text) => Trouble::Lasting(RegistryError::Tls {
                registry: Arc::clone(&self.registry),
                asked: self.asked.clone(),
                message: printable(&of_openssl(text), WORDS),
                table: self.table,
            }),
            None if error.is_builder() => Trouble::Lasting(self.unexpected(&innermost)),
            None if error.is_timeout() => Trouble::Passing("it does not answer in time".to_owned()),
            None => Trouble::Passing(innermost),
        }
    }

    /// What an answer says, if it is what the API gives.
    pub(super) fn understood<T: DeserializeOwned>(&self, status: StatusCode, body: &[u8]) -> Result<T, RegistryError> {
        serde_json::from_slice(body).map_err(|error| match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => self.unexpected(&error.to_string()),
            Err(_) => self.no_json(status, body),
        })
    }

    /// An answer that is not what the API gives.
    pub(super) fn unexpected(&self, message: &str) -> RegistryError {
        RegistryError::Unexpected {
            registry: Arc::clone(&self.registry),
            asked: self.asked.clone(),
            message: printable(message, WORDS),
        }
    }

    /// An answer that no registry gives.
    pub(super) fn no_json(&self, status: StatusCode, body: &[u8]) -> RegistryError {
        RegistryError::NoJson {
            registry: Arc::clone(&self.registry),
            asked: self.asked.clone(),
            status: status.to_string(),
            beginning: beginning(body),
            table: self.table,
        }
    }

    /// A refusal of whoever asks.
    pub(super) fn denied(&self, message: String) -> RegistryError {
        let (registry, asked) = (Arc::clone(&self.registry), self.asked.clone());
        RegistryError::Denied { registry, asked, message, table: self.table }
    }

    /// A request that is sent elsewhere. What stands behind the path may be anything, and is left out.
    pub(super) fn redirected(&self, response: &Response) -> RegistryError {
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let to = location.and_then(|location| response.url().join(location).ok()).map(plain);
        RegistryError::Redirected {
            registry: Arc::clone(&self.registry),
            asked: self.asked.clone(),
            to: to.unwrap_or_else(|| "nowhere".to_owned()),
            table: self.table,
        }
    }
}

/// What counts of OpenSSL's `error:CODE:library:function:reason:file:line: (why)`; any other text as it is.
fn of_openssl(text: &str) -> String {
    let reason = text.strip_prefix("error:").and_then(|rest| rest.split(':').nth(3));
    match (reason, text.rsplit_once(": (")) {
        (Some(reason), Some((_, why))) => format!("{reason} ({why}"),
        (Some(reason), None) => reason.to_owned(),
        (None, _) => text.to_owned(),
    }
}

/// A URL without what may be secret.
fn plain(mut url: Url) -> String {
    // A URL that cannot have them has none.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    printable(url.as_str(), WORDS)
}

/// The first words of an answer.
pub(super) fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..4 * BEGINNING).unwrap_or(body));
    let text: Vec<&str> = text.split_whitespace().collect();
    printable(&text.join(" "), BEGINNING)
}

/// An error and what caused it. Those of reading hide what they carry from the chain.
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        carried.map(|carried| carried as &(dyn Error + 'static)).or_else(|| error.source())
    })
}
