//! The files of a new plugin: its language's template, and the SDK that it depends on.
//!
//! The SDKs are not published yet, so a copy goes along, as it was when this program was built.

use std::borrow::Cow;
use std::collections::HashSet;

use minijinja::{Environment, UndefinedBehavior, context};
use rust_embed::RustEmbed;
use toml::{Table, Value};

use super::NewError;
use super::name::Name;
use crate::cli::plugin::language::Language;

#[derive(RustEmbed)]
#[folder = "../sdk/rust/template"]
struct RustTemplate;

#[derive(RustEmbed)]
#[folder = "../sdk/python/template"]
#[exclude = "*.pyc"]
#[exclude = "*_cache/*"]
struct PythonTemplate;

#[derive(RustEmbed)]
#[folder = "../sdk/js/template"]
#[exclude = "node_modules/*"]
struct JsTemplate;

/// The SDK with its macro, and what edits JSON, in the places that they have in this repository.
#[derive(RustEmbed)]
#[folder = "../sdk"]
#[include = "rust/Cargo.toml"]
#[include = "rust/src/*"]
#[include = "rust/macro/*"]
#[include = "rust/wit/*"]
#[include = "json/Cargo.toml"]
#[include = "json/src/*"]
struct RustSdk;

#[derive(RustEmbed)]
#[folder = "../sdk/python/src"]
#[exclude = "*.pyc"]
struct PythonSdk;

#[derive(RustEmbed)]
#[folder = "../sdk/js"]
#[exclude = "node_modules/*"]
#[exclude = "template/*"]
#[exclude = "tests/*"]
struct JsSdk;

/// The workspace that the crates of the Rust SDK are members of.
const WORKSPACE: &str = include_str!("../../../../../Cargo.toml");

/// Paths below the project's folder, and what stands there.
pub(super) type Files = Vec<(String, Cow<'static, [u8]>)>;

/// All files of a new plugin.
///
/// # Errors
/// None but a defect of this program.
pub(super) fn of(name: &Name, language: Language) -> Result<Files, NewError> {
    let mut files = Files::new();
    match language {
        Language::Rust => {
            render::<RustTemplate>(name, &mut files)?;
            copy::<RustSdk>("vendor/anabranch/sdk", &mut files);
            files.push(("vendor/anabranch/Cargo.toml".to_owned(), Cow::Owned(workspace()?.into_bytes())));
        }
        Language::Python => {
            render::<PythonTemplate>(name, &mut files)?;
            copy::<PythonSdk>("vendor", &mut files);
        }
        Language::Js => {
            render::<JsTemplate>(name, &mut files)?;
            copy::<JsSdk>("vendor/anabranch-plugin", &mut files);
        }
    }
    Ok(files)
}

/// Fills in the files of a template, and their names.
fn render<T: RustEmbed>(name: &Name, files: &mut Files) -> Result<(), NewError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_keep_trailing_newline(true);
    let names = context! { name => name.to_string(), module => name.module(), type => name.type_name() };
    for path in T::iter() {
        let Some(file) = T::get(&path) else { continue };
        let text = String::from_utf8_lossy(&file.data);
        let fill = |text: &str| {
            templates.render_str(text, &names).map_err(|error| NewError::Template { path: path.to_string(), error })
        };
        files.push((fill(&path)?, Cow::Owned(fill(&text)?.into_bytes())));
    }
    Ok(())
}

fn copy<T: RustEmbed>(folder: &str, files: &mut Files) {
    for path in T::iter() {
        if let Some(file) = T::get(&path) {
            files.push((format!("{folder}/{path}"), file.data));
        }
    }
}

/// The crates of the Rust SDK, below its folder.
const CRATES: [&str; 3] = ["rust", "rust/macro", "json"];

/// The workspace of the copied crates: this one's versions of what they depend on, its lints, and no other members.
fn workspace() -> Result<String, NewError> {
    let mut needed = HashSet::new();
    for name in CRATES {
        let manifest = RustSdk::get(&format!("{name}/Cargo.toml")).map(|file| file.data).unwrap_or_default();
        let manifest: Table = String::from_utf8_lossy(&manifest).parse().map_err(NewError::Workspace)?;
        for kind in ["dependencies", "dev-dependencies"] {
            needed.extend(manifest.get(kind).and_then(Value::as_table).into_iter().flat_map(Table::keys).cloned());
        }
    }
    let mut manifest: Table = WORKSPACE.parse().map_err(NewError::Workspace)?;
    manifest.remove("profile");
    if let Some(workspace) = manifest.get_mut("workspace").and_then(Value::as_table_mut) {
        let members = CRATES.map(|name| Value::String(format!("sdk/{name}")));
        workspace.insert("members".to_owned(), Value::Array(members.to_vec()));
        if let Some(versions) = workspace.get_mut("dependencies").and_then(Value::as_table_mut) {
            versions.retain(|name, _| needed.contains(name));
        }
    }
    Ok(manifest.to_string())
}
