//! The command line: `anabranch restore|verify|status|forget|plan|preview|inspect|plugin`.
//!
//! One file a command; what they share stands beside them. A command writes its data to stdout and
//! everything else to stderr, and ends with an [`Exit`]; errors are shown here and nowhere else.

mod backup;
mod flags;
mod inspect;
mod logging;
mod plan;
mod plugin;
mod prepare;
mod preview;
mod progress;
mod report;
mod restore;
mod signals;
mod terminal;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::failure::{Exit, Failure};
use terminal::Terminal;

/// Restores backups of Kafka topics through WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "anabranch", version, after_help = EXITS, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How data is written to stdout; docs/output.md describes the JSON
    #[arg(long, global = true, value_enum, default_value_t)]
    output: Output,
    /// Log more to stderr; twice for everything. ANABRANCH_LOG sets it by module
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXITS: &str = "Exit codes: 0 done; 1 failed; 2 usage or job file; 3 environment (store, broker, credentials); \
                     4 finished, with records skipped or dead-lettered by policy; 5 the target differs";

/// How data is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// One document for programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Restore a backup into Kafka
    Restore(restore::Restore),
    /// Compare the target with what the backup and the plugins give, while a restore runs or after it
    Verify(verify::Verify),
    /// Show how far a job has come; without a job's name, every job of the cluster
    Status(progress::Status),
    /// Remove a job's progress, so that it begins anew; what it wrote stays
    Forget(progress::Forget),
    /// Say what a restore would do: files, order, counts, and what will be lost or guessed
    Plan(plan::PlanCommand),
    /// Show the first records before and after the plugins; needs no Kafka
    Preview(preview::Preview),
    /// Say what a backup holds
    Inspect(inspect::Inspect),
    /// Work with plugins
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, with code 0; a closed pipe is no error.
            drop(error.print());
            return if error.exit_code() == 0 { Exit::Done.into() } else { Exit::Usage.into() };
        }
    };
    let terminal = Terminal::new(cli.output);
    logging::start(cli.verbose, &terminal);
    let result = match cli.command {
        Command::Restore(command) => command.run(&terminal),
        Command::Verify(command) => command.run(&terminal),
        Command::Status(command) => command.run(&terminal),
        Command::Forget(command) => command.run(&terminal),
        Command::Plan(command) => command.run(&terminal),
        Command::Preview(command) => command.run(&terminal),
        Command::Inspect(command) => command.run(&terminal),
        Command::Plugin(command) => command.run(&terminal),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal.say(&complaint(&failure));
            failure.exit().into()
        }
    }
}

/// A failure as people read it: what, the causes, and what to do.
fn complaint(failure: &Failure) -> String {
    let mut text = format!("error: {failure}");
    for cause in causes(failure) {
        text.push_str(&format!("\n  caused by: {cause}"));
    }
    if let Some(hint) = failure.hint() {
        text.push_str(&format!("\nhint: {hint}"));
    }
    text
}

/// The causes of a failure, outermost first.
fn causes(failure: &Failure) -> Vec<String> {
    let mut causes = Vec::new();
    let mut said = failure.to_string();
    let mut cause = failure.cause();
    while let Some(error) = cause {
        let message = error.to_string();
        // Some libraries repeat a cause in the message of what it caused.
        if !said.contains(&message) {
            causes.push(message.clone());
        }
        said = message;
        cause = error.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
