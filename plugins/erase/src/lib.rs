//! Erases the records of people who asked for it: those whose key is in a list, or whose key or value names one of them.
//!
//! All keys of the list are compared whole and exactly. A hundred thousand of them fit into the memory that a plugin has
//! by default.

use std::collections::HashSet;

use anabranch_json::{Path, Paths, Policy, plain, text};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record, count};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// Whose records are erased.
    keys: Vec<String>,
    /// What `keys` are written as: `text`, `hex` or `base64`.
    #[parameter(text, default = "text")]
    encoding: Encoding,
    /// What becomes of their records: `drop` or `tombstone`.
    #[parameter(text, default = "drop")]
    then: Then,
    /// Paths in keys that are JSON, where the listed are looked for instead of as whole keys.
    #[parameter(default = [""; 0])]
    key_paths: Vec<String>,
    /// Paths in values that are JSON, where the listed are looked for too.
    #[parameter(default = [""; 0])]
    value_paths: Vec<String>,
    /// What becomes of a record in which one of the paths finds nothing: `reject`, `keep` or `drop`.
    #[parameter(text, default = "keep")]
    missing: Policy,
    /// What becomes of a record whose value (or key, with `key-paths`) is not JSON: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Text,
    Hex,
    Base64,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    Drop,
    Tombstone,
}

struct Erase {
    listed: HashSet<Box<[u8]>>,
    then: Then,
    key_paths: Paths,
    value_paths: Paths,
    missing: Policy,
    not_json: Policy,
}

fn paths(name: &str, written: &[String]) -> Result<Paths, ConfigurationError> {
    let path = |written: &String| {
        written.parse::<Path>().map_err(|error| ConfigurationError::in_parameter(name, error.to_string()))
    };
    Ok(Paths::new(written.iter().map(path).collect::<Result<_, _>>()?))
}

impl Configure for Erase {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        let wrong = |message: String| ConfigurationError::in_parameter("keys", message);
        if settings.keys.is_empty() {
            return Err(wrong("no keys are listed, so nothing would be erased".to_owned()));
        }
        let mut listed = HashSet::with_capacity(settings.keys.len());
        for (index, key) in settings.keys.into_iter().enumerate() {
            // The key itself is no matter for a log.
            let wrong = |what: &str| wrong(format!("number {} of the list is no {what}", index + 1));
            listed.insert(match settings.encoding {
                Encoding::Text => key.into_bytes().into_boxed_slice(),
                Encoding::Hex => hex::decode(key).map_err(|_| wrong("hexadecimal"))?.into_boxed_slice(),
                Encoding::Base64 => STANDARD.decode(key).map_err(|_| wrong("base64"))?.into_boxed_slice(),
            });
        }
        Ok(Self {
            listed,
            then: settings.then,
            key_paths: paths("key-paths", &settings.key_paths)?,
            value_paths: paths("value-paths", &settings.value_paths)?,
            missing: settings.missing,
            not_json: settings.not_json,
        })
    }
}

/// What was found at paths.
struct Found {
    is_listed: bool,
    /// Which of the paths found nothing.
    missed: Option<String>,
}

/// Looks for the listed at the paths of a part of a record.
fn look(listed: &HashSet<Box<[u8]>>, paths: &mut Paths, bytes: &[u8]) -> Result<Found, anabranch_json::NotJson> {
    let json = text(bytes)?;
    let places = paths.find(json)?;
    let is_listed = places.iter().any(|place| {
        let there = plain(json.get(place.span.clone()).unwrap_or(""));
        listed.contains(there.as_bytes())
    });
    let mut found: Vec<usize> = places.iter().map(|place| place.path).collect();
    found.sort_unstable();
    let missed = paths.paths().iter().enumerate().find(|(path, _)| found.binary_search(path).is_err());
    Ok(Found { is_listed, missed: missed.map(|(_, path)| path.to_string()) })
}

impl Plugin for Erase {
    const READS: Columns = Columns::KEY.union(Columns::VALUE);
    const CHANGES: Columns = Columns::VALUE.union(Columns::HEADERS);

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let looks_into_keys = !self.key_paths.paths().is_empty();
        let mut is_listed = !looks_into_keys && record.key().is_some_and(|key| self.listed.contains(key));
        let mut missed = None;
        for (part, bytes, paths) in
            [("key", record.key(), &mut self.key_paths), ("value", record.value(), &mut self.value_paths)]
        {
            let Some(bytes) = bytes.filter(|_| !is_listed && !paths.paths().is_empty()) else { continue };
            match look(&self.listed, paths, bytes) {
                Ok(found) => {
                    is_listed = found.is_listed;
                    missed = missed.or(found.missed.map(|path| (part, path)));
                }
                // What is kept may still be found in the other part.
                Err(_) if self.not_json == Policy::Keep => {}
                Err(error) => return self.not_json.not_json(record, part, &error),
            }
        }
        match (is_listed, missed) {
            (true, _) => {
                count("erased", 1);
                if self.then == Then::Drop {
                    return record.drop("erased");
                }
                record.set_value(None);
                record.set_headers([]);
                record.keep()
            }
            (false, Some((part, path))) => {
                self.missing.settle(record, "nothing at a path", || format!("the {part} has nothing at `{path}`"))
            }
            (false, None) => record.keep(),
        }
    }
}

anabranch_plugin::export!(Erase);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use anabranch_plugin::testing::{Dropped, configure, record, run, tombstone};
    use serde_json::{Value, json};

    use super::Erase;

    fn dropped(input: usize) -> Dropped {
        Dropped { input, reason: Some("erased".into()) }
    }

    #[test]
    fn all_records_of_a_listed_key_go_and_no_others() {
        let records =
            [record("ann", "1"), record("anna", "2"), tombstone("ann"), record(None, "3"), record("bob", "ann")];
        let run = run::<Erase>(json!({ "keys": ["ann", "eve"] }), records);
        assert_eq!(run.dropped, [dropped(0), dropped(2)]);
        assert_eq!(run.records, [record("anna", "2"), record(None, "3"), record("bob", "ann")]);
        assert_eq!(run.counters["erased"], 2);
    }

    #[test]
    fn a_tombstone_keeps_nothing_but_the_key() {
        let records =
            [record("ann", "1").header("name", "Ann").at(7), tombstone("ann"), record("bob", "2").header("a", "b")];
        let run = run::<Erase>(json!({ "keys": ["ann"], "then": "tombstone" }), records.clone());
        let [_, _, bob] = records;
        assert_eq!(run.records, [tombstone("ann").at(7), tombstone("ann"), bob]);
    }

    #[test]
    fn the_listed_are_found_in_keys_and_values_that_are_json() {
        let parameters = json!({ "keys": ["ann", "7"], "key-paths": ["id"], "value-paths": ["..customer", "to[*]"] });
        let records = [
            record(r#"{"id":7}"#, "{}"),
            record(r#"{"id":"8"}"#, r#"{"order":{"customer":"\u0061nn"}}"#),
            record(r#"{"id":"8"}"#, r#"{"to":["bob","ann"]}"#),
            record(None, r#"{"to":["bob"],"from":"ann"}"#),
            tombstone(r#"{"id":"8"}"#),
        ];
        assert_eq!(run::<Erase>(parameters, records).dropped, [dropped(0), dropped(1), dropped(2)]);
    }

    #[test]
    fn keys_that_are_no_text_are_listed_in_hexadecimal_or_base64() {
        let records = [record(b"\x00\xff", "1"), record("00ff", "2")];
        let hex = json!({ "keys": ["00ff"], "encoding": "hex" });
        assert_eq!(run::<Erase>(hex, records.clone()).dropped, [dropped(0)]);
        assert_eq!(run::<Erase>(json!({ "keys": ["AP8="], "encoding": "base64" }), records).dropped, [dropped(0)]);
    }

    #[test]
    fn what_cannot_be_looked_into_goes_by_policy() {
        let with = |name: &str, policy: &str| json!({ "keys": ["ann"], "value-paths": ["a"], name: policy });
        let records = [record("k", "{"), record("k", "{}"), record("ann", "{")];
        let rejects = run::<Erase>(with("missing", "reject"), records.clone());
        let reasons: Vec<_> = rejects.rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
        assert_eq!(
            reasons,
            ["the value is not JSON: the name of a field is missing at byte 1", "the value has nothing at `a`"]
        );
        assert_eq!(rejects.dropped, [dropped(2)]);
        assert_eq!(run::<Erase>(with("not-json", "keep"), records).sources, [0, 1]);
    }

    #[test]
    fn a_list_that_erases_nothing_or_cannot_be_read_is_refused() {
        let refused = |parameters: Value| configure::<Erase>(parameters).err().unwrap();
        assert_eq!(refused(json!({ "keys": [] })).parameter.as_deref(), Some("keys"));
        let error = refused(json!({ "keys": ["00", "secret"], "encoding": "hex" }));
        assert_eq!(error.message, "number 2 of the list is no hexadecimal");
        assert_eq!(refused(json!({ "keys": ["a"], "key-paths": ["a["] })).parameter.as_deref(), Some("key-paths"));
    }
}
