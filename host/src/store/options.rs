//! Options and credentials of S3, by the `object_store` crate's own names.
//!
//! The environment's `AWS_…` variables come first, the job's `backup.store` overrides them. What
//! cannot work is refused before the first request; without any credentials the instance metadata
//! service is asked once and briefly, since off AWS nothing answers there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, RetryConfig};
use tokio::runtime::Handle;

use super::StoreError;
use crate::job::Secret;

/// How long the instance metadata service may take to give credentials.
const METADATA_TIMEOUT: Duration = Duration::from_secs(4);

/// Names of options that are suggested for a mistyped one; those of use for reading.
const NAMES: [&str; 27] = [
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

/// An S3 client for listing and one for reading. They differ in patience: a wrong endpoint should
/// show within seconds, a restore of hours should outlive a store's bad minute.
pub(super) struct Clients {
    /// For listing.
    pub(super) listing: AmazonS3,
    /// For reading.
    pub(super) reading: AmazonS3,
}

/// Clients for `bucket` of the backup at `url` (as messages may show it).
pub(super) fn s3(
    url: &str,
    bucket: &str,
    options: &BTreeMap<String, Secret>,
    runtime: &Handle,
) -> Result<Clients, StoreError> {
    let mut builder = AmazonS3Builder::from_env();
    for (key, value) in options {
        let known = key.parse::<AmazonS3ConfigKey>().map_err(|_| unknown(key))?;
        builder = builder.with_config(known, value.expose());
    }
    builder = builder.with_bucket_name(bucket);
    refuse_plain_http(url, &builder)?;
    if !has_credentials(&builder) {
        let probe = build(url, builder.clone().with_retry(retries(1, METADATA_TIMEOUT)))?;
        let provider = Arc::clone(probe.credentials());
        let asked = super::blocking(runtime, async move {
            tokio::time::timeout(METADATA_TIMEOUT, provider.get_credential()).await.is_ok_and(|answer| answer.is_ok())
        });
        if asked != Some(true) {
            return Err(StoreError::NoCredentials {
                url: url.to_owned(),
                message: "neither the environment nor the job has any, and no instance metadata service answers"
                    .to_owned(),
            });
        }
        builder = builder.with_credentials(Arc::clone(probe.credentials()));
    }
    Ok(Clients {
        listing: build(url, builder.clone().with_retry(retries(5, Duration::from_secs(20))))?,
        reading: build(url, builder.with_retry(retries(12, Duration::from_secs(180))))?,
    })
}

/// The error for an option that does not exist.
fn unknown(key: &str) -> StoreError {
    let bare = key.strip_prefix("aws_").unwrap_or(key);
    let nearest = NAMES.iter().max_by(|a, b| strsim::jaro_winkler(a, bare).total_cmp(&strsim::jaro_winkler(b, bare)));
    let hint = match nearest.filter(|name| strsim::jaro_winkler(name, bare) > 0.8) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are, for instance, {}", ["`region`", "`endpoint`", "`access_key_id`"].join(", ")),
    };
    StoreError::UnknownOption { key: key.to_owned(), hint }
}

/// The error for options given to a store that takes none.
pub(super) fn none_taken(options: &BTreeMap<String, Secret>) -> Result<(), StoreError> {
    match options.keys().next() {
        Some(key) => Err(StoreError::UnknownOption {
            key: key.clone(),
            hint: "files of this machine take no options; leave `backup.store` out".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Says at once what the client would say at its first request, and less clearly.
fn refuse_plain_http(url: &str, builder: &AmazonS3Builder) -> Result<(), StoreError> {
    let value = |key| builder.get_config_value(&key);
    let endpoint = value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
    let allowed =
        value(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp)).is_some_and(|v| v.eq_ignore_ascii_case("true"));
    match endpoint {
        Some(endpoint) if endpoint.starts_with("http://") && !allowed => Err(StoreError::Option {
            url: url.to_owned(),
            message: "its endpoint is plain HTTP, and that is not allowed".to_owned(),
            hint: "use an `https://` endpoint, or set `allow_http = \"true\"` under `backup.store` or `AWS_ALLOW_HTTP=true`"
                .to_owned(),
        }),
        _ => Ok(()),
    }
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
        || builder.get_config_value(&Key::SkipSignature).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn retries(max_retries: usize, retry_timeout: Duration) -> RetryConfig {
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
    RetryConfig { backoff, max_retries, retry_timeout }
}

fn build(url: &str, builder: AmazonS3Builder) -> Result<AmazonS3, StoreError> {
    builder.build().map_err(|error| StoreError::Option {
        url: url.to_owned(),
        message: error.to_string(),
        hint: "check `backup.store` and the environment's `AWS_…` variables".to_owned(),
    })
}
