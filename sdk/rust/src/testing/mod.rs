//! Runs a plugin natively, for its unit tests: no WebAssembly, no broker, no backup.
//!
//! [`run`] gives records to a plugin and returns what came out. It also holds the plugin to what it
//! promises: the answer must be the same however the records are cut into batches, a plugin that
//! resumes must go on as if it had never stopped, and an answer must be one that the host takes.
//!
//! ```
//! use anabranch_plugin::testing::{Dropped, record, run};
//! # use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};
//! # #[derive(serde::Deserialize, Parameters)]
//! # struct DropTestUsers { prefix: String }
//! # impl Plugin for DropTestUsers {
//! #     const READS: Columns = Columns::KEY;
//! #     fn record(&mut self, record: Record<'_>) -> Outcome {
//! #         match record.key() {
//! #             Some(key) if key.starts_with(self.prefix.as_bytes()) => record.drop("test user"),
//! #             _ => record.keep(),
//! #         }
//! #     }
//! # }
//! use serde_json::json;
//!
//! let run = run::<DropTestUsers>(json!({ "prefix": "test-" }), [
//!     record("test-7", "{}"),
//!     record("8", "{}").header("trace", "1f").at(1_700_000_000_000),
//!     record(None, "no key"),
//! ]);
//! assert_eq!(run.records, [
//!     record("8", "{}").header("trace", "1f").at(1_700_000_000_000),
//!     record(None, "no key"),
//! ]);
//! assert_eq!(run.dropped, [Dropped { input: 0, reason: Some("test user".into()) }]);
//! ```

#![allow(clippy::panic, reason = "a failed assertion is what this is for")]

mod input;
mod output;
mod record;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

pub use self::record::{Bytes, OwnedRecord, record, tombstone};
use crate::{ConfigurationError, Configure, Context, Level, Parameters, Plugin, State};

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The records that came out, in order. Topic and partition are those that the plugin chose.
    pub records: Vec<OwnedRecord>,
    /// For each of `records` which of the given ones it comes from.
    pub sources: Vec<usize>,
    /// The records of which nothing came.
    pub dropped: Vec<Dropped>,
    /// The records that the plugin rejected.
    pub rejected: Vec<Rejected>,
    /// What the plugin logged.
    pub log: Vec<(Level, String)>,
    /// What the plugin counted.
    pub counters: BTreeMap<String, u64>,
}

/// A record of which nothing came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Which of the given records.
    pub input: usize,
    /// The reason, where the plugin gave one.
    pub reason: Option<String>,
}

/// A record that the plugin rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which of the given records.
    pub input: usize,
    /// The reason.
    pub reason: String,
}

/// Where [`run`] has the plugin think that it is: job `test`, source `orders-0`, target `orders`.
pub fn context() -> Context {
    Context {
        job: "test".to_owned(),
        source_topic: "orders".to_owned(),
        source_partition: Some(0),
        target_topic: "orders".to_owned(),
        started: 1_700_000_000_000,
        seed: 7,
    }
}

/// The plugin with these parameters, a JSON object; defaults are filled in as the host does.
///
/// # Errors
/// Parameters that the plugin does not take.
///
/// # Panics
/// If the parameters are no JSON object.
pub fn configure<P: Plugin>(parameters: Value) -> Result<P, ConfigurationError> {
    let Value::Object(mut parameters) = parameters else { panic!("parameters are a JSON object, not `{parameters}`") };
    for parameter in <P as Configure>::Parameters::describe() {
        if parameters.contains_key(&parameter.name) {
            continue;
        }
        match parameter.default {
            Some(default) => {
                let default = serde_json::from_str(&default)
                    .unwrap_or_else(|error| panic!("the default of `{}` is no JSON: {error}", parameter.name));
                parameters.insert(parameter.name, default);
            }
            None if parameter.required => {
                return Err(ConfigurationError::in_parameter(parameter.name, "is required and not given"));
            }
            None => {}
        }
    }
    let parameters = <P as Configure>::Parameters::parse(&Value::Object(parameters).to_string())?;
    P::configure(parameters, &context())
}

/// Gives `records` to a plugin, at offsets from 0, and returns what came out.
///
/// # Panics
/// If the plugin does not take the parameters, fails as a whole, gives an answer that the host would
/// not take, gives another answer when the records come in other batches, or depends on more of the
/// past than [`Plugin::STATE`] says.
pub fn run<P: Plugin>(parameters: Value, records: impl IntoIterator<Item = OwnedRecord>) -> Run {
    let records: Vec<_> = records.into_iter().collect();
    let whole = pass::<P>(&parameters, &records, 0, records.len());
    for size in [1, 2, 3, 7] {
        let mut cut = pass::<P>(&parameters, &records, 0, size);
        // How often something is logged may well depend on the batch.
        cut.log.clone_from(&whole.log);
        assert!(cut == whole, "the answer depends on how records are cut: {whole:#?} whole, but {cut:#?} by {size}");
    }
    let replayed = match P::STATE {
        State::None => 0,
        State::Window(window) => window as usize,
        State::Lane => return whole,
    };
    for resumed in (1..records.len()).step_by(records.len().div_ceil(16)) {
        let rest = pass::<P>(&parameters, &records, resumed.saturating_sub(replayed), records.len());
        for input in resumed..records.len() {
            let (expected, came) = (whole.outcome(input), rest.outcome(input));
            assert!(
                came == expected,
                "the plugin depends on more than its `STATE`: record {input} became {expected:#?}, but {came:#?} when \
                 it resumed at record {resumed}"
            );
        }
    }
    whole
}

impl Run {
    /// What became of one of the given records.
    fn outcome(&self, input: usize) -> (Vec<&OwnedRecord>, Option<&Dropped>, Option<&Rejected>) {
        let records = self.sources.iter().zip(&self.records).filter(|(source, _)| **source == input);
        (
            records.map(|(_, record)| record).collect(),
            self.dropped.iter().find(|dropped| dropped.input == input),
            self.rejected.iter().find(|rejected| rejected.input == input),
        )
    }
}

/// What one instance makes of the records from `first` on, in batches of `size`.
fn pass<P: Plugin>(parameters: &Value, records: &[OwnedRecord], mut first: usize, size: usize) -> Run {
    HEARD.set(Some(Heard::default()));
    let mut plugin = configure::<P>(parameters.clone()).unwrap_or_else(|error| match error.parameter {
        Some(parameter) => panic!("parameter `{parameter}`: {}", error.message),
        None => panic!("{}", error.message),
    });
    let mut run = Run::default();
    for chunk in records[first..].chunks(size.max(1)) {
        let batch = input::batch(chunk, first, P::READS);
        let answer = plugin.batch(&batch).unwrap_or_else(|error| panic!("the plugin failed: {error}"));
        output::apply(&answer, chunk, first, P::CHANGES, &mut run)
            .unwrap_or_else(|fault| panic!("the host would not take this answer, {fault}: {answer:#?}"));
        first += chunk.len();
    }
    let heard = HEARD.take().unwrap_or_default();
    Run { log: heard.log, counters: heard.counters, ..run }
}

/// What a plugin said by [`crate::log`] and [`crate::count`].
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) log: Vec<(Level, String)>,
    pub(crate) counters: BTreeMap<String, u64>,
}

thread_local! {
    static HEARD: RefCell<Option<Heard>> = const { RefCell::new(None) };
}

/// Listens to a plugin, while one is run.
pub(crate) fn heard(listen: impl FnOnce(&mut Heard)) {
    HEARD.with_borrow_mut(|heard| {
        if let Some(heard) = heard {
            listen(heard);
        }
    });
}
