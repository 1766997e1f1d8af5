//! A plugin that does nothing, to hold others against: what it costs is what the boundary costs.
//!
//! It is made here, of text, so that there is one wherever the host runs.

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::ColumnSet;
use super::bindings::VERSION;

/// Its text, with the places that [`module`] fills in.
const TEXT: &str = include_str!("idle.wat");

/// The interface that it speaks.
const INTERFACE: &str = include_str!("../../../wit/v0.1/plugin.wit");

/// A core module that is handed `columns` and keeps every record.
///
/// # Errors
/// None but a defect of this program, in words.
pub(super) fn module(columns: ColumnSet) -> Result<Vec<u8>, String> {
    let text = TEXT.replace("$VERSION", VERSION).replace("$READS", &format!("\\{:02x}", columns.bits()));
    let mut module = wat::parse_str(text).map_err(|error| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", INTERFACE).map_err(|error| format!("{error:#}"))?;
    let world = resolve.select_world(&[package], Some("plugin")).map_err(|error| format!("{error:#}"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| format!("{error:#}"))?;
    Ok(module)
}
