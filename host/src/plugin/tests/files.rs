//! Files that are plugins, and files that are not; compiled code that is kept.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::guests::Guest;
use super::{Bench, batch, shown};
use crate::failure::{Exit, Explain};
use crate::job::PluginSource;
use crate::plugin::cache::CodeCache;
use crate::plugin::inspect::inspect_with;

/// What is said of a plugin file with this content.
fn refused(content: &[u8]) -> String {
    refusal(content).unwrap()
}

/// What is said of a plugin file with this content; nothing where it is taken.
fn refusal(content: &[u8]) -> Option<String> {
    let bench = Bench::of(&[&Guest::default()]);
    std::fs::write(bench.file(), content).unwrap();
    let error = bench.load().err()?;
    assert_eq!(error.exit(), Exit::Usage);
    Some(shown(&error).replace(&bench.folder.path().display().to_string(), "…"))
}

#[test]
fn what_is_no_plugin_is_refused() {
    insta::assert_snapshot!(refused(b""), @r"
    `…/test.wasm` is not WebAssembly: it is empty
    hint: build the plugin for `wasm32-unknown-unknown` or `wasm32-wasip2` and name the `.wasm` file
    ");
    insta::assert_snapshot!(refused(b"#!/bin/sh\n"), @r##"
    `…/test.wasm` is not WebAssembly: it begins with "#!/bin/s"
    hint: build the plugin for `wasm32-unknown-unknown` or `wasm32-wasip2` and name the `.wasm` file
    "##);
    insta::assert_snapshot!(refused(b"\0asm\x01"), @r"
    `…/test.wasm` is not WebAssembly: it is of another version of WebAssembly, or cut off
    hint: build the plugin for `wasm32-unknown-unknown` or `wasm32-wasip2` and name the `.wasm` file
    ");
    insta::assert_snapshot!(refused(&wat::parse_str("(module)").unwrap()), @r"
    `…/test.wasm` is a core WebAssembly module without a `component-type` section, so it is no plugin
    hint: build it with the plugin SDK, or with `wit-bindgen` from the files in `wit/`
    ");
    insta::assert_snapshot!(refused(&wat::parse_str("(component)").unwrap()), @r"
    `…/test.wasm` is a component, but exports no `anabranch:plugin/guest`
    hint: build it with the plugin SDK, or with `wit-bindgen` from the files in `wit/`
    ");
}

#[test]
fn half_a_plugin_is_refused() {
    let whole = Guest::default().module();
    for length in [9, 100, whole.len() / 2, whole.len() - 1] {
        let text = refused(&whole[..length]);
        assert!(text.contains("test.wasm` is"), "{text}");
    }
}

/// Interfaces that name each other in a circle were followed until the stack ended, and with it the process.
#[test]
fn a_plugin_whose_packages_depend_on_each_other_is_refused_and_no_stack_overflow() {
    let whole = Guest::default().module();
    let name = b"anabranch:plugin/";
    let places: Vec<usize> = (0..whole.len()).filter(|place| whole[*place..].starts_with(name)).collect();
    assert!(places.len() > 4, "{places:?}");
    let mut circles = 0;
    for place in places {
        let mut renamed = whole.clone();
        renamed[place..place + 9].copy_from_slice(b"elsewhere");
        // Some of the names stand where they say nothing.
        let said = refusal(&renamed).unwrap_or_default();
        circles += usize::from(said.contains("of its interface depends on itself"));
    }
    assert!(circles > 0);
}

#[test]
fn a_file_that_is_missing_is_named() {
    let mut bench = Bench::of(&[&Guest::default()]);
    bench.uses[0].source = PluginSource::File(PathBuf::from("no/such/plugin.wasm"));
    insta::assert_snapshot!(shown(&bench.load().err().unwrap()), @r"
    plugin file `no/such/plugin.wasm` cannot be read: No such file or directory (os error 2)
    hint: a plugin's path is taken from the folder of the job file, or from where the command runs
    ");
}

#[test]
fn a_file_with_another_digest_is_refused_and_one_with_its_own_is_taken() {
    let mut bench = Bench::of(&[&Guest::default()]);
    let digest = hex::encode(Sha256::digest(std::fs::read(bench.file()).unwrap()));
    bench.uses[0].sha256 = Some(digest.clone());
    assert!(bench.load().is_ok());
    bench.uses[0].sha256 = Some("0".repeat(64));
    let said = shown(&bench.load().err().unwrap()).replace(&digest, "5555");
    insta::assert_snapshot!(said.replace(&bench.folder.path().display().to_string(), "…"), @r"
    `…/test.wasm` has the SHA-256 digest 5555, and not 0000000000000000000000000000000000000000000000000000000000000000 as the job says
    hint: somebody may have written it over: if that is as it should be, put its new digest into the job
    ");
}

#[test]
fn a_file_of_a_store_is_fetched_by_its_url() {
    let mut bench = Bench::of(&[&Guest::default()]);
    let digest = hex::encode(Sha256::digest(std::fs::read(bench.file()).unwrap()));
    let url = format!("file://{}", bench.file().display());
    bench.uses[0].source = PluginSource::Store { url: url.clone(), options: BTreeMap::new() };
    bench.uses[0].sha256 = Some(digest);
    assert!(bench.load().is_ok());
    bench.uses[0].source =
        PluginSource::Store { url: url.replace("test.wasm", "other.wasm"), options: BTreeMap::new() };
    let said = shown(&bench.load().err().unwrap());
    insta::assert_snapshot!(said.replace(&bench.folder.path().display().to_string(), "…"), @r"
    there is no plugin at `file://…/other.wasm`
    hint: check `url` of the `[[plugin]]`, and the options under `[plugin.store]`
    ");
}

#[test]
fn another_interface_version_is_named() {
    let text = refused(&Guest { interface: "0.2.0".to_owned(), ..Guest::default() }.module());
    insta::assert_snapshot!(text, @r"
    `…/test.wasm` speaks version 0.2.0 of the plugin interface, this program speaks 0.1.0
    hint: build the plugin with an SDK of version 0.1.0
    ");
}

#[test]
fn imports_that_the_host_lacks_are_named() {
    let imports = (
        r#"(import "acme:things/store@1.0.0" "get" (func $get))"#.to_owned(),
        "    import acme:things/store@1.0.0;\n".to_owned(),
        "package acme:things@1.0.0 { interface store { get: func(); } }".to_owned(),
    );
    let guest = Guest { imports, process: "(call $get)".to_owned(), ..Guest::default() };
    insta::assert_snapshot!(refused(&guest.module()), @r"
    `…/test.wasm` imports what a plugin cannot have: `acme:things/store@1.0.0`
    hint: a plugin may import `anabranch:plugin/host` and WASI 0.2; files, environment and network are empty there
    ");
}

#[test]
fn a_finished_component_is_taken_as_it_is() {
    let bench = Bench::of(&[&Guest::default()]);
    let module = std::fs::read(bench.file()).unwrap();
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.module(&module).unwrap();
    std::fs::write(bench.file(), encoder.encode().unwrap()).unwrap();
    assert_eq!(bench.run(&batch(0, 3)).unwrap().0.len(), 3);
}

#[test]
fn inspection_tells_what_a_plugin_is() {
    let bench = Bench::of(&[&Guest { state: (1, 8), ..Guest::default() }]);
    let cache = CodeCache::at(bench.folder.path().join("cache"));
    let inspection = inspect_with(&bench.uses[0].source, None, cache).unwrap();
    assert_eq!(inspection.description.name, "test");
    assert_eq!(inspection.interface, "0.1.0");
    assert!(inspection.imports.iter().any(|name| name == "anabranch:plugin/host@0.1.0"), "{:?}", inspection.imports);
    assert_eq!(inspection.description.state, crate::plugin::State::Window(8));
    let reads: Vec<&str> = inspection.description.reads.iter().map(|column| column.name()).collect();
    assert_eq!(reads, ["key", "value"]);
    assert_eq!(inspection.sha256.len(), 64);
}

#[test]
fn compiled_code_is_kept_and_whatever_is_wrong_with_it_is_a_miss() {
    let bench = Bench::of(&[&Guest::default()]);
    let entry = || {
        let entries = std::fs::read_dir(bench.folder.path().join("cache")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(paths.len() == 2 && paths[1].extension().unwrap() == "digest", "one plugin makes one entry: {paths:?}");
        paths.swap_remove(0)
    };
    bench.run(&batch(0, 3)).unwrap();
    let mode = std::fs::metadata(bench.folder.path().join("cache")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let whole = std::fs::read(entry()).unwrap();

    let written = std::fs::metadata(entry()).unwrap().modified().unwrap();
    bench.run(&batch(0, 3)).unwrap();
    assert_eq!(std::fs::metadata(entry()).unwrap().modified().unwrap(), written, "a hit is not written again");

    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for damaged in [Vec::new(), whole[..20].to_vec(), whole[..whole.len() - 1].to_vec(), flipped] {
        std::fs::write(entry(), &damaged).unwrap();
        assert_eq!(bench.run(&batch(0, 3)).unwrap().0.len(), 3);
        assert_eq!(std::fs::read(entry()).unwrap(), whole, "it is mended");
    }
    let digest = entry().with_extension("digest");
    // Sound in itself, but of something else: what another version of the engine leaves behind.
    std::fs::write(entry(), b"not code").unwrap();
    for wrong in [blake3::hash(b"not code").as_bytes().to_vec(), Vec::new(), vec![0; 31]] {
        std::fs::write(&digest, wrong).unwrap();
        assert_eq!(bench.run(&batch(0, 3)).unwrap().0.len(), 3);
        assert_eq!(std::fs::read(entry()).unwrap(), whole, "it is mended");
    }
    std::fs::remove_file(&digest).unwrap();
    assert_eq!(bench.run(&batch(0, 3)).unwrap().0.len(), 3);
    assert!(digest.is_file());
}

#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let bench = Bench::of(&[&Guest::default()]);
    std::fs::write(bench.folder.path().join("cache"), b"a file where the folder would be").unwrap();
    assert_eq!(bench.run(&batch(0, 3)).unwrap().0.len(), 3);
}
