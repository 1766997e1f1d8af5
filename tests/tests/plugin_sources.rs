//! Where plugins come from, through the binary: with Anabranch, from a file, from a store by their digest.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;

use anabranch_tests::binaries;
use anabranch_tests::object_store::S3Server;
use anabranch_tests::run::{Run, run};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// A folder with a backup of one record, and `job.toml` with this plugin.
fn folder(plugin: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backup")).unwrap();
    let record = r#"{"topic":"users","partition":0,"offset":0,"key":"k","value":"{\"email\":\"a@b.example\"}"}"#;
    fs::write(folder.path().join("backup/users.jsonl"), format!("{record}\n")).unwrap();
    let job = format!("[backup]\nurl = \"backup\"\n[target]\nbrokers = \"null\"\n[[plugin]]\n{plugin}\n");
    fs::write(folder.path().join("job.toml"), job).unwrap();
    folder
}

fn preview(folder: &TempDir, flags: &[&str]) -> Run {
    run(folder.path(), &[&["preview", "job.toml"], flags].concat()).unwrap()
}

#[test]
fn a_plugin_that_comes_with_anabranch_needs_no_file() {
    let folder = folder("plugin = \"mask\"\nparameters = { redact = [\"..email\"] }");
    let masked = preview(&folder, &[]);
    assert_eq!(masked.code, Some(0), "{masked}");
    assert!(masked.stdout.contains(r#"{"email":"***"}"#), "{}", masked.stdout);
    let flags = ["--plugin", "mask", "--param", r#"redact=["..email"]"#, "--param", "mask=gone"];
    let masked = preview(&folder, &flags);
    assert!(masked.stdout.contains(r#"{"email":"gone"}"#), "{masked}{}", masked.stdout);
    let inspected = run(folder.path(), &["plugin", "inspect", "mask"]).unwrap();
    assert!(inspected.stdout.contains("redact"), "{inspected}");
    // A file of that name is meant where there is one.
    fs::write(folder.path().join("mask"), "nothing").unwrap();
    insta::assert_snapshot!(preview(&folder, &flags), @r#"
    exit 2
    error: `mask` is not WebAssembly: it begins with "nothing"
    hint: build the plugin for `wasm32-unknown-unknown` or `wasm32-wasip2` and name the `.wasm` file
    "#);
}

#[test]
fn a_plugin_of_a_store_is_taken_by_its_digest_and_no_other() {
    let server = S3Server::start().unwrap();
    server.create_bucket("plugins").unwrap();
    let module = fs::read(binaries::plugin("mask").unwrap()).unwrap();
    server.put("plugins", "team/mask-1.0.wasm", &module).unwrap();
    let digest = hex::encode(Sha256::digest(&module));
    let job = |digest: &str| {
        folder(&format!(
            "url = \"s3://plugins/team/mask-1.0.wasm\"\nsha256 = \"{digest}\"\nparameters = {{ redact = [\"..email\"] }}\n\
             [plugin.store]\n{}",
            server.lines()
        ))
    };
    let masked = preview(&job(&digest), &[]);
    assert!(masked.stdout.contains(r#"{"email":"***"}"#), "{masked}{}", masked.stdout);
    let other = preview(&job(&"0".repeat(64)), &[]);
    insta::assert_snapshot!(other.to_string().replace(&digest, "DIGEST"), @r#"
    exit 2
    error: `s3://plugins/team/mask-1.0.wasm` has the SHA-256 digest DIGEST, and not 0000000000000000000000000000000000000000000000000000000000000000 as the job says
    hint: somebody may have written it over: if that is as it should be, put its new digest into the job
    "#);
    server.put("plugins", "team/mask-1.0.wasm", b"another").unwrap();
    assert_eq!(preview(&job(&digest), &[]).code, Some(2));
    let without = preview(&folder("plugin = \"mask\""), &["--plugin", "s3://plugins/team/mask-1.0.wasm"]);
    insta::assert_snapshot!(without, @r#"
    exit 2
    error: invalid value 's3://plugins/team/mask-1.0.wasm' for '--plugin <PLUGIN>': a plugin of a store needs its digest, for instance `s3://plugins/team/mask-1.0.wasm#sha256=9f86d0…` (`sha256sum FILE`)
    
    For more information, try '--help'.
    "#);
}

#[test]
fn a_program_without_them_says_where_it_looked() {
    let folder = folder("plugin = \"mask\"");
    let mut command = binaries::anabranch().unwrap();
    command.current_dir(folder.path()).args(["plugin", "inspect", "mask"]).env("ANABRANCH_PLUGINS", "elsewhere");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r#"
    error: plugin `mask` is not built: there is no `mask.wasm` in `elsewhere`
    hint: `just plugins` builds those of a checkout; `ANABRANCH_PLUGINS` names another folder; a release has them inside
    "#);
}

#[test]
fn a_name_that_no_plugin_has_comes_with_those_that_there_are() {
    let folder = folder("plugin = \"mask\"");
    let inspect = |name: &str| run(folder.path(), &["plugin", "inspect", name]).unwrap();
    insta::assert_snapshot!(inspect("mas"), @r#"
    exit 2
    error: plugin file `mas` cannot be read
      caused by: No such file or directory (os error 2)
    hint: did you mean `mask`? these come with Anabranch: `dedupe`, `erase`, `mask`, `remap`, `route`, `sample`, `shift-time`, `unwrap`, `where`
    "#);
    insta::assert_snapshot!(inspect("own"), @r#"
    exit 2
    error: plugin file `own` cannot be read
      caused by: No such file or directory (os error 2)
    hint: these come with Anabranch: `dedupe`, `erase`, `mask`, `remap`, `route`, `sample`, `shift-time`, `unwrap`, `where`; a plugin of your own is named by its file, `own.wasm` for instance
    "#);
    insta::assert_snapshot!(inspect("./mas"), @r#"
    exit 2
    error: plugin file `./mas` cannot be read
      caused by: No such file or directory (os error 2)
    hint: a plugin's path is taken from the folder of the job file, or from where the command runs
    "#);
}

#[test]
fn a_parameter_that_a_plugin_does_not_take_is_named_with_its_item_and_without_a_column() {
    let folder = folder("plugin = \"mask\"");
    let refused = |plugin: &str, parameter: &str| preview(&folder, &["--plugin", plugin, "--param", parameter]);
    insta::assert_snapshot!(refused("unwrap", "format=debezum"), @r#"
    exit 2
    error: plugin `unwrap 0.1.0` refuses the parameter `format` for `users-0`: unknown variant `debezum`, expected one of `debezium`, `connect`, `maxwell`, `canal`
    "#);
    insta::assert_snapshot!(refused("remap", r#"steps=[{"drop":"a"},{"renam":"a","to":"b"}]"#), @r#"
    exit 2
    error: plugin `remap 0.1.0` refuses the parameter `steps` for `users-0`: number 2 of the list: unknown field `renam`, expected one of `rename`, `move`, `copy`, `drop`, `default`, `constant`, `cast`, `nest`, `flatten`, `to`, `value`, `as`, `unit`, `prefix`, `failure`
    "#);
    insta::assert_snapshot!(refused("route", r#"rules=[{"header":"a","equals":1,"topic":"b"}]"#), @r#"
    exit 2
    error: plugin `route 0.1.0` refuses the parameter `rules` for `users-0`: number 1 of the list: invalid type: integer `1`, expected a string
    "#);
    insta::assert_snapshot!(refused("where", "expression=1"), @r#"
    exit 2
    error: parameter `expression` of plugin `where` must be a text, not the integer `1`
    hint: a text that looks like something else has quotes: `--param 'expression="1"'`, or in a job `expression = "1"`
    "#);
    insta::assert_snapshot!(refused("mask", "redact=..email"), @r#"
    exit 2
    error: parameter `redact` of plugin `mask` must be a list of texts, not a text
    hint: it is written as a list: `--param 'redact=["a", "b"]'`; what is no JSON there is taken for a text
    "#);
    insta::assert_snapshot!(refused("mask", r#"redact=["a",1]"#), @r#"
    exit 2
    error: parameter `redact` of plugin `mask` must be a list of texts, not a list in which number 2 is the integer `1`
    hint: `anabranch plugin inspect` lists parameters and their types
    "#);
    insta::assert_snapshot!(refused("sample", "share=1e400"), @r#"
    exit 2
    error: parameter `share` of plugin `sample` must be a number, not a text
    hint: it has no quotes in a job; and after `--param` what is no JSON is taken for a text
    "#);
}
