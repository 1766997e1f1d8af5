//! The parameters of a job's plugin, checked against what the plugin takes before any record moves.

use serde_json::{Map, Value};

use super::description::{Description, Parameter, ParameterType};
use super::{PluginError, text};

/// How alike two names must be for one to be offered for the other.
const LIKENESS: f64 = 0.7;

/// What is shown of a value of the wrong type.
const SHOWN: usize = 64;

/// The whole configuration: what the job gives, and defaults for what it does not.
///
/// # Errors
/// A parameter that is unknown, missing or of the wrong type.
pub(super) fn resolve(
    plugin: &str,
    description: &Description,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, PluginError> {
    if let Some(unknown) = given.keys().find(|name| description.parameters.iter().all(|each| each.name != **name)) {
        let known: Vec<String> = description.parameters.iter().map(|each| each.name.clone()).collect();
        return Err(PluginError::UnknownParameter {
            plugin: plugin.to_owned(),
            parameter: unknown.clone(),
            nearest: nearest(unknown, &known),
            known,
        });
    }
    let mut resolved = Map::new();
    for parameter in &description.parameters {
        if let Some(value) = value_of(plugin, parameter, given)? {
            resolved.insert(parameter.name.clone(), value);
        }
    }
    Ok(resolved)
}

/// The value of one parameter, if it has any.
fn value_of(plugin: &str, parameter: &Parameter, given: &Map<String, Value>) -> Result<Option<Value>, PluginError> {
    match given.get(&parameter.name) {
        Some(value) if parameter.kind.accepts(value) => Ok(Some(value.clone())),
        Some(value) => Err(PluginError::ParameterType {
            plugin: plugin.to_owned(),
            parameter: parameter.name.clone(),
            expected: parameter.kind.words(),
            given: shown(value, parameter.kind),
            remedy: remedy(value, parameter),
        }),
        None if parameter.required => Err(PluginError::MissingParameter {
            plugin: plugin.to_owned(),
            parameter: parameter.name.clone(),
            help: parameter.help.clone(),
        }),
        None => Ok(parameter.default.clone()),
    }
}

/// A value and its type, for a message. Texts are not shown: they may be secrets.
fn shown(value: &Value, expected: ParameterType) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("the boolean `{value}`"),
        Value::Number(value) if value.is_f64() => {
            format!("the number `{}`", text::printable(&value.to_string(), SHOWN))
        }
        Value::Number(value) => format!("the integer `{}`", text::printable(&value.to_string(), SHOWN)),
        Value::String(_) => "a text".to_owned(),
        Value::Array(items) => match items.iter().enumerate().find(|(_, item)| !item.is_string()) {
            None => "a list of texts".to_owned(),
            Some((at, item)) if expected == ParameterType::Texts => {
                format!("a list in which number {} is {}", at + 1, shown(item, ParameterType::Text))
            }
            Some(_) => "a list".to_owned(),
        },
        Value::Object(_) => "a table".to_owned(),
    }
}

/// How the value is written that was probably meant, where what was given looks like it: flags and templates lose quotes.
fn remedy(value: &Value, parameter: &Parameter) -> Option<String> {
    let Parameter { name, kind, .. } = parameter;
    match (kind, value) {
        (ParameterType::Text, Value::Number(_) | Value::Bool(_)) => {
            let value = text::printable(&value.to_string(), SHOWN);
            Some(format!(
                "a text that looks like something else has quotes: `--param '{name}=\"{value}\"'`, or in a job `{name} = \"{value}\"`"
            ))
        }
        (ParameterType::Any, _) | (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => None,
        (ParameterType::Texts, Value::String(_)) => Some(format!(
            "it is written as a list: `--param '{name}=[\"a\", \"b\"]'`; what is no JSON there is taken for a text"
        )),
        (_, Value::String(_)) => {
            Some("it has no quotes in a job; and after `--param` what is no JSON is taken for a text".to_owned())
        }
        (_, Value::Array(_)) => None,
    }
}

/// The most similar of the known names, if one is similar.
fn nearest(name: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|each| (strsim::jaro_winkler(name, each), each))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, each)| each.clone())
}
