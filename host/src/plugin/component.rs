//! From a plugin's file to a component that exports the interface of this version.

use std::path::Path;

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::bindings::{GUEST, PACKAGE, VERSION};
use super::engine::Runtime;
use super::{PluginError, text, wasi};
use crate::guard::guarded;

/// The version and layer fields of a core module and of a component, after the magic number.
const MODULE: [u8; 4] = [1, 0, 0, 0];
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];

/// The bytes of a component: those of the file at `path`, or made from the core module in it.
///
/// # Errors
/// A file that is neither.
pub(super) fn of(path: &Path, content: Vec<u8>) -> Result<Vec<u8>, PluginError> {
    let not_wasm = |message: String| PluginError::NotWasm { path: path.to_owned(), message };
    if content.is_empty() {
        return Err(not_wasm("it is empty".to_owned()));
    }
    let Some(header) = content.strip_prefix(b"\0asm") else {
        let begins = content.get(..8).unwrap_or(&content);
        return Err(not_wasm(format!(
            "it begins with {}",
            text::printable(&format!("{:?}", begins.escape_ascii().to_string()), 64)
        )));
    };
    if header.starts_with(&COMPONENT) {
        return Ok(content);
    }
    if !header.starts_with(&MODULE) {
        return Err(not_wasm("it is of another version of WebAssembly, or cut off".to_owned()));
    }
    componentize(path, &content)
}

/// Makes a component of a core module.
fn componentize(path: &Path, module: &[u8]) -> Result<Vec<u8>, PluginError> {
    let invalid = |error: &dyn std::fmt::Display| PluginError::Invalid {
        path: path.to_owned(),
        message: text::printable(&format!("{error:#}"), super::fault::WORDS),
    };
    // The crate slices without looking in a module that is cut off.
    let made = guarded(|| {
        check_packages(module).map_err(|error| invalid(&error))?;
        let (typed, _) = wit_component::metadata::decode(module).map_err(|error| invalid(&error))?;
        if typed.is_none() {
            return Err(PluginError::NoComponentType { path: path.to_owned() });
        }
        let mut encoder = wit_component::ComponentEncoder::default();
        encoder.module(module).map_err(|error| invalid(&error))?;
        encoder.validate(true).encode().map_err(|error| invalid(&error))
    });
    made.unwrap_or_else(|panic| Err(invalid(&panic)))
}

/// Checks what the crate takes for granted: that no packages of the interface depend on each other in a circle, along
/// which it would go until the stack ends. What cannot be decoded is left to it.
fn check_packages(module: &[u8]) -> Result<(), String> {
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let Ok(wasmparser::Payload::CustomSection(section)) = payload else { continue };
        if !section.name().starts_with("component-type") {
            continue;
        }
        let Ok(decoded) = wit_parser::decoding::decode(section.data()) else { continue };
        let resolve = decoded.resolve();
        let mut left: Vec<_> = resolve.packages.iter().map(|(id, _)| id).collect();
        while !left.is_empty() {
            let (waiting, free): (Vec<_>, Vec<_>) = left
                .iter()
                .partition(|id| resolve.package_direct_deps(**id).any(|dependency| left.contains(&dependency)));
            if free.is_empty() {
                let name = waiting.first().map(|id| resolve.packages[*id].name.to_string()).unwrap_or_default();
                return Err(format!("package `{name}` of its interface depends on itself"));
            }
            left = waiting;
        }
    }
    Ok(())
}

/// Checks that `component` exports what a plugin must and imports nothing that the host lacks.
///
/// # Errors
/// What does not fit, by name.
pub(super) fn check(path: &Path, runtime: &Runtime, component: &Component) -> Result<Vec<String>, PluginError> {
    let described = component.component_type();
    let versions: Vec<String> = described
        .exports(&runtime.engine)
        .filter_map(|(name, _)| name.strip_prefix(GUEST).map(str::to_owned))
        .collect();
    match versions.as_slice() {
        [] => return Err(PluginError::NoGuest { path: path.to_owned() }),
        versions if versions.iter().any(|version| version == VERSION) => {}
        [theirs, ..] => {
            return Err(PluginError::OtherVersion {
                path: path.to_owned(),
                theirs: text::printable(theirs, 64),
                ours: VERSION,
            });
        }
    }
    let imports: Vec<String> = described.imports(&runtime.engine).map(|(name, _)| name.to_owned()).collect();
    let missing: Vec<String> = described
        .imports(&runtime.engine)
        .filter(|(name, item)| !is_given(name) && !matches!(item.ty, ComponentItem::Type(_)))
        .map(|(name, _)| text::printable(name, 256))
        .collect();
    if missing.is_empty() { Ok(imports) } else { Err(PluginError::Imports { path: path.to_owned(), imports: missing }) }
}

/// Whether the host gives an import of this name.
fn is_given(name: &str) -> bool {
    let ours = name.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@'));
    matches!(ours, Some(("host" | "types", VERSION))) || wasi::provides(name)
}
