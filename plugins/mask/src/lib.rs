//! Replaces fields of JSON values, wherever in the value they stand: names and addresses that must
//! not leave a production cluster, for instance.
//!
//! All else keeps its very bytes: order and spaces, and numbers that no float holds.

mod places;

use std::collections::HashSet;
use std::io::Write as _;

use anabranch_plugin::{
    Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record, Rejection,
};
use serde::Deserialize;

#[derive(Deserialize, Parameters)]
struct Settings {
    /// The names of the fields.
    fields: Vec<String>,
    /// What stands in their place: any JSON value.
    #[parameter(default = "***")]
    mask: serde_json::Value,
}

struct Mask {
    fields: HashSet<String>,
    mask: Vec<u8>,
}

impl Configure for Mask {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        if settings.fields.is_empty() {
            return Err(ConfigurationError::in_parameter("fields", "no field is named"));
        }
        Ok(Self { fields: settings.fields.into_iter().collect(), mask: settings.mask.to_string().into_bytes() })
    }
}

impl Plugin for Mask {
    const READS: Columns = Columns::VALUE;
    const CHANGES: Columns = Columns::VALUE;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let Some(value) = record.value() else { return record.keep() };
        let text = std::str::from_utf8(value).map_err(|error| not_json(&error))?;
        let places = places::of(&self.fields, text).map_err(|error| not_json(&error))?;
        if !places.is_empty() {
            let (mut masked, mut copied) = (record.value_writer(), 0);
            for place in places {
                masked.write_all(&value[copied..place.start])?;
                masked.write_all(&self.mask)?;
                copied = place.end;
            }
            masked.write_all(&value[copied..])?;
        }
        record.keep()
    }
}

fn not_json(error: &dyn std::error::Error) -> Rejection {
    Rejection::new(format!("the value is not JSON: {error}"))
}

anabranch_plugin::export!(Mask);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{Rejected, record, run, tombstone};
    use serde_json::json;

    use super::Mask;

    #[test]
    fn fields_are_masked_at_every_depth_and_all_else_stays() {
        let value =
            r#" {"id": 7.10, "email":"a@b.example","to":[{"email":null, "city":"Gent"}, 12345678901234567890123]}"#;
        let masked = r#" {"id": 7.10, "email":"***","to":[{"email":"***", "city":"Gent"}, 12345678901234567890123]}"#;
        assert_eq!(run::<Mask>(json!({ "fields": ["email"] }), [record("k", value)]).records, [record("k", masked)]);
    }

    #[test]
    fn a_mask_can_be_any_json_and_a_masked_object_is_not_looked_into() {
        let run = run::<Mask>(
            json!({ "fields": ["card", "number"], "mask": null }),
            [record("k", r#"{"card":{"number":[1]},"\u006eumber":1}"#)],
        );
        assert_eq!(run.records, [record("k", r#"{"card":null,"\u006eumber":null}"#)]);
    }

    #[test]
    fn what_has_no_such_field_is_not_touched() {
        let records = [record("k", r#"{ "id" : "email" }"#), record("k", " 1"), tombstone("k")];
        assert_eq!(run::<Mask>(json!({ "fields": ["email"] }), records.clone()).records, records);
    }

    #[test]
    fn what_is_no_json_is_rejected() {
        let run =
            run::<Mask>(json!({ "fields": ["email"] }), [record("k", "{"), record("k", "1"), record("k", b"\xff")]);
        assert_eq!(run.records, [record("k", "1")]);
        let rejected = |input, why| Rejected { input, reason: format!("the value is not JSON: {why}") };
        assert_eq!(
            run.rejected,
            [
                rejected(0, "EOF while parsing an object at line 1 column 1"),
                rejected(2, "invalid utf-8 sequence of 1 bytes from index 0"),
            ]
        );
    }
}
