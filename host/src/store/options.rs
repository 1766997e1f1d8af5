//! Options and credentials of S3, by the `object_store` crate's own names.
//!
//! The environment's `AWS_…` variables come first, the options of the job's section override them. What
//! cannot work is refused before the first request; without any credentials the instance metadata
//! service is asked once and briefly, since off AWS nothing answers there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, RetryConfig};
use tokio::runtime::Handle;

use super::{Section, StoreError};
use crate::job::Secret;
use crate::job::quantity::duration;
use crate::mechanism::unless_off;

/// The one option that is not the `object_store` crate's: how long a store is asked again that answers with errors, or
/// not at all.
const PATIENCE: &str = "patience";
/// Its default.
pub(super) const DEFAULT_PATIENCE: Duration = Duration::from_secs(180);
/// How long a request may be retried as it is: behind that its signature is too old, and it is made anew.
const SIGNED: Duration = Duration::from_secs(180);
/// How long a store is asked again for its listing: a wrong endpoint should be told soon.
pub(super) const LISTING_PATIENCE: Duration = Duration::from_secs(20);

/// How long the instance metadata service may take to give credentials.
const METADATA_TIMEOUT: Duration = Duration::from_secs(4);

/// Names of options that are suggested for a mistyped one; those of use here.
const NAMES: [&str; 28] = [
    "access_key_id",
    "allow_http",
    "allow_invalid_certificates",
    "bucket",
    "connect_timeout",
    "container_authorization_token_file",
    "container_credentials_full_uri",
    "container_credentials_relative_uri",
    "default_region",
    "endpoint",
    "imdsv1_fallback",
    "metadata_endpoint",
    PATIENCE,
    "proxy_ca_certificate",
    "proxy_excludes",
    "proxy_url",
    "read_timeout",
    "region",
    "request_payer",
    "role_arn",
    "role_session_name",
    "s3_express",
    "secret_access_key",
    "skip_signature",
    "timeout",
    "token",
    "virtual_hosted_style_request",
    "web_identity_token_file",
];

/// Two S3 clients for the same place. They differ in patience: a wrong endpoint should
/// show within seconds, a restore of hours should outlive a store's bad minute.
pub(super) struct Clients {
    /// For what is done before the start: gives up within half a minute.
    pub(super) brief: AmazonS3,
    /// For what is done in the course of a restore: gives up after minutes.
    pub(super) patient: AmazonS3,
    /// How long a store that gives nothing is asked again by the patient one.
    pub(super) patience: Duration,
}

/// Clients for `bucket` at `url` (as messages may show it), which a job's `section` names.
pub(super) fn s3(
    url: &str,
    bucket: &str,
    options: &BTreeMap<String, Secret>,
    section: Section,
    runtime: &Handle,
) -> Result<Clients, StoreError> {
    let mut builder = AmazonS3Builder::from_env();
    let patience = patience(url, options, section)?;
    for (key, value) in options.iter().filter(|(key, _)| *key != PATIENCE) {
        let known = key.parse::<AmazonS3ConfigKey>().map_err(|_| unknown(key, section))?;
        builder = builder.with_config(known, value.expose());
    }
    builder = builder.with_bucket_name(bucket);
    refuse_control_characters(url, section, &builder)?;
    refuse_endpoint(url, section, &builder)?;
    if !has_credentials(&builder) {
        let probe = build(url, section, builder.clone().with_retry(retries(1, METADATA_TIMEOUT)))?;
        let provider = Arc::clone(probe.credentials());
        let asked = super::blocking(runtime, async move {
            tokio::time::timeout(METADATA_TIMEOUT, provider.get_credential()).await.is_ok_and(|answer| answer.is_ok())
        });
        if asked != Some(true) {
            return Err(StoreError::NoCredentials {
                url: url.to_owned(),
                message: "neither the environment nor the job has any, and no instance metadata service answers"
                    .to_owned(),
                options: section.options,
            });
        }
        builder = builder.with_credentials(Arc::clone(probe.credentials()));
    }
    Ok(Clients {
        brief: build(url, section, builder.clone().with_retry(retries(5, LISTING_PATIENCE.min(patience))))?,
        patient: build(url, section, builder.with_retry(retries(12, SIGNED.min(patience))))?,
        patience,
    })
}

/// How long a store is asked again.
fn patience(url: &str, options: &BTreeMap<String, Secret>, section: Section) -> Result<Duration, StoreError> {
    let Some(given) = options.get(PATIENCE) else { return Ok(DEFAULT_PATIENCE) };
    duration(given.expose()).map_err(|message| StoreError::Option {
        url: url.to_owned(),
        message: format!("its `{PATIENCE}`: {message}"),
        hint: format!("write for instance `{PATIENCE} = \"10m\"` under `{}`", section.options),
    })
}

/// The error for an option that does not exist.
fn unknown(key: &str, section: Section) -> StoreError {
    let bare = key.strip_prefix("aws_").unwrap_or(key);
    let nearest = NAMES.iter().max_by(|a, b| strsim::jaro_winkler(a, bare).total_cmp(&strsim::jaro_winkler(b, bare)));
    let hint = match nearest.filter(|name| strsim::jaro_winkler(name, bare) > 0.8) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are, for instance, {}", ["`region`", "`endpoint`", "`access_key_id`"].join(", ")),
    };
    StoreError::UnknownOption { key: format!("{}.{key}", section.options), hint }
}

/// The error for options given to a store that takes none.
pub(super) fn none_taken(options: &BTreeMap<String, Secret>, section: Section) -> Result<(), StoreError> {
    match options.keys().next() {
        Some(key) => Err(StoreError::UnknownOption {
            key: format!("{}.{key}", section.options),
            hint: format!("files of this machine take no options; leave `{}` out", section.options),
        }),
        None => Ok(()),
    }
}

/// Refuses what no request could hold, and what the client would panic over: as a rule the line break at the
/// end of a file that a value was read from.
fn refuse_control_characters(url: &str, section: Section, builder: &AmazonS3Builder) -> Result<(), StoreError> {
    use AmazonS3ConfigKey as Key;
    let named = [
        ("access_key_id", Key::AccessKeyId),
        ("secret_access_key", Key::SecretAccessKey),
        ("token", Key::Token),
        ("region", Key::Region),
        ("default_region", Key::DefaultRegion),
    ];
    match named.into_iter().find(|(_, key)| {
        builder.get_config_value(key).is_some_and(|value| value.chars().any(|c| c.is_control() || !c.is_ascii()))
    }) {
        Some((name, _)) => Err(StoreError::Option {
            url: url.to_owned(),
            message: format!("its `{name}` has a line break or another character in it that none has"),
            hint: format!("correct `{}.{name}`, or `AWS_{}`", section.options, name.to_ascii_uppercase()),
        }),
        None => Ok(()),
    }
}

/// Says at once, and clearly, what the client would fail with at its first request. An endpoint may hold a
/// password and is not repeated.
fn refuse_endpoint(url: &str, section: Section, builder: &AmazonS3Builder) -> Result<(), StoreError> {
    let value = |key| builder.get_config_value(&key);
    let allows_http = is_on(value(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp)));
    // The first that is set is the one that the client uses.
    let endpoint = value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
    if let Some(endpoint) = endpoint {
        let refused = |message: &str, hint: &str| {
            Err(StoreError::Option { url: url.to_owned(), message: message.to_owned(), hint: hint.to_owned() })
        };
        let scheme = endpoint.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let has_scheme = matches!(scheme.as_deref(), Some("http" | "https"));
        let parsed = url::Url::parse(&endpoint).ok().filter(|parsed| has_scheme && parsed.has_host());
        // The client puts bucket and key behind it as it is.
        let is_plain = endpoint.chars().all(|c| c.is_ascii_graphic()) && !endpoint.contains(['?', '#']);
        if parsed.is_none() || !is_plain {
            return refused(
                "its endpoint is no URL of a server",
                "write for instance `http://localhost:9000` or `https://minio.example.com` in `endpoint` or \
                 `AWS_ENDPOINT`",
            );
        }
        if scheme.as_deref() == Some("http") && !allows_http {
            return refused(
                "its endpoint is plain HTTP, and that is not allowed",
                &format!(
                    "use an `https://` endpoint, or set `allow_http = \"true\"` under `{}` or `AWS_ALLOW_HTTP=true`",
                    section.options
                ),
            );
        }
    }
    Ok(())
}

/// Whether there are credentials, or none are wanted, without asking the metadata service.
fn has_credentials(builder: &AmazonS3Builder) -> bool {
    use AmazonS3ConfigKey as Key;
    let set = |key: Key| builder.get_config_value(&key).is_some();
    set(Key::AccessKeyId)
        || set(Key::SecretAccessKey)
        || (set(Key::WebIdentityTokenFile) && set(Key::RoleArn))
        || set(Key::ContainerCredentialsRelativeUri)
        || (set(Key::ContainerCredentialsFullUri) && set(Key::ContainerAuthorizationTokenFile))
        || is_on(builder.get_config_value(&Key::SkipSignature))
}

/// Whether a switch is on, in the words that the client takes.
fn is_on(value: Option<String>) -> bool {
    value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes" | "y"))
}

fn retries(max_retries: usize, retry_timeout: Duration) -> RetryConfig {
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
    RetryConfig { backoff, max_retries: unless_off("store-asked-again", Some(max_retries)).unwrap_or(0), retry_timeout }
}

fn build(url: &str, section: Section, builder: AmazonS3Builder) -> Result<AmazonS3, StoreError> {
    builder.build().map_err(|error| StoreError::Option {
        url: url.to_owned(),
        message: error.to_string(),
        hint: format!("check `{}` and the environment's `AWS_…` variables", section.options),
    })
}
