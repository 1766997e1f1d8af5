//! Python plugins, by the SDK's own build on componentize-py.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::project::Project;
use super::{BuildError, tool};

/// The oldest Python that the SDK takes.
const LEAST: (u32, u32) = (3, 11);

/// # Errors
/// No Python, and whatever the SDK's build says, for instance that componentize-py is not installed.
pub(super) fn build(project: &Project, out: &Path) -> Result<(), BuildError> {
    let python = interpreter(&project.folder);
    let install =
        "https://www.python.org/downloads has it, as do package managers: `apt-get install python3 python3-venv`";
    tool::require("Python", Command::new(&python).arg("--version"), LEAST, install)?;
    let mut build = Command::new(python);
    build.args(["-m", "anabranch_plugin", "build", ".", "-o"]).arg(out).current_dir(&project.folder);
    // The SDK that `plugin new` put there; otherwise it is installed.
    let vendor = project.folder.join("vendor");
    if let Ok(vendor) = std::path::absolute(&vendor)
        && vendor.join("anabranch_plugin").is_dir()
    {
        let paths = std::env::var_os("PYTHONPATH")
            .into_iter()
            .flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
        // Fails only for a folder with a colon in its name, which `PYTHONPATH` cannot name.
        if let Ok(paths) = std::env::join_paths(std::iter::once(vendor).chain(paths)) {
            build.env("PYTHONPATH", paths);
        }
    }
    tool::run(&mut build)
}

/// The Python of the project's virtual environment, of the one that is active, or the system's.
fn interpreter(folder: &Path) -> PathBuf {
    let of = |environment: PathBuf| {
        let places = ["bin/python", "Scripts/python.exe"].map(|place| environment.join(place));
        places.into_iter().find(|place| place.exists())
    };
    let own = std::path::absolute(folder.join(".venv")).ok().and_then(of);
    own.or_else(|| std::env::var_os("VIRTUAL_ENV").map(PathBuf::from).and_then(of)).unwrap_or_else(|| "python3".into())
}
