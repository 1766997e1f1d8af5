//! Plugins that are none, do not fit, or misbehave.

use std::fs;

use anabranch_tests::run::Run;
use anabranch_tests::{binaries, resident};
use insta::assert_snapshot;
use tempfile::TempDir;

use crate::{good, restore, write};

/// A backup whose JSON Lines and Parquet pass through a file.
fn through(folder: &TempDir, plugin: &[u8], arguments: &[&str]) -> Run {
    write(folder.path(), "plugin.wasm", plugin);
    restore(folder, &[&["--plugin", "plugin.wasm"], arguments].concat())
}

fn built(package: &str) -> Vec<u8> {
    fs::read(binaries::plugin(package).unwrap()).unwrap()
}

#[test]
fn a_file_that_is_not_there() {
    assert_snapshot!(restore(&good(), &["--plugin", "missing.wasm"]), @r"
    exit 2
    error: plugin file `missing.wasm` cannot be read
      caused by: No such file or directory (os error 2)
    hint: a plugin's path is taken from the folder of the job file, or from where the command runs
    ");
}

#[test]
fn a_file_that_is_no_webassembly() {
    assert_snapshot!(through(&good(), b"#!/bin/sh\necho no plugin\n", &[]), @r##"
    exit 2
    error: `plugin.wasm` is not WebAssembly: it begins with "#!/bin/s"
    hint: build the plugin for `wasm32-unknown-unknown` or `wasm32-wasip2` and name the `.wasm` file
    "##);
}

#[test]
fn a_module_that_is_no_component() {
    // The eight bytes of an empty core module: magic and version.
    assert_snapshot!(through(&good(), b"\0asm\x01\0\0\0", &[]), @r"
    exit 2
    error: `plugin.wasm` is a core WebAssembly module without a `component-type` section, so it is no plugin
    hint: build it with the plugin SDK, or with `wit-bindgen` from the files in `wit/`
    ");
}

#[test]
fn a_component_that_is_no_plugin() {
    assert_snapshot!(through(&good(), b"\0asm\x0d\0\x01\0", &[]), @r"
    exit 2
    error: `plugin.wasm` is a component, but exports no `anabranch:plugin/guest`
    hint: build it with the plugin SDK, or with `wit-bindgen` from the files in `wit/`
    ");
}

#[test]
fn a_plugin_of_another_interface_version() {
    let plugin = built("drop-test-users");
    // In the names of the interfaces and in the package that they are of.
    assert_snapshot!(through(&good(), &replaced(plugin, b"@0.1.0", b"@0.7.0"), &[]), @r"
    exit 2
    error: `plugin.wasm` speaks version 0.7.0 of the plugin interface, this program speaks 0.1.0
    hint: build the plugin with an SDK of version 0.1.0
    ");
}

#[test]
fn a_plugin_that_is_cut_off() {
    let plugin = built("drop-test-users");
    let said = through(&good(), &plugin[..plugin.len() / 2], &[]).to_string();
    assert!(said.starts_with("exit 2\nerror: `plugin.wasm` is no valid plugin: "), "{said}");
    assert!(said.ends_with("\nhint: the file may be cut off; build the plugin again, or copy it again\n"), "{said}");
}

#[test]
fn parameters_that_do_not_fit() {
    let plugin = built("drop-test-users");
    assert_snapshot!(through(&good(), &plugin, &["--param", "perfix=a"]), @r"
    exit 2
    error: plugin `plugin` takes no parameter `perfix`
    hint: did you mean `prefix`?
    ");
    assert_snapshot!(through(&good(), &plugin, &["--param", "prefix=7"]), @r#"
    exit 2
    error: parameter `prefix` of plugin `plugin` must be a text, not the integer `7`
    hint: a text that looks like something else has quotes: `--param 'prefix="7"'`, or in a job `prefix = "7"`
    "#);
    assert_snapshot!(through(&good(), &built("guest-hostile"), &["--param", "deed=trap"]), @r"
    exit 2
    error: plugin `plugin` needs the parameter `at`
    hint: set `at` in the plugin's `parameters`: The offset of the record.
    ");
}

/// A hostile plugin that meets offset 13, with little to take.
fn hostile(deed: &str) -> Run {
    let folder = good();
    let plugin = binaries::plugin("guest-hostile").unwrap();
    let job = format!(
        "backup.url = 'backup'\n[target]\nbrokers = 'null'\n[resources]\nlanes = 1\n[[plugin]]\npath = {plugin:?}\nname = \
         'hostile'\n[plugin.parameters]\ndeed = '{deed}'\nat = 13\n[plugin.limits]\ntime = '500ms'\nmemory = '16 MiB'\n"
    );
    write(folder.path(), "job.toml", job);
    let run = anabranch_tests::run::run(folder.path(), &["restore", "job.toml"]).unwrap();
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.took.as_secs() < 60, "it took {:?}: {run}", run.took);
    run
}

#[test]
fn a_plugin_that_traps() {
    assert_snapshot!(hostile("trap"), @r#"
    exit 1
    error: plugin `hostile 0.1.0` trapped (wasm `unreachable` instruction executed), saying "panicked at tests/guests/hostile/src/lib.rs:50:23:\ncannot go on", at orders-0@13
    hint: mend the plugin: what it cannot handle it rejects, with a reason
    "#);
    assert_snapshot!(hostile("stack"), @r"
    exit 1
    error: plugin `hostile 0.1.0` trapped (call stack exhausted) at orders-0@13
    hint: mend the plugin: what it cannot handle it rejects, with a reason
    ");
}

#[test]
fn a_plugin_that_loops() {
    assert_snapshot!(hostile("loop"), @r"
    exit 1
    error: plugin `hostile 0.1.0` did not answer within 100000000 instructions for a single record at orders-0@13
    hint: look for a loop without an end, or raise the plugin's limit `time`
    ");
}

#[test]
fn a_plugin_that_exhausts_memory() {
    assert_snapshot!(hostile("memory"), @r"
    exit 1
    error: plugin `hostile 0.1.0` wanted more than its 16 MiB of memory at orders-0@13
    hint: raise the plugin's limit `memory`, or let it keep less
    ");
}

#[test]
fn what_a_plugin_took_of_memory_is_given_back() {
    let folder = good();
    let plugin = binaries::plugin("guest-hostile").unwrap();
    write(
        folder.path(),
        "job.toml",
        format!(
            "backup.url = 'backup'\n[target]\nbrokers = 'null'\n[resources]\nlanes = 1\n[[plugin]]\npath = {plugin:?}\n\
             [plugin.parameters]\ndeed = 'memory'\nat = 13\n"
        ),
    );
    let mut command = binaries::anabranch().unwrap();
    command.current_dir(folder.path()).args(["restore", "job.toml"]);
    let (output, most) = resident::output(&mut command).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("wanted more than its 64 MiB of memory at orders-0@13"), "{said}");
    // The record is searched for by ten instances or so, each of which takes all that it may.
    assert!(most < 300 << 20, "{} MiB were resident", most >> 20);
}

#[test]
fn a_plugin_that_fails_on_its_own() {
    assert_snapshot!(hostile("fail"), @r"
    exit 1
    error: plugin `hostile 0.1.0` failed (does not want this batch) at orders-0@13
    hint: mend the plugin: what it cannot handle it rejects, with a reason
    ");
}

#[test]
fn a_plugin_that_answers_nonsense() {
    assert_snapshot!(hostile("selection"), @r"
    exit 1
    error: plugin `hostile 0.1.0` broke the plugin interface (selection names row 1 of 1) at orders-0@13
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
    assert_snapshot!(hostile("order"), @r"
    exit 1
    error: plugin `hostile 0.1.0` broke the plugin interface (rows of selection decrease at entry 1) somewhere in orders-0@0 to orders-0@19
    hint: no record of these fails by itself, but together they failed twice; this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
    assert_snapshot!(hostile("offsets"), @r"
    exit 1
    error: plugin `hostile 0.1.0` broke the plugin interface (the offsets of values end with 1048576, but there are 1) at orders-0@13
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
    assert_snapshot!(hostile("text"), @r"
    exit 1
    error: plugin `hostile 0.1.0` broke the plugin interface (header name 0 is not UTF-8) at orders-0@13
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
    assert_snapshot!(hostile("undeclared"), @r"
    exit 1
    error: plugin `hostile 0.1.0` broke the plugin interface (it patches keys, which its description does not name in `changes`) at orders-0@13
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
}

fn replaced(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty(), "the plugin does not name its interface");
    places.into_iter().for_each(|at| bytes[at..at + new.len()].copy_from_slice(new));
    bytes
}
