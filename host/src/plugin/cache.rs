//! Compiled plugins under the user's cache folder.
//!
//! Compiling takes milliseconds for a Rust plugin and seconds for an interpreter, so compiled code is
//! kept. Whatever is wrong with an entry (another version, damage, no permission) is a miss and never
//! an error; so is a folder that cannot be made.
//!
//! An entry is a file of code, which is mapped and not read, and beside it one with its digest: an interpreter has 38 MB of
//! code, and to read and to copy them took half of the time until it was ready. Digests are BLAKE3's, since SHA-256 took
//! as long as all else.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::report::shown;

/// Where the cache is, instead of the user's cache folder.
const ENVIRONMENT: &str = "ANABRANCH_CACHE_DIR";

/// Bytes of a plugin whose compilation takes seconds, so that it is told.
const SLOW: usize = 2 << 20;

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

    /// The component `wasm`, which `plugin` is, compiled for `engine`: from the cache, or compiled and put there; `why` is
    /// said of it then, behind the plugin.
    ///
    /// # Errors
    /// Only if it does not compile.
    pub(super) fn component(
        &self,
        engine: &Engine,
        wasm: &[u8],
        plugin: &Path,
        why: &str,
    ) -> wasmtime::Result<Component> {
        let entry = self.folder.as_ref().map(|folder| folder.join(name(engine, wasm)));
        if let Some(component) = entry.as_deref().and_then(|entry| load(engine, entry)) {
            return Ok(component);
        }
        if wasm.len() >= SLOW {
            let kept = if entry.is_some() { ", once on this machine" } else { "" };
            tracing::info!("compiling `{}`{why}, {}{kept}", plugin.display(), shown::size(wasm.len() as u64));
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
    format!("{}-{:016x}.code", blake3::hash(wasm).to_hex(), compatibility.finish())
}

/// The component of an entry, or `None` for whatever reason.
fn load(engine: &Engine, entry: &Path) -> Option<Component> {
    let due = std::fs::read(digest_of(entry)).ok()?;
    let mut digest = blake3::Hasher::new();
    if digest.update_mmap(entry).ok()?.finalize().as_bytes() != due.as_slice() {
        tracing::debug!(entry = %entry.display(), "compiled plugin is damaged and compiled again");
        return None;
    }
    // SAFETY: code is deserialised only as `Component::serialize` wrote it: the file has the digest that `store` wrote
    // beside it. No program of ours changes a file there, and one that is put in its place meanwhile was written by
    // `store` as well. Whoever could change one can write to the user's own cache folder (made with mode 0700), and so run
    // code as the user anyway. Mapped, it is ready in two thirds of the time that a copy takes (`bench plugins`).
    let component = unsafe { Component::deserialize_file(engine, entry) };
    component.inspect_err(|error| tracing::debug!(entry = %entry.display(), "compiled plugin is stale: {error}")).ok()
}

/// Writes an entry beside its place and moves it there, so that nobody reads a half one, and then its digest.
fn store(entry: &Path, code: &[u8]) -> std::io::Result<()> {
    let folder = entry.parent().unwrap_or(Path::new("."));
    create_private(folder)?;
    put(folder, entry, code)?;
    put(folder, &digest_of(entry), blake3::hash(code).as_bytes())
}

fn put(folder: &Path, place: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(place)?;
    Ok(())
}

/// Where the digest of an entry stands.
fn digest_of(entry: &Path) -> PathBuf {
    entry.with_extension("digest")
}

/// Makes a folder that is the user's alone.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
