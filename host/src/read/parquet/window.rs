//! Ranged reads of a file for the `parquet` crate, with a bounded read-ahead for each column chunk.
//!
//! The pages of a column chunk lie one after the other, and those of all columns are read side by
//! side. Each chunk therefore has a window of its own that moves forward; pages are slices of it.
//! Memory is that of the windows, never that of the chunks.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parking_lot::Mutex;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::coalesce;
use super::page_header::PageClaims;
use crate::batch::Limits;
use crate::read::OpenFile;
use crate::read::large::{Held, LARGE, LaneRoom, Large};
use crate::store::StoreError;

/// Read-ahead of all column chunks of a row group together.
const READ_AHEAD: u64 = 4 << 20;
/// The same for each byte of a batch: where many files are read side by side, as in a merged lane, batches are small.
const FOR_A_BATCH: u64 = 64;
/// The least and the most that one chunk reads ahead.
const WINDOW: Range<u64> = 16 << 10..1 << 20;
/// What is read from the file's end to find the footer, which is mostly the whole footer.
const TAIL: u64 = 64 << 10;

/// The part of a column chunk that is in memory.
#[derive(Debug, Default)]
struct Loaded {
    start: u64,
    data: Bytes,
}

/// One column chunk.
#[derive(Debug)]
struct Chunk {
    range: Range<u64>,
    ahead: u64,
    /// What its pages may claim; `None` for the footer, which has no pages.
    claims: Option<PageClaims>,
    /// Whether pages are asked for as wholes, since an index tells where they are.
    located: bool,
    loaded: Mutex<Loaded>,
    /// Room for its pages, from the first large one on: a dictionary stays as long as the chunk is read.
    held: Mutex<Option<Held>>,
}

/// Where a column chunk lies, or a part of it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its bytes.
    pub(super) range: Range<u64>,
    /// What its pages may claim.
    pub(super) claims: PageClaims,
    /// Whether pages are asked for as wholes, since an index tells where they are.
    pub(super) located: bool,
}

/// A file with windows over some of its column chunks. Clones share the windows.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    file: OpenFile,
    /// By position.
    chunks: Arc<[Chunk]>,
    room: LaneRoom,
    /// Why the store could not deliver: the crate does not hand errors through as they are.
    failure: Arc<Mutex<Option<StoreError>>>,
}

impl Windows {
    /// Windows over column chunks that lie at these places of the file.
    pub(super) fn over(
        file: &OpenFile,
        chunks: impl IntoIterator<Item = Place>,
        room: &LaneRoom,
        limits: Limits,
    ) -> Self {
        let read_ahead = READ_AHEAD.min(limits.bytes as u64 * FOR_A_BATCH);
        let mut places: Vec<_> = chunks.into_iter().collect();
        places.sort_by_key(|place| place.range.start);
        let total = places.iter().map(|Place { range, .. }| range.end - range.start).sum::<u64>().max(1);
        let chunks = places.into_iter().map(|Place { range, claims, located }| {
            let share = u128::from(read_ahead) * u128::from(range.end - range.start) / u128::from(total);
            let ahead = u64::try_from(share).unwrap_or(WINDOW.end).clamp(WINDOW.start, WINDOW.end);
            let (loaded, held) = (Mutex::default(), Mutex::default());
            Chunk { range, ahead, claims: Some(claims), located, loaded, held }
        });
        Self { file: Arc::clone(file), chunks: chunks.collect(), room: room.clone(), failure: Arc::default() }
    }

    /// A window over the end of the file, where the footer is.
    pub(super) fn tail(file: &OpenFile) -> Self {
        let start = file.size().saturating_sub(TAIL);
        let range = start..file.size();
        let ahead = range.end - range.start;
        let (loaded, held) = (Mutex::default(), Mutex::default());
        let chunk = Chunk { range, ahead, claims: None, located: false, loaded, held };
        Self { file: Arc::clone(file), chunks: Arc::new([chunk]), room: LaneRoom::default(), failure: Arc::default() }
    }

    /// Bytes of the file.
    pub(super) fn size(&self) -> u64 {
        self.file.size()
    }

    /// Fills all windows for the first time, with as few requests as that takes.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn fill(&self) -> Result<(), ParquetError> {
        let first =
            |chunk: &Chunk| chunk.range.start..chunk.range.end.min(chunk.range.start.saturating_add(chunk.ahead));
        let ranges: Vec<Range<u64>> = self.chunks.iter().map(first).collect();
        for (chunk, data) in self.chunks.iter().zip(self.read_all(&ranges)?) {
            *chunk.loaded.lock() = Loaded { start: chunk.range.start, data };
        }
        Ok(())
    }

    /// The bytes of several ranges, which lie within the file.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn read_all(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ParquetError> {
        coalesce::read(&self.file, ranges).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: StoreError) -> ParquetError {
        let message = error.to_string();
        *self.failure.lock() = Some(error);
        ParquetError::General(message)
    }

    /// Whether the store has delivered so far.
    ///
    /// # Errors
    /// Where it has not.
    pub(super) fn check(&self) -> Result<(), ParquetError> {
        match &*self.failure.lock() {
            Some(error) => Err(ParquetError::General(error.to_string())),
            None => Ok(()),
        }
    }

    /// Takes the store's failure, if that was why a read failed.
    pub(super) fn failure(&self) -> Option<StoreError> {
        self.failure.lock().take()
    }

    fn chunk_at(&self, position: u64) -> Option<&Chunk> {
        let after = self.chunks.partition_point(|chunk| chunk.range.start <= position);
        let chunk = self.chunks.get(after.checked_sub(1)?)?;
        (position < chunk.range.end).then_some(chunk)
    }

    /// Checks what a page claims whose header comes next, and sees that there is room for it.
    fn admit(&self, chunk: &Chunk, claims: PageClaims, header: &mut impl Read) -> Result<(), ParquetError> {
        if claims.check(header)? > LARGE as u64 {
            chunk.held.lock().get_or_insert_with(|| self.room.take(Large::Page));
        }
        Ok(())
    }

    fn read_at(&self, start: u64, length: u64) -> Result<Bytes, ParquetError> {
        if start.checked_add(length).is_none_or(|end| end > self.file.size()) {
            return Err(ParquetError::EOF(format!(
                "bytes {start} to {} are spoken of, but the file has {}",
                u128::from(start) + u128::from(length),
                self.file.size()
            )));
        }
        let length = usize::try_from(length).map_err(|error| ParquetError::External(Box::new(error)))?;
        self.file.read_at(start, length).map_err(|error| self.failed(error))
    }

    /// `length` bytes from `start`, from the chunk's window where there is one.
    fn bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let Some(chunk) = self.chunk_at(start) else {
            return self.read_at(start, length as u64);
        };
        let mut loaded = chunk.loaded.lock();
        if let Some(slice) = loaded.slice(start, length) {
            return Ok(slice);
        }
        let rest = chunk.range.end - start;
        // Begin the new window with what the old one still has, so that no byte is fetched twice.
        let kept = loaded.from(start);
        let wanted = chunk.ahead.max(length as u64).min(rest).max(length as u64);
        let data = if kept.is_empty() {
            loaded.data = Bytes::new();
            self.read_at(start, wanted)?
        } else {
            let kept_length = kept.len() as u64;
            let fetched =
                self.read_at(start + kept_length, (wanted - kept_length).min(rest.saturating_sub(kept_length)))?;
            let mut joined = Vec::with_capacity(kept.len() + fetched.len());
            joined.extend_from_slice(&kept);
            joined.extend_from_slice(&fetched);
            Bytes::from(joined)
        };
        *loaded = Loaded { start, data };
        loaded
            .slice(start, length)
            .ok_or_else(|| ParquetError::EOF(format!("a page at byte {start} ends after its column chunk")))
    }
}

impl Loaded {
    /// What is there from `start` on.
    fn from(&self, start: u64) -> Bytes {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.filter(|at| *at <= self.data.len()).map_or_else(Bytes::new, |at| self.data.slice(at..))
    }

    fn slice(&self, start: u64, length: usize) -> Option<Bytes> {
        let rest = self.from(start);
        (rest.len() >= length && start >= self.start).then(|| rest.slice(..length))
    }
}

impl Length for Windows {
    fn len(&self) -> u64 {
        self.file.size()
    }
}

impl ChunkReader for Windows {
    type T = WindowRead;

    /// The crate asks for a reader where a page header begins, so that is where its claims are checked; for pages as a
    /// whole by [`Self::get_bytes`] where an index tells where they are.
    fn get_read(&self, start: u64) -> Result<WindowRead, ParquetError> {
        let mut read = WindowRead { windows: self.clone(), position: start, data: Bytes::new() };
        if let Some(chunk) = self.chunk_at(start)
            && let Some(claims) = chunk.claims
        {
            self.admit(chunk, claims, &mut WindowRead { windows: self.clone(), position: start, data: Bytes::new() })?;
        }
        read.refill().map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(read)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.bytes(start, length)?;
        if let Some(chunk) = self.chunk_at(start).filter(|chunk| chunk.located)
            && let Some(claims) = chunk.claims
        {
            self.admit(chunk, claims, &mut &bytes[..])?;
        }
        Ok(bytes)
    }
}

/// Reads on from a place in the file, within its column chunk.
#[derive(Debug)]
pub(super) struct WindowRead {
    windows: Windows,
    position: u64,
    data: Bytes,
}

impl WindowRead {
    /// Header bytes are taken from the window in steps of this size.
    const STEP: u64 = 256;

    fn refill(&mut self) -> io::Result<()> {
        let end = self.windows.chunk_at(self.position).map_or(self.windows.file.size(), |chunk| chunk.range.end);
        let length = end.saturating_sub(self.position).min(Self::STEP);
        self.data = self.windows.bytes(self.position, length as usize).map_err(io::Error::other)?;
        self.position += length;
        Ok(())
    }
}

impl Read for WindowRead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.data.is_empty() {
            self.refill()?;
        }
        let length = out.len().min(self.data.len());
        self.data.copy_to_slice(&mut out[..length]);
        Ok(length)
    }
}
