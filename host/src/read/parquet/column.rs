//! One leaf column of a row group, row by row, with about a page of it in memory.
//!
//! Values of plain and dictionary pages are slices of the page: decoding allocates nothing for a
//! record. Pages whose values expand when decoded are read in steps that follow the sizes seen.

use std::collections::HashMap;
use std::sync::Arc;

use parquet::column::reader::{ColumnReaderImpl, get_column_reader, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::offset_index::PageLocation;

use super::pages::{CountedPages, Progress};
use super::views::Views;
use super::window::Windows;

/// Rows that are decoded at a time at most.
const STEP: usize = 1024;
/// The bytes that a step should decode to, where decoding makes copies.
const STEP_BYTES: usize = 256 << 10;

/// A row group whose columns are to be read.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) windows: &'a Windows,
    pub(super) file: &'a ParquetMetaData,
    pub(super) metadata: &'a RowGroupMetaData,
    /// Rows of the group.
    pub(super) rows: usize,
    /// Rows of the group that are passed over.
    pub(super) skip: usize,
    /// The row of the group before which reading ends.
    pub(super) end: usize,
    /// By leaf where its pages are, for those of which an index tells.
    pub(super) locations: &'a HashMap<usize, Vec<PageLocation>>,
}

impl Group<'_> {
    /// The pages of a leaf.
    ///
    /// # Errors
    /// A codec that is unknown, and a leaf that the row group does not have.
    pub(super) fn pages(&self, leaf: usize) -> Result<(CountedPages, Arc<Progress>)> {
        let chunk = self.metadata.columns().get(leaf);
        let chunk = chunk.ok_or_else(|| ParquetError::General(format!("a row group has no column {leaf}")))?;
        CountedPages::new(self.windows, chunk, self.rows, self.locations.get(&leaf).cloned())
    }
}

/// Values that know their size.
pub(super) trait Size {
    /// In bytes.
    fn size(&self) -> usize;
}

impl Size for ByteArray {
    fn size(&self) -> usize {
        self.len()
    }
}

impl Size for FixedLenByteArray {
    fn size(&self) -> usize {
        self.len()
    }
}

macro_rules! plain_size {
    ($($of:ty),*) => {$(
        impl Size for $of {
            fn size(&self) -> usize {
                size_of::<Self>()
            }
        }
    )*};
}

plain_size!(i32, i64, parquet::data_type::Int96);

/// Decodes whole rows of a leaf into flat vectors.
struct Decoder<T: DataType> {
    reader: ColumnReaderImpl<T>,
    progress: Arc<Progress>,
    name: String,
    values: Vec<T::T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    max_definition: i16,
    /// Levels decoded or skipped so far.
    taken: u64,
    /// Rows to the end of the row group.
    rows_left: usize,
    /// Rows to where reading ends.
    rows_due: usize,
    step: usize,
}

impl<T: DataType> Decoder<T>
where
    T::T: Size,
{
    fn open(group: Group<'_>, leaf: usize) -> Result<Self> {
        let chunk = group
            .metadata
            .columns()
            .get(leaf)
            .ok_or_else(|| ParquetError::General(format!("a row group has no column {leaf}")))?;
        let descriptor = chunk.column_descr_ptr();
        let name = descriptor.path().string();
        if descriptor.physical_type() != T::get_physical_type() {
            return Err(ParquetError::General(format!("column `{name}` changes its type between row groups")));
        }
        let (pages, progress) = group.pages(leaf)?;
        let max_definition = descriptor.max_def_level();
        let mut reader = get_typed_column_reader::<T>(get_column_reader(descriptor, Box::new(pages)));
        let skipped = reader.skip_records(group.skip)?;
        let mut decoder = Self {
            reader,
            progress,
            name,
            values: Vec::new(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
            max_definition,
            taken: group.skip as u64,
            rows_left: group.rows.saturating_sub(group.skip),
            rows_due: group.end.saturating_sub(group.skip),
            step: STEP,
        };
        if skipped < group.skip {
            decoder.rows_left += group.skip - skipped;
            return Err(decoder.too_short());
        }
        Ok(decoder)
    }

    fn too_short(&self) -> ParquetError {
        ParquetError::General(format!("column `{}` ends {} rows before its row group does", self.name, self.rows_left))
    }

    /// Adds up to `rows` rows to the vectors.
    fn read(&mut self, rows: usize) -> Result<usize> {
        let (rows, _, levels) = self.reader.read_records(
            rows.min(self.rows_due),
            Some(&mut self.definitions),
            Some(&mut self.repetitions),
            &mut self.values,
        )?;
        self.taken += levels as u64;
        self.rows_left -= rows;
        self.rows_due -= rows;
        Ok(rows)
    }

    fn clear(&mut self) {
        self.values.clear();
        self.definitions.clear();
        self.repetitions.clear();
    }

    /// After a step of `rows` rows: makes the next one larger or smaller.
    fn adapt(&mut self, rows: usize) {
        let bytes: usize = self.values.iter().map(Size::size).sum();
        self.step = match bytes {
            0..STEP_BYTES => (rows * 2).clamp(1, STEP),
            _ => (rows / (bytes / STEP_BYTES + 1)).max(1),
        };
    }

    /// Levels of the page in memory that are still to come, for a column that does not repeat.
    fn left_of_page(&self) -> usize {
        usize::try_from(self.progress.values().saturating_sub(self.taken)).unwrap_or(STEP)
    }
}

/// A leaf with at most one value in a row.
pub(super) struct Flat<T: DataType> {
    decoder: Decoder<T>,
    rows: usize,
    row: usize,
    value: usize,
}

impl<T: DataType> Flat<T>
where
    T::T: Size,
{
    /// Opens the leaf of this index.
    ///
    /// # Errors
    /// A codec or an encoding that is unknown, or a damaged file.
    pub(super) fn open(group: Group<'_>, leaf: usize) -> Result<Self> {
        Ok(Self { decoder: Decoder::open(group, leaf)?, rows: 0, row: 0, value: 0 })
    }

    /// Rows that can be taken without further reading, at least one.
    ///
    /// # Errors
    /// A damaged file, or the end of the column.
    pub(super) fn fill(&mut self) -> Result<usize> {
        if self.row == self.rows {
            self.decoder.clear();
            (self.row, self.value) = (0, 0);
            self.rows = match self.decoder.left_of_page() {
                0 => self.decoder.read(1)?,
                _ => 0,
            };
            let step = if self.decoder.progress.expands() { self.decoder.step } else { STEP };
            let more = self.decoder.left_of_page().min(step.saturating_sub(self.rows));
            if more > 0 {
                self.rows += self.decoder.read(more)?;
            }
            if self.decoder.progress.expands() {
                self.decoder.adapt(self.rows);
            }
            if self.rows == 0 {
                return Err(self.decoder.too_short());
            }
        }
        Ok(self.rows - self.row)
    }

    /// The values of the next `rows` rows where none is null in what was decoded; `None`, and no row taken,
    /// where one is. No more rows than [`Self::fill`] said.
    pub(super) fn run(&mut self, rows: usize) -> Option<&[T::T]> {
        if self.decoder.values.len() != self.rows {
            return None;
        }
        let run = self.decoder.values.get(self.value..self.value + rows)?;
        self.row += rows;
        self.value += rows;
        Some(run)
    }

    /// The value of the next row. Only as often as [`Self::fill`] said.
    pub(super) fn next(&mut self) -> Option<&T::T> {
        let present = self.decoder.max_definition == 0
            || self.decoder.definitions.get(self.row) == Some(&self.decoder.max_definition);
        self.row += 1;
        if !present {
            return None;
        }
        self.value += 1;
        self.decoder.values.get(self.value - 1)
    }
}

/// A leaf with any number of values in a row.
pub(super) struct Repeated<T: DataType> {
    decoder: Decoder<T>,
    rows: usize,
    level: usize,
    value: usize,
}

/// One entry of a repeated leaf.
pub(super) struct Entry<'a, V> {
    /// How far down it is defined.
    pub(super) definition: i16,
    /// The value, where it is not null.
    pub(super) value: Option<&'a V>,
}

impl<T: DataType> Repeated<T>
where
    T::T: Size,
{
    /// Opens the leaf of this index.
    ///
    /// # Errors
    /// A codec or an encoding that is unknown, or a damaged file.
    pub(super) fn open(group: Group<'_>, leaf: usize) -> Result<Self> {
        let mut decoder = Decoder::open(group, leaf)?;
        decoder.step = 1;
        Ok(Self { decoder, rows: 0, level: 0, value: 0 })
    }

    /// Rows that the next step should have.
    pub(super) fn step(&self) -> usize {
        self.decoder.step
    }

    /// Decodes the next `rows` rows, or fewer at the end; says how many. What was decoded before is
    /// forgotten.
    ///
    /// # Errors
    /// A damaged file, or the end of the column.
    pub(super) fn decode(&mut self, rows: usize) -> Result<usize> {
        self.decoder.clear();
        (self.level, self.value) = (0, 0);
        self.rows = self.decoder.read(rows)?;
        self.decoder.adapt(self.rows);
        if self.rows == 0 {
            return Err(self.decoder.too_short());
        }
        Ok(self.rows)
    }

    /// Where entries begin and end: 0 begins a row.
    pub(super) fn repetitions(&self) -> &[i16] {
        &self.decoder.repetitions
    }

    /// Whether what was decoded has a single entry a row, which is defined less far down than `definition`.
    pub(super) fn ends_above(&self, definition: i16) -> bool {
        let definitions = &self.decoder.definitions;
        definitions.len() == self.rows && definitions.iter().all(|of_row| *of_row < definition)
    }

    /// Passes over the entries of the next `rows` rows, of a column that [ends above](Self::ends_above) values.
    pub(super) fn pass(&mut self, rows: usize) {
        self.level += rows;
    }

    /// The next entry of what was decoded.
    pub(super) fn next(&mut self) -> Option<Entry<'_, T::T>> {
        let definition = *self.decoder.definitions.get(self.level)?;
        self.level += 1;
        let mut value = None;
        if definition == self.decoder.max_definition {
            value = self.decoder.values.get(self.value);
            self.value += 1;
        }
        Some(Entry { definition, value })
    }

    /// Whether the entry after the last one taken is of the same row.
    pub(super) fn goes_on(&self) -> bool {
        self.decoder.repetitions.get(self.level).is_some_and(|level| *level > 0)
    }
}

/// A flat column of bytes, of variable or of one length.
pub(super) enum Bytes {
    Views(Views),
    Variable(Flat<ByteArrayType>),
    Fixed(Flat<FixedLenByteArrayType>),
}

impl Bytes {
    /// Opens the leaf of this index, which is of either type of bytes.
    ///
    /// # Errors
    /// As [`Flat::open`].
    pub(super) fn open(group: Group<'_>, leaf: usize, fixed: bool) -> Result<Self> {
        Ok(match fixed {
            true => Self::Fixed(Flat::open(group, leaf)?),
            false => match Views::open(group, leaf)? {
                Some(views) => Self::Views(views),
                None => Self::Variable(Flat::open(group, leaf)?),
            },
        })
    }

    /// As [`Flat::fill`].
    ///
    /// # Errors
    /// As [`Flat::fill`].
    pub(super) fn fill(&mut self) -> Result<usize> {
        match self {
            Self::Views(column) => column.fill(),
            Self::Variable(column) => column.fill(),
            Self::Fixed(column) => column.fill(),
        }
    }

    /// As [`Flat::next`].
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        match self {
            Self::Views(column) => column.next(),
            Self::Variable(column) => column.next().map(ByteArray::data),
            Self::Fixed(column) => column.next().map(|value| value.data()),
        }
    }
}
