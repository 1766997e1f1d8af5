//! What can go wrong between here and the bytes of a store, and what to do about it.
//!
//! Messages of servers are cut down to their code and sentence: the rest of a response may repeat
//! what was signed, and a URL with credentials in it is never repeated at all.

use std::error::Error;
use std::io;
use std::sync::Arc;

use object_store::client::{HttpError, HttpErrorKind};

use crate::failure::{Exit, Explain};

/// What can go wrong between here and the bytes of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file ended before a range that its listing promised.
    #[error("`{path}` ends before byte {end}: it has {size} bytes", end = offset.saturating_add(*length as u64))]
    Short {
        /// Path within the backup.
        path: Arc<str>,
        /// Where the read began.
        offset: u64,
        /// How much was asked for.
        length: usize,
        /// The size of the file.
        size: u64,
    },
    /// A URL is not one.
    #[error("`{url}` is not the place of {what}: {message}")]
    Url {
        /// The URL, without credentials.
        url: String,
        /// What would lie there.
        what: &'static str,
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// An option of the store that does not exist.
    #[error("`{key}` is no option of this store")]
    UnknownOption {
        /// The option, by its key in the job.
        key: String,
        /// What to do, with the nearest right name.
        hint: String,
    },
    /// Options of the store that cannot work.
    #[error("the store at `{url}` cannot be used: {message}")]
    Option {
        /// The URL.
        url: String,
        /// What is wrong.
        message: String,
        /// What to set.
        hint: String,
    },
    /// There are no credentials.
    #[error("there are no credentials for `{url}`: {message}")]
    NoCredentials {
        /// The URL.
        url: String,
        /// Where they were looked for.
        message: String,
        /// The section of the job where they could stand.
        options: &'static str,
    },
    /// The store refuses.
    #[error("`{place}` may not be read with these credentials: {message}")]
    Denied {
        /// The URL, or a path within the backup.
        place: Arc<str>,
        /// What the store says.
        message: String,
    },
    /// There is no such bucket.
    #[error("there is no bucket `{bucket}` (of `{url}`)")]
    NoBucket {
        /// The URL.
        url: String,
        /// The bucket.
        bucket: String,
    },
    /// There is nothing at the URL.
    #[error("there is nothing at `{url}`")]
    Nothing {
        /// The URL.
        url: String,
    },
    /// A file went away between the listing and the reading.
    #[error("`{path}` is gone since the backup was listed")]
    Gone {
        /// Path within the backup.
        path: Arc<str>,
    },
    /// A file became another between the listing and the reading.
    #[error("`{path}` has changed since the backup was listed: {message}")]
    Changed {
        /// Path within the backup.
        path: Arc<str>,
        /// What is different.
        message: String,
    },
    /// A name that cannot be written as a path of a backup.
    #[error("`{path}` cannot be read: its name is {message}")]
    Name {
        /// The name as far as it can be shown.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// What was to be written anew is there already.
    #[error("`{place}` is there already")]
    Exists {
        /// The place, below its URL.
        place: Arc<str>,
    },
    /// The store refuses to be written to.
    #[error("`{place}` may not be written with these credentials: {message}")]
    WriteDenied {
        /// The place, below its URL.
        place: Arc<str>,
        /// What the store says.
        message: String,
    },
    /// Writing, deleting or listing what was written fails, after retries.
    #[error("`{place}` cannot be written: {message}")]
    Unwritable {
        /// The place, below its URL.
        place: Arc<str>,
        /// What the system or the store says.
        message: String,
    },
    /// The store, or the way to it, was at fault for longer than it is asked again.
    #[error("`{place}` could not be read for {seconds} s: {message}")]
    Unanswered {
        /// The URL, or a path within the backup.
        place: Arc<str>,
        /// The last that the system or the store said.
        message: String,
        /// How long it was asked again.
        seconds: f64,
    },
    /// Neither of the above.
    #[error("`{place}` cannot be read: {message}")]
    Unreadable {
        /// The URL, or a path within the backup.
        place: Arc<str>,
        /// What the system or the store says.
        message: String,
    },
}

impl StoreError {
    /// The store's error that a decoder handed on as an [`io::Error`], or that error as it was.
    ///
    /// # Errors
    /// The error given, if it did not come from a store.
    pub fn from_io(error: io::Error) -> Result<Self, io::Error> {
        error.downcast::<Self>()
    }

    /// An error of the file system at `place`.
    pub(super) fn system(place: impl Into<Arc<str>>, error: &io::Error) -> Self {
        let place = place.into();
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { place, message: "permission denied".to_owned() },
            io::ErrorKind::NotFound => Self::Gone { path: place },
            _ => Self::Unreadable { place, message: error.to_string() },
        }
    }

    /// An error of an object store while reading the file `path`.
    pub(super) fn reading(path: &Arc<str>, error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let (path, message) = (Arc::clone(path), said(error));
        match error {
            E::NotFound { .. } => Self::Gone { path },
            // The client wraps what becomes of a request that it makes anew for the rest of a broken answer.
            _ if message.starts_with("404") => Self::Gone { path },
            E::Precondition { .. } => Self::Changed { path, message: OTHER_ETAG.to_owned() },
            _ if message.starts_with("412") => Self::Changed { path, message: OTHER_ETAG.to_owned() },
            _ if refused(error, &message) => Self::Denied { place: path, message },
            _ => Self::Unreadable { place: path, message },
        }
    }

    /// An error of the file system while something is written at `place`.
    pub(super) fn system_writing(place: Arc<str>, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::WriteDenied { place, message: "permission denied".to_owned() },
            io::ErrorKind::AlreadyExists => Self::Exists { place },
            _ => Self::Unwritable { place, message: error.to_string() },
        }
    }

    /// An error of an object store while something is written at `place`, in `bucket`.
    pub(super) fn writing(place: Arc<str>, bucket: &str, error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let message = said(error);
        if message.contains("NoSuchBucket") {
            return Self::NoBucket { url: place.to_string(), bucket: bucket.to_owned() };
        }
        match error {
            E::AlreadyExists { .. } | E::Precondition { .. } => Self::Exists { place },
            _ if refused(error, &message) => Self::WriteDenied { place, message },
            _ => Self::Unwritable { place, message },
        }
    }

    /// An error of an object store while listing `url`.
    pub(super) fn listing(url: &str, bucket: &str, error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let (url, message) = (url.to_owned(), said(error));
        if message.contains("NoSuchBucket") {
            return Self::NoBucket { url, bucket: bucket.to_owned() };
        }
        match error {
            E::NotFound { .. } => Self::Nothing { url },
            _ if refused(error, &message) => Self::Denied { place: url.into(), message },
            _ => Self::Unreadable { place: url.into(), message },
        }
    }
}

/// What differs of an object that was replaced by one of the same size.
pub(super) const OTHER_ETAG: &str = "its ETag is another";

/// Whether asking again may help: the store itself was at fault, or the way to it.
pub(super) fn may_pass(error: &object_store::Error) -> bool {
    match status(error) {
        Some(status) => ["5", "408", "429"].iter().any(|passing| status.starts_with(passing)),
        None => causes(error).any(|cause| cause.is::<HttpError>()),
    }
}

/// Whether an answer broke off, rather than not come at all.
pub(super) fn broke_off(error: &object_store::Error) -> bool {
    let http = causes(error).find_map(|cause| cause.downcast_ref::<HttpError>());
    http.is_some_and(|error| !matches!(error.kind(), HttpErrorKind::Connect | HttpErrorKind::Timeout))
}

/// Whether the store refuses who asks. Listing gives a refusal as an error like any other, so that its
/// status, which [`said`] puts first, has to tell.
fn refused(error: &object_store::Error, message: &str) -> bool {
    use object_store::Error as E;
    matches!(error, E::PermissionDenied { .. } | E::Unauthenticated { .. })
        || message.starts_with("401")
        || message.starts_with("403")
}

impl Explain for StoreError {
    fn exit(&self) -> Exit {
        match self {
            Self::Short { .. } | Self::Changed { .. } | Self::Gone { .. } | Self::Name { .. } | Self::Exists { .. } => {
                Exit::Failed
            }
            Self::Url { .. } | Self::UnknownOption { .. } | Self::Option { .. } => Exit::Usage,
            Self::NoCredentials { .. }
            | Self::Denied { .. }
            | Self::NoBucket { .. }
            | Self::Nothing { .. }
            | Self::WriteDenied { .. }
            | Self::Unwritable { .. }
            | Self::Unanswered { .. }
            | Self::Unreadable { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Url { hint, .. } | Self::UnknownOption { hint, .. } | Self::Option { hint, .. } => Some(hint.clone()),
            Self::NoCredentials { options, .. } => Some(format!(
                "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `access_key_id` and `secret_access_key` under \
                 `{options}`; for a public bucket set `skip_signature = \"true\"`; profiles in `~/.aws` are not read"
            )),
            Self::Denied { message, .. } if message.contains("permission denied") => {
                Some("let this user read the files, or run as another".to_owned())
            }
            Self::Denied { .. } => {
                Some("check the key and its secret; reading needs `s3:ListBucket` and `s3:GetObject`".to_owned())
            }
            Self::NoBucket { .. } => Some("check the bucket's name, and `endpoint` if it is not on AWS".to_owned()),
            Self::Nothing { .. } => {
                Some("check the path; a prefix must be a whole folder name or file name".to_owned())
            }
            Self::Gone { .. } | Self::Changed { .. } => Some(
                "a backup must not change while it is restored; start again once it is complete, with \
                     `--refresh-catalog` where its catalog is kept in a cache"
                    .to_owned(),
            ),
            Self::Short { .. } => Some("the file was cut short; take it from the source again".to_owned()),
            Self::Name { .. } => Some("rename the file".to_owned()),
            Self::Unanswered { .. } => Some(
                "start again once the store answers; `patience` under `backup.store` sets how long it is asked"
                    .to_owned(),
            ),
            Self::Exists { .. } => Some("move it away, or name another place".to_owned()),
            Self::WriteDenied { message, .. } if message.contains("permission denied") => {
                Some("let this user write there, or name another place".to_owned())
            }
            Self::WriteDenied { .. } => Some("check the key and its secret; writing needs `s3:PutObject`".to_owned()),
            Self::Unreadable { message, .. } if message.contains("Too many open files") => Some(
                "raise the limit of open files (`ulimit -n`); a merged lane keeps one open for each part".to_owned(),
            ),
            Self::Unreadable { message, .. } | Self::Unwritable { message, .. }
                if message.contains("configured region") =>
            {
                Some("set the bucket's region in `AWS_REGION`, or as `region` beside the credentials".to_owned())
            }
            Self::Unreadable { message, .. } | Self::Unwritable { message, .. }
                if ["refused", "dns", "timed out"].iter().any(|what| message.contains(what)) =>
            {
                Some("check `endpoint` and whether the store can be reached from here".to_owned())
            }
            Self::Unreadable { .. } | Self::Unwritable { .. } => None,
        }
    }
}

/// What an object store said, in one line: of a server's answer the code and the sentence, of
/// anything else the innermost cause.
fn said(error: &object_store::Error) -> String {
    let whole = error.to_string();
    let parts = [status(error), between(&whole, "<Code>", "</Code>"), between(&whole, "<Message>", "</Message>")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        return parts.join(", ");
    }
    causes(error).last().map_or(whole, ToString::to_string).replace('\n', " ")
}

/// The status of a server's answer, with its words.
fn status(error: &object_store::Error) -> Option<String> {
    between(&error.to_string(), "status code: ", ":")
}

/// The error and what caused it.
fn causes(error: &object_store::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| error.source())
}

/// The text between two marks.
fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(inner, _)| inner).to_owned())
}
