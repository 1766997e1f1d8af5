//! Turns the envelopes that change data capture writes into rows: those of Debezium, of Kafka Connect's JSON with schemas,
//! of Maxwell and of Canal. What was deleted becomes a tombstone.
//!
//! The bytes of the row are those that stand in the envelope.

mod envelope;

use std::io::Write as _;

use anabranch_json::{Node, Policy, text};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Header, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

use crate::envelope::{Change, Fields, Format, Operation, header, payload};

#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// What the values are: `debezium`, `connect`, `maxwell` or `canal`.
    #[parameter(text, default = "debezium")]
    format: Format,
    /// What becomes of a row that was deleted: `tombstone`, `drop`, or `mark`: the row as it was, with a field
    /// `__deleted` that is true; other rows get one that is false.
    #[parameter(text, default = "tombstone")]
    deletes: Deletes,
    /// What becomes of tombstones, which Debezium writes after each delete: `keep` or `drop`.
    #[parameter(text, default = "keep")]
    tombstones: Tombstones,
    /// Paths in the envelope that become fields of the row, as `__op` and `__source_table` for `op` and `source.table`.
    #[parameter(default = [""; 0])]
    add_fields: Vec<String>,
    /// Paths in the envelope that become headers, named in the same way.
    #[parameter(default = [""; 0])]
    add_headers: Vec<String>,
    /// What the names of added fields and headers begin with.
    #[parameter(default = "__")]
    prefix: String,
    /// What becomes of a record that tells no row, as of a table that was emptied: `reject`, `keep` or `drop`.
    #[parameter(text, default = "drop")]
    others: Policy,
    /// What becomes of a record whose value is JSON and no such envelope: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_envelope: Policy,
    /// What becomes of a record that has nothing at a path of `add-fields` or `add-headers`: `reject`, `keep` or `drop`.
    #[parameter(text, default = "keep")]
    missing: Policy,
    /// What becomes of a record whose value is not JSON: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deletes {
    Tombstone,
    Drop,
    Mark,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tombstones {
    Keep,
    Drop,
}

struct Unwrap {
    settings: Settings,
    fields: Fields,
    headers: Fields,
}

impl Configure for Unwrap {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        let read = |name: &str, paths: &[String]| {
            Fields::read(paths, &settings.prefix).map_err(|message| ConfigurationError::in_parameter(name, message))
        };
        let (fields, headers) =
            (read("add-fields", &settings.add_fields)?, read("add-headers", &settings.add_headers)?);
        if settings.format == Format::Connect && !(fields.is_empty() && headers.is_empty()) {
            return Err(ConfigurationError::new(
                "Connect's schema and payload tell nothing of a change that could be added",
            ));
        }
        Ok(Self { settings, fields, headers })
    }
}

impl Plugin for Unwrap {
    const READS: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS);
    const CHANGES: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS);

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let settings = &self.settings;
        // A key without Connect's wrapper, or that is no JSON at all, is the key already.
        let key = record.key().and_then(|key| payload(text(key).ok()?).ok().flatten());
        let Some(value) = record.value() else {
            if settings.tombstones == Tombstones::Drop {
                return record.drop("tombstone");
            }
            if let Some(key) = key {
                record.set_key(key_of(key));
            }
            return record.keep();
        };
        let change = match text(value).and_then(|json| Change::read(json, settings.format)) {
            Ok(change) => change,
            Err(error) => return settings.not_json.not_json(record, "value", &error),
        };
        let Some(change) = change else {
            let reason = || format!("the value is no envelope of `{}`", settings.format.name());
            return settings.not_envelope.settle(record, "no envelope", reason);
        };
        if change.operation == Operation::Other {
            return settings.others.settle(record, "tells no row", || "the envelope tells no row".to_owned());
        }
        if change.operation == Operation::Delete && settings.deletes == Deletes::Drop {
            return record.drop("deleted");
        }
        let ((added, missed), (as_headers, missed_too)) = (self.fields.find(&change)?, self.headers.find(&change)?);
        if let (Some(path), true) = (missed.or(missed_too), settings.missing != Policy::Keep) {
            let reason = || format!("the envelope has nothing at `{path}`");
            return settings.missing.settle(record, "nothing at a path", reason);
        }
        let is_delete = change.operation == Operation::Delete;
        let as_headers: Vec<_> = as_headers.into_iter().map(|(name, json)| (name, header(&json))).collect();
        let came = record.headers();
        for row in change.rows {
            if let Some(key) = key {
                record.set_key(key_of(key));
            }
            if !as_headers.is_empty() {
                let added =
                    as_headers.iter().map(|(name, value)| Header { name, value: value.as_deref().map(str::as_bytes) });
                record.set_headers(came.clone().chain(added));
            }
            match row {
                Some(_) if is_delete && settings.deletes == Deletes::Tombstone => record.set_value(None),
                None => record.set_value(None),
                Some(row) if added.is_empty() && settings.deletes != Deletes::Mark => {
                    record.value_writer().write_all(row.as_bytes())?;
                }
                Some(row) => {
                    let mut row = Node::parse(row)?;
                    if settings.deletes == Deletes::Mark {
                        row.set_field("__deleted", Node::json(is_delete.to_string()));
                    }
                    for (name, value) in &added {
                        row.set_field(name, Node::parse(value)?);
                    }
                    record.value_writer().write_all(row.text().as_bytes())?;
                }
            }
            record.emit();
        }
        record.finish()
    }
}

/// A key out of Connect's wrapper: null is none.
fn key_of(json: &str) -> Option<&[u8]> {
    (json != "null").then_some(json.as_bytes())
}

anabranch_plugin::export!(Unwrap);

#[cfg(test)]
mod tests;
