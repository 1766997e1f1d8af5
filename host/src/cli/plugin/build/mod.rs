//! `anabranch plugin build`: a component of the plugin in a folder, made by its language's own tools.
//!
//! What is missing of them is said, with what installs it; and what comes out is loaded as a restore would load it.

mod javascript;
mod project;
mod python;
mod rust;
mod tool;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::inspect;
use super::language::Language;
use crate::cli::terminal::Terminal;
use crate::failure::{Exit, Explain, Failure};
use crate::job::PluginSource;
use project::Project;

/// What is built.
#[derive(Debug, Args)]
pub(in crate::cli) struct Build {
    /// The folder of the plugin
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Where the component goes; by default `target/NAME.wasm` below the folder
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// No component was made.
#[derive(Debug, thiserror::Error)]
enum BuildError {
    /// Nothing says what the folder holds.
    #[error("there is no plugin in `{}`: it has none of {}", .0.display(), manifests())]
    NoProject(PathBuf),
    /// The folder is of several languages.
    #[error("`{}` has several of {}", .0.display(), manifests())]
    Several(PathBuf),
    /// What names the plugin cannot be read.
    #[error("cannot read the plugin's name in `{}`: {why}", path.display())]
    Manifest { path: PathBuf, why: String },
    /// A tool is missing, or is another than it must be.
    #[error("{what}")]
    Tool { what: String, remedy: String },
    /// A tool could not be started.
    #[error("cannot start `{tool}`")]
    Start { tool: String, source: io::Error },
    /// A tool said what is wrong.
    #[error("`{tool}` failed ({status}); what it said stands above")]
    Failed { tool: String, status: std::process::ExitStatus },
    /// It made something else.
    #[error("`{tool}` made no plugin: {why}")]
    NotMade { tool: &'static str, why: String },
    /// The component cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// The files that tell a plugin's folder.
fn manifests() -> String {
    Language::ALL.map(|language| format!("`{}`", language.manifest())).join(", ")
}

impl Explain for BuildError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoProject(_) | Self::Several(_) | Self::Manifest { .. } => Exit::Usage,
            Self::Tool { .. } | Self::Start { .. } | Self::Write { .. } => Exit::Environment,
            Self::Failed { .. } | Self::NotMade { .. } => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoProject(_) => Some("`anabranch plugin new NAME --lang rust|python|js` makes one".to_owned()),
            Self::Several(_) => Some("give each plugin a folder of its own".to_owned()),
            Self::Tool { remedy, .. } => Some(remedy.clone()),
            Self::NotMade { .. } => {
                Some("a Rust plugin's `Cargo.toml` has `crate-type = [\"cdylib\", \"rlib\"]` under `[lib]`".to_owned())
            }
            Self::Manifest { .. } | Self::Start { .. } | Self::Failed { .. } | Self::Write { .. } => None,
        }
    }
}

impl Build {
    pub(in crate::cli) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let project = Project::find(&self.folder)?;
        let out = self.out.unwrap_or_else(|| project.folder.join("target").join(format!("{}.wasm", project.name)));
        // Tools run in the plugin's folder.
        let out = std::path::absolute(&out).map_err(|source| BuildError::Write { path: out.clone(), source })?;
        if let Some(parent) = out.parent() {
            fs::create_dir_all(parent).map_err(|source| BuildError::Write { path: parent.to_owned(), source })?;
        }
        match project.language {
            Language::Rust => rust::build(&project, &out)?,
            Language::Python => python::build(&project, &out)?,
            Language::Js => javascript::build(&project, &out)?,
        }
        inspect::show(&PluginSource::File(shown(&out)), None, terminal)?;
        Ok(Exit::Done)
    }
}

/// A path as a person would write it: below the working folder, where it is.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or_else(|| path.to_owned())
}
