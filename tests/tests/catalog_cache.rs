//! The catalog cache, through the binary: a second job over the same backup lists nothing and opens what it reads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;

use anabranch_tests::object_store::S3Server;
use anabranch_tests::orders::Orders;
use anabranch_tests::run::run;
use serde_json::Value;
use tempfile::TempDir;

/// 17 ms from one order to the next, in four files of each of two partitions.
const ORDERS: Orders = Orders { records: 8000, partitions: 2, files: 4, headers: false };

/// A folder with the backup in `backup`.
fn backup() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    ORDERS.write(&folder.path().join("backup")).unwrap();
    folder
}

/// The summary of a restore into nothing.
fn restore(folder: &Path, flags: &[&str]) -> Value {
    let mut arguments = vec!["restore", "--brokers", "null", "--delivery", "at-least-once", "--output", "json"];
    arguments.extend(flags);
    let run = run(folder, &arguments).unwrap();
    assert_eq!(run.code, Some(0), "{run}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn read(summary: &Value) -> u64 {
    summary["read"]["records"].as_u64().unwrap()
}

fn has(summary: &Value, code: &str) -> bool {
    summary["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == code)
}

#[test]
fn a_second_replay_lists_nothing_and_opens_only_what_it_reads() {
    let folder = backup();
    let server = S3Server::start().unwrap();
    server.create_bucket("backups").unwrap();
    for file in walk(&folder.path().join("backup")) {
        let key = file.strip_prefix(folder.path().join("backup")).unwrap();
        server.put("backups", &format!("kafka/{}", key.display()), fs::read(&file).unwrap()).unwrap();
    }
    let options: Vec<String> = server.options().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut flags = vec!["--backup", "s3://backups/kafka"];
    flags.extend(options.iter().flat_map(|option| ["--store", option]));
    for cache in ["s3://backups/catalogs/here", "catalogs"] {
        let cached = [&flags[..], &["--catalog-cache", cache]].concat();
        let first = restore(folder.path(), &cached);
        let (listings, files) = server.asked();
        assert!(listings > 0 && files.len() >= 8, "{files:?}");
        // The last quarter of each partition, which is a file each.
        let slice = [&cached[..], &["--from", "1760000102000"]].concat();
        let second = restore(folder.path(), &slice);
        let (listings, mut files) = server.asked();
        files.retain(|file| !file.starts_with("backups/catalogs"));
        files.sort_unstable();
        files.dedup();
        assert_eq!((read(&first), read(&second)), (8000, 2000));
        let last =
            |partition| format!("backups/kafka/orders/partition={partition}/orders+{partition}+0000003000.parquet");
        assert_eq!((listings, files), (0, vec![last(0), last(1)]));
        assert!(has(&second, "catalog-cached"));
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn what_was_added_is_seen_by_a_catalog_made_anew_and_what_was_removed_ends_the_run_with_the_way_out() {
    let folder = backup();
    let cached = ["--backup", "backup", "--catalog-cache", "catalogs"];
    restore(folder.path(), &cached);
    let partition = folder.path().join("backup/orders/partition=1");
    let path = partition.join("orders+1+0000000000.parquet");
    let aside = folder.path().join("aside.parquet");
    fs::rename(&path, &aside).unwrap();
    let mut arguments = vec!["restore", "--brokers", "null", "--delivery", "at-least-once"];
    arguments.extend(cached);
    let gone = run(folder.path(), &arguments).unwrap();
    insta::assert_snapshot!(gone, @r#"
    exit 1
    error: `orders/partition=1/orders+1+0000000000.parquet` is gone since the backup was listed
    hint: a backup must not change while it is restored; start again once it is complete, with `--refresh-catalog` where its catalog is kept in a cache
    "#);
    let refreshed = [&cached[..], &["--refresh-catalog"]].concat();
    assert_eq!(read(&restore(folder.path(), &refreshed)), 7000);
    fs::rename(&aside, &path).unwrap();
    assert_eq!(read(&restore(folder.path(), &cached)), 7000);
    assert_eq!(read(&restore(folder.path(), &refreshed)), 8000);
    assert_eq!(read(&restore(folder.path(), &cached)), 8000);
}

#[test]
fn a_job_that_reads_in_another_way_and_another_backup_have_catalogs_of_their_own() {
    let folder = backup();
    let cached = ["--catalog-cache", "catalogs"];
    restore(folder.path(), &[&cached[..], &["--backup", "backup"]].concat());
    let other = restore(
        folder.path(),
        &[
            &cached[..],
            &["--backup", "backup", "--encoding", "value=text", "--path"],
            &["{topic}/partition={partition}/{}+{offset}.parquet"],
        ]
        .concat(),
    );
    assert!(!has(&other, "catalog-cached"));
    assert_eq!(read(&other), 8000);
    let part = restore(folder.path(), &[&cached[..], &["--backup", "backup/orders/partition=1"]].concat());
    assert!(!has(&part, "catalog-cached"));
    assert_eq!(read(&part), 4000);
    let one = "backup/orders/partition=1/orders+1+0000002000.parquet";
    for known in [false, true] {
        let file = restore(folder.path(), &[&cached[..], &["--backup", one, "--topic", "orders"]].concat());
        assert_eq!(has(&file, "catalog-cached"), known);
        assert_eq!(read(&file), 1000);
    }
    assert_eq!(fs::read_dir(folder.path().join("catalogs")).unwrap().count(), 4);
    let again = restore(folder.path(), &[&cached[..], &["--backup", "./backup/"]].concat());
    assert!(has(&again, "catalog-cached"), "the same backup, written otherwise");
}

#[test]
fn a_cache_that_is_damaged_or_cannot_be_written_is_said_and_no_reason_to_fail() {
    let folder = backup();
    let cached = ["--backup", "backup", "--catalog-cache", "catalogs"];
    restore(folder.path(), &cached);
    let file = fs::read_dir(folder.path().join("catalogs")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    for damage in [&whole[..whole.len() / 2], b"", b"{}"] {
        fs::write(&file, damage).unwrap();
        let summary = restore(folder.path(), &cached);
        assert_eq!(read(&summary), 8000);
        assert!(summary["findings"].to_string().contains("it is damaged"), "{}", summary["findings"]);
        assert_eq!(read(&restore(folder.path(), &cached)), 8000);
    }
    fs::write(folder.path().join("file"), "").unwrap();
    let summary = restore(folder.path(), &["--backup", "backup", "--catalog-cache", "file"]);
    assert_eq!(read(&summary), 8000);
    assert!(has(&summary, "catalog-not-kept"));
}

#[test]
fn a_cache_in_the_backup_and_one_to_refresh_that_is_not_there_are_refused() {
    let folder = backup();
    let plan = |flags: &[&str]| {
        let arguments = [&["plan", "--backup", "backup", "--brokers", "null"], flags].concat();
        run(folder.path(), &arguments).unwrap()
    };
    insta::assert_snapshot!(plan(&["--catalog-cache", "backup/catalogs"]), @r#"
    exit 2
    error: the catalog cache lies in the backup, and what is written there would be read
    hint: give it a place of its own: `--catalog-cache`, or `cache` in `[backup]`
    "#);
    insta::assert_snapshot!(plan(&["--refresh-catalog"]), @r#"
    exit 2
    error: there is no catalog cache that `--refresh-catalog` could make anew
    hint: leave it out, or say where the cache is: `--catalog-cache`, or `cache` in `[backup]`
    "#);
    insta::assert_snapshot!(plan(&["--catalog-cache", "ftp://host/x"]), @r#"
    exit 2
    error: `ftp://host/x` is not the place of a catalog cache: `ftp://` is not supported
    hint: use a bare path, `file:///path` or `s3://bucket/prefix`
    "#);
}

#[test]
fn an_upload_that_had_failed_and_was_made_good_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    fs::create_dir(&backup).unwrap();
    let record = |offset: u32| {
        format!("{{\"topic\":\"t\",\"partition\":0,\"offset\":{offset},\"key\":\"k\",\"value\":\"v\"}}\n")
    };
    fs::write(backup.join("0.jsonl"), record(0)).unwrap();
    fs::write(backup.join("1.jsonl"), "").unwrap();
    let cached = ["--backup", "backup", "--format", "json-lines", "--catalog-cache", "catalogs"];
    for records in [1, 1] {
        assert_eq!(read(&restore(folder.path(), &cached)), records);
    }
    fs::write(backup.join("1.jsonl"), record(1)).unwrap();
    let summary = restore(folder.path(), &cached);
    assert_eq!((read(&summary), has(&summary, "catalog-not-kept")), (2, true));
    let summary = restore(folder.path(), &cached);
    assert_eq!((read(&summary), has(&summary, "catalog-cached")), (2, true));
}

#[test]
fn no_damage_of_a_cache_changes_what_is_restored() {
    let folder = backup();
    let cached = ["--backup", "backup", "--catalog-cache", "catalogs", "--offsets", "orders-1=900..2100"];
    restore(folder.path(), &cached);
    let file = fs::read_dir(folder.path().join("catalogs")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    let mut noticed = 0;
    for flip in 0..40 {
        let mut damaged = whole.clone();
        damaged[whole.len() * flip / 40] ^= 1 << (flip % 8);
        fs::write(&file, damaged).unwrap();
        let summary = restore(folder.path(), &cached);
        assert_eq!(read(&summary), 1200, "byte {}", whole.len() * flip / 40);
        noticed += u32::from(has(&summary, "catalog-not-kept"));
    }
    // Some bits of a compressed file mean nothing.
    assert!(noticed > 30, "{noticed}");
}

#[test]
fn a_catalog_in_another_backup_is_passed_over() {
    let folder = backup();
    restore(
        folder.path(),
        &["--backup", "backup/orders/partition=0", "--topic", "o", "--catalog-cache", "backup/orders"],
    );
    let summary = restore(folder.path(), &["--backup", "backup"]);
    assert_eq!((read(&summary), has(&summary, "skipped-files")), (8000, true));
}
