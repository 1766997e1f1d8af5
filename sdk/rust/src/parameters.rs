//! What a job file may say to a plugin, told from the type that receives it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ConfigurationError;
use crate::columns::{Parameter, ParameterType};
use crate::refused::refused;

/// The parameters of a plugin: described to the host, which checks the job file against it and shows
/// it in `anabranch plugin inspect`, and read from what the job file gives.
///
/// Derive it, together with serde's `Deserialize`. A field is a parameter, its documentation comment
/// the help. `#[parameter(default = …)]` makes it optional; so does the type `Option`. A field of a
/// type that is no [`ParameterValue`] says `#[parameter(any)]` (tables, lists of tables) or
/// `#[parameter(text)]` (an enum of names). Serde's `rename` and `rename_all` are followed.
///
/// ```
/// use anabranch_plugin::Parameters;
///
/// #[derive(serde::Deserialize)]
/// struct Rule { prefix: String, topic: String }
///
/// #[derive(serde::Deserialize, Parameters)]
/// #[serde(rename_all = "kebab-case")]
/// struct Settings {
///     /// How often to try.
///     #[parameter(default = 3)]
///     max_tries: u32,
///     /// Where the rest goes; stays where it is without.
///     otherwise: Option<String>,
///     /// What goes where.
///     #[parameter(any)]
///     rules: Vec<Rule>,
/// }
///
/// let described = Settings::describe();
/// assert_eq!(described[0].name, "max-tries");
/// assert_eq!(described[0].default.as_deref(), Some("3"));
/// assert_eq!(described[0].help, "How often to try.");
/// assert!(!described[1].required);
/// assert!(described[2].required);
/// ```
pub trait Parameters: Sized {
    /// The parameters in the order of the fields.
    fn describe() -> Vec<Parameter>;

    /// The parameters from a JSON object, in which the host has filled in the defaults.
    ///
    /// # Errors
    /// What does not fit.
    fn parse(json: &str) -> Result<Self, ConfigurationError>;
}

impl Parameters for () {
    fn describe() -> Vec<Parameter> {
        Vec::new()
    }

    fn parse(json: &str) -> Result<Self, ConfigurationError> {
        parse_none(json, ())
    }
}

/// Reads parameters by serde.
#[doc(hidden)]
pub fn parse<P: DeserializeOwned>(json: &str) -> Result<P, ConfigurationError> {
    serde_json::from_str(json).map_err(|error| refused(json, &error))
}

/// Checks that there are no parameters.
#[doc(hidden)]
pub fn parse_none<P>(json: &str, plugin: P) -> Result<P, ConfigurationError> {
    let given: BTreeMap<String, serde::de::IgnoredAny> = parse(json)?;
    match given.into_keys().next() {
        Some(name) => Err(ConfigurationError::in_parameter(name, "the plugin takes no parameters")),
        None => Ok(plugin),
    }
}

/// A default in JSON.
///
/// # Panics
/// If serde cannot write the value as JSON, which shows as soon as the plugin is described.
#[doc(hidden)]
#[allow(clippy::expect_used, reason = "the value stands in the author's source, not in any input")]
pub fn default<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("a default that can be written as JSON")
}

/// A type that a parameter can have without saying more.
pub trait ParameterValue {
    /// How the job file writes it.
    const KIND: ParameterType;
    /// Whether the job file may leave it out.
    const MAY_BE_ABSENT: bool = false;
}

macro_rules! values {
    ($($kind:ident: $($ty:ty),+;)+) => {
        $($(impl ParameterValue for $ty {
            const KIND: ParameterType = ParameterType::$kind;
        })+)+
    };
}

values! {
    Text: String, char;
    Integer: i8, i16, i32, i64, isize, u8, u16, u32, u64, usize;
    Number: f32, f64;
    Boolean: bool;
    Texts: Vec<String>, BTreeSet<String>, HashSet<String>;
    Any: serde_json::Value, serde_json::Map<String, serde_json::Value>;
}

impl<T> ParameterValue for BTreeMap<String, T> {
    const KIND: ParameterType = ParameterType::Any;
}

impl<T> ParameterValue for HashMap<String, T> {
    const KIND: ParameterType = ParameterType::Any;
}

impl<T: ParameterValue> ParameterValue for Option<T> {
    const KIND: ParameterType = T::KIND;
    const MAY_BE_ABSENT: bool = true;
}
