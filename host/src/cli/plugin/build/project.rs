//! What a folder says of the plugin in it: its language and its name.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::BuildError;
use crate::cli::plugin::language::Language;

/// A plugin's folder.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) folder: PathBuf,
    pub(super) language: Language,
    /// The name in its manifest, without what stands before a slash.
    pub(super) name: String,
}

/// The part of a `Cargo.toml`, `pyproject.toml` or `package.json` that names it.
#[derive(Debug, Default, Deserialize)]
struct Manifest {
    package: Option<Named>,
    project: Option<Named>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: Option<String>,
}

impl Project {
    /// # Errors
    /// A folder of no plugin, or whose manifest names none.
    pub(super) fn find(folder: &Path) -> Result<Self, BuildError> {
        let languages: Vec<Language> =
            Language::ALL.into_iter().filter(|language| folder.join(language.manifest()).is_file()).collect();
        let language = match languages[..] {
            [] => return Err(BuildError::NoProject(folder.to_owned())),
            [language] => language,
            _ => return Err(BuildError::Several(folder.to_owned())),
        };
        let path = folder.join(language.manifest());
        let wrong = |why: String| BuildError::Manifest { path: path.clone(), why };
        let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let parsed: Result<Manifest, String> = match language {
            Language::Js => serde_json::from_str(&text).map_err(|error| error.to_string()),
            Language::Rust | Language::Python => toml::from_str(&text).map_err(|error| error.to_string()),
        };
        let manifest = parsed.map_err(wrong)?;
        let (name, place) = match language {
            Language::Rust => (manifest.package.and_then(|package| package.name), "`name` under `[package]`"),
            Language::Python => (manifest.project.and_then(|project| project.name), "`name` under `[project]`"),
            Language::Js => (manifest.name, "`name`"),
        };
        let name = name.ok_or_else(|| wrong(format!("it has no {place}")))?;
        // A scope of npm's stands before the name: `@acme/drop-test-users`.
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        if last.is_empty() || last.starts_with('.') {
            return Err(wrong(format!("`{}` is no name", name.escape_debug())));
        }
        Ok(Self { folder: folder.to_owned(), language, name: last.to_owned() })
    }
}
