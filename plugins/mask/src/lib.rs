//! Replaces fields of JSON values, wherever in the value they stand: names and addresses that must
//! not leave a production cluster, for instance.
//!
//! Values are written anew only where a field was found; all other records keep their very bytes.

use std::collections::HashSet;

use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize, Parameters)]
struct Settings {
    /// The names of the fields.
    fields: Vec<String>,
    /// What stands in their place.
    #[parameter(default = "***")]
    mask: Value,
}

struct Mask {
    fields: HashSet<String>,
    mask: Value,
}

impl Mask {
    /// Masks the fields within `value`; says whether there were any.
    fn mask(&self, value: &mut Value) -> bool {
        let mut masked = false;
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    if self.fields.contains(name) {
                        value.clone_from(&self.mask);
                        masked = true;
                    } else {
                        masked |= self.mask(value);
                    }
                }
            }
            Value::Array(values) => {
                for value in values {
                    masked |= self.mask(value);
                }
            }
            _ => {}
        }
        masked
    }
}

impl Configure for Mask {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        Ok(Self { fields: settings.fields.into_iter().collect(), mask: settings.mask })
    }
}

impl Plugin for Mask {
    const READS: Columns = Columns::VALUE;
    const CHANGES: Columns = Columns::VALUE;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let Some(bytes) = record.value() else { return record.keep() };
        let mut value = serde_json::from_slice(bytes)?;
        if self.mask(&mut value) {
            serde_json::to_writer(record.value_writer(), &value)?;
        }
        record.keep()
    }
}

anabranch_plugin::export!(Mask);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{Rejected, record, run, tombstone};
    use serde_json::json;

    use super::Mask;

    #[test]
    fn fields_are_masked_at_every_depth() {
        let value = r#"{"id":7,"email":"a@b.example","to":[{"email":null,"city":"Gent"}]}"#;
        let run = run::<Mask>(json!({ "fields": ["email"] }), [record("k", value)]);
        assert_eq!(run.records, [record("k", r#"{"id":7,"email":"***","to":[{"email":"***","city":"Gent"}]}"#)]);
    }

    #[test]
    fn what_has_no_such_field_keeps_its_bytes() {
        let records = [record("k", r#"{ "id" : 7.10 }"#), record("k", " 1"), tombstone("k")];
        assert_eq!(run::<Mask>(json!({ "fields": ["email"], "mask": null }), records.clone()).records, records);
    }

    #[test]
    fn what_is_no_json_is_rejected() {
        let run = run::<Mask>(json!({ "fields": ["email"] }), [record("k", "{"), record("k", "1")]);
        assert_eq!(run.records, [record("k", "1")]);
        let reason = "EOF while parsing an object at line 1 column 1".to_owned();
        assert_eq!(run.rejected, [Rejected { input: 0, reason }]);
    }
}
