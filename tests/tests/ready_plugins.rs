//! The plugins that are here do what `docs/plugins.md` says: each job on that page is run by the binary, over the records
//! below it, and must make of them what the page shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Output;

use anabranch_tests::binaries::{anabranch, workspace};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A job on the page with the records below it.
#[derive(Debug)]
struct Example {
    section: String,
    job: String,
    before: String,
    after: String,
}

/// The examples of the page, in order: a block of TOML and two of JSON.
fn examples(page: &str) -> Vec<Example> {
    let (mut section, mut blocks, mut examples) = (String::new(), Vec::<(String, String)>::new(), Vec::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("## ") {
            section = name.to_owned();
        } else if let Some(language) = line.strip_prefix("```") {
            let text =
                lines.by_ref().take_while(|line| *line != "```").fold(String::new(), |text, line| text + line + "\n");
            blocks.push((language.to_owned(), text));
        }
        if blocks.len() == 3 {
            let languages: Vec<_> = blocks.iter().map(|(language, _)| language.as_str()).collect();
            assert_eq!(languages, ["toml", "json", "json"], "the blocks of `{section}`");
            let mut texts = blocks.drain(..).map(|(_, text)| text);
            let mut next = || texts.next().unwrap();
            examples.push(Example { section: section.clone(), job: next(), before: next(), after: next() });
        }
    }
    assert!(blocks.is_empty(), "the last blocks are no job with records before and after: {blocks:?}");
    examples
}

/// A line that may leave out what is the same in all records of an example.
fn record(line: &str, offset: usize) -> String {
    let rest = line.strip_prefix('{').unwrap_or_else(|| panic!("no object: {line}"));
    let mut record = format!("{{\"offset\":{offset},");
    let given: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    for (name, value) in [("topic", "\"orders\""), ("partition", "0"), ("timestamp", "1700000000000")] {
        if given.get(name).is_none() {
            write!(record, "\"{name}\":{value},").unwrap();
        }
    }
    record + rest
}

/// What a job of the page makes of the records, by the binary.
fn preview(example: &Example) -> Output {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("backup")).unwrap();
    let lines = example.before.lines().enumerate().map(|(offset, line)| record(line, offset) + "\n");
    std::fs::write(folder.path().join("backup/orders.jsonl"), lines.collect::<String>()).unwrap();
    std::fs::write(folder.path().join("job.toml"), &example.job).unwrap();
    let mut command = anabranch().unwrap();
    command.arg("preview").arg(folder.path().join("job.toml")).args(["--output", "json"]);
    command.env("MASK_SECRET", "0123456789abcdef").output().unwrap()
}

/// The text that a key, value or header is in a line of the page: that of a text, the very bytes of all else.
fn text(field: &RawValue) -> Option<String> {
    match serde_json::from_str::<Value>(field.get()).unwrap() {
        Value::Null => None,
        Value::String(text) => Some(text),
        _ => Some(field.get().to_owned()),
    }
}

/// The records that came out, written as those that the page shows, with the same fields.
fn came(output: &Value, due: &str) -> (Vec<String>, Vec<String>) {
    let outputs = output["records"].as_array().unwrap().iter().flat_map(|record| record["outputs"].as_array().unwrap());
    let outputs: Vec<_> = outputs.collect();
    let shown = |bytes: &Value| bytes["text"].as_str().map(str::to_owned);
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (at, line) in due.lines().enumerate() {
        let fields: std::collections::BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let Some(output) = outputs.get(at) else {
            pairs.push((String::new(), line.to_owned()));
            continue;
        };
        let (mut ours, mut theirs) = (String::new(), String::new());
        for (name, field) in &fields {
            let (came, due) = match name.as_str() {
                "key" | "value" => (shown(&output[name.as_str()]), text(field)),
                "topic" => (output["topic"].as_str().map(str::to_owned), text(field)),
                "timestamp" => (Some(output["timestamp"].to_string()), text(field)),
                "headers" => {
                    let headers = output["headers"].as_array().unwrap().iter();
                    let pair = |header: &Value| (header["name"].as_str().unwrap().to_owned(), shown(&header["value"]));
                    let due: Value = serde_json::from_str(field.get()).unwrap();
                    let due = due.as_array().unwrap().iter();
                    let due = due.map(|header| {
                        (header["key"].as_str().unwrap().to_owned(), header["value"].as_str().map(str::to_owned))
                    });
                    (
                        Some(format!("{:?}", headers.map(pair).collect::<Vec<_>>())),
                        Some(format!("{:?}", due.collect::<Vec<_>>())),
                    )
                }
                other => panic!("the page shows `{other}`, which a record does not have"),
            };
            writeln!(ours, "{name}: {came:?}").unwrap();
            writeln!(theirs, "{name}: {due:?}").unwrap();
        }
        pairs.push((ours, theirs));
    }
    let more = outputs.iter().skip(due.lines().count());
    pairs.extend(more.map(|output| (output.to_string(), String::new())));
    pairs.into_iter().unzip()
}

fn page() -> String {
    std::fs::read_to_string(workspace().join("docs/plugins.md")).unwrap()
}

#[test]
fn the_jobs_of_the_page_make_of_the_records_what_it_shows() {
    for example in examples(&page()) {
        let output = preview(&example);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{}`: {said}", example.section);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (came, due) = came(&document, &example.after);
        assert_eq!(came, due, "`{}`", example.section);
    }
}

#[test]
fn every_plugin_is_on_the_page_with_a_job_and_in_its_table() {
    let page = page();
    let plugins = std::fs::read_dir(workspace().join("plugins")).unwrap();
    let plugins: BTreeSet<String> = plugins.map(|plugin| plugin.unwrap().file_name().into_string().unwrap()).collect();
    let documented: BTreeSet<String> = examples(&page).into_iter().map(|example| example.section).collect();
    assert_eq!(documented, plugins);
    for plugin in &plugins {
        assert!(page.contains(&format!("\n| [`{plugin}`](#{plugin}) | ")), "`{plugin}` is not in the table");
    }
}

/// The parameters of a plugin as `plugin inspect` tells them, with those of its section's table.
#[test]
fn the_page_lists_the_parameters_that_the_plugins_take() {
    let page = page();
    for plugin in std::fs::read_dir(workspace().join("plugins")).unwrap() {
        let name = plugin.unwrap().file_name().into_string().unwrap();
        let inspected = inspect(&name);
        let parameters = inspected["parameters"].as_array().unwrap().iter();
        let taken: BTreeSet<&str> = parameters.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let section = page.split(&format!("\n## {name}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        let table = section.split("| parameter | type |").nth(1).unwrap().lines().skip(2);
        let rows = table.take_while(|line| line.starts_with("| `"));
        let listed: BTreeSet<&str> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
        assert_eq!(listed, taken, "`{name}`");
    }
}

fn inspect(plugin: &str) -> Value {
    let output = anabranch().unwrap().args(["plugin", "inspect", plugin, "--output", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// In the memory that a plugin has by default.
#[test]
fn a_hundred_thousand_keys_are_erased() {
    let (folder, count) = (TempDir::new().unwrap(), 100_000);
    std::fs::create_dir(folder.path().join("backup")).unwrap();
    // Keys as long as a UUID; every second record is of one that is listed.
    let key = |number: usize| format!("{number:08}-0000-4000-8000-{number:012}");
    let line = |number: usize| format!("{{\"key\":\"{}\",\"value\":\"{{}}\"}}", key(number));
    let lines = (0..1000).map(|number| record(&line(number * 200), number) + "\n");
    std::fs::write(folder.path().join("backup/orders.jsonl"), lines.collect::<String>()).unwrap();
    let keys: Vec<String> = (0..count).map(|number| format!("\"{}\"", key(number))).collect();
    let job = format!(
        "[backup]\nurl = \"backup\"\n[[plugin]]\nplugin = \"erase\"\n[plugin.parameters]\nkeys = [{}]\n\
         [target]\nbrokers = \"null\"\n",
        keys.join(", ")
    );
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    let mut command = anabranch().unwrap();
    let output =
        command.arg("restore").arg(folder.path().join("job.toml")).args(["--output", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["read"]["records"], 1000);
    assert_eq!(summary["sources"][0]["plugins"][0]["dropped"], json!([{ "reason": "erased", "records": 500 }]));
}
