//! `anabranch plugin`: what authors of plugins do with them. One file a command.

mod bench;
mod build;
mod inspect;
mod language;
mod new;
mod test;
mod trial;

use clap::Subcommand;

pub(super) use inspect::DescriptionDocument;

use super::terminal::Terminal;
use crate::failure::{Exit, Failure};

/// Commands for plugins.
#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Make a folder with a plugin to begin from, which builds and passes its own test
    New(new::New),
    /// Make a component of the plugin in a folder, with the tools of its language
    Build(build::Build),
    /// Say what a plugin is, what it reads, changes and imports, and which parameters it takes, or why it would not be taken
    #[command(visible_alias = "check")]
    Inspect(inspect::Inspect),
    /// Run a plugin on records, show what it makes of them, and compare that with what is expected
    Test(Box<test::Test>),
    /// Say what a plugin costs a record: time beside a plugin that does nothing, instructions, memory
    Bench(Box<bench::Bench>),
}

impl PluginCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self {
            Self::New(command) => command.run(terminal),
            Self::Build(command) => command.run(terminal),
            Self::Inspect(command) => command.run(terminal),
            Self::Test(command) => command.run(terminal),
            Self::Bench(command) => command.run(terminal),
        }
    }
}
