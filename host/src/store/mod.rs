//! Where backups lie and what is written beside the target goes: local disk or an object store, by URL.
//!
//! Readers are synchronous and run on threads of their own; they see a file as a [`SourceFile`] of
//! known size with ranged reads. What stands behind it (disk, HTTP, retries, prefetch) is this
//! module's matter alone. A file that is not what the listing said is refused, never read.

mod destination;
mod error;
mod file;
mod kept;
mod list;
mod local;
mod location;
mod options;
mod remote;
mod sequential;

pub use destination::{Destination, Existing};
pub use error::StoreError;
pub use file::{MemoryFile, PendingRead, SourceFile};
pub use kept::KeptListing;
pub(crate) use list::{CATALOG_PREFIX, CATALOG_SUFFIX};
pub use list::{Entry, Listing, Skipped};
pub(crate) use location::shown;
pub use sequential::SequentialReader;

use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::path::Path;
use tokio::runtime::Handle;

use crate::guard::guarded;
use crate::job;
use crate::read::OpenFile;
use location::Location;

/// What is said of a client that panicked over its options.
const NOT_ASKED: &str = "its client gave up before it asked";

/// The part of a job that names a place: what messages about the place point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// What lies at the place, with its article.
    pub what: &'static str,
    /// The key of its URL.
    pub url: &'static str,
    /// The section of the store's options.
    pub options: &'static str,
}

impl Section {
    /// The backup.
    pub const BACKUP: Self = Self { what: "a backup", url: "backup.url", options: "backup.store" };
    /// Files of dead letters.
    pub const DEAD_LETTERS: Self =
        Self { what: "a place for dead letters", url: "rejected.dead_letters", options: "rejected.store" };
    /// A plugin.
    pub const PLUGIN: Self = Self { what: "a plugin", url: "plugin.url", options: "plugin.store" };
    /// The catalog cache.
    pub const CATALOG_CACHE: Self =
        Self { what: "a catalog cache", url: "backup.cache", options: "backup.cache_store" };
}

/// An opened store: the place of one backup.
#[derive(Clone, Debug)]
pub struct Store {
    url: Arc<str>,
    backend: Backend,
}

#[derive(Clone, Debug)]
enum Backend {
    Local(PathBuf),
    Remote(Remote),
}

/// What it takes to list and read a prefix of an object store.
#[derive(Clone, Debug)]
struct Remote {
    listing: Arc<dyn ObjectStore>,
    reading: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: Path,
    runtime: Handle,
    /// How long a store that gives nothing is asked again.
    patience: Duration,
}

/// Opens the store of a backup. Requests of object stores run on `runtime`. Nothing is listed or
/// read yet; only credentials may be looked for.
///
/// # Errors
/// A wrong URL, an unknown option, missing credentials.
pub fn open(backup: &job::Backup, runtime: &Handle) -> Result<Store, StoreError> {
    let url: Arc<str> = location::shown(&backup.url).into();
    let backend = match Location::parse(&backup.url, Section::BACKUP)? {
        Location::Local(path) => {
            options::none_taken(&backup.store, Section::BACKUP)?;
            Backend::Local(path)
        }
        Location::S3 { bucket, prefix } => {
            let clients = options::s3(&url, &bucket, &backup.store, Section::BACKUP, runtime)?;
            let prefix = location::prefix(&url, &prefix, Section::BACKUP)?;
            Backend::Remote(Remote {
                listing: Arc::new(clients.brief),
                reading: Arc::new(clients.patient),
                bucket,
                prefix,
                runtime: runtime.clone(),
                patience: clients.patience,
            })
        }
    };
    Ok(Store { url, backend })
}

impl Store {
    /// A prefix of any object store, for instance of one in memory.
    pub fn over(store: Arc<dyn ObjectStore>, prefix: Path, runtime: &Handle) -> Self {
        let remote = Remote {
            listing: Arc::clone(&store),
            reading: store,
            bucket: String::new(),
            prefix,
            runtime: runtime.clone(),
            patience: options::DEFAULT_PATIENCE,
        };
        Self { url: "memory".into(), backend: Backend::Remote(remote) }
    }

    /// The place of the backup, however its URL is written.
    pub fn identity(&self) -> String {
        match &self.backend {
            Backend::Local(root) => {
                let root = root.canonicalize().unwrap_or_else(|_| root.clone());
                format!("file {}", root.to_string_lossy())
            }
            Backend::Remote(remote) => format!("{} {}", remote.bucket, remote.prefix),
        }
    }

    /// The backup's URL as messages may show it.
    pub fn url(&self) -> &Arc<str> {
        &self.url
    }

    /// Every file of the backup. Blocks; not to be called on a thread of the runtime.
    ///
    /// # Errors
    /// Whatever keeps the store from listing, and a URL with nothing behind it.
    pub fn list(&self) -> Result<Listing, StoreError> {
        match &self.backend {
            Backend::Local(root) => list::local(root, &self.url),
            Backend::Remote(remote) => list::remote(remote, &self.url),
        }
    }

    /// Whether a file is still as it was listed, without reading it.
    ///
    /// # Errors
    /// A file that is gone or has changed, and whatever keeps the store from telling.
    pub fn check(&self, entry: &Entry) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Local(_) => local::LocalFile::open(entry).map(drop),
            Backend::Remote(remote) => list::check(remote, entry),
        }
    }

    /// A listed file, for reading. Nothing is read yet.
    ///
    /// # Errors
    /// A file that is gone or has changed since it was listed.
    pub fn file(&self, entry: &Entry) -> Result<OpenFile, StoreError> {
        Ok(match &self.backend {
            Backend::Local(_) => Arc::new(local::LocalFile::open(entry)?),
            Backend::Remote(remote) => Arc::new(remote::RemoteFile::new(remote, entry)),
        })
    }
}

/// Writes a file of this machine whole or not at all; folders that are missing are made.
///
/// # Errors
/// The disk's.
pub(crate) fn write_whole(path: &std::path::Path, content: &[u8]) -> std::io::Result<()> {
    local::put(path, content, Existing::Replace)
}

/// Runs `work` on the runtime and waits for it on this thread; `None` if it panicked or the runtime
/// is gone.
fn blocking<T: Send + 'static>(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    begin(runtime, work).recv().ok()
}

/// Starts `work` on the runtime; the receiver gets its result, or nothing if it panicked, which the client
/// of a store does for options that make no request.
fn begin<T: Send + 'static>(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> mpsc::Receiver<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let mut work = Box::pin(work);
    runtime.spawn(async move {
        let done = poll_fn(|context| match guarded(|| work.as_mut().poll(context)) {
            Ok(poll) => poll.map(Some),
            Err(panic) => {
                tracing::debug!("the store's client: {panic}");
                Poll::Ready(None)
            }
        });
        if let Some(result) = done.await {
            // Nobody waits any more: the result is of no use.
            let _ = sender.send(result);
        }
    });
    receiver
}
