//! Where a plugin of a job comes from: a file, a store, or Anabranch itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Secret;
use super::draft::stem;
use super::nearest::nearest;
use crate::plugin::READY_MADE;
use crate::store::shown;

/// What leads a digest in a URL of the command line.
const DIGEST: &str = "#sha256=";

/// Where a component or module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginSource {
    /// A file of this machine.
    File(PathBuf),
    /// One of those that come with Anabranch, by its name.
    ReadyMade(String),
    /// A store; the digest of its file is known.
    Store {
        /// `s3://bucket/plugins/mask.wasm` or `file:///…`.
        url: String,
        /// Options of the store.
        options: BTreeMap<String, Secret>,
    },
}

impl PluginSource {
    /// What the command line names: a URL with `#sha256=…`, the name of a ready-made plugin where no such file is there,
    /// or else a file. Gives the digest, too.
    ///
    /// # Errors
    /// A URL without a digest.
    pub fn of_flag(text: &str) -> Result<(Self, Option<String>), String> {
        if text.contains("://") {
            let (url, digest) = text.split_once(DIGEST).ok_or_else(|| {
                format!("a plugin of a store needs its digest, for instance `{text}{DIGEST}9f86d0…` (`sha256sum FILE`)")
            })?;
            return Ok((Self::Store { url: url.to_owned(), options: BTreeMap::new() }, Some(sha256(digest)?)));
        }
        if READY_MADE.contains(&text) && !Path::new(text).exists() {
            return Ok((Self::ReadyMade(text.to_owned()), None));
        }
        Ok((Self::File(text.into()), None))
    }

    /// The plugin's name where the job gives it none: the file's without its ending.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => stem(path),
            Self::ReadyMade(name) => name.clone(),
            Self::Store { url, .. } => stem(Path::new(url)),
        }
    }
}

/// As messages and reports show it.
impl fmt::Display for PluginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::ReadyMade(name) => f.write_str(name),
            Self::Store { url, .. } => f.write_str(&shown(url)),
        }
    }
}

/// The name of a plugin that comes with Anabranch.
///
/// # Errors
/// One that does not.
pub(super) fn ready_made(text: &str) -> Result<String, String> {
    if READY_MADE.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(match nearest(text, READY_MADE.iter().copied()) {
        Some(near) => format!("no plugin `{text}` comes with Anabranch; did you mean `{near}`?"),
        None => format!("no plugin `{text}` comes with Anabranch, only {}", READY_MADE.join(", ")),
    })
}

/// A digest as `sha256sum` writes it.
///
/// # Errors
/// What is none.
pub(super) fn sha256(text: &str) -> Result<String, String> {
    let text = text.trim().to_ascii_lowercase();
    match hex::decode(&text) {
        Ok(digest) if digest.len() == 32 => Ok(text),
        _ => Err("must be a SHA-256 digest, 64 hexadecimal digits (`sha256sum FILE`)".to_owned()),
    }
}
