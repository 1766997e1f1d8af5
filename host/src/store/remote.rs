//! A file of an object store: ranged requests, retried, and refused once the object has changed.
//!
//! What breaks off is asked for again from where it broke off, by the client within one request and here beyond that
//! (the client gives up where the store tells no ETag, and when a signature grows old). Only a store that gives nothing
//! at all for as long as its patience lasts is an error.
//!
//! Small reads are served from a few cached blocks, so that a reader that walks pages and their
//! headers costs a request a block and not one a page. Large ones are parted into requests that run
//! side by side. Memory: at most [`BLOCKS`] blocks of [`BLOCK`] bytes a file beside what is asked for.

use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::error::{OTHER_ETAG, may_pass};
use super::{Entry, PendingRead, Remote, SourceFile, StoreError};
use crate::mechanism::is_off;

/// Bytes of a cached block.
const BLOCK: u64 = 256 << 10;
/// Cached blocks of a file.
const BLOCKS: usize = 16;
/// Bytes of one request; larger reads are several.
const REQUEST: u64 = 8 << 20;
/// Requests of one read under way at a time.
const REQUESTS: usize = 4;
/// How long to wait before a range is asked for again; twice as long after each time that nothing came.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest of these.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A file of an object store.
#[derive(Debug)]
pub(super) struct RemoteFile {
    object: Arc<Object>,
    runtime: Handle,
    /// Blocks by number, the one used last at the end.
    blocks: Mutex<Vec<(u64, Bytes)>>,
}

/// The object as it was listed.
#[derive(Debug)]
struct Object {
    store: Arc<dyn ObjectStore>,
    location: Path,
    path: Arc<str>,
    size: u64,
    /// As listed; else as the first response said.
    etag: OnceLock<String>,
    modified: i64,
    /// How long it is asked for again while nothing of it comes.
    patience: Duration,
}

/// Why a range did not come whole.
enum Trouble {
    /// The store's fault, or the network's: it may come if it is asked for again.
    Passing(String),
    /// Asking again does not help.
    Lasting(StoreError),
}

impl Trouble {
    fn of(path: &Arc<str>, error: &object_store::Error) -> Self {
        match StoreError::reading(path, error) {
            StoreError::Unreadable { message, .. } if may_pass(error) => Self::Passing(message),
            lasting => Self::Lasting(lasting),
        }
    }
}

impl RemoteFile {
    /// A listed file.
    pub(super) fn new(remote: &Remote, entry: &Entry) -> Self {
        let object = Object {
            store: Arc::clone(&remote.reading),
            location: Path::parse(&entry.location).unwrap_or_else(|_| Path::from(entry.location.as_str())),
            path: Arc::clone(&entry.path),
            size: entry.size,
            etag: entry.etag.clone().map(OnceLock::from).unwrap_or_default(),
            modified: entry.modified.timestamp(),
            patience: remote.patience,
        };
        Self { object: Arc::new(object), runtime: remote.runtime.clone(), blocks: Mutex::default() }
    }

    /// The cached block `number`, if it is there; it then counts as used last.
    fn cached(&self, number: u64) -> Option<Bytes> {
        let mut blocks = self.blocks.lock();
        let at = blocks.iter().position(|(cached, _)| *cached == number)?;
        let block = blocks.remove(at);
        let bytes = block.1.clone();
        blocks.push(block);
        Some(bytes)
    }

    /// A small read, through the blocks: what is missing of them is one request.
    fn read_blocks(&self, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        let end = offset + length as u64;
        let (first, last) = (offset / BLOCK, end.saturating_sub(1) / BLOCK);
        let mut parts: Vec<Option<Bytes>> = (first..=last).map(|number| self.cached(number)).collect();
        if let Some(missing) = parts.iter().position(Option::is_none) {
            let upto = parts.iter().rposition(Option::is_none).unwrap_or(missing);
            let start = (first + missing as u64) * BLOCK;
            let stop = ((first + upto as u64 + 1) * BLOCK).min(self.object.size);
            let fetched = self.begin_read(start, (stop - start) as usize).wait()?;
            let mut blocks = self.blocks.lock();
            for (index, part) in parts.iter_mut().enumerate().take(upto + 1).skip(missing) {
                let from = (index - missing) * BLOCK as usize;
                // A copy of its own: a slice would keep the whole response alive.
                let block = Bytes::copy_from_slice(&fetched[from..fetched.len().min(from + BLOCK as usize)]);
                let number = first + index as u64;
                blocks.retain(|(cached, _)| *cached != number);
                blocks.push((number, block.clone()));
                *part = Some(block);
            }
            let surplus = blocks.len().saturating_sub(BLOCKS);
            blocks.drain(..surplus);
        }
        let start = (offset - first * BLOCK) as usize;
        if let [Some(only)] = parts.as_slice() {
            return Ok(only.slice(start..start + length));
        }
        let mut whole = BytesMut::with_capacity(parts.len() * BLOCK as usize);
        parts.into_iter().flatten().for_each(|part| whole.extend_from_slice(&part));
        Ok(whole.freeze().slice(start..start + length))
    }
}

impl SourceFile for RemoteFile {
    fn path(&self) -> &Arc<str> {
        &self.object.path
    }

    fn size(&self) -> u64 {
        self.object.size
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        super::file::check_range(&self.object.path, self.object.size, offset, length)?;
        match length as u64 {
            0 => Ok(Bytes::new()),
            small if small <= BLOCK => self.read_blocks(offset, length),
            _ => self.begin_read(offset, length).wait(),
        }
    }

    fn begin_read(&self, offset: u64, length: usize) -> PendingRead {
        let path = Arc::clone(&self.object.path);
        if let Err(error) = super::file::check_range(&path, self.object.size, offset, length) {
            return PendingRead::Done(Err(error));
        }
        let object = Arc::clone(&self.object);
        let receiver = super::begin(&self.runtime, async move { object.fetch_all(offset, length).await });
        PendingRead::Coming { path, receiver }
    }

    fn parallelism(&self) -> usize {
        REQUESTS
    }
}

impl Object {
    /// A range in as many requests as it takes.
    async fn fetch_all(self: Arc<Self>, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        let end = offset + length as u64;
        if length as u64 <= REQUEST {
            return self.fetch(offset, end).await;
        }
        let starts = (offset..end).step_by(REQUEST as usize);
        let requests = futures::stream::iter(starts.map(|start| self.fetch(start, end.min(start + REQUEST))));
        let mut whole = BytesMut::with_capacity(length);
        let mut responses = requests.buffered(REQUESTS);
        while let Some(part) = responses.try_next().await? {
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }

    /// One range, asked for again from where a response broke off, until the store gave nothing for as long as its
    /// patience lasts.
    async fn fetch(&self, start: u64, end: u64) -> Result<Bytes, StoreError> {
        let mut bytes = BytesMut::with_capacity((end - start) as usize);
        let (mut fed, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let before = bytes.len();
            let message = match self.fetch_on(start, end, &mut bytes).await {
                Ok(()) => return Ok(bytes.freeze()),
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing(message)) => message,
            };
            if bytes.len() > before {
                (fed, pause) = (Instant::now(), FIRST_PAUSE);
            }
            if fed.elapsed() + pause > self.patience && !is_off("store-patience") || is_off("store-asked-again") {
                let place = Arc::clone(&self.path);
                return Err(StoreError::Unanswered { place, message, seconds: self.patience.as_secs_f64() });
            }
            tracing::debug!(path = %self.path, start, end, got = bytes.len(), message, "asking for a range again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks once for what is missing of a range, and adds what comes of it, also where not all of it comes.
    async fn fetch_on(&self, start: u64, end: u64, bytes: &mut BytesMut) -> Result<(), Trouble> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(start + bytes.len() as u64..end)),
            // A weak ETag never matches there (RFC 9110, 13.1.1); it is compared below.
            if_match: self.etag.get().filter(|etag| !etag.starts_with("W/") && !is_off("etag")).cloned(),
            ..GetOptions::default()
        };
        let trouble = |error| Trouble::of(&self.path, &error);
        let response = self.store.get_opts(&self.location, options).await.map_err(trouble)?;
        self.check(&response.meta).map_err(Trouble::Lasting)?;
        let mut body = response.into_stream();
        while let Some(chunk) = body.try_next().await.map_err(trouble)? {
            bytes.extend_from_slice(&chunk);
        }
        match (bytes.len() as u64).cmp(&(end - start)) {
            Ordering::Equal => Ok(()),
            Ordering::Less => {
                Err(Trouble::Passing(format!("an answer ended after {} of {} bytes", bytes.len(), end - start)))
            }
            Ordering::Greater => Err(Trouble::Lasting(StoreError::Unreadable {
                place: Arc::clone(&self.path),
                message: "the store gives more bytes than it was asked for".to_owned(),
            })),
        }
    }

    /// Refuses an object that is not the listed one, also where the store ignores `If-Match`.
    fn check(&self, meta: &object_store::ObjectMeta) -> Result<(), StoreError> {
        let changed = |message: String| Err(StoreError::Changed { path: Arc::clone(&self.path), message });
        if meta.size != self.size {
            return changed(format!("it has {} bytes instead of {}", meta.size, self.size));
        }
        match (&meta.e_tag, self.etag.get()) {
            (Some(etag), Some(listed)) if etag != listed && !is_off("etag") => changed(OTHER_ETAG.to_owned()),
            (Some(_), Some(_)) => Ok(()),
            (etag, _) => {
                // No ETag to go by yet; the time has whole seconds in HTTP.
                if meta.last_modified.timestamp() != self.modified {
                    return changed("it was written again".to_owned());
                }
                if let Some(etag) = etag {
                    // Another request may have been first; both checked the same.
                    let _ = self.etag.set(etag.clone());
                }
                Ok(())
            }
        }
    }
}
