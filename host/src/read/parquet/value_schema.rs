//! What structured values are by a file's schema, as Avro says it.

use std::sync::Arc;

use arrow_schema::{DataType, Fields};

use super::json::JsonSchema;
use super::source::{Source, corrupt};
use crate::guard::guarded;
use crate::read::mapping::{Mapping, ValueSource};
use crate::read::structured::avro_schema::{self, NoSchema};
use crate::read::{OpenFile, ReadError, ReadSettings};

/// The Avro schema of the values, where they are structured; see [`super::value_schema`].
///
/// # Errors
/// As [`super::open`], and types that Avro does not have.
pub fn value_schema(
    file: &OpenFile,
    settings: &ReadSettings,
    name: &str,
) -> Result<Option<serde_json::Value>, ReadError> {
    let source = Source::open(Arc::clone(file), settings)?;
    let schema = match guarded(|| JsonSchema::of(&source.metadata)) {
        Ok(Ok(schema)) => schema,
        Ok(Err(error)) => return Err(corrupt(file, None, error.to_string())),
        Err(panic) => return Err(corrupt(file, None, panic)),
    };
    value_schema_of(&source.mapping, schema.fields(), name).map_err(|error| {
        let (path, hint) = (Arc::clone(file.path()), error.hint());
        ReadError::NoAvro { path, message: error.to_string(), hint }
    })
}

fn value_schema_of(mapping: &Mapping, fields: &Fields, name: &str) -> Result<Option<serde_json::Value>, NoSchema> {
    match &mapping.value {
        ValueSource::None => Ok(None),
        ValueSource::Row(row) => {
            let tops = row.iter().filter_map(|index| mapping.columns.get(*index)?.steps.first());
            let fields: Fields = tops.filter_map(|top| fields.get(*top)).cloned().collect();
            avro_schema::record(name, &fields).map(Some)
        }
        ValueSource::Column(index) => {
            let (mut found, mut path) = (None, Vec::new());
            let mut within = fields;
            for step in mapping.columns.get(*index).map(|column| column.steps.as_slice()).unwrap_or_default() {
                found = within.get(*step);
                path.extend(found.map(|field| field.name().clone()));
                if let Some(DataType::Struct(inner)) = found.map(|field| field.data_type()) {
                    within = inner;
                }
            }
            match found {
                Some(field) if !avro_schema::is_plain(field.data_type()) => {
                    avro_schema::value(name, field, path).map(Some)
                }
                _ => Ok(None),
            }
        }
    }
}
