//! The HTTP client of a registry, as the job says it: whom it trusts, and what it shows for itself.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::blocking::Client as Http;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Identity, redirect};

use super::RegistryError;
use super::trouble::causes;
use crate::job;
use crate::job::Login;

/// The client; it has a thread of its own.
pub(super) fn http(settings: &job::Registry, redirections: redirect::Policy) -> Result<Http, RegistryError> {
    let mut builder = Http::builder()
        .timeout(settings.timeout)
        .redirect(redirections)
        .user_agent(concat!("anabranch/", env!("CARGO_PKG_VERSION")));
    if let Some(ca) = &settings.ca {
        let pem = read(settings, "ca", ca)?;
        let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if certificates.is_empty() {
            let message = format!("`{}` holds no certificate in PEM", ca.display());
            return Err(wrong(settings, message, "ca", "begins with `-----BEGIN CERTIFICATE-----`"));
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(job::ClientIdentity { certificate, key }) = &settings.identity {
        let (chain, secret) = (read(settings, "certificate", certificate)?, read(settings, "key", key)?);
        let identity = Identity::from_pkcs8_pem(&chain, &secret).map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            let message = format!("`{certificate}` and `{key}` are no certificate with its key: {}", innermost(&error));
            wrong(
                settings,
                message,
                "key",
                "begins with `-----BEGIN PRIVATE KEY-----` (`openssl pkcs8 -topk8 -nocrypt`)",
            )
        })?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| {
        let message = innermost(&error);
        wrong(settings, message, "ca", "and the files of `certificate` and `key` are as OpenSSL takes them")
    })
}

/// The header that says who asks.
pub(super) fn authorization(settings: &job::Registry) -> Result<Option<HeaderValue>, RegistryError> {
    let text = match &settings.login {
        None => return Ok(None),
        Some(Login::Basic { user, password }) => {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{}", password.expose())))
        }
        Some(Login::Token(token)) => format!("Bearer {}", token.expose()),
    };
    let mut header = HeaderValue::try_from(text)
        .map_err(|_| wrong(settings, "no header can carry its `token`".to_owned(), "token", "is printable ASCII"))?;
    header.set_sensitive(true);
    Ok(Some(header))
}

fn read(settings: &job::Registry, key: &str, path: &Path) -> Result<Vec<u8>, RegistryError> {
    std::fs::read(path).map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", path.display());
        wrong(settings, message, key, "names a file that this user may read")
    })
}

fn wrong(settings: &job::Registry, message: String, key: &str, due: &str) -> RegistryError {
    let hint = format!("see that `{key}` under `[{}]` {due}", settings.table);
    RegistryError::Settings { registry: settings.url.as_str().into(), message, hint }
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
