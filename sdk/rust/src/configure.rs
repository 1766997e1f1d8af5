//! How a plugin comes from its parameters.

use crate::{ConfigurationError, Context, Parameters};

/// Makes a plugin from its parameters, once per lane and before any record.
///
/// Every type with [`Parameters`] is its own configuration and needs none of this. A plugin that
/// works something out first, or remembers something, implements it:
///
/// ```
/// use std::collections::HashSet;
/// use anabranch_plugin::{
///     Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record,
/// };
///
/// #[derive(serde::Deserialize, Parameters)]
/// struct Settings {
///     /// The keys that are left out.
///     keys: Vec<String>,
/// }
///
/// struct LeaveOut {
///     keys: HashSet<Vec<u8>>,
/// }
///
/// impl Configure for LeaveOut {
///     type Parameters = Settings;
///
///     fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
///         if settings.keys.is_empty() {
///             return Err(ConfigurationError::in_parameter("keys", "no keys are given"));
///         }
///         Ok(Self { keys: settings.keys.into_iter().map(String::into_bytes).collect() })
///     }
/// }
///
/// impl Plugin for LeaveOut {
///     const READS: Columns = Columns::KEY;
///
///     fn record(&mut self, record: Record<'_>) -> Outcome {
///         match record.key() {
///             Some(key) if self.keys.contains(key) => record.drop("left out"),
///             _ => record.keep(),
///         }
///     }
/// }
/// # use anabranch_plugin::testing::{configure, record, run};
/// # let run = run::<LeaveOut>(serde_json::json!({"keys": ["a"]}), [record("a", "0"), record("b", "1")]);
/// # assert_eq!(run.records, [record("b", "1")]);
/// # assert_eq!(configure::<LeaveOut>(serde_json::json!({"keys": []})).err().unwrap().message, "no keys are given");
/// ```
pub trait Configure: Sized {
    /// What the job file gives; `()` for a plugin without parameters.
    type Parameters: Parameters;

    /// The plugin for one lane.
    ///
    /// # Errors
    /// Parameters that do not make sense; no record moves then.
    fn configure(parameters: Self::Parameters, context: &Context) -> Result<Self, ConfigurationError>;
}

impl<P: Parameters> Configure for P {
    type Parameters = P;

    fn configure(parameters: P, _: &Context) -> Result<Self, ConfigurationError> {
        Ok(parameters)
    }
}

impl ConfigurationError {
    /// An error of the parameters as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        Self { parameter: None, message: message.into() }
    }

    /// An error in one parameter.
    pub fn in_parameter(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self { parameter: Some(parameter.into()), message: message.into() }
    }
}
