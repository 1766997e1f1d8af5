//! A file's schema: what it means for a record, how it is written in words, and a decoder for it.

use std::sync::Arc;

use arrow_array::Array as _;
use arrow_avro::reader::{Decoder, DecoderMode, HeaderInfo, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use arrow_schema::{DataType, TimeUnit};
use serde_json::{Value, json};

use super::columns::{at as at_steps, field};
use super::extent;
use crate::guard::guarded;
use crate::read::mapping::{Column, Mapping, Role, ValueSource};
use crate::read::{ReadError, ReadSettings};

/// The name of the one field of a file whose schema is no record.
const BARE: &str = "value";

/// How to decode a file.
pub(super) struct Decoding {
    pub(super) decoder: Decoder,
    pub(super) mapping: Mapping,
    /// As the header has it; a record of one field where that has no record.
    pub(super) schema: Value,
    /// Name and type of each field of the record.
    pub(super) fields: Vec<(String, String)>,
    /// What the file cannot give back beyond what the mapping says.
    pub(super) lost: Vec<String>,
    /// The columns that were left out because they are null in the first record.
    pub(super) blanks: Vec<(Role, Column)>,
}

impl Decoding {
    /// Makes a decoder for the schema in a header.
    ///
    /// # Errors
    /// A schema that is none, that is recursive or too large, or that the decoder does not take; columns
    /// that do not fit the job.
    pub(super) fn new(path: &Arc<str>, header: &HeaderInfo, settings: &ReadSettings) -> Result<Self, ReadError> {
        let corrupt = |message: String| ReadError::Corrupt { path: Arc::clone(path), row: None, message };
        let schema = header.writer_schema().map_err(|error| corrupt(error.to_string()))?;
        let mut schema: Value = serde_json::from_str(&schema.json_string)
            .map_err(|error| corrupt(format!("the Avro schema in its header is not JSON: {error}")))?;
        if schema.get("type").and_then(Value::as_str) != Some("record") {
            // One field of a record is encoded as the datum alone would be.
            schema = json!({"type": "record", "name": "row", "fields": [{"name": BARE, "type": schema}]});
        }
        extent::check(&schema).map_err(corrupt)?;
        let decoder = guarded(|| decoder(&schema, settings.limits.records))
            .and_then(|decoder| decoder)
            .map_err(|error| corrupt(format!("its Avro schema cannot be decoded: {error}")))?;
        let columns = Column::of_fields(decoder.schema().fields(), &|steps, _| {
            described(at(&schema, steps).unwrap_or(&Value::Null))
        });
        let fields = columns
            .iter()
            .filter(|column| column.is_top())
            .map(|column| (column.name.clone(), column.type_name.clone()))
            .collect();
        let mapping = Mapping::resolve(path, &settings.columns, columns)?;
        let lost = finer(&mapping, &decoder).into_iter().collect();
        Ok(Self { decoder, mapping, schema, fields, lost, blanks: Vec::new() })
    }

    /// The schema of the values, where they are structured: the file's own, of the columns that make up a value.
    pub(super) fn of_values(&self, name: &str) -> Option<Value> {
        let column = |index: &usize| self.mapping.columns.get(*index);
        match &self.mapping.value {
            ValueSource::None => None,
            ValueSource::Row(row) => {
                let tops: Vec<usize> = row.iter().filter_map(|index| column(index)?.steps.first().copied()).collect();
                let all = self.schema.get("fields")?.as_array()?;
                let fields: Vec<&Value> = tops.iter().filter_map(|top| all.get(*top)).collect();
                let mut schema = json!({
                    "type": "record",
                    "name": self.schema.get("name").and_then(Value::as_str).unwrap_or(name),
                    "fields": fields,
                });
                if let (Some(namespace), Some(object)) = (self.schema.get("namespace"), schema.as_object_mut()) {
                    object.insert("namespace".to_owned(), namespace.clone());
                }
                Some(schema)
            }
            ValueSource::Column(index) => {
                let found = present(at(&self.schema, &column(index)?.steps)?).clone();
                let is_plain = |kind: &Value| kind == "bytes" || kind == "string";
                (!is_plain(&found) && !found.get("type").is_some_and(is_plain)).then_some(found)
            }
        }
    }
}

impl Decoding {
    /// Leaves out the columns of a record's place that are null in the first record of a file, whose
    /// first block this is: a nullable type does not say whether there is anything in a column. They
    /// are remembered, because the first record does not speak for the others.
    ///
    /// # Errors
    /// A record that cannot be decoded.
    pub(super) fn leave_out_blanks(&mut self, path: &Arc<str>, block: &[u8]) -> Result<(), ReadError> {
        let decoder = &mut self.decoder;
        let first = guarded(|| {
            decoder
                .decode(block)
                .map_err(|error| error.to_string())
                .and_then(|_| decoder.flush().map_err(|error| error.to_string()))
        });
        let first = first.and_then(|first| first).map_err(|message| ReadError::Corrupt {
            path: Arc::clone(path),
            row: Some(0),
            message,
        })?;
        let Some(first) = first else { return Ok(()) };
        let mapping = &mut self.mapping;
        let parts = [
            (Role::Topic, &mut mapping.topic),
            (Role::Partition, &mut mapping.partition),
            (Role::Offset, &mut mapping.offset),
        ];
        for (role, part) in parts {
            let Some(column) = part.and_then(|index| mapping.columns.get(index)) else { continue };
            if at_steps(&first, &column.steps).is_some_and(|array| array.is_null(0)) {
                self.blanks.push((role, column.clone()));
                *part = None;
            }
        }
        Ok(())
    }
}

/// What is lost of timestamps that are finer than Kafka's.
fn finer(mapping: &Mapping, decoder: &Decoder) -> Option<String> {
    let column = mapping.column(Role::Timestamp)?;
    match field(&decoder.schema(), &column.steps)?.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => Some(format!(
            "timestamps: column \"{}\" is finer than milliseconds, which is what Kafka has; they are rounded down",
            column.name
        )),
        _ => None,
    }
}

fn decoder(schema: &Value, batch: usize) -> Result<Decoder, String> {
    let fingerprint = Fingerprint::Id(0);
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    store.set(fingerprint, AvroSchema::new(schema.to_string())).map_err(|error| error.to_string())?;
    ReaderBuilder::new()
        .with_batch_size(batch.max(1))
        .with_decoder_mode(DecoderMode::UnframedDatum)
        .with_writer_schema_store(store)
        .with_active_fingerprint(fingerprint)
        .build_decoder()
        .map_err(|error| error.to_string())
}

/// The type of the field that steps lead to, out of nullable unions.
fn at<'s>(schema: &'s Value, steps: &[usize]) -> Option<&'s Value> {
    let mut found = schema;
    for step in steps {
        found = present(found).get("fields")?.get(step)?.get("type")?;
        // `{"type": {"type": "record", …}}` is the same as what is within.
        while found.get("type").is_some_and(Value::is_object) {
            found = found.get("type")?;
        }
    }
    Some(found)
}

/// The one branch of a union that is not null, where there is one only.
fn present(schema: &Value) -> &Value {
    let Some(branches) = schema.as_array() else { return schema };
    let mut present = branches.iter().filter(|branch| branch.as_str() != Some("null"));
    match (present.next(), present.next()) {
        (Some(only), None) => only,
        _ => schema,
    }
}

/// A type as Avro's own people write it, in short: `union[null, bytes]`, `array<record Header>`.
pub(super) fn described(schema: &Value) -> String {
    match schema {
        Value::String(name) => name.clone(),
        Value::Array(branches) => {
            let branches: Vec<String> = branches.iter().map(described).collect();
            format!("union[{}]", branches.join(", "))
        }
        Value::Object(of) => {
            let named = |kind: &str| format!("{kind} {}", of.get("name").and_then(Value::as_str).unwrap_or_default());
            let text = match of.get("type") {
                Some(Value::String(kind)) => match kind.as_str() {
                    "array" => format!("array<{}>", described(of.get("items").unwrap_or(&Value::Null))),
                    "map" => format!("map<{}>", described(of.get("values").unwrap_or(&Value::Null))),
                    kind @ ("record" | "enum") => named(kind),
                    "fixed" => format!("fixed({})", of.get("size").unwrap_or(&Value::Null)),
                    kind => kind.to_owned(),
                },
                Some(inner) => described(inner),
                None => "?".to_owned(),
            };
            match of.get("logicalType").and_then(Value::as_str) {
                Some(logical) => format!("{logical} ({text})"),
                None => text,
            }
        }
        _ => "?".to_owned(),
    }
}
