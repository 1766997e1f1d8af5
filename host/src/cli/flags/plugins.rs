//! `--plugin` and `--param`, of which the second belongs to the first before it.
//!
//! clap's derive keeps the values of each flag but not how different flags follow each other, so these
//! two are taken from the matches by hand.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Map, Value};

use super::pair::{once, pair};
use crate::failure::Failure;
use crate::job::{JobError, PluginLimits, PluginSource, PluginUse};

/// The plugins of the command line, in order.
#[derive(Debug, Default)]
pub(super) struct PluginFlags {
    /// Parameters before any plugin: they are for the job file's.
    loose: Vec<(String, String)>,
    plugins: Vec<(Given, Vec<(String, String)>)>,
}

/// A plugin, and the digest that it must have.
type Given = (PluginSource, Option<String>);

impl Args for PluginFlags {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                Arg::new("plugin")
                    .long("plugin")
                    .value_name("PLUGIN")
                    .value_parser(PluginSource::of_flag)
                    .action(ArgAction::Append)
                    .help(
                        "A plugin: the name of one that comes with Anabranch, a file, or `URL#sha256=DIGEST`; repeated, \
                         records pass through them in this order. Replaces the job file's",
                    ),
            )
            .arg(
                Arg::new("param")
                    .long("param")
                    .value_name("NAME=VALUE")
                    .value_parser(pair)
                    .action(ArgAction::Append)
                    .help(
                        "A parameter of the plugin before it, for instance `prefix=test-`. A value that is JSON (a \
                         number, `true`, a list) is meant as that, anything else as text",
                    ),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PluginFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let indices = |name| matches.indices_of(name).into_iter().flatten();
        let plugins = matches.get_many::<Given>("plugin").into_iter().flatten().cloned();
        let starts: Vec<usize> = indices("plugin").collect();
        self.plugins = plugins.map(|given| (given, Vec::new())).collect();
        let parameters = matches.get_many::<(String, String)>("param").into_iter().flatten().cloned();
        for (index, parameter) in indices("param").zip(parameters) {
            let before = starts.iter().rposition(|start| *start < index);
            match before.and_then(|plugin| self.plugins.get_mut(plugin)) {
                Some((_, parameters)) => parameters.push(parameter),
                None => self.loose.push(parameter),
            }
        }
        Ok(())
    }
}

impl PluginFlags {
    /// Puts these flags over what the job file says.
    pub(super) fn lay_over(self, plugins: &mut Vec<PluginUse>) -> Result<(), Failure> {
        let Self { mut loose, plugins: mut given } = self;
        if let [(_, parameters)] = given.as_mut_slice() {
            // Where there is one plugin, those before it can be of no other.
            parameters.append(&mut loose);
        }
        for parameters in given.iter().map(|(_, parameters)| parameters).chain([&loose]) {
            once("--param", parameters)?;
        }
        if !given.is_empty() {
            let plugin = |((source, sha256), parameters): (Given, Vec<(String, String)>)| PluginUse {
                hidden: Default::default(),
                name: source.name(),
                source,
                sha256,
                parameters: parameters.into_iter().map(|(name, text)| (name, value(text))).collect(),
                limits: PluginLimits::default(),
            };
            *plugins = given.into_iter().map(plugin).collect();
        }
        match (loose.is_empty(), plugins.as_mut_slice()) {
            (true, _) => Ok(()),
            (false, [plugin]) => {
                plugin.parameters.extend(loose.into_iter().map(|(name, text)| (name, value(text))));
                Ok(())
            }
            (false, _) => Err(JobError::Conflict {
                message: "a `--param` stands before any `--plugin`".to_owned(),
                hint: "put it after the `--plugin` that it is for",
            }
            .into()),
        }
    }
}

/// Parameters of a plugin that has nothing before them.
pub(in crate::cli) fn parameters(given: Vec<(String, String)>) -> Result<Map<String, Value>, JobError> {
    once("--param", &given)?;
    Ok(given.into_iter().map(|(name, text)| (name, value(text))).collect())
}

/// JSON where the text is some, else the text.
fn value(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::cli::flags::given;
    use crate::failure::Exit;

    fn laid(flags: &[&str]) -> Result<Vec<PluginUse>, Failure> {
        let mut plugins = Vec::new();
        given::<PluginFlags>(flags).unwrap().lay_over(&mut plugins).map(|()| plugins)
    }

    #[test]
    fn a_parameter_given_twice_with_different_values_is_refused_and_not_decided_by_the_last() {
        let (half, more) = (["--param", "share=0.5"], ["--param", "share=0.6"]);
        let plugin = ["--plugin", "sample.wasm"];
        for flags in [[plugin, half, more], [half, plugin, more], [half, more, plugin]] {
            let failure = laid(&flags.concat()).unwrap_err();
            let wanted = "`--param` is given more than once for `share`, with different values";
            assert_eq!((failure.to_string().as_str(), failure.exit()), (wanted, Exit::Usage));
        }
        let two = laid(&[plugin, half, ["--plugin", "other.wasm"], more].concat()).unwrap();
        let shares: Vec<_> = two.iter().map(|plugin| plugin.parameters.get("share").cloned()).collect();
        assert_eq!(shares, [Some(0.5.into()), Some(0.6.into())]);
    }
}
