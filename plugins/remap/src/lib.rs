//! Takes values from one schema to another, by steps that are done in order: fields are renamed, moved, copied, dropped,
//! added, cast, nested and flattened; headers and keys take part.
//!
//! What no step touches keeps its very bytes.

mod cast;
mod place;
mod state;
mod step;

use std::io::Write as _;

use anabranch_json::{Document, NotJson, Policy, text};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Header, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

use crate::place::Place;
use crate::state::{Problem, State};
use crate::step::{Step, Written};

/// Its parameters.
#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// What is done, in order: tables of `rename`, `move`, `copy`, `drop`, `default`, `constant`, `cast`, `nest` or
    /// `flatten`.
    #[parameter(any)]
    steps: Vec<Written>,
    /// What becomes of a record in which a step finds nothing to work on: `reject`, `keep` (the step is left out) or `drop`.
    #[parameter(text, default = "keep")]
    missing: Policy,
    /// What becomes of records without a value, where steps work on values: `reject`, `keep` (those steps are left out) or
    /// `drop`.
    #[parameter(text, default = "keep")]
    tombstones: Policy,
    /// What becomes of a record whose value or key is not JSON where a step needs it: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

/// The plugin of one lane.
pub struct Remap {
    steps: Vec<Step>,
    missing: Policy,
    tombstones: Policy,
    not_json: Policy,
    /// Which parts of a record the steps work on.
    values: bool,
    keys: bool,
    headers: bool,
    written: String,
}

impl Configure for Remap {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        let wrong = |message: String| ConfigurationError::in_parameter("steps", message);
        let mut steps = Vec::new();
        for (index, written) in settings.steps.into_iter().enumerate() {
            steps.push(Step::read(written).map_err(|message| wrong(format!("step {}: {message}", index + 1)))?);
        }
        if steps.is_empty() {
            return Err(wrong("there is no step".to_owned()));
        }
        let places: Vec<Place> = steps.iter().flat_map(Step::places).collect();
        Ok(Self {
            values: places.iter().any(|place| matches!(place, Place::Value(_))),
            keys: places.iter().any(|place| matches!(place, Place::Key(_))),
            headers: places.iter().any(|place| matches!(place, Place::Header(_))),
            steps,
            missing: settings.missing,
            tombstones: settings.tombstones,
            not_json: settings.not_json,
            written: String::new(),
        })
    }
}

/// Opens a part of a record that steps work on; `None` where it is null.
fn open(bytes: Option<&[u8]>) -> Result<Option<Document<'_>>, NotJson> {
    bytes.map(|bytes| Document::open(text(bytes)?)).transpose()
}

impl Plugin for Remap {
    const READS: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS);
    const CHANGES: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS);

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        if self.values && record.value().is_none() && self.tombstones != Policy::Keep {
            return self.tombstones.settle(record, "tombstone", || "the record is a tombstone".to_owned());
        }
        let value = match open(record.value().filter(|_| self.values)) {
            Ok(value) => value,
            Err(error) => return self.not_json.not_json(record, "value", &error),
        };
        let key = match open(record.key().filter(|_| self.keys)) {
            Ok(key) => key,
            Err(error) => return self.not_json.not_json(record, "key", &error),
        };
        let mut state = State::new(value, key, record.key());
        if self.headers {
            state.headers.extend(record.headers().map(|header| (header.name.into(), header.value.map(Into::into))));
        }
        for (index, step) in self.steps.iter().enumerate() {
            match state.apply(step) {
                Ok(()) | Err(Problem::Tombstone) => {}
                Err(Problem::Nothing(_)) if self.missing == Policy::Keep => {}
                Err(Problem::Nothing(place)) => {
                    let reason = || format!("step {}: there is nothing at `{place}`", index + 1);
                    return self.missing.settle(record, "nothing at a path", reason);
                }
                Err(Problem::Failed(reason)) => return record.reject(format!("step {}: {reason}", index + 1)),
            }
        }
        let State { value, key, whole_key, headers, changed, .. } = state;
        if let (Some(value), true) = (value, changed.value) {
            self.written.clear();
            value.write(&mut self.written);
            record.value_writer().write_all(self.written.as_bytes())?;
        }
        if changed.whole_key {
            record.set_key(whole_key.as_deref());
        } else if let (Some(key), true) = (key, changed.key) {
            self.written.clear();
            key.write(&mut self.written);
            record.set_key(Some(self.written.as_bytes()));
        }
        if changed.headers {
            record.set_headers(headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }));
        }
        record.keep()
    }
}

anabranch_plugin::export!(Remap);

#[cfg(test)]
mod tests;
