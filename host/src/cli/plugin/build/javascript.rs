//! JavaScript and TypeScript plugins, by the SDK's own build on componentize-qjs, which puts QuickJS beside them.

use std::path::Path;
use std::process::Command;

use super::project::Project;
use super::{BuildError, tool};

/// The oldest Node that the SDK takes.
const LEAST: (u32, u32) = (20, 0);

/// The SDK's build: where `plugin new` puts it, and where npm does.
const BUILDS: [&str; 2] = ["vendor/anabranch-plugin/build.js", "node_modules/anabranch-plugin/build.js"];

/// # Errors
/// No Node, packages that are not installed, and whatever the SDK's build says.
pub(super) fn build(project: &Project, out: &Path) -> Result<(), BuildError> {
    let install = "https://nodejs.org has it, as do package managers";
    tool::require("Node.js", Command::new("node").arg("--version"), LEAST, install)?;
    let build =
        BUILDS.into_iter().find(|build| project.folder.join(build).is_file()).ok_or_else(|| BuildError::Tool {
            what: format!("the package `anabranch-plugin`, by which `{}` is built, is not there", project.name),
            remedy: format!("`npm install` in `{}` installs what its `package.json` names", project.folder.display()),
        })?;
    tool::run(Command::new("node").arg(build).args([".", "-o"]).arg(out).current_dir(&project.folder))
}
