//! The pages of a column chunk, counted as they are loaded.
//!
//! A column reader that is asked for no more than what is left of the page in memory never holds two
//! pages. It does not say how much that is; this wrapper around the pages does. For readers that are asked
//! for a number of rows whatever the pages are, it can pause after each page instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::delta::counts_fit;
use super::window::Windows;

/// How often the crate's reader asks whether there is another page before it gives what it has: where it decodes,
/// and where it collects what was decoded.
const PAUSES: u8 = 2;

/// How far the pages of a column chunk have been loaded.
#[derive(Debug, Default)]
pub(super) struct Progress {
    values: AtomicU64,
    expands: AtomicBool,
}

impl Progress {
    /// Values of all pages so far, nulls among them.
    pub(super) fn values(&self) -> u64 {
        self.values.load(Ordering::Relaxed)
    }

    /// Whether the page in memory holds values that take more memory decoded than as they lie there.
    pub(super) fn expands(&self) -> bool {
        self.expands.load(Ordering::Relaxed)
    }
}

/// The pages of one column chunk.
pub(super) struct CountedPages {
    pages: SerializedPageReader<Windows>,
    progress: Arc<Progress>,
    levels: bool,
    repeats: bool,
    pauses: bool,
    /// How often there will seem to be no further page.
    pauses_due: u8,
}

impl CountedPages {
    /// The pages of `chunk`, which has `rows` rows.
    ///
    /// # Errors
    /// A codec that is not built in.
    pub(super) fn new(windows: &Windows, chunk: &ColumnChunkMetaData, rows: usize) -> Result<(Self, Arc<Progress>)> {
        let progress = Arc::new(Progress::default());
        let pages = SerializedPageReader::new(Arc::new(windows.clone()), chunk, rows, None)?;
        let descriptor = chunk.column_descr();
        let (levels, repeats) = (descriptor.max_def_level() > 0, descriptor.max_rep_level() > 0);
        let pages = Self { pages, progress: Arc::clone(&progress), levels, repeats, pauses: false, pauses_due: 0 };
        Ok((pages, progress))
    }

    /// The same pages, which seem to end after each data page and go on when asked again: a reader of the crate
    /// then gives what it has of a batch, so that it holds values of one page only.
    pub(super) fn pausing(self) -> Self {
        Self { pauses: true, ..self }
    }

    /// The values of a page: what follows the levels.
    fn body(&self, page: &Page) -> Option<Bytes> {
        let mut body = page.buffer().clone();
        match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = def_levels_byte_len.checked_add(*rep_levels_byte_len)? as usize;
                (levels <= body.len()).then(|| body.slice(levels..))
            }
            Page::DataPage { def_level_encoding, .. } => {
                for present in [self.repeats, self.levels] {
                    if present {
                        // Only this encoding has a length before it; the older one came before delta.
                        (*def_level_encoding == Encoding::RLE).then_some(())?;
                        let length = u32::from_le_bytes(body.get(..4)?.try_into().ok()?) as usize;
                        let end = length.checked_add(4).filter(|end| *end <= body.len())?;
                        body = body.slice(end..);
                    }
                }
                Some(body)
            }
            Page::DictionaryPage { .. } => None,
        }
    }

    fn check(&self, page: &Page) -> Result<()> {
        let streams = match page.encoding() {
            Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => return Ok(()),
        };
        match self.body(page) {
            Some(body) if counts_fit(&body, streams, page.num_values() as usize) => Ok(()),
            _ => Err(ParquetError::General("a delta-encoded page speaks of more values than it has".to_owned())),
        }
    }
}

impl Iterator for CountedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for CountedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        if self.pauses_due > 0 {
            self.pauses_due -= 1;
            return Ok(None);
        }
        loop {
            let Some(page) = self.pages.get_next_page()? else {
                return Ok(None);
            };
            if page.is_data_page() {
                // A column reader takes an empty page for the end of the column.
                if page.num_values() == 0 {
                    continue;
                }
                self.check(&page)?;
                self.pauses_due = if self.pauses { PAUSES } else { 0 };
                self.progress.values.fetch_add(u64::from(page.num_values()), Ordering::Relaxed);
                self.progress.expands.store(page.encoding() == Encoding::DELTA_BYTE_ARRAY, Ordering::Relaxed);
            }
            return Ok(Some(page));
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if let Some(levels) = self.pages.peek_next_page()?.and_then(|page| page.num_levels) {
            self.progress.values.fetch_add(levels as u64, Ordering::Relaxed);
        }
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        self.pages.take_deferred_dictionary()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}
