//! Plugins that are none, do not fit, or misbehave.

use std::fs;

use anabranch_tests::binaries;
use anabranch_tests::run::Run;
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
    assert_snapshot!(restore(&good(), &["--plugin", "missing.wasm"]), @"");
}

#[test]
fn a_file_that_is_no_webassembly() {
    assert_snapshot!(through(&good(), b"#!/bin/sh\necho no plugin\n", &[]), @"");
}

#[test]
fn a_module_that_is_no_component() {
    // The eight bytes of an empty core module: magic and version.
    assert_snapshot!(through(&good(), b"\0asm\x01\0\0\0", &[]), @"");
}

#[test]
fn a_component_that_is_no_plugin() {
    assert_snapshot!(through(&good(), b"\0asm\x0d\0\x01\0", &[]), @"");
}

#[test]
fn a_plugin_of_another_interface_version() {
    let plugin = built("drop-test-users");
    // In the names of the interfaces and in the package that they are of.
    assert_snapshot!(through(&good(), &replaced(plugin, b"@0.1.0", b"@0.7.0"), &[]), @"");
}

#[test]
fn a_plugin_that_is_cut_off() {
    let plugin = built("drop-test-users");
    assert_snapshot!(through(&good(), &plugin[..plugin.len() / 2], &[]), @"");
}

#[test]
fn parameters_that_do_not_fit() {
    let plugin = built("drop-test-users");
    assert_snapshot!(through(&good(), &plugin, &["--param", "perfix=a"]), @"");
    assert_snapshot!(through(&good(), &plugin, &["--param", "prefix=7"]), @"");
    assert_snapshot!(through(&good(), &built("guest-hostile"), &["--param", "deed=trap"]), @"");
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
    assert_snapshot!(hostile("trap"), @"");
    assert_snapshot!(hostile("stack"), @"");
}

#[test]
fn a_plugin_that_loops() {
    assert_snapshot!(hostile("loop"), @"");
}

#[test]
fn a_plugin_that_exhausts_memory() {
    assert_snapshot!(hostile("memory"), @"");
}

#[test]
fn a_plugin_that_fails_on_its_own() {
    assert_snapshot!(hostile("fail"), @"");
}

#[test]
fn a_plugin_that_answers_nonsense() {
    assert_snapshot!(hostile("selection"), @"");
    assert_snapshot!(hostile("order"), @"");
    assert_snapshot!(hostile("offsets"), @"");
    assert_snapshot!(hostile("text"), @"");
    assert_snapshot!(hostile("undeclared"), @"");
}

fn replaced(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty(), "the plugin does not name its interface");
    places.into_iter().for_each(|at| bytes[at..at + new.len()].copy_from_slice(new));
    bytes
}
