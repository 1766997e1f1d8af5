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
use parquet::file::page_index::offset_index::PageLocation;
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
    /// Whether an index tells where they are.
    located: bool,
}

impl CountedPages {
    /// The pages of `chunk`, which has `rows` rows; with `locations` those that are passed over are not read.
    ///
    /// # Errors
    /// A codec that is not built in.
    pub(super) fn new(
        windows: &Windows,
        chunk: &ColumnChunkMetaData,
        rows: usize,
        locations: Option<Vec<PageLocation>>,
    ) -> Result<(Self, Arc<Progress>)> {
        let progress = Arc::new(Progress::default());
        let located = locations.is_some();
        let pages = SerializedPageReader::new(Arc::new(windows.clone()), chunk, rows, locations)?;
        let descriptor = chunk.column_descr();
        let (levels, repeats) = (descriptor.max_def_level() > 0, descriptor.max_rep_level() > 0);
        let pages =
            Self { pages, progress: Arc::clone(&progress), levels, repeats, pauses: false, pauses_due: 0, located };
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

    /// A page must have the rows that the index says, or those of other columns would be put beside them.
    fn check_rows(&self, page: &Page, due: Option<usize>) -> Result<()> {
        let rows = match page {
            Page::DataPageV2 { num_rows, .. } => Some(*num_rows as usize),
            _ if self.repeats => None,
            _ => Some(page.num_values() as usize),
        };
        match due.zip(rows) {
            Some((due, rows)) if due != rows => Err(ParquetError::General(format!(
                "the page index says that a page has {due} rows, but it has {rows}; `select.trust_statistics = false` reads \
                 the file without it"
            ))),
            _ => Ok(()),
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
            let due = match self.located {
                true => self.pages.peek_next_page()?.filter(|page| !page.is_dict).and_then(|page| page.num_rows),
                false => None,
            };
            let Some(page) = self.pages.get_next_page()? else {
                return Ok(None);
            };
            if page.is_data_page() {
                self.check_rows(&page, due)?;
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
        // An index tells rows only, which are the levels of a column that does not repeat.
        let levels = self.pages.peek_next_page()?.and_then(|page| page.num_levels.or(page.num_rows));
        if let Some(levels) = levels {
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
