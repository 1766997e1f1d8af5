//! Released versions of the interface never change: `wit/digests` says what they are.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// What is wrong with the versions in folder `wit`, by its file `digests`.
fn violations(wit: &Path) -> Vec<String> {
    let digests = fs::read_to_string(wit.join("digests")).unwrap();
    let lines = digests.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let released: BTreeMap<&str, &str> =
        lines.map(|line| line.split_once("  ").unwrap()).map(|(digest, file)| (file, digest)).collect();

    let mut versions: BTreeMap<(u32, u32), (String, BTreeSet<String>)> = BTreeMap::new();
    for folder in fs::read_dir(wit).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let name = folder.file_name().into_string().unwrap();
        let (major, minor) = name.strip_prefix('v').and_then(|version| version.split_once('.')).unwrap();
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let files = files.map(|file| format!("{name}/{file}")).collect();
        versions.insert((major.parse().unwrap(), minor.parse().unwrap()), (name, files));
    }

    let mut violations = Vec::new();
    for (file, digest) in &released {
        match fs::read(wit.join(file)) {
            Ok(text) if hex::encode(Sha256::digest(&text)) == *digest => {}
            Ok(_) => violations.push(format!("{file} was released and has changed: make a new version instead")),
            Err(_) => violations.push(format!("{file} was released and is gone")),
        }
    }
    let newest = versions.keys().last().copied();
    for (version, (name, files)) in versions {
        let listed = files.iter().filter(|file| released.contains_key(file.as_str())).count();
        if listed == 0 && Some(version) != newest {
            violations.push(format!("{name} is not the newest version and not among the released ones"));
        }
        if listed > 0 && listed < files.len() {
            violations.push(format!("{name} was released and has got another file"));
        }
    }
    violations
}

#[test]
fn no_released_interface_has_changed() {
    assert_eq!(violations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")), Vec::<String>::new());
}

#[test]
fn changes_of_a_released_interface_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let wit = folder.path();
    for version in ["v0.9", "v0.10"] {
        fs::create_dir(wit.join(version)).unwrap();
        fs::write(wit.join(version).join("plugin.wit"), version).unwrap();
    }
    fs::write(wit.join("digests"), "# nothing\n").unwrap();
    assert_eq!(violations(wit), ["v0.9 is not the newest version and not among the released ones"]);

    let digest = hex::encode(Sha256::digest("v0.9"));
    fs::write(wit.join("digests"), format!("{digest}  v0.9/plugin.wit\n")).unwrap();
    assert_eq!(violations(wit), Vec::<String>::new());

    fs::write(wit.join("v0.9/more.wit"), "").unwrap();
    assert_eq!(violations(wit), ["v0.9 was released and has got another file"]);

    fs::write(wit.join("v0.9/plugin.wit"), "altered").unwrap();
    fs::remove_file(wit.join("v0.9/more.wit")).unwrap();
    assert_eq!(violations(wit), ["v0.9/plugin.wit was released and has changed: make a new version instead"]);

    fs::remove_dir_all(wit.join("v0.9")).unwrap();
    assert_eq!(violations(wit), ["v0.9/plugin.wit was released and is gone"]);
}
