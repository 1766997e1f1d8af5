//! A place that is written to beside the target: files of dead letters, reports.
//!
//! What is put under a name is there whole or not at all, also after a crash: a file of this machine is written under
//! another name, brought to the disk and then renamed; an object is one request. Calls block and must not be made on a
//! thread of the runtime.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use tokio::runtime::Handle;

use super::location::{self, Location};
use super::{NOT_ASKED, Section, StoreError, local, options};
use crate::job::Secret;

/// A folder of this machine or a prefix of a bucket, to write to.
#[derive(Clone, Debug)]
pub struct Destination {
    url: Arc<str>,
    backend: Backend,
}

#[derive(Clone, Debug)]
enum Backend {
    Local(PathBuf),
    Remote(Remote),
}

#[derive(Clone, Debug)]
struct Remote {
    brief: Arc<dyn ObjectStore>,
    patient: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: Path,
    runtime: Handle,
}

/// What becomes of what is there already under the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    Replace,
    /// It stays, and that is an error.
    Refuse,
}

impl Destination {
    /// The folder or prefix at `url`, which a job's `section` names, with the options of its store. Requests run on
    /// `runtime`. Nothing is written yet; only credentials may be looked for.
    ///
    /// # Errors
    /// A wrong URL, an unknown option, missing credentials.
    pub fn open(
        url: &str,
        options: &BTreeMap<String, Secret>,
        section: Section,
        runtime: &Handle,
    ) -> Result<Self, StoreError> {
        let location = Location::parse(url, section)?;
        let shown = location::shown(url);
        let url: Arc<str> = if shown == "/" { shown.into() } else { shown.trim_end_matches('/').into() };
        let backend = match location {
            Location::Local(folder) => {
                options::none_taken(options, section)?;
                Backend::Local(folder)
            }
            Location::S3 { bucket, prefix } => {
                let clients = options::s3(&url, &bucket, options, section, runtime)?;
                Backend::Remote(Remote {
                    brief: Arc::new(clients.brief),
                    patient: Arc::new(clients.patient),
                    prefix: location::prefix(&url, &prefix, section)?,
                    bucket,
                    runtime: runtime.clone(),
                })
            }
        };
        Ok(Self { url, backend })
    }

    /// As [`Self::open`], with the options of another place, of which a folder of this machine takes none.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_as_other(
        url: &str,
        options: &BTreeMap<String, Secret>,
        section: Section,
        runtime: &Handle,
    ) -> Result<Self, StoreError> {
        match Location::parse(url, section)? {
            Location::Local(_) => Self::open(url, &BTreeMap::new(), section, runtime),
            Location::S3 { .. } => Self::open(url, options, section, runtime),
        }
    }

    /// The folder or prefix in which the file at `url` lies, and the file's name; else as [`Self::open`].
    ///
    /// # Errors
    /// As [`Self::open`], and a URL that names no file.
    pub fn of_file(
        url: &str,
        options: &BTreeMap<String, Secret>,
        section: Section,
        runtime: &Handle,
    ) -> Result<(Self, String), StoreError> {
        // What is no URL at all is said before what is no file.
        let location = Location::parse(url, section)?;
        let (folder, name) = match (url.rsplit_once('/'), location) {
            (Some((folder, name)), Location::S3 { prefix, .. }) if !prefix.is_empty() => (folder.to_owned(), name),
            (Some(("", name)), Location::Local(_)) => ("/".to_owned(), name),
            (Some((folder, name)), Location::Local(_)) if !folder.ends_with(':') => (folder.to_owned(), name),
            (None, Location::Local(_)) => (".".to_owned(), url),
            _ => (String::new(), ""),
        };
        if name.is_empty() || matches!(name, "." | "..") {
            return Err(StoreError::Url {
                url: location::shown(url),
                what: section.what,
                message: "it names no file".to_owned(),
                hint: "put the name of a file behind it, for instance `report.json`".to_owned(),
            });
        }
        Ok((Self::open(&folder, options, section, runtime)?, name.to_owned()))
    }

    /// The URL as messages may show it.
    pub fn url(&self) -> &Arc<str> {
        &self.url
    }

    /// The place of `name` as messages show it.
    pub fn place(&self, name: &str) -> Arc<str> {
        let slash = if self.url.ends_with('/') { "" } else { "/" };
        format!("{}{slash}{name}", self.url).into()
    }

    /// The same place, by a client that gives up within half a minute: for what is asked before the start.
    #[must_use]
    pub fn brief(&self) -> Self {
        let mut brief = self.clone();
        if let Backend::Remote(remote) = &mut brief.backend {
            remote.patient = Arc::clone(&remote.brief);
        }
        brief
    }

    /// Writes `content` under `name`, a path below the URL; folders that are missing are made.
    ///
    /// # Errors
    /// Whatever keeps the store from writing. Then nothing is there under the name, or what was there before.
    pub fn put(&self, name: &str, content: Bytes, existing: Existing) -> Result<(), StoreError> {
        let place = self.place(name);
        match &self.backend {
            Backend::Local(folder) => local::put(&below(folder, name, &place)?, &content, existing)
                .map_err(|error| StoreError::system_writing(place, &error)),
            Backend::Remote(remote) => {
                let path = remote.path(name, &place)?;
                let mode = match existing {
                    Existing::Replace => PutMode::Overwrite,
                    Existing::Refuse => PutMode::Create,
                };
                remote.ask(place, move |store| async move {
                    store.put_opts(&path, PutPayload::from(content), PutOptions::from(mode)).await.map(drop)
                })
            }
        }
    }

    /// What is written under `name`; `None` if nothing is.
    ///
    /// # Errors
    /// Whatever keeps the store from reading, and more than `most` bytes.
    pub fn get(&self, name: &str, most: u64) -> Result<Option<Bytes>, StoreError> {
        let place = self.place(name);
        let too_large = |bytes: u64| StoreError::Unreadable {
            place: self.place(name),
            message: format!("it has {bytes} bytes, which is more than the {most} that are read of such a file"),
        };
        match &self.backend {
            Backend::Local(folder) => {
                let path = below(folder, name, &place)?;
                let read = || match std::fs::metadata(&path)? {
                    file if !file.is_file() => Err(std::io::Error::other("it is no regular file")),
                    file if file.len() > most => Ok(Err(too_large(file.len()))),
                    _ => std::fs::read(&path).map(Ok),
                };
                match read() {
                    Ok(read) => read.map(|bytes| Some(bytes.into())),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(StoreError::system(place, &error)),
                }
            }
            Backend::Remote(remote) => {
                let path = remote.path(name, &place)?;
                let object = super::blocking(&remote.runtime, {
                    let store = Arc::clone(&remote.patient);
                    async move {
                        let found = store.get(&path).await?;
                        match found.meta.size {
                            bytes if bytes > most => Ok(Err(bytes)),
                            _ => found.bytes().await.map(Ok),
                        }
                    }
                });
                match object {
                    Some(Ok(object)) => object.map(Some).map_err(too_large),
                    Some(Err(Error::NotFound { .. })) => Ok(None),
                    Some(Err(error)) => Err(StoreError::reading(&place, &error)),
                    None => Err(StoreError::Unreadable { place, message: NOT_ASKED.to_owned() }),
                }
            }
        }
    }

    /// Removes `name`; what is not there is removed already.
    ///
    /// # Errors
    /// Whatever keeps the store from that.
    pub fn delete(&self, name: &str) -> Result<(), StoreError> {
        let place = self.place(name);
        match &self.backend {
            Backend::Local(folder) => match std::fs::remove_file(below(folder, name, &place)?) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(StoreError::system_writing(place, &error))
                }
                _ => Ok(()),
            },
            Backend::Remote(remote) => {
                let path = remote.path(name, &place)?;
                remote.ask(place, move |store| async move {
                    match store.delete(&path).await {
                        Err(Error::NotFound { .. }) => Ok(()),
                        done => done,
                    }
                })
            }
        }
    }

    /// The names below `folder` (of all of the destination, where that is empty), in order. On a local disk what a killed
    /// run left half-written is among them, under a hidden name (`.NAME.….unfinished`) that no restore reads.
    ///
    /// # Errors
    /// Whatever keeps the store from listing. A folder that is not there has no names.
    pub fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let place = self.place(folder);
        let mut names = match &self.backend {
            Backend::Local(root) => {
                let within = if folder.is_empty() { root.clone() } else { below(root, folder, &place)? };
                local::names(root, &within).map_err(|error| StoreError::system_writing(place, &error))?
            }
            Backend::Remote(remote) => {
                let within = if folder.is_empty() { remote.prefix.clone() } else { remote.path(folder, &place)? };
                let objects: Vec<ObjectMeta> =
                    remote.ask(place, move |store| async move { store.list(Some(&within)).try_collect().await })?;
                let relative = |object: ObjectMeta| {
                    let whole = object.location.to_string();
                    whole.strip_prefix(remote.prefix.as_ref()).unwrap_or(&whole).trim_start_matches('/').to_owned()
                };
                objects.into_iter().map(relative).collect()
            }
        };
        names.sort_unstable();
        Ok(names)
    }
}

impl Remote {
    /// The object of `name`.
    fn path(&self, name: &str, place: &Arc<str>) -> Result<Path, StoreError> {
        let name = Path::parse(name).ok().filter(|_| is_path(name)).ok_or_else(|| no_path(place))?;
        Ok(self.prefix.parts().chain(name.parts()).collect())
    }

    /// What the store answers to a request of `ask`.
    fn ask<T, F>(&self, place: Arc<str>, ask: impl FnOnce(Arc<dyn ObjectStore>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        match super::blocking(&self.runtime, ask(Arc::clone(&self.patient))) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(StoreError::writing(place, &self.bucket, &error)),
            None => Err(StoreError::Unwritable { place, message: NOT_ASKED.to_owned() }),
        }
    }
}

/// The file of `name` below `folder`.
fn below(folder: &FilePath, name: &str, place: &Arc<str>) -> Result<PathBuf, StoreError> {
    match is_path(name) {
        true => Ok(folder.join(name)),
        false => Err(no_path(place)),
    }
}

/// Whether a name is a path that stays below where it begins.
fn is_path(name: &str) -> bool {
    name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn no_path(place: &Arc<str>) -> StoreError {
    StoreError::Unwritable { place: Arc::clone(place), message: "that is no name of a file".to_owned() }
}
