//! How a schema registry is reached, as `[registry]` and `[target.registry]` say it.
//!
//! What cannot work is refused here, before anything is asked; whether the files of certificates can be read is seen when
//! the registry is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::{JobError, Reader, Secret};

/// How long one request may take, where the job does not say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a registry is asked again, where the job does not say.
const RETRY_FOR: Duration = Duration::from_secs(60);

/// A schema registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// The table of the job that says all this, for messages: `registry` or `target.registry`.
    pub table: &'static str,
    /// Where it answers: `http` or `https`, without credentials, and without a slash at its end.
    pub url: String,
    /// Who asks.
    pub login: Option<Login>,
    /// A PEM file of the authorities that are trusted; `None`: those of this machine.
    pub ca: Option<PathBuf>,
    /// What the client shows for itself in TLS.
    pub identity: Option<ClientIdentity>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long it is asked again while it is at fault.
    pub retry_for: Duration,
}

/// Who asks a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A user.
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: Secret,
    },
    /// Whoever has this bearer token.
    Token(Secret),
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// A PEM file of the certificate and of the chain behind it.
    pub certificate: PathBuf,
    /// A PEM file of its private key.
    pub key: PathBuf,
}

impl Registry {
    /// What a table of the job file says, whose relative paths begin at `folder`.
    pub(super) fn read(table: &Reader<'_>, name: &'static str, folder: &Path) -> Result<Self, JobError> {
        table.required("url", "say where it answers: `url = \"https://registry:8081\"`")?;
        let path = |key: &str| table.text(key).map(|path| path.map(|path| folder.join(path)));
        let identity = match (path("certificate")?, path("key")?) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(ClientIdentity { certificate, key }),
            (Some(_), None) => return Err(alone(name, "certificate", "key", "give both, or neither")),
            (None, Some(_)) => return Err(alone(name, "key", "certificate", "give both, or neither")),
        };
        Ok(Self {
            table: name,
            url: table.parsed("url", url)?.unwrap_or_default(),
            login: login(table, name)?,
            ca: path("ca")?,
            identity,
            timeout: table.duration("timeout")?.unwrap_or(TIMEOUT),
            retry_for: table.duration("retry_for")?.unwrap_or(RETRY_FOR),
        })
    }
}

fn login(table: &Reader<'_>, name: &str) -> Result<Option<Login>, JobError> {
    let secret = |key: &str| table.parsed(key, |text| Ok(Secret::new(text)));
    let token = table.parsed("token", token)?;
    match (table.parsed("user", user)?, secret("password")?, token) {
        (None, None, None) => Ok(None),
        (Some(user), Some(password), None) => Ok(Some(Login::Basic { user, password })),
        (None, None, Some(token)) => Ok(Some(Login::Token(token))),
        (Some(_), None, None) => Err(alone(name, "user", "password", "give both, or a `token`")),
        (None, Some(_), None) => Err(alone(name, "password", "user", "give both, or a `token`")),
        (_, _, Some(_)) => Err(JobError::Conflict {
            message: format!("`{name}` has a `token`, and a `user` or a `password` as well"),
            hint: "give `user` and `password`, or a `token`",
        }),
    }
}

fn alone(table: &str, given: &str, missing: &str, hint: &'static str) -> JobError {
    JobError::Conflict { message: format!("`{table}.{given}` is given without `{table}.{missing}`"), hint }
}

/// The URL of a registry, without a slash at its end. What is wrong with it is said without it: it may hold a password.
fn url(text: &str) -> Result<String, String> {
    const DUE: &str = "must be a URL such as `https://registry:8081`";
    let url = Url::parse(text).map_err(|_| DUE.to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(DUE.to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user and a password do not belong in a URL: set `user` and `password`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{DUE}, with nothing behind its path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The name of a user, which HTTP parts from the password by a colon.
fn user(text: &str) -> Result<String, String> {
    if text.contains(':') {
        return Err("no user of HTTP has a `:` in the name".to_owned());
    }
    Ok(text.to_owned())
}

/// A token as a header can carry it.
fn token(text: &str) -> Result<Secret, String> {
    let is_sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_sound { Ok(Secret::new(text)) } else { Err("must be printable ASCII without blanks".to_owned()) }
}

#[cfg(test)]
mod tests;
