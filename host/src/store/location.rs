//! The URL of a place, taken apart.

use std::path::PathBuf;

use object_store::path::Path;

use super::{Section, StoreError};

/// Where something lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// A folder or file of this machine.
    Local(PathBuf),
    /// A prefix or object of a bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix without slashes at its ends.
        prefix: String,
    },
}

impl Location {
    /// Takes a URL or a local path apart, which stands in a job's `section`.
    ///
    /// # Errors
    /// [`StoreError::Url`] with what to write instead.
    pub(super) fn parse(url: &str, section: Section) -> Result<Self, StoreError> {
        let wrong = |message: &str, hint: &str| {
            Err(StoreError::Url {
                url: shown(url),
                what: section.what,
                message: message.to_owned(),
                hint: hint.to_owned(),
            })
        };
        if url.is_empty() {
            return wrong(
                "it is empty",
                &format!("set `{}` to a path, a `file://` URL or `s3://bucket/prefix`", section.url),
            );
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return Ok(Self::Local(PathBuf::from(url)));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => match url::Url::parse(url).ok().and_then(|parsed| parsed.to_file_path().ok()) {
                Some(path) => Ok(Self::Local(path)),
                None => {
                    wrong("a `file://` URL needs an absolute path", "write `file:///absolute/path`, or a bare path")
                }
            },
            "s3" | "s3a" => {
                if may_hold_secrets(scheme, rest) {
                    return wrong(
                        "credentials do not belong in a URL, nor does a port",
                        &format!(
                            "set `access_key_id` and `secret_access_key` (or `endpoint`) under `{}`, or the \
                             environment's `AWS_…`",
                            section.options
                        ),
                    );
                }
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return wrong("it names no bucket", "write `s3://bucket/prefix`");
                }
                // S3's own rule is narrower; other stores, and buckets of old, are not bound by it.
                if !bucket.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
                    return wrong(
                        "no bucket has such a name",
                        "write `s3://bucket/prefix`, the bucket in letters, digits, `-`, `.` and `_`",
                    );
                }
                let prefix = prefix.trim_matches('/');
                if prefix.split('/').any(|part| part == "." || part == "..") {
                    return wrong("a prefix has no `.` and `..`", "write the prefix from the bucket's root");
                }
                Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
            }
            _ => wrong(
                &format!("`{scheme}://` is not supported"),
                "use a bare path, `file:///path` or `s3://bucket/prefix`",
            ),
        }
    }
}

/// The prefix of a bucket as its client takes it.
pub(super) fn prefix(url: &str, prefix: &str, section: Section) -> Result<Path, StoreError> {
    Path::parse(prefix).map_err(|error| StoreError::Url {
        url: url.to_owned(),
        what: section.what,
        message: error.to_string(),
        hint: "write `s3://bucket/prefix` without empty path segments".to_owned(),
    })
}

/// A URL as messages may show it: only its scheme where it may hold a user and a password.
pub(crate) fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if may_hold_secrets(scheme, rest) => format!("{scheme}://[hidden]"),
        _ => url.to_owned(),
    }
}

/// Whether what follows the scheme may hold a user and a password. Secret keys of S3 have slashes in
/// them, so that a password may reach beyond the first one: any `@` after a `:` counts.
fn may_hold_secrets(scheme: &str, rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        // An absolute path, in which both characters are ordinary.
        "file" if authority.is_empty() => return false,
        // No bucket has a `:` in its name, and the `@` may have been forgotten.
        "s3" | "s3a" if authority.contains(':') => return true,
        _ => {}
    }
    authority.contains('@') || rest.split_once(':').is_some_and(|(_, after)| after.contains('@'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::failure::Explain;

    fn parse(url: &str) -> Result<Location, StoreError> {
        Location::parse(url, Section::BACKUP)
    }

    fn s3(bucket: &str, prefix: &str) -> Location {
        Location::S3 { bucket: bucket.into(), prefix: prefix.into() }
    }

    #[test]
    fn urls_and_paths_are_told_apart() {
        assert_eq!(parse("backups/orders").unwrap(), Location::Local("backups/orders".into()));
        assert_eq!(parse("file:///a%20b/c").unwrap(), Location::Local("/a b/c".into()));
        assert_eq!(parse("s3://bucket/a/b/").unwrap(), s3("bucket", "a/b"));
        assert_eq!(parse("S3A://bucket").unwrap(), s3("bucket", ""));
    }

    #[test]
    fn a_wrong_url_says_what_to_write() {
        let said = |url: &str| {
            let error = parse(url).unwrap_err();
            format!("{error} ({})", error.hint().unwrap())
        };
        insta::assert_snapshot!(said("gs://bucket/a"), @"`gs://bucket/a` is not the place of a backup: `gs://` is not supported (use a bare path, `file:///path` or `s3://bucket/prefix`)");
        insta::assert_snapshot!(said("s3://KEY:hunter2@bucket/a"), @"`s3://[hidden]` is not the place of a backup: credentials do not belong in a URL, nor does a port (set `access_key_id` and `secret_access_key` (or `endpoint`) under `backup.store`, or the environment's `AWS_…`)");
        insta::assert_snapshot!(said("file://relative/a"), @"`file://relative/a` is not the place of a backup: a `file://` URL needs an absolute path (write `file:///absolute/path`, or a bare path)");
        insta::assert_snapshot!(said("s3:///a"), @"`s3:///a` is not the place of a backup: it names no bucket (write `s3://bucket/prefix`)");
        insta::assert_snapshot!(said(""), @"`` is not the place of a backup: it is empty (set `backup.url` to a path, a `file://` URL or `s3://bucket/prefix`)");
    }

    #[test]
    fn a_secret_key_with_a_slash_is_neither_shown_nor_taken_for_a_bucket() {
        for url in [
            "s3://AKIA:ab/cd@bucket/x",
            "s3://AKIA:ab/cd/ef+gh=@bucket",
            "s3://AKIA:ab@bucket/x",
            "s3://AKIA@bucket/x",
            "S3A://AKIA:ab/cd",
            "s3://AK/IA:ab@bucket/x",
        ] {
            let error = parse(url).unwrap_err();
            let said = format!("{error} {error:?} {:?} {}", error.hint(), shown(url));
            assert!(said.contains("://[hidden]"), "{said}");
            assert!(!said.contains("AK") && !said.contains("ab") && !said.contains("cd"), "{said}");
        }
        assert_eq!(shown("gs://user:pass/word@bucket/x"), "gs://[hidden]");
    }

    #[test]
    fn places_without_secrets_are_shown_whole() {
        for url in ["s3://bucket/a@b/12:30", "file:///data/a:b@c", "backups/a:b@c", "gs://bucket:9000/a"] {
            assert_eq!(shown(url), url);
        }
        assert_eq!(parse("s3://bucket/a@b/12:30").unwrap(), s3("bucket", "a@b/12:30"));
        assert_eq!(parse("file:///data/a:b@c").unwrap(), Location::Local("/data/a:b@c".into()));
    }
}
