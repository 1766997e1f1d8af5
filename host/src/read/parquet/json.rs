//! Columns of any type as JSON text, row by row.
//!
//! The `arrow` reader of the `parquet` crate decodes them in small steps over the same windows. Text
//! and bytes are read as views into the pages: a long value that a dictionary repeats takes its memory
//! once.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatchReader, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::LogicalType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::schema::types::ColumnDescPtr;

use super::column::Group;
use super::content::Failure;
use super::shape::JsonSource;
use crate::batch::Limits;
use crate::read::structured::{JsonText, append_value};

/// Rows that are decoded at a time at most.
const STEP: u64 = 256;
/// The bytes that a step should decode to.
const STEP_BYTES: u64 = 256 << 10;

/// The file's columns as Arrow has them.
pub(super) struct JsonSchema(ArrowReaderMetadata);

impl JsonSchema {
    /// The Arrow schema that the file carries, or the one that its Parquet schema stands for.
    ///
    /// # Errors
    /// A type that Arrow does not have.
    pub(super) fn of(metadata: &Arc<ParquetMetaData>) -> Result<Self, ParquetError> {
        let options = || ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
        let own = ArrowReaderMetadata::try_new(Arc::clone(metadata), options())?;
        let mut leaves = metadata.file_metadata().schema_descr().columns().iter();
        let views = Schema::new(as_views(own.schema().fields(), &mut leaves));
        let options = options().with_schema(Arc::new(views));
        Ok(Self(ArrowReaderMetadata::try_new(Arc::clone(metadata), options).unwrap_or(own)))
    }

    /// The columns.
    pub(super) fn fields(&self) -> &Fields {
        self.0.schema().fields()
    }
}

/// The leaves of a Parquet schema, in its order, which is that of the Arrow schema.
type Leaves<'a> = std::slice::Iter<'a, ColumnDescPtr>;

fn as_views(fields: &Fields, leaves: &mut Leaves<'_>) -> Fields {
    fields.iter().map(|field| as_view(field, leaves)).collect()
}

/// A field with text and bytes as views, and with UUIDs marked as such, also where the file carries no
/// Arrow schema.
fn as_view(field: &FieldRef, leaves: &mut Leaves<'_>) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(inner) => DataType::Struct(as_views(inner, leaves)),
        DataType::List(item) => DataType::List(as_view(item, leaves)),
        DataType::LargeList(item) => DataType::LargeList(as_view(item, leaves)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(as_view(item, leaves), *length),
        DataType::Map(entries, sorted) => DataType::Map(as_view(entries, leaves), *sorted),
        leaf => {
            let is_uuid = leaves.next().is_some_and(|leaf| leaf.logical_type_ref() == Some(&LogicalType::Uuid));
            match leaf {
                DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
                DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
                DataType::FixedSizeBinary(16) if is_uuid => {
                    let mut marked = Field::clone(field);
                    marked.metadata_mut().insert(EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.uuid".to_owned());
                    return Arc::new(marked);
                }
                _ => return Arc::clone(field),
            }
        }
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// What becomes text.
enum Text {
    /// All columns, as an object.
    Row(JsonText),
    /// One column, which lies in so many structs.
    Column { field: FieldRef, depth: usize },
}

/// Columns of a row group as JSON text.
pub(super) struct JsonColumn {
    reader: ParquetRecordBatchReader,
    text: Text,
    columns: Vec<ArrayRef>,
    /// Where a struct that the column lies in is null.
    outer: Option<NullBuffer>,
    rows: usize,
    row: usize,
    rows_left: usize,
    buffer: Vec<u8>,
}

impl JsonColumn {
    /// Opens the columns in the row group of this index.
    ///
    /// # Errors
    /// A damaged file; a type that has no JSON text.
    pub(super) fn open(
        group: Group<'_>,
        index: usize,
        source: &JsonSource,
        schema: &JsonSchema,
    ) -> Result<Self, Failure> {
        let leaves = ProjectionMask::leaves(schema.0.parquet_schema(), source.leaves.iter().copied());
        let bytes: u64 = source
            .leaves
            .iter()
            .filter_map(|leaf| group.metadata.columns().get(*leaf))
            .map(|chunk| {
                let unencoded = chunk.unencoded_byte_array_data_bytes().unwrap_or_default();
                u64::try_from(chunk.uncompressed_size().max(unencoded)).unwrap_or_default()
            })
            .sum();
        let step = (STEP_BYTES / (bytes / (group.rows as u64).max(1)).max(1)).clamp(1, STEP);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(group.windows.clone(), schema.0.clone())
            .with_row_groups(vec![index])
            .with_projection(leaves)
            .with_offset(group.skip)
            .with_limit(group.end.saturating_sub(group.skip))
            .with_batch_size(step as usize)
            .build()?;
        let fields = reader.schema().fields().clone();
        let text = match source.depth {
            None => Text::Row(JsonText::new(&fields).map_err(Failure::Row)?),
            Some(depth) => {
                let mut field = fields.first().cloned();
                for _ in 0..depth {
                    field = match field.as_deref().map(Field::data_type) {
                        Some(DataType::Struct(inner)) => inner.first().cloned(),
                        _ => None,
                    };
                }
                let field = field.ok_or_else(|| Failure::Row("the column is not where its schema says".to_owned()))?;
                JsonText::new(&Fields::from(vec![Arc::clone(&field)])).map_err(Failure::Row)?;
                Text::Column { field, depth }
            }
        };
        let rows_left = group.rows.saturating_sub(group.skip);
        Ok(Self { reader, text, columns: Vec::new(), outer: None, rows: 0, row: 0, rows_left, buffer: Vec::new() })
    }

    /// Rows that can be taken without further reading, at least one.
    ///
    /// # Errors
    /// A damaged file, or the end of the columns.
    pub(super) fn fill(&mut self) -> Result<usize, Failure> {
        if self.row == self.rows {
            // The old rows go before the new ones come, so that only one step is in memory.
            self.columns.clear();
            let batch = match self.reader.next() {
                Some(batch) => batch.map_err(|error| ParquetError::ArrowError(error.to_string()))?,
                None => {
                    let message = format!("the columns end {} rows before their row group does", self.rows_left);
                    return Err(ParquetError::General(message).into());
                }
            };
            (self.row, self.rows) = (0, batch.num_rows());
            self.rows_left = self.rows_left.saturating_sub(self.rows);
            self.columns = batch.columns().to_vec();
            self.outer = None;
            if let Text::Column { depth, .. } = &self.text {
                for _ in 0..*depth {
                    let outer = self.columns.first().and_then(|column| column.as_any().downcast_ref::<StructArray>());
                    // What is required within a null struct has a default of its type there, not a null.
                    let nulls = NullBuffer::union(self.outer.as_ref(), outer.and_then(|outer| outer.nulls()));
                    let inner = outer.and_then(|outer| outer.columns().first()).cloned();
                    self.columns = inner.into_iter().collect();
                    self.outer = nulls;
                }
            }
        }
        Ok(self.rows - self.row)
    }

    /// The text of the next row; `None` for a null column. Only as often as [`Self::fill`] said.
    ///
    /// # Errors
    /// A value that has no JSON text, or one that is longer than a record may be.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        let row = self.row;
        self.row += 1;
        self.buffer.clear();
        match &self.text {
            Text::Row(text) => {
                text.append(&self.columns, row, Limits::RECORD, &mut self.buffer).map_err(Failure::Row)?;
            }
            Text::Column { field, .. } => {
                let within = self.outer.as_ref().is_none_or(|outer| outer.is_valid(row));
                let Some(column) = self.columns.first().filter(|column| within && !column.is_null(row)) else {
                    return Ok(None);
                };
                append_value(field, column, row, Limits::RECORD, &mut self.buffer).map_err(Failure::Row)?;
            }
        }
        Ok(Some(&self.buffer))
    }
}
