//! Keeps the records for which an expression in the [Common Expression Language](https://cel.dev) holds.
//!
//! What the expression does not name is not looked at: an expression on keys reads no JSON. There is no clock in it, so
//! that the same record is kept in every run.

mod bound;
mod checked;
mod json;
mod pattern;

use std::sync::Arc;

use anabranch_json::{Policy, text};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Outcome, Parameters, Plugin, Record};
use cel::common::types::CelBool;
use cel::{Context, Env, Program, Value};
use serde::Deserialize;

use crate::bound::Bound;
use crate::checked::Names;

/// Its parameters.
#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// What must hold of a record, in CEL, over `key`, `value`, `headers`, `timestamp`, `offset`, `partition` and `topic`.
    expression: String,
    /// What becomes of records without a value, where the expression names `value`: `keep`, `drop`, or `test` with a
    /// `value` that is null.
    #[parameter(text, default = "keep")]
    tombstones: Tombstones,
    /// What becomes of a record for which the expression fails, for instance for want of a field: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    failing: Policy,
    /// What becomes of a record whose key is no UTF-8, where the expression names `key`: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_text: Policy,
    /// What becomes of a record whose value is not JSON, where the expression names `value`: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tombstones {
    Keep,
    Drop,
    Test,
}

/// The plugin of one lane.
pub struct Where {
    program: Program,
    environment: Arc<Env>,
    names: Names,
    settings: Settings,
}

impl Configure for Where {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &anabranch_plugin::Context) -> Result<Self, ConfigurationError> {
        let mut environment = Env::stdlib();
        pattern::declare(&mut environment).map_err(|error| ConfigurationError::new(error.to_string()))?;
        let environment = Arc::new(environment);
        let wrong = |message| ConfigurationError::in_parameter("expression", message);
        let program = checked::compile(&settings.expression, &environment).map_err(wrong)?;
        let names = checked::names(&program, &environment).map_err(wrong)?;
        Ok(Self { program, environment, names, settings })
    }
}

impl Plugin for Where {
    const READS: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS).union(Columns::TIMESTAMP);

    fn record(&mut self, record: Record<'_>) -> Outcome {
        let settings = &self.settings;
        let key = match record.key().filter(|_| self.names.key).map(std::str::from_utf8).transpose() {
            Ok(key) => key,
            Err(error) => {
                return settings.not_text.settle(record, "not text", || format!("the key is not text: {error}"));
            }
        };
        let value = match record.value().filter(|_| self.names.value) {
            None if !self.names.value => json::Json::Null,
            None => match settings.tombstones {
                Tombstones::Keep => return record.keep(),
                Tombstones::Drop => return record.drop("tombstone"),
                Tombstones::Test => json::Json::Null,
            },
            Some(value) => {
                let read = text(value).map_err(|error| error.to_string());
                match read.and_then(|text| serde_json::from_str(text).map_err(|error| error.to_string())) {
                    Ok(value) => value,
                    Err(error) => {
                        let reason = || format!("the value is not JSON: {error}");
                        return settings.not_json.settle(record, "not JSON", reason);
                    }
                }
            }
        };
        let bound = Bound::new(key, value, &record);
        let mut context = Context::with_env(Arc::clone(&self.environment));
        context.set_variable_resolver(&bound);
        let holds = match Value::resolve_val(self.program.expression(), &context) {
            Ok(came) => match came.downcast_ref::<CelBool>() {
                Some(holds) => Ok(*holds.inner()),
                None => Err(format!("the expression gives a value of the type `{}`", came.get_type().name())),
            },
            Err(error) => Err(format!("the expression fails: {}", short(error.to_string()))),
        };
        drop(context);
        match holds {
            Ok(true) => record.keep(),
            Ok(false) => record.drop("the expression does not hold"),
            Err(reason) => settings.failing.settle(record, "the expression fails", || reason),
        }
    }
}

/// A message that may show a value, which may be long.
fn short(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(300) {
        message.truncate(end);
        message.push('…');
    }
    message
}

anabranch_plugin::export!(Where);

#[cfg(test)]
mod tests;
