//! Compiled plugins under the user's cache folder.
//!
//! Compiling takes milliseconds for a Rust plugin and seconds for an interpreter, so compiled code is
//! kept. Whatever is wrong with an entry (another version, damage, no permission) is a miss and never
//! an error; so is a folder that cannot be made.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Where the cache is, instead of the user's cache folder.
const ENVIRONMENT: &str = "ANABRANCH_CACHE_DIR";

/// What an entry begins with; a digest of the rest follows.
const MAGIC: &[u8; 16] = b"anabranch code 1";

/// Bytes of a digest.
const DIGEST: usize = 32;

/// A folder of compiled plugins, or none.
#[derive(Clone, Debug)]
pub(super) struct CodeCache {
    folder: Option<PathBuf>,
}

impl CodeCache {
    /// The user's cache.
    pub(super) fn of_user() -> Self {
        let folder = match std::env::var_os(ENVIRONMENT) {
            Some(folder) if folder.is_empty() => None,
            Some(folder) => Some(PathBuf::from(folder)),
            None => directories::ProjectDirs::from("", "", "anabranch").map(|project| project.cache_dir().to_owned()),
        };
        Self { folder: folder.map(|folder| folder.join("plugins")) }
    }

    /// A cache in a folder of the caller's.
    #[cfg(test)]
    pub(super) fn at(folder: PathBuf) -> Self {
        Self { folder: Some(folder) }
    }

    /// The component `wasm`, compiled for `engine`: from the cache, or compiled and put there.
    ///
    /// # Errors
    /// Only if it does not compile.
    pub(super) fn component(&self, engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Component> {
        let entry = self.folder.as_ref().map(|folder| folder.join(name(engine, wasm)));
        if let Some(component) = entry.as_deref().and_then(|entry| load(engine, entry)) {
            return Ok(component);
        }
        let component = Component::new(engine, wasm)?;
        if let Some(entry) = entry {
            let stored = component.serialize().map_err(|error| error.to_string());
            if let Err(error) = stored.and_then(|code| store(&entry, &code).map_err(|error| error.to_string())) {
                tracing::debug!(entry = %entry.display(), "compiled plugin is not kept: {error}");
            }
        }
        Ok(component)
    }
}

/// The file name of an entry: everything that the compiled code depends on.
fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    format!("{}-{:016x}.code", hex::encode(Sha256::digest(wasm)), compatibility.finish())
}

/// The component of an entry, or `None` for whatever reason.
fn load(engine: &Engine, entry: &Path) -> Option<Component> {
    let content = std::fs::read(entry).ok()?;
    let (digest, code) = content.strip_prefix(MAGIC)?.split_at_checked(DIGEST)?;
    if Sha256::digest(code).as_slice() != digest {
        tracing::debug!(entry = %entry.display(), "compiled plugin is damaged and compiled again");
        return None;
    }
    // SAFETY: code is deserialised only as `Component::serialize` wrote it. The bytes at hand carry
    // the digest that `store` computed over them, and nothing changes them between that check and
    // here. Whoever could forge an entry with its digest can write to the user's own cache folder
    // (made with mode 0700), and so run code as the user anyway.
    let component = unsafe { Component::deserialize(engine, code) };
    component.inspect_err(|error| tracing::debug!(entry = %entry.display(), "compiled plugin is stale: {error}")).ok()
}

/// Writes an entry beside its place and moves it there, so that nobody reads a half one.
fn store(entry: &Path, code: &[u8]) -> std::io::Result<()> {
    let folder = entry.parent().unwrap_or(Path::new("."));
    create_private(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(MAGIC)?;
    file.write_all(&Sha256::digest(code))?;
    file.write_all(code)?;
    file.persist(entry)?;
    Ok(())
}

/// Makes a folder that is the user's alone.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
