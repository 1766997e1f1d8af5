//! Programs that are run in a plugin's folder.

use std::io;
use std::process::{Command, Stdio};

use super::BuildError;

/// Runs a tool whose words are for the person who builds: all of them go to stderr, stdout being for data.
///
/// # Errors
/// A tool that cannot be started, or fails.
pub(super) fn run(command: &mut Command) -> Result<(), BuildError> {
    let tool = command.get_program().to_string_lossy().into_owned();
    let failed = |source| BuildError::Start { tool: tool.clone(), source };
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(BuildError::Failed { tool, status }) }
}

/// The first numbers of what `command` prints of its version, such as `(3, 11)` for `Python 3.11.7`; `None` where it
/// cannot be run, or prints none.
pub(super) fn version(command: &mut Command) -> Option<(u32, u32)> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = text.find(|letter: char| letter.is_ascii_digit()).and_then(|first| text.get(first..))?;
    let mut numbers = numbers.split(|letter: char| !letter.is_ascii_digit()).map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

/// Checks that a tool is there, and no older than it must be.
///
/// # Errors
/// With what installs it.
pub(super) fn require(name: &str, command: &mut Command, least: (u32, u32), remedy: &str) -> Result<(), BuildError> {
    let (major, minor) = least;
    let needed = format!("{name} {major}.{minor} or later builds this plugin");
    let what = match version(command) {
        None => format!("{needed}, and `{}` does not run here", command.get_program().to_string_lossy()),
        Some(found) if found < least => format!("{needed}; this is {}.{}", found.0, found.1),
        Some(_) => return Ok(()),
    };
    Err(BuildError::Tool { what, remedy: remedy.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_say() {
        let of = |text: &str| version(Command::new("echo").arg(text));
        assert_eq!(of("Python 3.11.7"), Some((3, 11)));
        assert_eq!(of("v20.9.0"), Some((20, 9)));
        assert_eq!(of("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(of("tool 7"), Some((7, 0)));
        assert_eq!(of("none"), None);
        assert_eq!(version(&mut Command::new("no such program")), None);
    }
}
