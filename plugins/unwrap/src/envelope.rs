//! What an envelope says of a change.

use anabranch_json::{Document, NotJson, Path, content, fields, items, plain};
use serde::Deserialize;

/// Who wrote the values.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events>
    Debezium,
    /// `{"schema": …, "payload": …}` of Kafka Connect's `JsonConverter`.
    Connect,
    /// <https://maxwells-daemon.io/dataformat/>
    Maxwell,
    /// The flat messages of <https://github.com/alibaba/canal>.
    Canal,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Debezium => "debezium",
            Self::Connect => "connect",
            Self::Maxwell => "maxwell",
            Self::Canal => "canal",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A row that is there: inserted, updated, or read in a snapshot.
    Row,
    /// A row that is gone; what is told of it is how it was.
    Delete,
    /// Something that is no change of a row.
    Other,
}

/// One envelope.
pub(crate) struct Change<'t> {
    pub(crate) operation: Operation,
    /// JSON of the rows; `None` is null, which becomes a tombstone.
    pub(crate) rows: Vec<Option<&'t str>>,
    envelope: &'t str,
}

/// What Kafka Connect's wrapper holds; `None` where there is none.
pub(crate) fn payload(json: &str) -> Result<Option<&str>, NotJson> {
    let Some(fields) = fields(json)? else { return Ok(None) };
    let get = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| *value);
    // A row may well have a `payload`, but hardly these two and nothing else.
    Ok(get("payload").filter(|_| fields.len() == 2 && get("schema").is_some()))
}

impl<'t> Change<'t> {
    /// The change that the value of a record tells; `None` where it is no such envelope.
    ///
    /// # Errors
    /// A value that is no JSON.
    pub(crate) fn read(value: &'t str, format: Format) -> Result<Option<Self>, NotJson> {
        let wrapped = payload(value)?;
        let change = |operation, rows, envelope| Ok(Some(Self { operation, rows, envelope }));
        if format == Format::Connect {
            return match wrapped {
                Some(row) => change(Operation::Row, vec![row_of(row)], row),
                None => Ok(None),
            };
        }
        let envelope = wrapped.unwrap_or(value);
        let Some(fields) = fields(envelope)? else { return Ok(None) };
        let get = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| *value);
        let word = |name: &str| get(name).and_then(content).map(|word| word.to_ascii_lowercase());
        match format {
            Format::Debezium => match (word("op").as_deref(), get("before"), get("after")) {
                (Some("c" | "r" | "u"), _, Some(after)) => change(Operation::Row, vec![row_of(after)], envelope),
                // Without the row as it was (a table whose replica identity does not tell it) there is but the tombstone.
                (Some("d"), before, _) => change(Operation::Delete, vec![before.and_then(row_of)], envelope),
                (Some("t" | "m"), ..) => change(Operation::Other, Vec::new(), envelope),
                _ => Ok(None),
            },
            Format::Maxwell => match (word("type").as_deref(), get("data")) {
                (Some("insert" | "update" | "bootstrap-insert"), Some(data)) => {
                    change(Operation::Row, vec![row_of(data)], envelope)
                }
                (Some("delete"), Some(data)) => change(Operation::Delete, vec![row_of(data)], envelope),
                (Some(_), _) if get("database").is_some() => change(Operation::Other, Vec::new(), envelope),
                _ => Ok(None),
            },
            Format::Canal => {
                let operation = match word("type").as_deref() {
                    Some("insert" | "update") => Operation::Row,
                    Some("delete") => Operation::Delete,
                    Some(_) if get("isDdl").is_some() => return change(Operation::Other, Vec::new(), envelope),
                    _ => return Ok(None),
                };
                match get("data").map(items).transpose()?.flatten() {
                    Some(data) => change(operation, data.into_iter().map(row_of).collect(), envelope),
                    None => Ok(None),
                }
            }
            Format::Connect => Ok(None),
        }
    }
}

/// A row, or `None` for null.
fn row_of(json: &str) -> Option<&str> {
    (json != "null").then_some(json)
}

/// Names with their JSON, and a path that found nothing.
pub(crate) type Found<'f> = (Vec<(&'f str, String)>, Option<&'f Path>);

/// What of an envelope is added to rows or headers: each path with the name that it gets.
pub(crate) struct Fields(Vec<(Path, String)>);

impl Fields {
    /// # Errors
    /// A path that cannot be read, or means several things.
    pub(crate) fn read(paths: &[String], prefix: &str) -> Result<Self, String> {
        let field = |written: &String| {
            let path: Path = written.parse().map_err(|error: anabranch_json::InvalidPath| error.to_string())?;
            if !path.is_singular() {
                return Err(format!("`{path}` can mean several things, and one is added"));
            }
            let name = written.trim_start_matches(['$', '.']).replace(['.', '[', ']', '\'', '"'], "_");
            Ok((path, format!("{prefix}{name}")))
        };
        paths.iter().map(field).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON of those that there are, each with its name, and the first path that finds nothing.
    pub(crate) fn find(&self, change: &Change<'_>) -> Result<Found<'_>, NotJson> {
        let (mut found, mut missed) = (Vec::new(), None);
        if self.is_empty() {
            return Ok((found, missed));
        }
        let mut envelope = Document::open(change.envelope)?;
        for (path, name) in &self.0 {
            match envelope.get(path) {
                Some(json) => found.push((name.as_str(), json.into_owned())),
                None => missed = missed.or(Some(path)),
            }
        }
        Ok((found, missed))
    }
}

/// JSON as a header has it: a text without quotes, nothing for null.
pub(crate) fn header(json: &str) -> Option<String> {
    (json != "null").then(|| plain(json).into_owned())
}
