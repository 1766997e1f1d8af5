//! What is written beside the target: a folder of this machine and a prefix on a real S3 server behave alike.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch::failure::{Exit, Explain};
use anabranch::job::Secret;
use anabranch::store::{Destination, Existing, Section, StoreError};
use anabranch_tests::object_store::{S3Server, SECRET_KEY};
use tokio::runtime::Runtime;

const SECTION: Section = Section { what: "a report", url: "report.path", options: "report.store" };

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn options(server: &S3Server) -> BTreeMap<String, Secret> {
    server.options().into_iter().map(|(key, value)| (key, Secret::new(value))).collect()
}

/// An error as a person reads it.
fn said(error: &StoreError) -> String {
    format!("{error} (exit {}; {})", error.exit() as u8, error.hint().unwrap_or_default())
}

/// What every destination does; `read` reads what is there by the store's own means.
fn conforms(destination: &Destination, read: impl Fn(&str) -> Option<Vec<u8>>) {
    let put = |name: &str, content: &'static str, existing| destination.put(name, content.into(), existing);
    assert!(destination.list("").unwrap().is_empty());
    assert!(destination.list("never/made").unwrap().is_empty());

    put("a/orders-0/1.jsonl", "one", Existing::Refuse).unwrap();
    put("a/orders-0/2.jsonl", "two", Existing::Replace).unwrap();
    put("a/orders-01/1.jsonl", "of another lane", Existing::Replace).unwrap();
    put("top.json", "", Existing::Replace).unwrap();
    assert_eq!(read("a/orders-0/1.jsonl").unwrap(), b"one");
    assert_eq!(read("top.json").unwrap(), b"");
    assert_eq!(
        destination.list("").unwrap(),
        ["a/orders-0/1.jsonl", "a/orders-0/2.jsonl", "a/orders-01/1.jsonl", "top.json"]
    );
    assert_eq!(destination.list("a/orders-0").unwrap(), ["a/orders-0/1.jsonl", "a/orders-0/2.jsonl"]);

    let refused = put("a/orders-0/1.jsonl", "again", Existing::Refuse).unwrap_err();
    assert!(matches!(refused, StoreError::Exists { .. }), "{refused:?}");
    assert!(refused.to_string().ends_with("/a/orders-0/1.jsonl` is there already"), "{refused}");
    assert_eq!(read("a/orders-0/1.jsonl").unwrap(), b"one");
    put("a/orders-0/1.jsonl", "again", Existing::Replace).unwrap();
    assert_eq!(read("a/orders-0/1.jsonl").unwrap(), b"again");

    for _ in 0..2 {
        destination.delete("a/orders-0/1.jsonl").unwrap();
        assert_eq!(destination.list("a").unwrap(), ["a/orders-0/2.jsonl", "a/orders-01/1.jsonl"]);
    }
    for wrong in ["../out", "a//b", "/a", ""] {
        let error = put(wrong, "x", Existing::Replace).unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{wrong}: {error:?}");
    }
}

#[test]
fn a_local_folder_is_written_listed_and_cleared() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let root = folder.path().join("made/when/needed");
    let destination = Destination::open(root.to_str().unwrap(), &BTreeMap::new(), SECTION, runtime.handle()).unwrap();
    conforms(&destination, |name| std::fs::read(root.join(name)).ok());
    // Nothing unfinished stays behind, and others may read it as any other file.
    let mode = std::fs::metadata(root.join("top.json")).unwrap().permissions().mode();
    std::fs::write(folder.path().join("ordinary"), "").unwrap();
    assert_eq!(mode, std::fs::metadata(folder.path().join("ordinary")).unwrap().permissions().mode());
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 2);
}

#[test]
fn a_prefix_of_s3_is_written_listed_and_cleared() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    server.create_bucket("letters").unwrap();
    for url in ["s3://letters/jobs/one/", "s3://letters"] {
        let destination = Destination::open(url, &options(&server), SECTION, runtime.handle()).unwrap();
        let prefix = url.trim_start_matches("s3://letters").trim_matches('/');
        conforms(&destination, |name| server.get("letters", &format!("{prefix}/{name}")).ok());
        for name in destination.list("").unwrap() {
            destination.delete(&name).unwrap();
        }
    }
}

#[test]
fn a_file_by_its_url_is_parted_into_place_and_name() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    let parted = |url: &str| {
        let options = if url.starts_with("s3") { options(&server) } else { BTreeMap::new() };
        Destination::of_file(url, &options, SECTION, runtime.handle()).map(|(at, name)| (at.url().to_string(), name))
    };
    for (url, folder, name) in [
        ("report.json", ".", "report.json"),
        ("reports/of/today.json", "reports/of", "today.json"),
        ("/today.json", "/", "today.json"),
        ("file:///var/report.json", "file:///var", "report.json"),
        ("s3://bucket/report.json", "s3://bucket", "report.json"),
        ("s3://bucket/a/b.json", "s3://bucket/a", "b.json"),
    ] {
        assert_eq!(parted(url).unwrap_or_else(|error| panic!("{url}: {error}")), (folder.to_owned(), name.to_owned()));
    }
    for url in ["reports/", "..", "s3://bucket", "s3://bucket/", "s3://bucket/a/"] {
        let error = parted(url).unwrap_err();
        assert!(error.to_string().ends_with("is not the place of a report: it names no file"), "{url}: {error}");
    }
}

#[test]
fn what_cannot_be_written_is_said_within_seconds_with_its_place_and_without_the_secret() {
    let (server, runtime, folder) = (S3Server::start().unwrap(), runtime(), tempfile::tempdir().unwrap());
    server.create_bucket("letters").unwrap();
    let put = |url: &str, change: &[(&str, &str)]| {
        let mut options = if url.starts_with("s3") { options(&server) } else { BTreeMap::new() };
        options.extend(change.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))));
        let begun = Instant::now();
        let put = Destination::open(url, &options, SECTION, runtime.handle())
            .and_then(|destination| destination.brief().put("a.json", "{}".into(), Existing::Replace));
        let error = put.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?} for {error}", begun.elapsed());
        assert!(!format!("{error:?}").contains(SECRET_KEY), "{error:?}");
        said(&error)
    };
    let secret = put("s3://letters/a", &[("secret_access_key", "wrong")]);
    assert!(secret.starts_with("`s3://letters/a/a.json` may not be written with these credentials: 403"), "{secret}");
    assert!(secret.ends_with("writing needs `s3:PutObject`)"), "{secret}");
    let nobody_listens = put("s3://letters/a", &[("endpoint", "http://127.0.0.1:1")]);
    assert!(nobody_listens.starts_with("`s3://letters/a/a.json` cannot be written:"), "{nobody_listens}");
    assert!(nobody_listens.contains("check `endpoint`"), "{nobody_listens}");
    let option = put("s3://letters/a", &[("acces_key_id", "x")]);
    assert_eq!(
        option,
        "`report.store.acces_key_id` is no option of this store (exit 2; did you mean `access_key_id`?)"
    );
    let local = put(folder.path().to_str().unwrap(), &[("region", "x")]);
    assert!(local.contains("files of this machine take no options; leave `report.store` out"), "{local}");
    let scheme = put("ftp://host/reports", &[]);
    assert!(scheme.starts_with("`ftp://host/reports` is not the place of a report:"), "{scheme}");

    // A file where a folder should be, and a folder where the file should be.
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let place = file.to_str().unwrap();
    let no_folder = put(place, &[]);
    assert!(no_folder.starts_with(&format!("`{place}/a.json` cannot be written:")), "{no_folder}");
    std::fs::create_dir_all(folder.path().join("b/a.json")).unwrap();
    let no_file = put(folder.path().join("b").to_str().unwrap(), &[]);
    assert!(no_file.contains("it is no regular file"), "{no_file}");
    let exists = StoreError::Exists { place: Arc::from("a.json") };
    assert_eq!(exists.exit(), Exit::Failed);
}
