//! What a plugin says of itself, checked once when it is loaded.

use std::collections::HashSet;

use serde_json::Value;

use super::bindings::types;
use super::text::printable;
use super::{PluginError, State};

/// Bytes of a name or version.
const NAME: usize = 128;

/// Bytes of a sentence.
const SENTENCE: usize = 1024;

/// Parameters of one plugin.
const PARAMETERS: usize = 256;

/// A column of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// The key.
    Key,
    /// The value.
    Value,
    /// The headers.
    Headers,
    /// The timestamp.
    Timestamp,
    /// The topic that it is sent to.
    Topic,
    /// The partition that it is sent to.
    Partition,
}

impl Column {
    /// Every column with its flag in the interface.
    const ALL: [(Self, types::Columns); 6] = [
        (Self::Key, types::Columns::KEY),
        (Self::Value, types::Columns::VALUE),
        (Self::Headers, types::Columns::HEADERS),
        (Self::Timestamp, types::Columns::TIMESTAMP),
        (Self::Topic, types::Columns::TOPIC),
        (Self::Partition, types::Columns::PARTITION),
    ];

    /// The column's name in the interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
            Self::Headers => "headers",
            Self::Timestamp => "timestamp",
            Self::Topic => "topic",
            Self::Partition => "partition",
        }
    }
}

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnSet(types::Columns);

impl ColumnSet {
    /// Whether `column` is one of them.
    pub fn contains(self, column: Column) -> bool {
        self.iter().any(|each| each == column)
    }

    /// The columns, in the order of the interface.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.into_iter().filter(move |(_, flag)| self.0.contains(*flag)).map(|(column, _)| column)
    }

    /// As the canonical ABI has them: a bit for each, in the order of the interface.
    pub(super) fn bits(self) -> u8 {
        Column::ALL.iter().rev().fold(0, |bits, (_, flag)| bits << 1 | u8::from(self.has(*flag)))
    }

    pub(super) fn has(self, flag: types::Columns) -> bool {
        self.0.contains(flag)
    }
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// A text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list of texts.
    Texts,
    /// Any value.
    Any,
}

impl ParameterType {
    /// The type in words, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Texts => "a list of texts",
            Self::Any => "any value",
        }
    }

    /// Whether `value` is of this type.
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Any => true,
        }
    }
}

/// A parameter that a plugin takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in the job.
    pub name: String,
    /// Its type.
    pub kind: ParameterType,
    /// Whether the job must give it.
    pub required: bool,
    /// What it is otherwise.
    pub default: Option<Value>,
    /// What it is for.
    pub help: String,
}

/// What a plugin says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its own name; the job may call it otherwise.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// The columns that it is handed.
    pub reads: ColumnSet,
    /// The columns that it may change.
    pub changes: ColumnSet,
    /// How much of the past its answers depend on.
    pub state: State,
    /// The parameters that it takes.
    pub parameters: Vec<Parameter>,
}

impl Description {
    /// Checks what the plugin that the job calls `plugin` says.
    ///
    /// # Errors
    /// A description that contradicts itself.
    pub(super) fn check(plugin: &str, said: types::Description) -> Result<Self, PluginError> {
        let wrong = |message: String| PluginError::Description { plugin: plugin.to_owned(), message };
        for (what, text) in [("name", &said.name), ("version", &said.version)] {
            if text.trim().is_empty() {
                return Err(wrong(format!("its {what} is empty")));
            }
        }
        if said.parameters.len() > PARAMETERS {
            return Err(wrong(format!("{} parameters are more than {PARAMETERS}", said.parameters.len())));
        }
        let mut names = HashSet::new();
        let mut parameters = Vec::with_capacity(said.parameters.len());
        for parameter in said.parameters {
            let name = printable(&parameter.name, NAME);
            if name.is_empty() || name != parameter.name {
                return Err(wrong(format!("`{name}` is no name for a parameter")));
            }
            if !names.insert(name.clone()) {
                return Err(wrong(format!("the parameter `{name}` appears twice")));
            }
            let kind = ParameterType::from(parameter.kind);
            let default = match parameter.default.as_deref().map(serde_json::from_str::<Value>) {
                None => None,
                Some(Ok(value)) if kind.accepts(&value) => Some(value),
                Some(Ok(_)) => {
                    return Err(wrong(format!("the default of the parameter `{name}` is not {}", kind.words())));
                }
                Some(Err(error)) => {
                    return Err(wrong(format!("the default of the parameter `{name}` is not JSON: {error}")));
                }
            };
            if parameter.required && default.is_some() {
                return Err(wrong(format!("the parameter `{name}` is required and has a default")));
            }
            parameters.push(Parameter {
                name,
                kind,
                required: parameter.required,
                default,
                help: printable(&parameter.help, SENTENCE),
            });
        }
        Ok(Self {
            name: printable(&said.name, NAME),
            version: printable(&said.version, NAME),
            summary: printable(&said.summary, SENTENCE),
            reads: ColumnSet(said.reads),
            changes: ColumnSet(said.changes),
            state: match said.state {
                types::State::None | types::State::Window(0) => State::None,
                types::State::Window(records) => State::Window(records),
                types::State::Lane => State::Lane,
            },
            parameters,
        })
    }
}

impl From<types::ParameterType> for ParameterType {
    fn from(kind: types::ParameterType) -> Self {
        match kind {
            types::ParameterType::Text => Self::Text,
            types::ParameterType::Integer => Self::Integer,
            types::ParameterType::Number => Self::Number,
            types::ParameterType::Boolean => Self::Boolean,
            types::ParameterType::Texts => Self::Texts,
            types::ParameterType::Any => Self::Any,
        }
    }
}
