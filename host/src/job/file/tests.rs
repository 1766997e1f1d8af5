//! What a job file says, and what is said about one that is wrong.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::failure::{Exit, Explain};

const LEAST: &str = "[backup]\nurl = \"/backup\"\n[target]\nbrokers = \"null\"\n";

fn environment(name: &str) -> Option<String> {
    (name == "PASSWORD").then(|| "hunter2".to_owned())
}

fn job(text: &str) -> Job {
    parse(text, Path::new("jobs/job.toml"), &environment).unwrap()
}

/// What a person reads of a wrong job file.
fn complaint(text: &str) -> String {
    let error = parse(text, Path::new("job.toml"), &environment).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    let text = match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    };
    assert!(!text.contains("hunter2"), "the value of a variable is in: {text}");
    text
}

#[test]
fn the_least_job_has_the_defaults() {
    let job = job(LEAST);
    assert_eq!(job.name, "job");
    assert_eq!(job.resources, Resources::default());
    assert_eq!(job.target.partition, PartitionStrategy::Same);
    assert!(job.plugins.is_empty() && job.allow.is_empty() && job.target.create.is_none());
}

#[test]
fn parameters_with_variables_are_marked_as_not_to_be_shown() {
    let plugin = "[[plugin]]\npath = \"mask.wasm\"\n[plugin.parameters]\n";
    let parameters = "salt = \"${PASSWORD}\"\nnested = [{ key = \"x${PASSWORD}\" }]\nplain = \"$${PASSWORD}\"\n";
    let job = job(&format!("{LEAST}{plugin}{parameters}"));
    assert_eq!(job.plugins[0].parameters["salt"], "hunter2");
    assert_eq!(job.plugins[0].parameters["plain"], "${PASSWORD}");
    assert!(job.plugins[0].hidden.iter().eq(["nested", "salt"]));
}

#[test]
fn paths_begin_at_the_job_file() {
    let job = job("[backup]\nurl = \"data\"\n[target]\nbrokers = \"null\"\n[[plugin]]\npath = \"a/drop.wasm\"\n");
    assert_eq!(job.backup.url, "jobs/data");
    assert_eq!(job.plugins[0].source.to_string(), "jobs/a/drop.wasm");
    assert_eq!(job.plugins[0].name, "drop");
}

#[test]
fn dotted_names_and_numbers_are_texts_where_any_name_goes() {
    let job = job(&format!("{LEAST}[target.properties]\nlinger.ms = 5\n\"sasl.password\" = \"${{PASSWORD}}\"\n"));
    let shown: Vec<_> = job.target.properties.iter().map(|(name, text)| (name.as_str(), text.expose())).collect();
    assert_eq!(shown, [("linger.ms", "5"), ("sasl.password", "hunter2")]);
    assert!(!format!("{job:?}").contains("hunter2"));
}

#[test]
fn a_table_of_partitions_needs_no_quotes() {
    let job =
        job("[backup]\nurl = \"/b\"\n[target]\nbrokers = \"null\"\norder = \"none\"\npartition = { 0 = 3, 1 = 4 }\n");
    assert_eq!(job.target.partition, PartitionStrategy::Table([(0, 3), (1, 4)].into()));
}

#[test]
fn unknown_keys_come_with_the_nearest_right_one() {
    insta::assert_snapshot!(complaint("[backup]\nurl = \"x\"\nformt = \"avro\"\n"), @r"
    job.toml:3:1: unknown key `formt` in `[backup]`
    hint: did you mean `format`?
    ");
    insta::assert_snapshot!(complaint("[bakcup]\nurl = \"x\"\n"), @r"
    job.toml:1:2: unknown key `bakcup` at the top of the job
    hint: did you mean `backup`?
    ");
    insta::assert_snapshot!(complaint("[backup.columns]\nkye = \"k\"\n"), @r"
    job.toml:2:1: unknown key `kye` in `[backup.columns]`
    hint: did you mean `key`?
    ");
    insta::assert_snapshot!(complaint("[[plugin]]\npath = \"x\"\n[plugin.limits]\nzzz = 1\n"), @r"
    job.toml:4:1: unknown key `zzz` in `[plugin.limits]`
    hint: there are `memory`, `time`, `output`, `log_lines`, `table_entries`, `instances`
    ");
    insta::assert_snapshot!(complaint("[target.create]\nreplicas = 3\n"), @r"
    job.toml:2:1: unknown key `replicas` in `[target.create]`
    hint: did you mean `replication`?
    ");
}

#[test]
fn wrong_types_say_what_is_due() {
    insta::assert_snapshot!(complaint("name = 5\n"), @"job.toml:1:8: `name` must be text, not a whole number");
    insta::assert_snapshot!(complaint("allow = [\"a\", 1]\n"), @"job.toml:1:15: `allow` must be a list of texts only, not a whole number");
    insta::assert_snapshot!(complaint("backup = \"s3://x\"\n"), @"job.toml:1:10: `backup` must be a table, not text");
    insta::assert_snapshot!(complaint("[plugin]\npath = \"x\"\n"), @"job.toml:1:1: `plugin` must be tables headed `[[plugin]]`, not a table");
    insta::assert_snapshot!(complaint("[resources]\nlanes = \"four\"\n"), @"job.toml:2:9: `resources.lanes` must be a whole number, not text");
    insta::assert_snapshot!(complaint("[resources]\nlanes = 0\n"), @"job.toml:2:9: `resources.lanes`: must be at least 1");
    insta::assert_snapshot!(complaint("[resources]\nbytes_in_flight = \"much\"\n"), @"job.toml:2:19: `resources.bytes_in_flight`: not a size such as `64 MiB`");
    insta::assert_snapshot!(complaint("[[plugin]]\npath = \"x\"\nlimits.time = 10\n"), @r#"job.toml:3:15: `plugin.limits.time` must be a duration such as `"10s"`, not a whole number"#);
    insta::assert_snapshot!(complaint("[backup.encoding]\nvalue = \"base46\"\n"), @r#"
    job.toml:2:9: `backup.encoding.value`: must be `"text"`, `"base64"` or `"hex"`
    hint: did you mean `"base64"`?
    "#);
    insta::assert_snapshot!(complaint("[target]\npartition = { a = 3 }\n"), @"job.toml:2:15: `target.partition`: not a partition number");
    insta::assert_snapshot!(complaint("[target]\npartition = 3\n"), @r#"job.toml:2:13: `target.partition` must be `"same"`, `"key"` or `"round-robin"` or a table from source to target partition, not a whole number"#);
    insta::assert_snapshot!(complaint("[target.properties]\nx = [1]\n"), @"job.toml:2:5: `target.properties.x` must be text, a number or a boolean, not a list");
}

#[test]
fn variables_that_are_not_set_are_named() {
    insta::assert_snapshot!(complaint("[backup]\nurl = \"${BUCKET}/x\"\n"), @r"
    job.toml:2:7: `backup.url`: the environment variable `BUCKET` is not set
    hint: set it, or write `$${` for a `${` that is meant as it stands
    ");
    insta::assert_snapshot!(complaint("[target.properties]\nsasl.password = \"${PASSWROD}\"\n"), @r"
    job.toml:2:17: `target.properties.sasl.password`: the environment variable `PASSWROD` is not set
    hint: set it, or write `$${` for a `${` that is meant as it stands
    ");
    insta::assert_snapshot!(complaint("[backup]\nurl = \"${BUCKET\"\n"), @r"
    job.toml:2:7: `backup.url`: `${` without its `}`
    hint: write `$${` for a `${` that is meant as it stands
    ");
}

#[test]
fn the_value_of_a_variable_is_in_no_complaint() {
    insta::assert_snapshot!(complaint("[backup]\nformat = \"${PASSWORD}\"\n"), @r#"job.toml:2:10: `backup.format`: must be `"parquet"`, `"avro"` or `"json-lines"`"#);
    insta::assert_snapshot!(complaint("[resources]\nbytes_in_flight = \"${PASSWORD}\"\n"), @"job.toml:2:19: `resources.bytes_in_flight`: not a size such as `64 MiB`");
}

#[test]
fn a_name_that_is_given_twice_in_two_spellings_is_refused_and_not_decided_by_the_last() {
    let text = complaint("[target]\npartition = { 0 = 3, 00 = 4 }\n");
    assert!(text.contains("`target.partition`: `0` is given more than once, with different values"), "{text}");
    let text = complaint("[target.properties]\nlinger.ms = 5\n\"linger.ms\" = \"${PASSWORD}\"\n");
    let wanted = "`target.properties.linger.ms`: is given more than once, with different values";
    assert!(text.contains(wanted), "{text}");
    job(&format!("{LEAST}partition = {{ 0 = 3, 00 = 3 }}\norder = \"none\"\n"));
}

#[test]
fn a_size_that_no_machine_has_is_refused() {
    for size in ["\"99999999999999999999GB\"", "9000000000000000000"] {
        let text = complaint(&format!("[resources]\nbytes_in_flight = {size}\n"));
        assert!(text.contains("job.toml:2:19: `resources.bytes_in_flight`: must be at most 1 TiB"), "{text}");
    }
}

#[test]
fn servers_and_topics_that_there_cannot_be_are_refused_where_they_stand() {
    for brokers in ["", " ", "http://h:9092", "127.0.0.1:99999", "http://${PASSWORD}"] {
        let text = complaint(&format!("[target]\nbrokers = \"{brokers}\"\n"));
        assert!(text.starts_with("job.toml:2:11: `target.brokers`: "), "{text}");
        assert!(text.contains("`host:port`, several separated by commas"), "{text}");
    }
    for topic in ["", "a b/ü", ".", "..", "${PASSWORD}!"] {
        let text = complaint(&format!("[target.topics]\nt = \"{topic}\"\n"));
        assert!(text.starts_with("job.toml:2:5: `target.topics.t`: no topic can have this name"), "{text}");
        let text = complaint(&format!("[backup]\ntopic = \"{topic}\"\n"));
        assert!(text.starts_with("job.toml:2:9: `backup.topic`: no topic can have this name"), "{text}");
    }
}

#[test]
fn what_is_not_toml_says_where() {
    insta::assert_snapshot!(complaint("name = \"é\" x\n"), @"job.toml:1:12: unexpected key or value, expected newline, `#`");
    insta::assert_snapshot!(complaint("name = 'a'\nname = 'b'\n"), @"job.toml:2:1: duplicate key");
}

#[test]
fn what_is_missing_or_does_not_go_together() {
    insta::assert_snapshot!(complaint(""), @r"
    no target is given
    hint: give `--brokers host:port`, or `brokers` in the job file's `[target]`; `null` only counts
    ");
    insta::assert_snapshot!(complaint("[target]\nbrokers = \"null\"\n"), @r"
    no backup is given
    hint: give `--backup URL`, or `url` in the job file's `[backup]`
    ");
    insta::assert_snapshot!(complaint("[[plugin]]\nname = \"x\"\n"), @r#"
    job.toml:1:1: `plugin.plugin`: not given, though it is required
    hint: name one that comes with Anabranch (`plugin = "mask"`), or its file (`path = "….wasm"`)
    "#);
    insta::assert_snapshot!(complaint("[[plugin]]\nplugin = \"maks\"\n"), @r#"
    job.toml:2:10: `plugin.plugin`: no plugin `maks` comes with Anabranch; did you mean `mask`?
    "#);
    insta::assert_snapshot!(complaint("[[plugin]]\nplugin = \"mask\"\npath = \"a.wasm\"\n"), @r#"
    a `[[plugin]]` says more than once where it comes from
    hint: give `plugin`, `path` or `url`, and not several of them
    "#);
    insta::assert_snapshot!(complaint("[[plugin]]\nurl = \"s3://plugins/a.wasm\"\n"), @r#"
    job.toml:1:1: `plugin.sha256`: not given, though it is required
    hint: a plugin of a store is taken by its digest: `sha256sum FILE`
    "#);
    insta::assert_snapshot!(complaint("[[plugin]]\nurl = \"s3://plugins/a.wasm\"\nsha256 = \"4711\"\n"), @r#"
    job.toml:3:10: `plugin.sha256`: must be a SHA-256 digest, 64 hexadecimal digits (`sha256sum FILE`)
    "#);
    let changes = "delivery = \"at-least-once\"\nwhile_restoring = { \"retention.ms\" = -1 }\n";
    insta::assert_snapshot!(complaint(&format!("{LEAST}{changes}")), @r#"
        `target.while_restoring` needs `delivery = "exactly-once"`: what topics had is kept with the progress, and at least once keeps none
        hint: leave `delivery` out, or change the configs of the topics by hand (`kafka-configs.sh`)
    "#);
    insta::assert_snapshot!(complaint(&format!("{LEAST}partition = \"round-robin\"\n")), @r#"
    `partition = "round-robin"` does not keep the records of one key in order
    hint: say `order = "none"` in `[target]` (or `--order none`) if that is meant, or partition by `key`
    "#);
    insta::assert_snapshot!(complaint(&format!("{LEAST}[[plugin]]\npath = \"a/x.wasm\"\n[[plugin]]\npath = \"b/x.wasm\"\n")), @r"
    two plugins have the name `x`
    hint: give each a `name` of its own, in a job file, or as the name of its file
    ");
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_or_refused(text in "[a-z\\[\\]\\.=\"{}$\n 0-9]{0,80}") {
        // No input may panic; both answers are fine.
        drop(parse(&text, Path::new("job.toml"), &environment));
    }

    #[test]
    fn texts_come_through_as_they_were(
        name in "[^$]{1,20}",
        topics in proptest::collection::btree_map("[a-z0-9_-]{1,8}", "[a-z0-9_-][a-z0-9._-]{0,11}", 0..4),
        parameters in proptest::collection::btree_map("\\PC{1,8}", "[^$]{0,20}", 0..4),
        lanes in 1_usize..1_000,
    ) {
        let table = |pairs: &BTreeMap<String, String>| {
            pairs.iter().map(|(key, text)| (key.clone(), toml::Value::from(text.clone()))).collect::<toml::Table>()
        };
        let mut document: toml::Table = LEAST.parse().unwrap();
        document.insert("name".to_owned(), name.clone().into());
        document.insert("resources".to_owned(), toml::Table::from_iter([("lanes".to_owned(), (lanes as i64).into())]).into());
        document["target"].as_table_mut().unwrap().insert("topics".to_owned(), table(&topics).into());
        let mut plugin = toml::Table::from_iter([("path".to_owned(), "x.wasm".into())]);
        plugin.insert("parameters".to_owned(), table(&parameters).into());
        document.insert("plugin".to_owned(), vec![plugin].into());

        let job = job(&toml::to_string(&document).unwrap());
        prop_assert_eq!(job.name, name);
        prop_assert_eq!(job.target.topics, topics);
        prop_assert_eq!(job.resources.lanes, lanes);
        let read: BTreeMap<_, _> =
            job.plugins[0].parameters.iter().map(|(key, text)| (key.clone(), text.as_str().unwrap().to_owned())).collect();
        prop_assert_eq!(read, parameters);
    }
}
