//! `anabranch plugin`: what authors of plugins do with them. One file a command.

mod inspect;
mod test;

use clap::Subcommand;

pub(super) use inspect::DescriptionDocument;

use super::terminal::Terminal;
use crate::failure::{Exit, Failure};

/// Commands for plugins.
#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Say what a plugin is, what it reads, changes and imports, and which parameters it takes, or why it would not be taken
    #[command(visible_alias = "check")]
    Inspect(inspect::Inspect),
    /// Run a plugin on records, show what it makes of them, and compare that with what is expected
    Test(Box<test::Test>),
}

impl PluginCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self {
            Self::Inspect(command) => command.run(terminal),
            Self::Test(command) => command.run(terminal),
        }
    }
}
