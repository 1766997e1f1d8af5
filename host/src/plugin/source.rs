//! Fetches the file of a plugin, from wherever the job says that it comes.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{PluginError, ready_made};
use crate::job::PluginSource;
use crate::store::{Destination, Section};

/// The largest file of a plugin that is fetched from a store, in bytes: those of Python and JavaScript have some 20 MiB.
const LARGEST: u64 = 256 << 20;

/// The content of a plugin's file, which must have this digest. Blocks; not to be called on a thread of the asynchronous
/// runtime.
///
/// # Errors
/// A file that is not there, cannot be read, or has another digest.
pub(super) fn read(source: &PluginSource, sha256: Option<&str>) -> Result<Vec<u8>, PluginError> {
    let content = match source {
        PluginSource::File(path) => {
            std::fs::read(path).map_err(|source| PluginError::Read { path: path.clone(), source })?
        }
        PluginSource::ReadyMade(name) => ready_made::read(name)?.into_owned(),
        PluginSource::Store { url, options } => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let runtime = runtime.map_err(|source| PluginError::Read { path: PathBuf::from(url), source })?;
            let (folder, name) = Destination::of_file(url, options, Section::PLUGIN, runtime.handle())?;
            let content = folder.brief().get(&name, LARGEST)?;
            content.ok_or_else(|| PluginError::Nowhere { url: folder.place(&name) })?.into()
        }
    };
    match sha256 {
        Some(due) => {
            let found = hex::encode(Sha256::digest(&content));
            let place = || source.to_string();
            if found == due {
                Ok(content)
            } else {
                Err(PluginError::Digest { place: place(), due: due.to_owned(), found })
            }
        }
        None => Ok(content),
    }
}
