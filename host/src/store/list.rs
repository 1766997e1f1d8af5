//! What lies in a backup: its files, and what was passed over.
//!
//! Passed over is what other programs leave beside their data: dotfiles (and everything in dot
//! folders), `_SUCCESS`, `_temporary`, `_metadata`, `_common_metadata`, `_committed_…`, `_started_…`,
//! `….crc`, `…_$folder$`, and the empty objects that stand for folders. Nothing is passed over
//! silently: each is counted by reason.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use super::error::broke_off;
use super::options::LISTING_PATIENCE;
use super::{NOT_ASKED, Remote, StoreError};

/// How the name of a file begins that keeps the catalog of a backup, and how it ends: it is none of a backup's own.
pub(crate) const CATALOG_PREFIX: &str = "anabranch-catalog-";
/// See [`CATALOG_PREFIX`].
pub(crate) const CATALOG_SUFFIX: &str = ".json.zst";

/// How long to wait before a listing that broke off is asked for again.
const PAUSE: Duration = Duration::from_millis(500);

/// A file of the backup as it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path relative to the backup's URL; the file's name, where the URL names a single file.
    pub path: Arc<str>,
    /// Size in bytes.
    pub size: u64,
    /// The object's ETag, where the store's listing tells it.
    pub etag: Option<String>,
    /// When it was last written.
    pub modified: DateTime<Utc>,
    /// Where the store finds it.
    pub(super) location: String,
}

/// Files that were passed over for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Why, in words.
    pub reason: Cow<'static, str>,
    /// How many.
    pub files: u64,
    /// One of them.
    pub example: String,
}

/// What lies in a backup.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The files, ordered by path.
    pub entries: Vec<Entry>,
    /// What was passed over.
    pub skipped: Vec<Skipped>,
}

/// Lists a folder or file of this machine. Links are followed.
pub(super) fn local(root: &FilePath, url: &Arc<str>) -> Result<Listing, StoreError> {
    let mut found = Vec::new();
    for item in walkdir::WalkDir::new(root).follow_links(true) {
        let item = item.map_err(|error| match (error.depth(), error.io_error().map(std::io::Error::kind)) {
            (0, Some(std::io::ErrorKind::NotFound)) => StoreError::Nothing { url: url.to_string() },
            (_, Some(std::io::ErrorKind::PermissionDenied)) => StoreError::Denied {
                place: error.path().unwrap_or(root).to_string_lossy().into(),
                message: "permission denied".to_owned(),
            },
            _ => StoreError::Unreadable {
                place: error.path().unwrap_or(root).to_string_lossy().into(),
                message: error.to_string(),
            },
        })?;
        let path = item.path();
        let metadata = item.metadata().map_err(|error| StoreError::Unreadable {
            place: path.to_string_lossy().into(),
            message: error.to_string(),
        })?;
        if metadata.is_dir() {
            continue;
        }
        let relative = path.strip_prefix(root).ok().filter(|path| !path.as_os_str().is_empty());
        let name = relative.or_else(|| path.file_name().map(FilePath::new)).unwrap_or(path);
        let lossy = name.to_string_lossy().into_owned();
        let (Some(name), Some(location)) = (name.to_str(), path.to_str()) else {
            return Err(StoreError::Name { path: lossy, message: "not UTF-8".to_owned() });
        };
        if !metadata.is_file() {
            return Err(StoreError::Unreadable { place: name.into(), message: "it is no regular file".to_owned() });
        }
        let modified = metadata.modified().map_err(|error| StoreError::system(name, &error))?;
        found.push(Entry {
            path: name.into(),
            size: metadata.len(),
            etag: None,
            modified: modified.into(),
            location: location.to_owned(),
        });
    }
    Ok(sift(found))
}

/// Lists a prefix of an object store, or the single object that the URL names.
pub(super) fn remote(remote: &Remote, url: &Arc<str>) -> Result<Listing, StoreError> {
    let (store, prefix) = (Arc::clone(&remote.listing), remote.prefix.clone());
    let whole_bucket = prefix.as_ref().is_empty();
    let patience = remote.patience.min(LISTING_PATIENCE);
    let listed = super::blocking(&remote.runtime, async move {
        let begun = Instant::now();
        loop {
            // The client asks again where there is no answer, and not where one breaks off.
            match objects(&*store, &prefix, whole_bucket).await {
                Err(error) if broke_off(&error) && begun.elapsed() + PAUSE < patience => {
                    tracing::debug!("listing again: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
                listed => return listed,
            }
        }
    });
    let objects = match listed {
        Some(Ok(objects)) => objects,
        Some(Err(error)) => return Err(StoreError::listing(url, &remote.bucket, &error)),
        None => {
            return Err(StoreError::Option {
                url: url.to_string(),
                message: NOT_ASKED.to_owned(),
                hint:
                    "look for what no URL or HTTP header can hold in `endpoint`, `region`, the bucket's name and the \
                       credentials"
                        .to_owned(),
            });
        }
    };
    let root = remote.prefix.as_ref();
    let found = objects.into_iter().map(|object| {
        let location = object.location.to_string();
        let relative = location.strip_prefix(root).unwrap_or(&location).trim_start_matches('/');
        let name = if relative.is_empty() { location.rsplit('/').next().unwrap_or(&location) } else { relative };
        Entry { path: name.into(), size: object.size, etag: object.e_tag, modified: object.last_modified, location }
    });
    Ok(sift(found.collect()))
}

/// Holds an object against what was listed of it.
pub(super) fn check(remote: &Remote, entry: &Entry) -> Result<(), StoreError> {
    let path = &entry.path;
    let unreadable = |message: String| StoreError::Unreadable { place: Arc::clone(path), message };
    let location = Path::parse(&entry.location).map_err(|error| unreadable(error.to_string()))?;
    let store = Arc::clone(&remote.listing);
    match super::blocking(&remote.runtime, async move { store.head(&location).await }) {
        Some(Ok(object)) => {
            let is_same = match (&object.e_tag, &entry.etag) {
                (Some(is), Some(was)) => is == was,
                _ => object.last_modified == entry.modified,
            };
            if object.size == entry.size && is_same {
                return Ok(());
            }
            Err(StoreError::Changed { path: Arc::clone(path), message: "it was written anew".to_owned() })
        }
        Some(Err(error)) => Err(StoreError::reading(path, &error)),
        None => Err(unreadable(NOT_ASKED.to_owned())),
    }
}

async fn objects(
    store: &dyn ObjectStore,
    prefix: &Path,
    whole_bucket: bool,
) -> Result<Vec<ObjectMeta>, object_store::Error> {
    let mut objects: Vec<ObjectMeta> = store.list(Some(prefix)).try_collect().await?;
    if objects.is_empty() && !whole_bucket {
        objects.push(store.head(prefix).await?);
    }
    Ok(objects)
}

/// Parts what is data from what is passed over.
fn sift(mut found: Vec<Entry>) -> Listing {
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let mut folders = BTreeSet::new();
    for entry in &found {
        for (slash, _) in entry.path.match_indices('/') {
            folders.insert(Arc::<str>::from(entry.path.get(..slash).unwrap_or_default()));
        }
    }
    let mut skipped = BTreeMap::<&'static str, Skipped>::new();
    let mut entries = Vec::with_capacity(found.len());
    for entry in found {
        let marks_folder = entry.size == 0 && (folders.contains(&entry.path) || entry.path.ends_with("_$folder$"));
        let reason = if marks_folder { Some("an object that stands for a folder") } else { hidden(&entry.path) };
        match reason {
            Some(reason) => {
                let count = skipped.entry(reason);
                count.or_insert(Skipped { reason: reason.into(), files: 0, example: entry.path.to_string() }).files +=
                    1;
            }
            None => entries.push(entry),
        }
    }
    Listing { entries, skipped: skipped.into_values().collect() }
}

/// Why a path is passed over, if it is.
fn hidden(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| {
        if part.starts_with('.') {
            Some("a hidden file")
        } else if matches!(part, "_SUCCESS" | "_temporary" | "_metadata" | "_common_metadata")
            || part.starts_with("_committed_")
            || part.starts_with("_started_")
        {
            Some("a marker of the program that wrote the backup")
        } else if part.starts_with(CATALOG_PREFIX) && part.ends_with(CATALOG_SUFFIX) {
            Some("a catalog that Anabranch keeps")
        } else if part.ends_with(".crc") {
            Some("a checksum file")
        } else {
            None
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn entry(path: &str, size: u64) -> Entry {
        Entry { path: path.into(), size, etag: None, modified: DateTime::UNIX_EPOCH, location: path.to_owned() }
    }

    #[test]
    fn markers_are_passed_over_and_counted_but_topics_with_underscores_are_not() {
        let listing = sift(vec![
            entry("orders", 0),
            entry("orders/_SUCCESS", 0),
            entry("orders/.part.crc", 8),
            entry("orders/part.crc", 8),
            entry("orders/a.parquet", 100),
            entry("orders/anabranch-catalog-0a1b.json.zst", 100),
            entry("__consumer_offsets/b.parquet", 100),
            entry("_schemas/c.parquet", 0),
        ]);
        let paths: Vec<&str> = listing.entries.iter().map(|entry| &*entry.path).collect();
        assert_eq!(paths, ["__consumer_offsets/b.parquet", "_schemas/c.parquet", "orders/a.parquet"]);
        let skipped: Vec<_> = listing.skipped.iter().map(|s| (&*s.reason, s.files, &*s.example)).collect();
        assert_eq!(
            skipped,
            [
                ("a catalog that Anabranch keeps", 1, "orders/anabranch-catalog-0a1b.json.zst"),
                ("a checksum file", 1, "orders/part.crc"),
                ("a hidden file", 1, "orders/.part.crc"),
                ("a marker of the program that wrote the backup", 1, "orders/_SUCCESS"),
                ("an object that stands for a folder", 1, "orders"),
            ]
        );
    }

    #[test]
    fn a_local_folder_is_listed_whole_and_a_file_alone_is_a_backup_of_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("orders/partition=0")).unwrap();
        std::fs::write(folder.path().join("orders/partition=0/7.jsonl"), "x").unwrap();
        let url: Arc<str> = "backup".into();
        let listing = local(folder.path(), &url).unwrap();
        assert_eq!(listing.entries.len(), 1);
        assert_eq!(&*listing.entries[0].path, "orders/partition=0/7.jsonl");
        let alone = local(&folder.path().join("orders/partition=0/7.jsonl"), &url).unwrap();
        assert_eq!(&*alone.entries[0].path, "7.jsonl");
        let missing = local(&folder.path().join("nothing"), &url).unwrap_err();
        assert_eq!(missing.to_string(), "there is nothing at `backup`");
    }
}
