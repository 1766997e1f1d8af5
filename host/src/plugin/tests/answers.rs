//! Every rule about answers, broken once.

use super::guests::Guest;
use super::layout::{Answer, Bytes, bytes};
use super::{Bench, batch, records, shown};
use crate::plugin::cache::CodeCache;
use crate::plugin::engine::{Engines, Metering};
use crate::plugin::instance::{Instance, Lane};
use crate::plugin::loaded::Loaded;

/// What the host says of an answer to three records, without asking which of them is to blame.
fn verdict(answer: Answer) -> String {
    let bench = Bench::of(&[&Guest { answer, ..Guest::default() }]);
    let engines = Engines::start(CodeCache::at(bench.folder.path().join("cache"))).unwrap();
    let loaded = Loaded::load(&bench.uses[0], &engines).unwrap();
    let mut instance = Instance::start(&loaded, &Lane::nowhere(), Metering::Time).unwrap();
    match instance.process(&loaded, &batch(100, 3), loaded.limits.time) {
        Ok(answer) => format!("{} records", answer.outputs.len()),
        Err(fault) => fault.to_string(),
    }
}

fn values(rows: Vec<u32>, values: Bytes) -> Answer {
    Answer { values: Some((rows, values)), ..Answer::default() }
}

fn selecting(rows: &[u32]) -> Answer {
    Answer { selection: Some(rows.to_vec()), ..Answer::default() }
}

#[test]
fn broken_rules_are_named() {
    let cases: Vec<(&str, Answer)> = vec![
        ("rows of selection decrease at entry 2", selecting(&[0, 2, 1])),
        ("selection names row 3 of 3", selecting(&[3])),
        ("selection names row 4294967295 of 3", selecting(&[u32::MAX])),
        ("rows of values do not increase at entry 1", values(vec![1, 1], bytes(&["a", "b"]))),
        ("values names row 3 of 3", values(vec![3], bytes(&["a"]))),
        ("values names row 1 of 1", Answer { selection: Some(vec![2]), ..values(vec![1], bytes(&["a"])) }),
        ("values has 2 offsets for 2 values", values(vec![0, 1], bytes(&["a"]))),
        ("values has 0 offsets for 1 values", values(vec![0], (vec![], vec![], None))),
        ("the offsets of values begin with 1", values(vec![0], (vec![1, 2], b"ab".to_vec(), None))),
        ("the offsets of values decrease at value 1", values(vec![0, 1], (vec![0, 2, 1], b"a".to_vec(), None))),
        ("the offsets of values end with 2, but there are 1", values(vec![0], (vec![0, 2], b"a".to_vec(), None))),
        (
            "the validity of values has 2 bytes for 1 values, which take 1",
            values(vec![0], (vec![0, 0], vec![], Some(vec![0, 0]))),
        ),
        ("keys has 3 offsets for 1 values", Answer { keys: Some((vec![0], bytes(&["a", "b"]))), ..Answer::default() }),
        (
            "header name 7 of a dictionary of 1",
            Answer {
                headers: Some((vec![0], (vec![0, 1], vec![7], bytes(&["name"]), bytes(&["value"])))),
                ..Answer::default()
            },
        ),
        (
            "the offsets of headers end with 2, but there are 1",
            Answer {
                headers: Some((vec![0], (vec![0, 2], vec![0], bytes(&["name"]), bytes(&["value"])))),
                ..Answer::default()
            },
        ),
        (
            "header values has 3 offsets for 1 values",
            Answer {
                headers: Some((vec![0], (vec![0, 1], vec![0], bytes(&["name"]), bytes(&["a", "b"])))),
                ..Answer::default()
            },
        ),
        (
            "header name 0 is not UTF-8",
            Answer {
                headers: Some((vec![0], (vec![0, 1], vec![0], (vec![0, 1], vec![0xff], None), bytes(&["a"])))),
                ..Answer::default()
            },
        ),
        (
            "header name 0 is null",
            Answer {
                headers: Some((vec![0], (vec![0, 1], vec![0], (vec![0, 0], vec![], Some(vec![0])), bytes(&["a"])))),
                ..Answer::default()
            },
        ),
        (
            "header names has 0 offsets for 0 values",
            Answer {
                headers: Some((vec![0], (vec![0, 0], vec![], (vec![], vec![], None), bytes(&[])))),
                ..Answer::default()
            },
        ),
        ("there are 2 timestamps for 1 rows", Answer { timestamps: Some((vec![0], vec![1, 2])), ..Answer::default() }),
        (
            "`a/b` is no legal name of a topic",
            Answer { topics: Some((vec![0], (vec![0], vec!["a/b".to_owned()]))), ..Answer::default() },
        ),
        (
            "`` is no legal name of a topic",
            Answer { topics: Some((vec![0], (vec![0], vec![String::new()]))), ..Answer::default() },
        ),
        (
            "topic 1 of a dictionary of 1",
            Answer { topics: Some((vec![0], (vec![1], vec!["a".to_owned()]))), ..Answer::default() },
        ),
        (
            "there are 2 topics for 1 rows",
            Answer { topics: Some((vec![0], (vec![0, 0], vec!["a".to_owned()]))), ..Answer::default() },
        ),
        (
            "partition -1 at entry 0 of partitions",
            Answer { partitions: Some((vec![0], vec![-1])), ..Answer::default() },
        ),
        ("there are 0 partitions for 1 rows", Answer { partitions: Some((vec![0], vec![])), ..Answer::default() }),
        (
            "row 1 is in both selection and drops",
            Answer { drops: Some((vec![1], vec![0], vec!["old".to_owned()])), ..selecting(&[0, 1]) },
        ),
        (
            "row 0 is in both selection and drops",
            Answer { drops: Some((vec![0], vec![0], vec!["old".to_owned()])), ..Answer::default() },
        ),
        (
            "rows of drops do not increase at entry 1",
            Answer { drops: Some((vec![2, 1], vec![0, 0], vec!["old".to_owned()])), ..selecting(&[0]) },
        ),
        (
            "drops names row 9 of 3",
            Answer { drops: Some((vec![9], vec![0], vec!["old".to_owned()])), ..selecting(&[0]) },
        ),
        ("there are 0 reasons for 1 drops", Answer { drops: Some((vec![1], vec![], vec![])), ..selecting(&[0]) }),
        (
            "reason 1 of a dictionary of 1",
            Answer { drops: Some((vec![1], vec![1], vec!["a".to_owned()])), ..selecting(&[0]) },
        ),
        ("row 1 is both selected and rejected", Answer { rejected: vec![(1, "bad".to_owned())], ..Answer::default() }),
        (
            "row 1 is in both selection and rejected",
            Answer { rejected: vec![(1, "bad".to_owned())], ..selecting(&[0, 1]) },
        ),
        (
            "rows of rejected do not increase at entry 1",
            Answer { rejected: vec![(2, "bad".to_owned()), (1, "bad".to_owned())], ..selecting(&[]) },
        ),
        (
            "row 1 is in both drops and rejected",
            Answer {
                drops: Some((vec![1], vec![0], vec!["old".to_owned()])),
                rejected: vec![(1, "bad".to_owned())],
                ..selecting(&[0])
            },
        ),
    ];
    for (expected, answer) in cases {
        let verdict = verdict(answer);
        assert_eq!(verdict, format!("broke the plugin interface ({expected})"));
    }
}

#[test]
fn a_broken_rule_names_plugin_and_record() {
    let error = Bench::of(&[&Guest { answer: selecting(&[7]), ..Guest::default() }]).run(&batch(100, 3)).unwrap_err();
    insta::assert_snapshot!(shown(&error), @r"
    plugin `test 1.2.3` broke the plugin interface (selection names row 7 of 1) at orders-3@100
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
}

#[test]
fn only_columns_named_in_changes_may_be_patched() {
    let columns: Vec<(&str, u8, Answer)> = vec![
        ("keys", 1, Answer { keys: Some((vec![0], bytes(&["a"]))), ..Answer::default() }),
        ("values", 2, values(vec![0], bytes(&["a"]))),
        (
            "headers",
            4,
            Answer { headers: Some((vec![0], (vec![0, 0], vec![], bytes(&[]), bytes(&[])))), ..Answer::default() },
        ),
        ("timestamps", 8, Answer { timestamps: Some((vec![0], vec![5])), ..Answer::default() }),
        ("topics", 16, Answer { topics: Some((vec![0], (vec![0], vec!["a".to_owned()]))), ..Answer::default() }),
        ("partitions", 32, Answer { partitions: Some((vec![0], vec![5])), ..Answer::default() }),
    ];
    for (name, flag, answer) in columns {
        let allowed = Guest { changes: flag, answer: answer.clone(), ..Guest::default() };
        Bench::of(&[&allowed]).run(&batch(0, 3)).unwrap();
        let refused = Guest { changes: 63 & !flag, answer, ..Guest::default() };
        let error = Bench::of(&[&refused]).run(&batch(0, 3)).unwrap_err().to_string();
        assert!(error.contains(&format!("it patches {name}, which its description does not name")), "{error}");
    }
}

#[test]
fn every_column_can_be_patched_and_null_is_not_empty() {
    let null_and_empty = |at: u8| (vec![0, 0, 0], vec![], Some(vec![at]));
    let answer = Answer {
        selection: Some(vec![0, 0, 2]),
        keys: Some((vec![0, 1], null_and_empty(0b10))),
        values: Some((vec![1, 2], null_and_empty(0b01))),
        headers: Some((
            vec![2],
            (vec![0, 2], vec![1, 1], bytes(&["unused", "name"]), (vec![0, 0, 1], b"x".to_vec(), Some(vec![0b10]))),
        )),
        timestamps: Some((vec![0], vec![-1])),
        topics: Some((vec![1], (vec![0], vec!["other.topic".to_owned()]))),
        partitions: Some((vec![2], vec![7])),
        ..Answer::default()
    };
    let guest = Guest { answer, ..Guest::default() };
    let (outputs, counts) = Bench::of(&[&guest]).run(&batch(5, 3)).unwrap();
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    let headers = vec![("name".to_owned(), None), ("name".to_owned(), bytes("x"))];
    assert_eq!(
        records(&outputs),
        [
            (None, bytes("v0"), vec![], -1, None, None),
            (bytes(""), bytes(""), vec![], 1000, Some("other.topic".to_owned()), None),
            (bytes("k2"), None, headers, 1002, None, Some(7)),
        ]
    );
    let positions: Vec<String> = outputs.rows().map(|row| outputs.position(&row)).collect();
    assert_eq!(positions, ["orders-3@5", "orders-3@5#1", "orders-3@7"]);
    let counts = &counts[0];
    assert_eq!((counts.read, counts.kept, counts.changed, counts.written), (3, 2, 3, 3));
    assert_eq!(counts.dropped.get(""), Some(&1));
}

#[test]
fn drops_are_counted_by_reason() {
    let answer = Answer {
        drops: Some((vec![0, 1], vec![1, 0], vec!["test user".to_owned(), "too\nold".to_owned()])),
        ..selecting(&[])
    };
    let (outputs, counts) = Bench::of(&[&Guest { answer, ..Guest::default() }]).run(&batch(0, 3)).unwrap();
    assert!(outputs.is_empty());
    let dropped: Vec<(&str, u64)> = counts[0].dropped.iter().map(|(reason, count)| (&**reason, *count)).collect();
    assert_eq!(dropped, [("", 1), ("test user", 1), ("too\\nold", 1)]);
}

#[test]
fn a_rejected_record_stops_the_job_and_is_named() {
    let answer = Answer { rejected: vec![(1, "no customer id".to_owned())], ..selecting(&[0, 2]) };
    let error = Bench::of(&[&Guest { answer, ..Guest::default() }]).run(&batch(1041, 3)).unwrap_err();
    insta::assert_snapshot!(shown(&error), @r"
    plugin `test 1.2.3` rejects the record at orders-3@1042: no customer id
    hint: let the plugin drop such records with a reason, mend the record in the backup, or say in `[rejected]` of the job that such records are set aside
    ");
}

#[test]
fn a_fan_out_beyond_the_output_limit_is_refused() {
    let guest = Guest { answer: selecting(&vec![0; 60_000]), ..Guest::default() };
    let mut bench = Bench::of(&[&guest]);
    assert_eq!(bench.run(&batch(0, 3)).unwrap().0.len(), 60_000);
    bench.uses[0].limits.output = 1 << 20;
    let error = bench.run(&batch(0, 3)).unwrap_err().to_string();
    assert!(error.contains("answered with more than its 1 MiB of output at orders-3@0"), "{error}");
}

#[test]
fn an_answer_beyond_the_output_limit_is_refused() {
    let long = "x".repeat(50_000);
    let mut bench = Bench::of(&[&Guest { answer: values(vec![0], bytes(&[&long])), ..Guest::default() }]);
    bench.run(&batch(0, 3)).unwrap();
    bench.uses[0].limits.output = 40_000;
    let error = bench.run(&batch(0, 3)).unwrap_err().to_string();
    assert!(error.contains("answered with more than its 40000 bytes of output"), "{error}");
}
