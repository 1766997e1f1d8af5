//! What can be wrong with a plugin, before a record moves and while records do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::failure::{Exit, Explain};
use crate::job::nearest;
use crate::store::StoreError;

use super::fault::Fault;
use super::ready_made::READY_MADE;

/// What can be wrong with a plugin. Each message names the plugin or its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// WebAssembly cannot be compiled here.
    #[error("the WebAssembly engine cannot be started: {message}")]
    Engine {
        /// What the engine says.
        message: String,
    },
    /// The file cannot be read.
    #[error("plugin file `{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The store could not deliver.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such file in the store.
    #[error("there is no plugin at `{url}`")]
    Nowhere {
        /// Where it was looked for.
        url: Arc<str>,
    },
    /// The file is another one than the job means.
    #[error("`{place}` has the SHA-256 digest {found}, and not {due} as the job says")]
    Digest {
        /// The file.
        place: String,
        /// What the job says.
        due: String,
        /// What it is.
        found: String,
    },
    /// A plugin that comes with Anabranch, which this program has not inside.
    #[error("plugin `{plugin}` is not built: there is no `{plugin}.wasm` in {}", folders.iter().map(|folder| format!("`{}`", folder.display())).collect::<Vec<_>>().join(", "))]
    NotBuilt {
        /// The plugin.
        plugin: String,
        /// Where it was looked for.
        folders: Vec<PathBuf>,
    },
    /// The file is not WebAssembly.
    #[error("`{}` is not WebAssembly: {message}", path.display())]
    NotWasm {
        /// The file.
        path: PathBuf,
        /// What it is instead, as far as can be told.
        message: String,
    },
    /// A core module that no bindings generator made.
    #[error("`{}` is a core WebAssembly module without a `component-type` section, so it is no plugin", path.display())]
    NoComponentType {
        /// The file.
        path: PathBuf,
    },
    /// A core module that cannot become a component, or WebAssembly that does not compile.
    #[error("`{}` is no valid plugin: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A component that does not export the interface.
    #[error("`{}` is a component, but exports no `anabranch:plugin/guest`", path.display())]
    NoGuest {
        /// The file.
        path: PathBuf,
    },
    /// A plugin of another version of the interface.
    #[error("`{}` speaks version {theirs} of the plugin interface, this program speaks {ours}", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The version that the plugin exports.
        theirs: String,
        /// The version that this program speaks.
        ours: &'static str,
    },
    /// A plugin that wants what the host does not give.
    #[error("`{}` imports what a plugin cannot have: {}", path.display(), quoted(imports))]
    Imports {
        /// The file.
        path: PathBuf,
        /// The names.
        imports: Vec<String>,
    },
    /// What the plugin says of itself makes no sense.
    #[error("plugin `{plugin}` describes itself wrongly: {message}")]
    Description {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        message: String,
    },
    /// A parameter of the job that the plugin does not take.
    #[error("plugin `{plugin}` takes no parameter `{parameter}`")]
    UnknownParameter {
        /// The plugin.
        plugin: String,
        /// The parameter in the job.
        parameter: String,
        /// The nearest one that it takes.
        nearest: Option<String>,
        /// All that it takes.
        known: Vec<String>,
    },
    /// A parameter that the job has to give.
    #[error("plugin `{plugin}` needs the parameter `{parameter}`")]
    MissingParameter {
        /// The plugin.
        plugin: String,
        /// The parameter.
        parameter: String,
        /// What it is for, by the plugin.
        help: String,
    },
    /// A parameter of the wrong type.
    #[error("parameter `{parameter}` of plugin `{plugin}` must be {expected}, not {given}")]
    ParameterType {
        /// The plugin.
        plugin: String,
        /// The parameter.
        parameter: String,
        /// The type it must have.
        expected: &'static str,
        /// What the job gives.
        given: String,
        /// How it is written, where it can be told what is meant.
        remedy: Option<String>,
    },
    /// A configuration that the plugin itself refuses.
    #[error(
        "plugin `{plugin}` refuses {} for `{lane}`: {message}",
        parameter.as_ref().map_or("its configuration".to_owned(), |name| format!("the parameter `{name}`"))
    )]
    Configuration {
        /// The plugin.
        plugin: String,
        /// The lane it was to run on.
        lane: String,
        /// The parameter at fault, if it is one.
        parameter: Option<String>,
        /// What the plugin says.
        message: String,
    },
    /// The plugin failed before it saw a record.
    #[error("plugin `{plugin}` {fault} in `{call}`")]
    Start {
        /// The plugin.
        plugin: String,
        /// What it was asked.
        call: &'static str,
        /// How it failed.
        fault: Fault,
    },
    /// The plugin failed on records.
    #[error("plugin `{plugin}` {fault} {}", place(first, last.as_deref()))]
    Fault {
        /// The plugin and its version.
        plugin: String,
        /// Position of the record, or of the first of the batch where no single one is to blame.
        first: String,
        /// Position of the last of the batch.
        last: Option<String>,
        /// How it failed.
        fault: Fault,
        /// Why no single record is named.
        note: Option<&'static str>,
    },
    /// The plugin rejects a record.
    #[error("plugin `{plugin}` rejects the record at {position}: {reason}")]
    Rejected {
        /// The plugin and its version.
        plugin: String,
        /// The record.
        position: String,
        /// What the plugin says.
        reason: String,
    },
}

impl Explain for PluginError {
    fn exit(&self) -> Exit {
        match self {
            Self::Engine { .. } | Self::NotBuilt { .. } => Exit::Environment,
            Self::Store(error) => error.exit(),
            Self::Start { .. } | Self::Fault { .. } | Self::Rejected { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine { .. } | Self::Description { .. } | Self::Configuration { .. } => None,
            Self::Invalid { .. } => Some("the file may be cut off; build the plugin again, or copy it again".to_owned()),
            Self::Read { path, source } => Some(match ready_made(path, source) {
                Some(hint) => hint,
                None => {
                    "a plugin's path is taken from the folder of the job file, or from where the command runs".to_owned()
                }
            }),
            Self::Store(error) => error.hint(),
            Self::Nowhere { .. } => Some("check `url` of the `[[plugin]]`, and the options under `[plugin.store]`".to_owned()),
            Self::Digest { .. } => Some(
                "somebody may have written it over: if that is as it should be, put its new digest into the job".to_owned(),
            ),
            Self::NotBuilt { .. } => Some(
                "`just plugins` builds those of a checkout; `ANABRANCH_PLUGINS` names another folder; a release has them \
                 inside"
                    .to_owned(),
            ),
            Self::NotWasm { .. } => {
                Some("build the plugin for `wasm32-unknown-unknown` or `wasm32-wasip2` and name the `.wasm` file".to_owned())
            }
            Self::NoComponentType { .. } | Self::NoGuest { .. } => {
                Some("build it with the plugin SDK, or with `wit-bindgen` from the files in `wit/`".to_owned())
            }
            Self::OtherVersion { ours, .. } => Some(format!("build the plugin with an SDK of version {ours}")),
            Self::Imports { .. } => Some(
                "a plugin may import `anabranch:plugin/host` and WASI 0.2; files, environment and network are empty there".to_owned(),
            ),
            Self::UnknownParameter { nearest, known, .. } => Some(match nearest {
                Some(name) => format!("did you mean `{name}`?"),
                None if known.is_empty() => "it takes none".to_owned(),
                None => format!("it takes {}", quoted(known)),
            }),
            Self::MissingParameter { parameter, help, .. } => {
                Some(format!("set `{parameter}` in the plugin's `parameters`: {help}"))
            }
            Self::ParameterType { remedy, .. } => Some(match remedy {
                Some(remedy) => remedy.clone(),
                None => "`anabranch plugin inspect` lists parameters and their types".to_owned(),
            }),
            Self::Start { fault, .. } => fault.hint(),
            Self::Fault { fault, note, .. } => match (note, fault.hint()) {
                (Some(note), Some(hint)) => Some(format!("{note}; {hint}")),
                (note, hint) => note.map(str::to_owned).or(hint),
            },
            Self::Rejected { .. } => {
                Some(
                    "let the plugin drop such records with a reason, mend the record in the backup, or say in `[rejected]` of \
                     the job that such records are set aside"
                        .to_owned(),
                )
            }
        }
    }
}

/// What may be meant by a bare name of which there is no file: a plugin that comes with Anabranch.
fn ready_made(path: &Path, source: &std::io::Error) -> Option<String> {
    let name = path.to_str().filter(|name| !name.contains(['/', '\\', '.']))?;
    if source.kind() != std::io::ErrorKind::NotFound {
        return None;
    }
    let all = READY_MADE.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let come = format!("these come with Anabranch: {}", quoted(&all));
    Some(match nearest(name, READY_MADE.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {come}"),
        None => format!("{come}; a plugin of your own is named by its file, `{name}.wasm` for instance"),
    })
}

/// Where a fault lies.
fn place(first: &str, last: Option<&str>) -> String {
    match last {
        Some(last) if last != first => format!("somewhere in {first} to {last}"),
        _ => format!("at {first}"),
    }
}

/// Names in backticks, with commas.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
