//! The plugins that come with Anabranch, by name.
//!
//! A release has them inside (the feature `ready-made`, with which `just build` builds once they are there themselves).
//! Without it they are looked for as files: in the folder that `ANABRANCH_PLUGINS` names, and in `plugins` beside the
//! program or above it, where `just plugins` puts them.

use std::borrow::Cow;
use std::env;
use std::path::PathBuf;

use super::PluginError;

/// The folder of these plugins, for a program that does not have them inside.
const FOLDER: &str = "ANABRANCH_PLUGINS";

macro_rules! ready_made {
    ($($name:literal),* $(,)?) => {
        /// The names of the plugins that come with Anabranch.
        pub const READY_MADE: &[&str] = &[$($name),*];

        /// A plugin that is inside the program.
        #[cfg(feature = "ready-made")]
        fn inside(name: &str) -> Option<&'static [u8]> {
            match name {
                $($name => Some(include_bytes!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/../target/plugins/", $name, ".wasm"
                ))),)*
                _ => None,
            }
        }
    };
}

ready_made!("dedupe", "erase", "mask", "remap", "route", "sample", "shift-time", "unwrap", "where");

/// None is inside the program.
#[cfg(not(feature = "ready-made"))]
fn inside(_: &str) -> Option<&'static [u8]> {
    None
}

/// The module of a plugin that comes with Anabranch.
///
/// # Errors
/// One that is neither inside the program nor in a folder where it is looked for, or cannot be read there.
pub(super) fn read(name: &str) -> Result<Cow<'static, [u8]>, PluginError> {
    if let Some(module) = inside(name) {
        return Ok(module.into());
    }
    let folders = folders();
    let file = folders.iter().map(|folder| folder.join(format!("{name}.wasm"))).find(|file| file.is_file());
    match file {
        Some(path) => match std::fs::read(&path) {
            Ok(module) => Ok(module.into()),
            Err(source) => Err(PluginError::Read { path, source }),
        },
        None => Err(PluginError::NotBuilt { plugin: name.to_owned(), folders }),
    }
}

/// Where plugins are looked for.
fn folders() -> Vec<PathBuf> {
    if let Some(folder) = env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
        return vec![folder.into()];
    }
    let program = env::current_exe().and_then(|program| program.canonicalize()).unwrap_or_default();
    // A test lies one folder deeper than the program does.
    program.ancestors().skip(1).take(3).map(|folder| folder.join("plugins")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::path::Path;

    use super::READY_MADE;

    #[test]
    fn every_plugin_of_this_repository_comes_with_anabranch() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, READY_MADE);
    }
}
