//! `anabranch plugin new` and `plugin build`: from nothing to a component, in each language, and what is said where that
//! cannot be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../../host/tests/documented/mod.rs"]
mod documented;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anabranch_tests::binaries::{anabranch, workspace};
use anabranch_tests::run::{Run, run};
use serde_json::Value;
use tempfile::TempDir;

/// A new plugin in a folder of its own.
fn new(folder: &TempDir, language: &str) -> PathBuf {
    let made = run(folder.path(), &["plugin", "new", "keep-eu", "--lang", language, "--output", "json"]).unwrap();
    assert_eq!(made.code, Some(0), "{made}");
    let document: Value = serde_json::from_str(&made.stdout).unwrap();
    documented::assert_documented(&document);
    let project = folder.path().join("keep-eu");
    for file in document["files"].as_array().unwrap() {
        assert!(project.join(file.as_str().unwrap()).is_file(), "{file}");
    }
    project
}

/// Runs a tool of the language in the plugin's folder.
fn tool(project: &Path, command: &mut Command) {
    let output = command.current_dir(project).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}

/// Builds it, and tries the component on the records that come with it.
fn build_and_test(project: &Path, environment: &[(&str, PathBuf)]) {
    let built = anabranch()
        .unwrap()
        .args(["plugin", "build"])
        .current_dir(project)
        .envs(environment.iter().cloned())
        .output()
        .unwrap();
    let shown = String::from_utf8(built.stdout).unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(shown.starts_with("keep-eu 0.1.0: ") && shown.contains("\nprefix  "), "{shown}");
    assert!(shown.contains("  target/keep-eu.wasm, "), "{shown}");
    let tested = run(project, &["plugin", "test", "target/keep-eu.wasm", "records.jsonl"]).unwrap();
    let all = "3 records, 2 unchanged, 0 changed, 1 dropped, 0 rejected; the same however they are cut into batches";
    assert!(tested.code == Some(0) && tested.stdout.contains(all), "{tested}");
}

#[test]
fn a_new_plugin_in_rust_passes_its_test_and_builds() {
    let folder = TempDir::new().unwrap();
    let project = new(&folder, "rust");
    // What it depends on is compiled once for all runs.
    let target = workspace().join("target/new-plugin");
    tool(&project, Command::new("cargo").args(["test", "--quiet"]).env("CARGO_TARGET_DIR", &target));
    build_and_test(&project, &[("CARGO_TARGET_DIR", target)]);
}

#[test]
fn the_plugins_of_the_guide_take_the_place_of_the_template_as_they_stand_there() {
    let guide = fs::read_to_string(workspace().join("docs/plugin-guide.md")).unwrap();
    let blocks: Vec<&str> =
        guide.split("```rust\n").skip(1).map(|block| block.split_once("\n```").unwrap().0).collect();
    assert_eq!(blocks.len(), 2);
    let folder = TempDir::new().unwrap();
    let project = new(&folder, "rust");
    for block in blocks {
        fs::write(project.join("src/lib.rs"), block).unwrap();
        let target = workspace().join("target/new-plugin");
        let output = Command::new("cargo")
            .args(["test", "--quiet", "--lib"])
            .env("CARGO_TARGET_DIR", target)
            .current_dir(&project)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && !said.contains("running 0 tests"), "{said}");
    }
}

#[test]
fn a_new_plugin_in_python_passes_its_test_and_builds() {
    let folder = TempDir::new().unwrap();
    let project = new(&folder, "python");
    let environment = workspace().join("target/python/venv");
    tool(&project, Command::new(environment.join("bin/python")).args(["-m", "pytest", "--quiet"]));
    build_and_test(&project, &[("VIRTUAL_ENV", environment)]);
}

#[test]
fn a_new_plugin_in_javascript_passes_its_test_and_builds() {
    let folder = TempDir::new().unwrap();
    let project = new(&folder, "js");
    tool(&project, Command::new("node").arg("--test"));
    // What `npm install` would put there.
    std::os::unix::fs::symlink(workspace().join("target/js/node_modules"), project.join("node_modules")).unwrap();
    build_and_test(&project, &[]);
}

/// What `anabranch plugin new` says for a name, and a folder that is there.
fn refused(name: &str, language: &str) -> Run {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("taken/inside")).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let refused = run(folder.path(), &["plugin", "new", name, "--lang", language]).unwrap();
    assert_eq!(refused.code, Some(2), "{refused}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is made");
    refused
}

#[test]
fn names_that_cannot_be_and_folders_that_are_there_are_refused() {
    insta::assert_snapshot!(refused("Keep EU", "rust").stderr, @r#"
    error: a plugin cannot be called `Keep EU`: it begins with a small letter, and consists of such and digits, with single hyphens between words
    hint: choose another, for instance `drop-test-users`
    "#);
    insta::assert_snapshot!(refused("mask", "python").stderr, @r#"
    error: a plugin cannot be called `mask`: a plugin of that name comes with Anabranch
    hint: choose another, for instance `drop-test-users`
    "#);
    insta::assert_snapshot!(refused("json", "python").stderr, @r#"
    error: a plugin cannot be called `json`: `json` means something else in its code
    hint: choose another, for instance `drop-test-users`
    "#);
    insta::assert_snapshot!(refused("string", "rust").stderr, @r#"
    error: a plugin cannot be called `string`: `String` means something else in its code
    hint: choose another, for instance `drop-test-users`
    "#);
    insta::assert_snapshot!(refused("taken", "js").stderr, @r#"
    error: `taken` is there already
    hint: choose another name, or another folder with `--path`
    "#);
    insta::assert_snapshot!(refused("file", "rust").stderr, @r#"
    error: `file` is there already
    hint: choose another name, or another folder with `--path`
    "#);
    insta::assert_snapshot!(refused("../up", "rust").stderr, @r#"
    error: a plugin cannot be called `../up`: it begins with a small letter, and consists of such and digits, with single hyphens between words
    hint: choose another, for instance `drop-test-users`
    "#);
}

/// What `anabranch plugin build` says of a folder with these files, where only these programs are there.
fn not_built(files: &[(&str, &str)], programs: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let (project, path) = (folder.path().join("plugin"), folder.path().join("bin"));
    for folder in [&project, &path] {
        fs::create_dir(folder).unwrap();
    }
    for (name, content) in files {
        fs::write(project.join(name), content).unwrap();
    }
    for (name, says) in programs {
        let program = path.join(name);
        fs::write(&program, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = anabranch()
        .unwrap()
        .args(["plugin", "build", "plugin"])
        .current_dir(folder.path())
        .env("PATH", &path)
        .env_remove("VIRTUAL_ENV")
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_is_missing_for_a_build_is_said_with_what_installs_it() {
    let (cargo, python, js) = (
        ("Cargo.toml", "[package]\nname = \"keep-eu\"\n"),
        ("pyproject.toml", "[project]\nname = \"keep-eu\"\n"),
        ("package.json", r#"{"name": "@acme/keep-eu"}"#),
    );
    insta::assert_snapshot!(not_built(&[], &[]), @r#"
    error: there is no plugin in `plugin`: it has none of `Cargo.toml`, `pyproject.toml`, `package.json`
    hint: `anabranch plugin new NAME --lang rust|python|js` makes one
    "#);
    insta::assert_snapshot!(not_built(&[cargo, js], &[]), @r#"
    error: `plugin` has several of `Cargo.toml`, `pyproject.toml`, `package.json`
    hint: give each plugin a folder of its own
    "#);
    insta::assert_snapshot!(not_built(&[("Cargo.toml", "[workspace]\n")], &[]), @"error: cannot read the plugin's name in `plugin/Cargo.toml`: it has no `name` under `[package]`");
    insta::assert_snapshot!(not_built(&[("package.json", r#"{"name": ".."}"#)], &[]), @"error: cannot read the plugin's name in `plugin/package.json`: `..` is no name");
    insta::assert_snapshot!(not_built(&[cargo], &[]), @r#"
    error: Rust 1.95 or later builds this plugin, and `rustc` does not run here
    hint: https://rustup.rs has the newest Rust; `rustup update stable` brings yours up to date
    "#);
    insta::assert_snapshot!(not_built(&[cargo], &[("rustc", "rustc 1.70.0 (90c541806 2023-05-31)")]), @r#"
    error: Rust 1.95 or later builds this plugin; this is 1.70
    hint: https://rustup.rs has the newest Rust; `rustup update stable` brings yours up to date
    "#);
    insta::assert_snapshot!(not_built(&[python], &[]), @r#"
    error: Python 3.11 or later builds this plugin, and `python3` does not run here
    hint: https://www.python.org/downloads has it, as do package managers: `apt-get install python3 python3-venv`
    "#);
    insta::assert_snapshot!(not_built(&[python], &[("python3", "Python 3.9.2")]), @r#"
    error: Python 3.11 or later builds this plugin; this is 3.9
    hint: https://www.python.org/downloads has it, as do package managers: `apt-get install python3 python3-venv`
    "#);
    insta::assert_snapshot!(not_built(&[js], &[("node", "v16.20.2")]), @r#"
    error: Node.js 20.0 or later builds this plugin; this is 16.20
    hint: https://nodejs.org has it, as do package managers
    "#);
    insta::assert_snapshot!(not_built(&[js], &[("node", "v22.1.0")]), @r#"
    error: the package `anabranch-plugin`, by which `keep-eu` is built, is not there
    hint: `npm install` in `plugin` installs what its `package.json` names
    "#);
}
