//! `testing::run` fails for plugins that break their promises, and says which.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anabranch_plugin::columns::{Answer, Batch, numbers};
use anabranch_plugin::testing::{record, run};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record};
use serde_json::json;

/// The message that running `P` over ten records fails with.
fn failure<P: Plugin>() -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| run::<P>(json!({}), (0..10).map(|n| record("k", n.to_string())))));
    let payload = failed.err();
    let message = payload.as_ref().and_then(|payload| payload.downcast_ref::<String>());
    message.cloned().unwrap_or_else(|| "it did not fail".to_owned())
}

#[track_caller]
fn assert_begins(message: &str, beginning: &str) {
    assert!(message.starts_with(beginning), "{message}");
}

/// Drops the last record of each batch.
#[derive(Parameters)]
struct LastOfBatch;

impl Plugin for LastOfBatch {
    const READS: Columns = Columns::empty();

    fn batch(&mut self, batch: &Batch) -> Result<Answer, String> {
        Ok(Answer { selection: Some(numbers::pack(&(0..batch.count - 1).collect::<Vec<_>>())), ..Answer::unchanged() })
    }
}

#[test]
fn an_answer_that_depends_on_batches() {
    assert_begins(&failure::<LastOfBatch>(), "the answer depends on how records are cut");
}

/// Drops every second record by counting, and declares no state.
#[derive(Default)]
struct EverySecond(usize);

impl Configure for EverySecond {
    type Parameters = ();

    fn configure((): (), _: &Context) -> Result<Self, ConfigurationError> {
        Ok(Self::default())
    }
}

impl Plugin for EverySecond {
    const READS: Columns = Columns::empty();

    fn record(&mut self, record: Record<'_>) -> Outcome {
        self.0 += 1;
        if self.0.is_multiple_of(2) { record.drop("even") } else { record.keep() }
    }
}

#[test]
fn state_that_is_not_declared() {
    assert_begins(&failure::<EverySecond>(), "the plugin depends on more than its `STATE`: record 1 became");
}

/// Looks at the key without saying so.
#[derive(Parameters)]
struct Peeks;

impl Plugin for Peeks {
    const READS: Columns = Columns::VALUE;

    fn record(&mut self, record: Record<'_>) -> Outcome {
        if record.key().is_none() { record.drop("no key") } else { record.keep() }
    }
}

#[test]
fn a_column_that_is_not_declared_as_read() {
    let expected = "the plugin looks at the key without declaring it: name `Columns::KEY` in `Plugin::READS`";
    assert_eq!(failure::<Peeks>(), expected);
}

/// Changes the key without saying so.
#[derive(Parameters)]
struct Meddles;

impl Plugin for Meddles {
    const READS: Columns = Columns::KEY;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        record.set_key(None);
        record.keep()
    }
}

#[test]
fn a_column_that_is_not_declared_as_changed() {
    let expected = "the plugin changes what it does not declare: name `Columns(KEY)` in `Plugin::CHANGES`";
    assert_eq!(failure::<Meddles>(), expected);
}

/// Selects rows that do not exist.
#[derive(Parameters)]
struct Invents;

impl Plugin for Invents {
    const READS: Columns = Columns::empty();

    fn batch(&mut self, batch: &Batch) -> Result<Answer, String> {
        Ok(Answer { selection: Some(numbers::pack(&[batch.count])), ..Answer::unchanged() })
    }
}

#[test]
fn an_answer_that_the_host_would_not_take() {
    assert_begins(&failure::<Invents>(), "the host would not take this answer, which selects row 10 of 10");
}
