//! A flat column of byte strings as views into its pages: nothing is allocated or counted for a value.
//!
//! The `arrow` reader of the `parquet` crate makes the views; a long value that a dictionary repeats takes
//! its memory once. It knows nothing of pages and would collect as many as a batch needs, so they pause after
//! each one ([`CountedPages::pausing`]): what is in memory are the views of at most [`STEP`] rows, into one page.

use std::iter;
use std::sync::Arc;

use arrow_array::{Array, BinaryViewArray};
use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::parquet_to_arrow_field_levels;
use parquet::basic::{Encoding, Repetition, Type as PhysicalType};
use parquet::column::page::{PageIterator, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::schema::types::{SchemaDescriptor, Type};

use super::column::Group;
use super::pages::CountedPages;

/// Rows that are decoded at a time at most.
const STEP: usize = 1024;

/// A column of a row group.
pub(super) struct Views {
    reader: ParquetRecordBatchReader,
    name: String,
    views: BinaryViewArray,
    row: usize,
    rows_left: usize,
}

impl Views {
    /// Opens the leaf of this index; `None` where views are not to be had: in the middle of a row group, within
    /// a struct, and for an encoding whose values are copied when decoded.
    ///
    /// # Errors
    /// A codec that is unknown, or a damaged file.
    pub(super) fn open(group: Group<'_>, leaf: usize) -> Result<Option<Self>> {
        let Some(chunk) = group.metadata.columns().get(leaf) else { return Ok(None) };
        let descriptor = chunk.column_descr();
        let is_flat = descriptor.path().parts().len() == 1 && descriptor.max_rep_level() == 0;
        let copies = chunk.encodings().any(|encoding| encoding == Encoding::DELTA_BYTE_ARRAY);
        if group.skip > 0 || !is_flat || copies || descriptor.physical_type() != PhysicalType::BYTE_ARRAY {
            return Ok(None);
        }
        let repetition = match descriptor.max_def_level() {
            0 => Repetition::REQUIRED,
            _ => Repetition::OPTIONAL,
        };
        // Bytes without a meaning: text is not checked here, what needs it to be UTF-8 checks it.
        let column =
            Type::primitive_type_builder("bytes", PhysicalType::BYTE_ARRAY).with_repetition(repetition).build()?;
        let schema = Type::group_type_builder("schema").with_fields(vec![Arc::new(column)]).build()?;
        let views = Field::new("bytes", DataType::BinaryView, repetition == Repetition::OPTIONAL);
        let levels = parquet_to_arrow_field_levels(
            &SchemaDescriptor::new(Arc::new(schema)),
            ProjectionMask::all(),
            Some(&Fields::from(vec![views])),
        )?;
        let reader =
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, &OneColumn { group, leaf }, STEP, None)?;
        let name = descriptor.path().string();
        Ok(Some(Self { reader, name, views: empty(), row: 0, rows_left: group.rows }))
    }

    /// Rows that can be taken without further reading, at least one.
    ///
    /// # Errors
    /// A damaged file, or the end of the column.
    pub(super) fn fill(&mut self) -> Result<usize> {
        if self.row == self.views.len() {
            // The old page goes before the new one comes.
            self.views = empty();
            self.row = 0;
            // A batch that ends where its page does leaves the pause after it to the next one, which is empty then.
            let batch = self.reader.next().or_else(|| self.reader.next());
            let batch = batch.transpose().map_err(|error| ParquetError::ArrowError(error.to_string()))?;
            let column = batch.as_ref().and_then(|batch| batch.columns().first());
            let views = column.and_then(|column| column.as_any().downcast_ref::<BinaryViewArray>());
            let Some(views) = views.filter(|views| views.len() <= self.rows_left) else {
                let Self { name, rows_left, .. } = self;
                let message = format!("column `{name}` does not end with its row group: {rows_left} rows were left");
                return Err(ParquetError::General(message));
            };
            self.views = views.clone();
            self.rows_left -= views.len();
        }
        Ok(self.views.len() - self.row)
    }

    /// The value of the next row. Only as often as [`Self::fill`] said.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        let row = self.row;
        self.row += 1;
        self.views.is_valid(row).then(|| self.views.value(row))
    }

    /// The lengths in bytes of the values that [`Self::fill`] spoke of, 0 for nulls.
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        // The first four bytes of a view are its length; those of a null are 0, as are those of an empty value.
        self.views.views().iter().skip(self.row).map(|view| *view as u32 as usize)
    }

    /// The values of the next `rows` rows, no more than [`Self::fill`] said.
    pub(super) fn run(&mut self, rows: usize) -> impl Iterator<Item = Option<&[u8]>> {
        let first = self.row;
        self.row += rows;
        (first..first + rows).map(|row| self.views.is_valid(row).then(|| self.views.value(row)))
    }
}

fn empty() -> BinaryViewArray {
    BinaryViewArray::from_iter_values(iter::empty::<&[u8]>())
}

/// A row group of one column, as the crate's reader asks for it.
struct OneColumn<'a> {
    group: Group<'a>,
    leaf: usize,
}

impl RowGroups for OneColumn<'_> {
    fn num_rows(&self) -> usize {
        self.group.rows
    }

    fn column_chunks(&self, _: usize) -> Result<Box<dyn PageIterator>> {
        let (pages, _) = self.group.pages(self.leaf)?;
        Ok(Box::new(OneChunk(Some(pages.pausing()))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(iter::once(self.group.metadata))
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.group.file
    }
}

/// The pages of one chunk, once.
struct OneChunk(Option<CountedPages>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(|pages| Ok(Box::new(pages) as Box<dyn PageReader>))
    }
}

impl PageIterator for OneChunk {}
