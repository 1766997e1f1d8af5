//! `anabranch plugin inspect`: what a plugin says of itself.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::cli::terminal::Terminal;
use crate::failure::{Exit, Failure};
use crate::job::PluginSource;
use crate::plugin::{ColumnSet, Description, Inspection, ParameterType, State, inspect};
use crate::report::{Table, shown};

/// Which plugin.
#[derive(Debug, Args)]
pub(in crate::cli) struct Inspect {
    /// The name of one that comes with Anabranch, a component or module, or `URL#sha256=DIGEST`
    #[arg(value_parser = PluginSource::of_flag)]
    plugin: (PluginSource, Option<String>),
}

/// `anabranch.plugin/1`.
#[derive(Debug, Serialize)]
struct InspectionDocument<'a> {
    schema: &'static str,
    path: String,
    interface: &'a str,
    bytes: u64,
    sha256: &'a str,
    imports: &'a [String],
    #[serde(flatten)]
    description: DescriptionDocument,
    parameters: Vec<ParameterDocument<'a>>,
}

/// What `plan` and `plugin inspect` say of a plugin alike.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct DescriptionDocument {
    plugin: String,
    version: String,
    summary: String,
    reads: Vec<&'static str>,
    changes: Vec<&'static str>,
    state: StateDocument,
}

#[derive(Debug, Serialize)]
#[serde(tag = "keeps", rename_all = "lowercase")]
enum StateDocument {
    Nothing,
    Window { records: u32 },
    Lane,
}

#[derive(Debug, Serialize)]
struct ParameterDocument<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    default: Option<&'a Value>,
    help: &'a str,
}

impl DescriptionDocument {
    pub(in crate::cli) fn new(description: &Description) -> Self {
        let names = |columns: ColumnSet| columns.iter().map(|column| column.name()).collect();
        Self {
            plugin: description.name.clone(),
            version: description.version.clone(),
            summary: description.summary.clone(),
            reads: names(description.reads),
            changes: names(description.changes),
            state: match description.state {
                State::None => StateDocument::Nothing,
                State::Window(records) => StateDocument::Window { records },
                State::Lane => StateDocument::Lane,
            },
        }
    }

    /// One sentence and what it reads, changes and keeps.
    pub(in crate::cli) fn text(&self) -> String {
        let list = |names: &[&str]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let keeps = match self.state {
            StateDocument::Nothing => "nothing".to_owned(),
            StateDocument::Window { records } => format!("the {} records before", shown::count(u64::from(records))),
            StateDocument::Lane => "everything since the beginning of the lane".to_owned(),
        };
        format!(
            "{} {}: {}\n  reads {}; changes {}; keeps {keeps}\n",
            self.plugin,
            self.version,
            self.summary,
            list(&self.reads),
            list(&self.changes),
        )
    }
}

/// The name of a parameter's type in JSON.
fn type_name(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::Text => "text",
        ParameterType::Integer => "integer",
        ParameterType::Number => "number",
        ParameterType::Boolean => "boolean",
        ParameterType::Texts => "texts",
        ParameterType::Any => "any",
    }
}

impl Inspect {
    pub(in crate::cli) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let (plugin, sha256) = self.plugin;
        show(&plugin, sha256.as_deref(), terminal)?;
        Ok(Exit::Done)
    }
}

/// Loads a plugin, and says what it is.
///
/// # Errors
/// Whatever makes it no plugin.
pub(super) fn show(plugin: &PluginSource, sha256: Option<&str>, terminal: &Terminal) -> Result<(), Failure> {
    let inspection = inspect(plugin, sha256)?;
    let document = document(&inspection);
    terminal.give(&document, || text(&inspection, &document))
}

fn document(inspection: &Inspection) -> InspectionDocument<'_> {
    let parameters = inspection.description.parameters.iter().map(|parameter| ParameterDocument {
        name: &parameter.name,
        kind: type_name(parameter.kind),
        required: parameter.required,
        default: parameter.default.as_ref(),
        help: &parameter.help,
    });
    InspectionDocument {
        schema: "anabranch.plugin/1",
        path: inspection.path.to_string_lossy().into_owned(),
        interface: &inspection.interface,
        bytes: inspection.size,
        sha256: &inspection.sha256,
        imports: &inspection.imports,
        description: DescriptionDocument::new(&inspection.description),
        parameters: parameters.collect(),
    }
}

fn text(inspection: &Inspection, document: &InspectionDocument<'_>) -> String {
    let mut out = document.description.text();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "  {}, {}, plugin interface {}, sha256 {}",
        document.path,
        shown::size(inspection.size),
        inspection.interface,
        inspection.sha256
    );
    let _ = writeln!(out, "  imports {}", packages(&inspection.imports));
    if document.parameters.is_empty() {
        out.push_str("\nIt takes no parameters.\n");
        return out;
    }
    let mut table = Table::new(&["parameter", "type", "default", "meaning"]);
    for (parameter, described) in document.parameters.iter().zip(&inspection.description.parameters) {
        let default = match parameter.default {
            Some(default) => default.to_string(),
            None if parameter.required => "(required)".to_owned(),
            None => "(none)".to_owned(),
        };
        let kind = described.kind.words().to_owned();
        table.row([parameter.name.to_owned(), kind, default, parameter.help.to_owned()]);
    }
    let _ = write!(out, "\n{table}");
    out
}

/// Interfaces by their packages, since those of an interpreter are dozens: `wasi:io@0.2.4 (poll, streams)`.
fn packages(imports: &[String]) -> String {
    let mut packages: Vec<(String, Vec<&str>)> = Vec::new();
    for import in imports {
        let (path, version) = import.split_once('@').map_or((&**import, None), |(path, version)| (path, Some(version)));
        let (package, interface) = path.split_once('/').unwrap_or((path, ""));
        let package = version.map_or(package.to_owned(), |version| format!("{package}@{version}"));
        match packages.iter_mut().find(|(known, _)| *known == package) {
            Some((_, interfaces)) => interfaces.push(interface),
            None => packages.push((package, vec![interface])),
        }
    }
    let packages = packages.into_iter().map(|(package, interfaces)| format!("{package} ({})", interfaces.join(", ")));
    packages.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::Parameter;

    fn inspection() -> Inspection {
        let parameter = |name: &str, kind, required, default: Option<Value>| Parameter {
            name: name.to_owned(),
            kind,
            required,
            default,
            help: format!("About {name}."),
        };
        Inspection {
            path: "plugins/drop.wasm".into(),
            description: Description {
                name: "drop-test-users".to_owned(),
                version: "0.1.0".to_owned(),
                summary: "Drops the records of test users".to_owned(),
                reads: ColumnSet::default(),
                changes: ColumnSet::default(),
                state: State::Window(1_000),
                parameters: vec![
                    parameter("prefix", ParameterType::Text, true, None),
                    parameter("limit", ParameterType::Integer, false, Some(10.into())),
                    parameter("also", ParameterType::Texts, false, None),
                ],
            },
            interface: "0.1.0".to_owned(),
            imports: ["wasi:io/poll@0.2.4", "anabranch:plugin/host@0.1.0", "wasi:io/streams@0.2.4"]
                .map(str::to_owned)
                .to_vec(),
            size: 123_456,
            sha256: "c0ffee".to_owned(),
        }
    }

    #[test]
    fn a_plugin_as_text() {
        let inspection = inspection();
        insta::assert_snapshot!(text(&inspection, &document(&inspection)), @r"
        drop-test-users 0.1.0: Drops the records of test users
          reads nothing; changes nothing; keeps the 1,000 records before
          plugins/drop.wasm, 120.6 KiB, plugin interface 0.1.0, sha256 c0ffee
          imports wasi:io@0.2.4 (poll, streams), anabranch:plugin@0.1.0 (host)

        PARAMETER  TYPE             DEFAULT     MEANING
        prefix     a text           (required)  About prefix.
        limit      an integer       10          About limit.
        also       a list of texts  (none)      About also.
        ");
    }

    #[test]
    fn the_json_is_documented() -> Result<(), serde_json::Error> {
        let inspection = inspection();
        crate::documented::assert_documented(&serde_json::to_value(document(&inspection))?);
        Ok(())
    }
}
