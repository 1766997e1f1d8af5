//! What can be told of a plugin file without a job.

use std::path::PathBuf;

use crate::job::{PluginLimits, PluginSource};

use super::PluginError;
use super::bindings::VERSION;
use super::cache::CodeCache;
use super::description::Description;
use super::engine::Engines;
use super::loaded::{Code, describe};

/// What `anabranch plugin inspect` shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// What the plugin says of itself.
    pub description: Description,
    /// The version of the plugin interface that it speaks.
    pub interface: String,
    /// What it imports, by the names of the interfaces.
    pub imports: Vec<String>,
    /// Bytes of the component.
    pub size: u64,
    /// Digest of the component, in hexadecimal.
    pub sha256: String,
}

/// Loads a plugin and asks it what it is.
///
/// # Errors
/// Whatever makes the file no plugin.
pub fn inspect(plugin: &PluginSource, sha256: Option<&str>) -> Result<Inspection, PluginError> {
    inspect_with(plugin, sha256, CodeCache::of_user())
}

pub(super) fn inspect_with(
    plugin: &PluginSource,
    sha256: Option<&str>,
    cache: CodeCache,
) -> Result<Inspection, PluginError> {
    let engines = Engines::start(cache)?;
    let code = Code::load(plugin, sha256, &engines)?;
    let name = plugin.name();
    let description = describe(&name, &code, PluginLimits::default())?;
    Ok(Inspection {
        description,
        interface: VERSION.to_owned(),
        imports: code.imports.clone(),
        size: code.wasm.len() as u64,
        sha256: code.sha256(),
        path: code.path,
    })
}
