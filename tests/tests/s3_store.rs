//! A backup on a real S3 server over HTTP: listing, reading, and everything that may be wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch::failure::{Exit, Explain};
use anabranch::job::{Backup, ColumnNames, Encodings, Secret};
use anabranch::store::{self, SequentialReader, SourceFile, Store, StoreError};
use anabranch_tests::object_store::{Fault, S3Server, SECRET_KEY};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn backup(url: &str, options: BTreeMap<String, String>) -> Backup {
    Backup {
        url: url.to_owned(),
        store: options.into_iter().map(|(key, value)| (key, Secret::new(value))).collect(),
        path: None,
        topic: None,
        columns: ColumnNames::default(),
        encoding: Encodings::default(),
        format: None,
        dead_letters: false,
        cache: None,
    }
}

fn open(server: &S3Server, url: &str, runtime: &Runtime) -> Store {
    store::open(&backup(url, server.options()), runtime.handle()).unwrap()
}

/// Bytes that are different everywhere.
fn noise(count: usize) -> Vec<u8> {
    (0..count as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

fn only_file(store: &Store) -> Arc<dyn SourceFile> {
    let listing = store.list().unwrap();
    assert_eq!(listing.entries.len(), 1);
    store.file(&listing.entries[0]).unwrap()
}

#[test]
fn more_keys_than_a_page_are_listed_with_paths_relative_to_the_url() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    for index in 0..2345 {
        server.put("backups", &format!("nightly/orders/partition=0/{index}.jsonl"), "x").unwrap();
    }
    server.put("backups", "nightly/_SUCCESS", "").unwrap();
    server.put("backups", "nightly2/orders/other.jsonl", "x").unwrap();
    let listing = open(&server, "s3://backups/nightly/", &runtime).list().unwrap();
    assert_eq!(listing.entries.len(), 2345);
    assert_eq!(&*listing.entries[0].path, "orders/partition=0/0.jsonl");
    assert_eq!(listing.skipped.len(), 1);
    let one = open(&server, "s3://backups/nightly2/orders/other.jsonl", &runtime).list().unwrap();
    assert_eq!(one.entries.iter().map(|entry| &*entry.path).collect::<Vec<_>>(), ["other.jsonl"]);
}

#[test]
fn ranges_and_streams_give_the_objects_bytes() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    let data = noise(20_000_000);
    server.put("backups", "a/file.bin", &data).unwrap();
    let file = only_file(&open(&server, "s3://backups/a", &runtime));
    assert_eq!(file.size(), data.len() as u64);
    for (offset, length) in [(0, 4), (19_999_990, 10), (262_140, 10), (1_000_000, 262_145), (3, 19_000_000), (7, 0)] {
        assert_eq!(file.read_at(offset, length).unwrap(), data[offset as usize..offset as usize + length]);
    }
    let beyond = file.read_at(19_999_999, 2).unwrap_err();
    assert_eq!(beyond.to_string(), "`file.bin` ends before byte 20000001: it has 20000000 bytes");

    let mut reader = SequentialReader::new(file, 5);
    let mut head = vec![0; 100_000];
    reader.read_exact(&mut head).unwrap();
    assert_eq!(head, data[5..100_005]);
    reader.skip(5_000_000);
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, data[5_100_005..]);
}

#[test]
fn whatever_goes_wrong_with_answers_the_bytes_are_the_objects() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    let data = noise(3_000_000);
    server.put("backups", "a/file.bin", &data).unwrap();
    let mut options = server.options();
    options.insert("timeout".to_owned(), "1s".to_owned());
    let store = store::open(&backup("s3://backups/a", options), runtime.handle()).unwrap();
    server.misbehave_at_listings([Fault::Truncate, Fault::Answer(503, "SlowDown"), Fault::Reset]);
    let file = only_file(&store);
    for fault in [
        Fault::Answer(500, "InternalError"),
        Fault::Answer(503, "SlowDown"),
        Fault::Reset,
        Fault::Truncate,
        Fault::Short,
        Fault::Delay(Duration::from_millis(100)),
        // The first is longer than a request may take.
        Fault::StallWithin(Duration::from_secs(2)),
        Fault::StallWithin(Duration::from_millis(100)),
    ] {
        server.misbehave([fault.clone(), fault.clone()]);
        assert_eq!(file.read_at(0, data.len()).unwrap(), data, "{fault:?}");
        server.misbehave([fault.clone()]);
        let mut streamed = Vec::new();
        SequentialReader::new(Arc::clone(&file), 0).read_to_end(&mut streamed).unwrap();
        assert_eq!(streamed, data, "{fault:?}");
        assert_eq!(server.behave(), 0, "{fault:?}");
    }
}

#[test]
fn a_store_that_goes_on_misbehaving_is_told_after_its_patience() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    server.put("backups", "a/file.bin", noise(300_000)).unwrap();
    let mut options = server.options();
    options.insert("patience".to_owned(), "1500ms".to_owned());
    options.insert("timeout".to_owned(), "500ms".to_owned());
    let store = store::open(&backup("s3://backups/a", options), runtime.handle()).unwrap();
    let file = only_file(&store);
    let said = |fault: Fault| {
        server.misbehave(std::iter::repeat_n(fault, 1000));
        let begun = Instant::now();
        let error = file.read_at(0, 300_000).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
        assert_eq!(error.exit(), Exit::Environment);
        assert!(error.hint().unwrap().contains("`patience`"));
        server.behave();
        error.to_string()
    };
    let begins = "`file.bin` could not be read for 1.5 s: ";
    assert_eq!(
        said(Fault::Answer(503, "SlowDown")),
        format!("{begins}503 Service Unavailable, SlowDown, by the test's will")
    );
    for fault in [Fault::Reset, Fault::Delay(Duration::from_secs(60))] {
        let said = said(fault);
        assert!(said.starts_with(begins), "{said}");
    }
    assert_eq!(file.read_at(0, 300_000).unwrap(), noise(300_000));
    // What no asking helps is told at once.
    server.misbehave([Fault::Answer(400, "InvalidRequest")]);
    let error = file.read_at(0, 300_000).unwrap_err().to_string();
    assert_eq!(error, "`file.bin` cannot be read: 400 Bad Request, InvalidRequest, by the test's will");
}

#[test]
fn an_object_that_changed_since_it_was_listed_is_refused() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    server.put("backups", "a/file.bin", "before").unwrap();
    let store = open(&server, "s3://backups/a", &runtime);
    let listing = store.list().unwrap();
    let (opened, fresh) = (store.file(&listing.entries[0]).unwrap(), store.file(&listing.entries[0]).unwrap());
    assert_eq!(opened.begin_read(0, 6).wait().unwrap(), "before");
    // Of the same size and within the same second: only the ETag tells.
    server.put("backups", "a/file.bin", "after!").unwrap();
    for file in [&opened, &fresh] {
        let error = file.begin_read(0, 6).wait().unwrap_err();
        assert_eq!(error.to_string(), "`file.bin` has changed since the backup was listed: its ETag is another");
        assert_eq!(error.exit(), Exit::Failed);
    }
    server.put("backups", "a/file.bin", "longer than before").unwrap();
    let error = fresh.read_at(0, 6).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error:?}");
}

#[test]
fn an_object_that_changes_while_an_answer_is_under_way_is_refused() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    let (before, after) = (noise(1_000_000), vec![7; 1_000_000]);
    server.put("backups", "a/file.bin", before).unwrap();
    let file = only_file(&open(&server, "s3://backups/a", &runtime));
    server.misbehave([Fault::Replace(after)]);
    let error = file.read_at(0, 1_000_000).unwrap_err();
    assert_eq!(error.to_string(), "`file.bin` has changed since the backup was listed: its ETag is another");
}

#[test]
fn what_is_wrong_is_said_within_seconds_and_without_the_secret() {
    let (server, runtime) = (S3Server::start().unwrap(), runtime());
    server.put("backups", "a/file.bin", "x").unwrap();
    let said = |url: &str, change: &[(&str, &str)], unset: &[&str]| {
        let mut options = server.options();
        options.extend(change.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        unset.iter().for_each(|key| drop(options.remove(*key)));
        let begun = Instant::now();
        let listed = store::open(&backup(url, options), runtime.handle()).and_then(|store| store.list());
        let error = listed.map(|listing| listing.entries.len()).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?} for {error}", begun.elapsed());
        assert!(!format!("{error:?}").contains(SECRET_KEY), "{error:?}");
        format!("{error} (exit {}; {})", error.exit() as u8, error.hint().unwrap_or_default())
    };

    let bucket = said("s3://nobody/a", &[], &[]);
    assert!(bucket.starts_with("there is no bucket `nobody` (of `s3://nobody/a`) (exit 3;"), "{bucket}");
    let prefix = said("s3://backups/nothing", &[], &[]);
    assert!(prefix.starts_with("there is nothing at `s3://backups/nothing` (exit 3;"), "{prefix}");
    let secret = said("s3://backups/a", &[("secret_access_key", "wrong")], &[]);
    assert!(secret.starts_with("`s3://backups/a` may not be read with these credentials: 403"), "{secret}");
    assert!(secret.contains("SignatureDoesNotMatch") && secret.contains("exit 3"), "{secret}");
    let key = said("s3://backups/a", &[("access_key_id", "nobody")], &[]);
    assert!(key.contains("may not be read with these credentials"), "{key}");
    let plain = said("s3://backups/a", &[], &["allow_http"]);
    assert!(plain.contains("plain HTTP") && plain.contains("allow_http = \"true\""), "{plain}");
    let option = said("s3://backups/a", &[("acces_key_id", "x")], &[]);
    assert_eq!(
        option,
        "`backup.store.acces_key_id` is no option of this store (exit 2; did you mean `access_key_id`?)"
    );
    let nobody_listens = said("s3://backups/a", &[("endpoint", "http://127.0.0.1:1")], &[]);
    assert!(nobody_listens.starts_with("`s3://backups/a` cannot be read:"), "{nobody_listens}");
    let none =
        said("s3://backups/a", &[("metadata_endpoint", "http://127.0.0.1:1")], &["access_key_id", "secret_access_key"]);
    assert!(none.starts_with("there are no credentials for `s3://backups/a`:"), "{none}");
    assert!(none.contains("AWS_ACCESS_KEY_ID") && none.contains("exit 3"), "{none}");
}
