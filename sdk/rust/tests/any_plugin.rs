//! Whatever a plugin does with its records, the answer is one that the host takes and means just that,
//! however the records were cut into batches: `testing::run` checks both against records as a plain
//! model has them.

use anabranch_plugin::testing::{Dropped, OwnedRecord, Rejected, record, run};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Header, Outcome, Plugin, Record};
use proptest::prelude::*;
use serde_json::json;

/// One thing that a handler does.
#[derive(Clone, Debug)]
enum Step {
    Key(Option<Vec<u8>>),
    Value(Option<Vec<u8>>),
    Write(Vec<u8>),
    Headers(Vec<(String, Option<Vec<u8>>)>),
    AddHeader(String, Option<Vec<u8>>),
    Timestamp(Option<i64>),
    Topic(String),
    Partition(i32),
    Emit,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Keep,
    Drop,
    Finish,
    Reject,
}

type Script = (Vec<Step>, End);

/// Does for record `n` what its script says.
struct Scripted(Vec<Script>);

thread_local! {
    static SCRIPTS: std::cell::RefCell<Vec<Script>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Configure for Scripted {
    type Parameters = ();

    fn configure((): (), _: &Context) -> Result<Self, ConfigurationError> {
        Ok(Self(SCRIPTS.with_borrow(Clone::clone)))
    }
}

impl Plugin for Scripted {
    const READS: Columns = Columns::all();
    const CHANGES: Columns = Columns::all();

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let (steps, end) = &self.0[record.offset() as usize];
        for step in steps {
            match step {
                Step::Key(key) => record.set_key(key.as_deref()),
                Step::Value(value) => record.set_value(value.as_deref()),
                Step::Write(value) => std::io::Write::write_all(&mut record.value_writer(), value)?,
                Step::Headers(headers) => {
                    record.set_headers(headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }))
                }
                Step::AddHeader(name, value) => record.add_header(name, value.as_deref()),
                Step::Timestamp(timestamp) => record.set_timestamp(*timestamp),
                Step::Topic(topic) => record.set_topic(topic),
                Step::Partition(partition) => record.set_partition(*partition),
                Step::Emit => record.emit(),
            }
        }
        match end {
            End::Keep => record.keep(),
            End::Drop => record.drop("dropped"),
            End::Finish => record.finish(),
            End::Reject => record.reject("rejected"),
        }
    }
}

/// What the script makes of a record, by the words of the documentation.
fn expected(source: &OwnedRecord, (steps, end): &Script) -> Vec<OwnedRecord> {
    let (mut out, mut now) = (Vec::new(), source.clone());
    for step in steps {
        match step.clone() {
            Step::Key(key) => now.key = key.into(),
            Step::Value(value) => now.value = value.into(),
            Step::Write(value) => now.value = value.into(),
            Step::Headers(headers) => {
                now.headers = headers.into_iter().map(|(name, value)| (name, value.into())).collect()
            }
            Step::AddHeader(name, value) => now.headers.push((name, value.into())),
            Step::Timestamp(timestamp) => now.timestamp = timestamp,
            Step::Topic(topic) => now.topic = Some(topic),
            Step::Partition(partition) => now.partition = Some(partition),
            Step::Emit => out.push(std::mem::replace(&mut now, source.clone())),
        }
    }
    match end {
        End::Keep => out.push(now),
        End::Finish => {}
        End::Drop | End::Reject => out.clear(),
    }
    out
}

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![Just(None), prop::collection::vec(any::<u8>(), 0..4).prop_map(Some)]
}

fn header() -> impl Strategy<Value = (String, Option<Vec<u8>>)> {
    ("[a-c]?", bytes())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        bytes().prop_map(Step::Key),
        bytes().prop_map(Step::Value),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Step::Write),
        prop::collection::vec(header(), 0..3).prop_map(Step::Headers),
        header().prop_map(|(name, value)| Step::AddHeader(name, value)),
        prop::option::of(0i64..9).prop_map(Step::Timestamp),
        "[t-v]".prop_map(Step::Topic),
        (0i32..3).prop_map(Step::Partition),
        Just(Step::Emit),
        Just(Step::Emit),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let end = prop_oneof![Just(End::Keep), Just(End::Keep), Just(End::Drop), Just(End::Finish), Just(End::Reject)];
    (prop::collection::vec(step(), 0..5), end)
}

fn source() -> impl Strategy<Value = OwnedRecord> {
    (bytes(), bytes(), prop::collection::vec(header(), 0..3), prop::option::of(0i64..9)).prop_map(
        |(key, value, headers, timestamp)| OwnedRecord {
            headers: headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
            timestamp,
            ..record(key, value)
        },
    )
}

proptest! {
    #[test]
    fn answers_mean_what_handlers_did(given in prop::collection::vec((source(), script()), 1..12)) {
        let (sources, scripts): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        SCRIPTS.set(scripts.clone());
        let run = run::<Scripted>(json!({}), sources.clone());
        let outputs: Vec<_> = sources.iter().zip(&scripts).map(|(source, script)| expected(source, script)).collect();
        let rejected = |input: &usize| matches!(scripts[*input].1, End::Reject);
        let reason = |input: usize| matches!(scripts[input].1, End::Drop).then(|| "dropped".to_owned());
        prop_assert_eq!(&run.records, &outputs.concat());
        prop_assert_eq!(
            run.rejected,
            (0..sources.len())
                .filter(rejected)
                .map(|input| Rejected { input, reason: "rejected".to_owned() })
                .collect::<Vec<_>>()
        );
        prop_assert_eq!(
            run.dropped,
            (0..sources.len())
                .filter(|input| !rejected(input) && outputs[*input].is_empty())
                .map(|input| Dropped { input, reason: reason(input) })
                .collect::<Vec<_>>()
        );
    }
}
