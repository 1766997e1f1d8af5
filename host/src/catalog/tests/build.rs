//! How files become lanes, and what is said when they cannot.

use super::lines::{Line, Lines, file};
use super::*;
use crate::failure::Explain;
use crate::finding::Weight;
use crate::read::{Count, Format};

fn lines(partition: i32, offsets: std::ops::Range<i64>) -> Vec<Line> {
    let line =
        |offset| Line { topic: "orders".to_owned(), partition, offset, key: None, value: Some(format!("v{offset}")) };
    offsets.map(line).collect()
}

fn files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str, Vec<Line>)>) -> Vec<(String, String)> {
    files.into_iter().map(|(path, columns, lines)| (path.to_owned(), file(columns, &lines))).collect()
}

fn lanes(catalog: &Catalog) -> Vec<String> {
    let shown = |lane: &Lane| {
        let paths: Vec<&str> = lane.pieces.iter().map(|piece| &*piece.entry.path).collect();
        format!("{} {:?} {:?} {}", lane.source, lane.records, lane.offsets, paths.join(" "))
    };
    catalog.lanes.iter().map(shown).collect()
}

fn findings(catalog: &Catalog) -> Vec<String> {
    catalog
        .findings
        .iter()
        .map(|finding| format!("{:?} {}: {}", finding.weight, finding.code, finding.message))
        .collect()
}

/// What a build that fails says: message, exit code, hint.
fn refused(files: &[(String, String)], backup: &Backup) -> String {
    match catalog(files, backup, Lines::default()) {
        Ok(catalog) => panic!("{:?}", lanes(&catalog)),
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            format!("{error} (exit {}){hint}", error.exit() as u8)
        }
    }
}

#[test]
fn order_is_by_number_and_never_by_name() {
    let files = files([
        ("orders+1+5", "columns", lines(1, 5..7)),
        ("orders+0+1000", "columns", lines(0, 1000..1002)),
        ("orders+0+999", "columns", lines(0, 999..1000)),
        ("_SUCCESS", "", vec![]),
    ]);
    let catalog = catalog(&files, &backup(), Lines { statistics: true }).unwrap();
    insta::assert_snapshot!(lanes(&catalog).join("\n"), @r"
    orders-0 Exact(3) Some((999, 1001)) orders+0+999 orders+0+1000
    orders-1 Exact(2) Some((5, 6)) orders+1+5
    ");
    insta::assert_snapshot!(findings(&catalog).join("\n"), @r"
    Note skipped-files: `_SUCCESS` passed over: a marker of the program that wrote the backup
    Warning counted-offsets: 3 files (for instance `orders+0+1000`): offsets counted from the first one that the name tells; where the source had gaps they are others than the source's
    Note names-assumed: 3 files (for instance `orders+0+1000`): taken for files of topic and partition by their names, `<topic>+<partition>+<offset>`
    ");
    let places: Vec<String> =
        read_all(&catalog, &catalog.lanes[0]).unwrap().iter().map(|got| got.place.to_string()).collect();
    assert_eq!(places, ["999", "1000", "1001"]);
}

#[test]
fn without_partitions_a_topic_is_one_lane_in_natural_order_and_positions_are_rows() {
    let backup = Backup { topic: Some("orders".to_owned()), ..backup() };
    let files =
        files([("part-10.txt", "columns offset", lines(0, 3..4)), ("part-9.txt", "columns offset", lines(0, 5..8))]);
    let catalog = catalog(&files, &backup, Lines::default()).unwrap();
    insta::assert_snapshot!(lanes(&catalog).join("\n"), @"orders Estimated(6) None part-9.txt part-10.txt");
    let limits = Limits { records: 2, ..Limits::default() };
    let mut source = catalog.open_lane(&catalog.lanes[0], limits, None).unwrap();
    let places = |records: Vec<Got>| records.iter().map(|got| got.place.to_string()).collect::<Vec<_>>();
    let all = places(read(&mut *source, usize::MAX, limits).unwrap());
    assert_eq!(all, ["part-9.txt:0", "part-9.txt:1", "part-9.txt:2", "part-10.txt:0"]);
    source.seek(Some(&Place::Row { file: "part-9.txt".into(), row: 2 })).unwrap();
    assert_eq!(places(read(&mut *source, usize::MAX, limits).unwrap()), ["part-9.txt:2", "part-10.txt:0"]);
    source.seek(Some(&Place::Row { file: "part-9.txt".into(), row: 3 })).unwrap();
    assert_eq!(places(read(&mut *source, usize::MAX, limits).unwrap()), ["part-10.txt:0"]);
    let error = source.seek(Some(&Place::Offset(3))).unwrap_err();
    insta::assert_snapshot!(error, @"`orders@3` is no place of this backup");
    insta::assert_snapshot!(findings(&catalog).join("\n"), @r"
    Note estimated-records: 2 files (for instance `part-10.txt`): records are estimated, not counted
    Note topic-assumed: 2 files (for instance `part-10.txt`): of the topic that the job gives
    Warning no-partitions: nothing tells the partitions of `orders`: a lane a topic, files in natural order of name
    ");
}

#[test]
fn the_template_decides_where_it_is_given_and_what_it_does_not_fit_stops_the_job() {
    let backup = Backup { path: Some("{}/{topic}.{partition}.{offset}.txt".to_owned()), ..backup() };
    let files = files([
        ("a/orders.1.20.txt", "columns offset", lines(1, 20..21)),
        ("b/orders.1.3.txt", "columns offset", lines(1, 3..4)),
        ("manifest.json", "columns", vec![]),
    ]);
    let catalog = catalog(&files, &backup, Lines::default()).unwrap();
    insta::assert_snapshot!(lanes(&catalog).join("\n"), @"orders-1 Estimated(4) None b/orders.1.3.txt a/orders.1.20.txt");
    let unmatched = catalog.findings.iter().find(|finding| finding.code == "unmatched-files").unwrap();
    assert_eq!(unmatched.weight, Weight::Stop);
    insta::assert_snapshot!(unmatched.message, @"`manifest.json` left out: `backup.path` is `{}/{topic}.{partition}.{offset}.txt` and does not fit");
}

#[test]
fn a_file_of_several_partitions_is_in_several_lanes_with_exact_counts() {
    let mut all = lines(0, 10..13);
    all.extend(lines(3, 0..2));
    all.extend(lines(0, 13..14));
    let files = files([("dump.txt", "columns topic partition offset", all)]);
    let catalog = catalog(&files, &backup(), Lines::default()).unwrap();
    insta::assert_snapshot!(lanes(&catalog).join("\n"), @r"
    orders-0 Exact(4) Some((10, 13)) dump.txt
    orders-3 Exact(2) Some((0, 1)) dump.txt
    ");
}

#[test]
fn a_column_does_not_overrule_a_path_that_tells_a_part_of_the_place() {
    let with = |template: &str, path: &str, lines: Vec<Line>| {
        let backup = Backup { path: Some(template.to_owned()), ..backup() };
        refused(&files([(path, "columns topic partition offset", lines)]), &backup)
    };
    insta::assert_snapshot!(with("{topic}/{}", "alpha/1", lines(0, 5..8)), @r"
    `alpha/1` row 0 is of `orders`, but the file's name says `alpha` (exit 1)
    hint: set `backup.path` with `{}` where the name is wrong: then the columns alone decide
    ");
    let mut last_of_another = lines(7, 5..8);
    last_of_another[2].partition = 0;
    insta::assert_snapshot!(with("{partition}/{}", "7/1", last_of_another), @r"
    `7/1` row 2 is of `partition 0`, but the file's name says `partition 7` (exit 1)
    hint: set `backup.path` with `{}` where the name is wrong: then the columns alone decide
    ");
    insta::assert_snapshot!(with("{offset}.txt", "9.txt", lines(0, 5..12)), @r"
    `9.txt` row 0 has offset 5 of `orders-0`, but the file should begin at 9 (exit 1)
    hint: set `backup.path` with `{}` where the name is wrong: then the columns alone decide
    ");
}

#[test]
fn a_path_that_tells_a_part_of_the_place_as_the_columns_do_is_no_trouble() {
    // A name's offset is where a file may begin at the earliest: what came first may be compacted away.
    for (template, path) in [("{topic}/{}", "orders/1"), ("{partition}/{}", "0/1"), ("{offset}.txt", "4.txt")] {
        let backup = Backup { path: Some(template.to_owned()), ..backup() };
        let files = files([(path, "columns topic partition offset", lines(0, 5..8))]);
        let catalog = catalog(&files, &backup, Lines::default()).unwrap();
        assert_eq!(catalog.lanes[0].offsets, Some((5, 7)), "{template}");
    }
    // Of several topic-partitions in one file the name's offset is none's.
    let backup = Backup { path: Some("{offset}.txt".to_owned()), ..backup() };
    let mixed = [lines(0, 20..22), lines(1, 5..6)].concat();
    let files = files([("20.txt", "columns topic partition offset", mixed)]);
    assert_eq!(catalog(&files, &backup, Lines::default()).unwrap().lanes.len(), 2);
}

#[test]
fn a_file_that_begins_before_its_name_is_refused_also_where_statistics_tell_its_offsets() {
    let files = files([("orders-0-7", "columns offset", lines(0, 5..8))]);
    let error = catalog(&files, &backup(), Lines { statistics: true }).err().unwrap();
    insta::assert_snapshot!(error, @"`orders-0-7` row 0 has offset 5 of `orders-0`, but the file should begin at 7");
}

#[test]
fn many_files_are_no_trouble() {
    let names: Vec<String> = (0..10_000).map(|index| format!("orders-{}-{index}.txt", index % 3)).collect();
    let files = names.iter().enumerate().map(|(index, name)| {
        let index = index as i64;
        (name.as_str(), "columns offset", lines((index % 3) as i32, index..index + 1))
    });
    let catalog = catalog(&super::build::files(files), &backup(), Lines { statistics: true }).unwrap();
    assert_eq!(
        catalog.lanes.iter().map(|lane| lane.records).collect::<Vec<_>>(),
        [Count::Exact(3334), Count::Exact(3333), Count::Exact(3333)]
    );
    assert_eq!(read_all(&catalog, &catalog.lanes[2]).unwrap().len(), 3333);
}

#[test]
fn what_cannot_be_put_in_order_says_why() {
    insta::assert_snapshot!(refused(&files([(".DS_Store", "x", vec![])]), &backup()), @r"
    the backup at `memory` is empty, but for 1 × a hidden file (`.DS_Store`) (exit 1)
    hint: check `backup.url`
    ");
    insta::assert_snapshot!(refused(&files([("a.txt", "columns", lines(0, 0..1))]), &backup()), @r"
    the backup does not say which topic the records of `a.txt` are of (exit 2)
    hint: set `backup.topic`, or `backup.path` with `{topic}` in it
    ");
    let good = ("orders+0+1", "columns", lines(0, 1..2));
    let zero = [files([good.clone()]), vec![("orders+0+2".to_owned(), String::new())]].concat();
    insta::assert_snapshot!(refused(&zero, &backup()), @r#"
    `orders+0+2` is empty: it has no bytes (exit 1)
    hint: take it from the source again; if it only stands for a folder, delete it; if it truly holds no record, set `backup.format = "json-lines"`
    "#);
    let unknown = [files([good.clone()]), vec![("readme".to_owned(), "hello".to_owned())]].concat();
    insta::assert_snapshot!(refused(&unknown, &backup()), @r"
    `readme` is neither Parquet nor Avro nor JSON Lines: no first line (exit 1)
    hint: move it out of the backup, or name the files that count with `backup.path`
    ");
    let template = |path: &str| Backup { path: Some(path.to_owned()), ..backup() };
    insta::assert_snapshot!(refused(&files([good.clone()]), &template("{topic}.avro")), @r"
    `backup.path` is `{topic}.avro`, and none of the 1 files of the backup fits it, for instance `orders+0+1` (exit 2)
    hint: paths are relative to `backup.url`; `{}` stands for anything but `/`
    ");
    let mixture = files([good, ("orders/partition=0/x", "columns", lines(0, 5..6))]);
    insta::assert_snapshot!(refused(&mixture, &backup()), @r"
    `orders+0+1` tells offsets and `orders/partition=0/x` does not, and both hold records of `orders-0` (exit 1)
    hint: restore the two kinds in jobs of their own; `backup.path` chooses the files of each
    ");
    let partly = files([
        ("topic=orders/a", "columns", lines(0, 5..6)),
        ("topic=orders/partition=2/b", "columns", lines(0, 5..6)),
    ]);
    insta::assert_snapshot!(refused(&partly, &backup()), @r"
    `topic=orders/partition=2/b` tells its partition and `topic=orders/a` does not, and both hold records of `orders` (exit 1)
    hint: restore the two kinds in jobs of their own; `backup.path` chooses the files of each
    ");
    let nothing = files([("topic=orders/a", "columns", vec![])]);
    let exact =
        Catalog::build_with(&backup(), &store(&nothing), Arc::new(Lines { statistics: true }), None).err().unwrap();
    insta::assert_snapshot!(exact, @r"the backup at `memory` holds no record in any of its files (1)");
}

#[test]
fn an_empty_file_passes_where_the_job_names_its_format() {
    let backup = Backup { format: Some(Format::JsonLines), ..backup() };
    let files = [files([("orders+0+1", "columns", lines(0, 1..2))]), vec![("orders+0+2".to_owned(), String::new())]];
    let catalog = catalog(&files.concat(), &backup, Lines::default()).unwrap();
    assert_eq!(catalog.lanes[0].pieces.len(), 1);
    assert!(catalog.findings.iter().any(|finding| finding.code == "empty-files"));
}

#[test]
fn keys_in_files_of_their_own_stop_the_job() {
    let files =
        files([("orders+0+1.avro", "columns", lines(0, 1..2)), ("orders+0+1.keys.avro", "columns", lines(0, 1..2))]);
    let catalog = catalog(&files, &backup(), Lines::default()).unwrap();
    assert_eq!(catalog.lanes[0].pieces.len(), 1);
    let finding = catalog.findings.iter().find(|finding| finding.code == "separate-keys").unwrap();
    assert_eq!(finding.weight, Weight::Stop);
}

/// What reading the first lane of these files ends with.
fn broken(files: &[(String, String)]) -> String {
    let catalog = catalog(files, &backup(), Lines::default()).unwrap();
    let error = read_all(&catalog, &catalog.lanes[0]).unwrap_err();
    format!("{error} (exit {})\nhint: {}", error.exit() as u8, error.hint().unwrap())
}

#[test]
fn files_that_are_not_what_they_say_are_errors_with_place_and_remedy() {
    let mut back = lines(0, 5..8);
    back.swap(1, 2);
    insta::assert_snapshot!(broken(&files([("orders-0-5", "columns offset", back)])), @r"
    `orders-0-5` row 2: offset 6 of `orders-0` comes after 7 (exit 1)
    hint: the file is damaged, or its rows were sorted by something else; if the column is no offset, map another to `backup.columns.offset`
    ");
    insta::assert_snapshot!(broken(&files([("orders-0-7", "columns offset", lines(0, 5..8))])), @r"
    `orders-0-7` row 0 has offset 5 of `orders-0`, but the file should begin at 7 (exit 1)
    hint: set `backup.path` with `{}` where the name is wrong: then the columns alone decide
    ");
    insta::assert_snapshot!(broken(&files([("orders-0-5", "columns partition offset", lines(3, 5..8))])), @r"
    `orders-0-5` row 0 is of `orders-3`, but the file's name says `orders-0` (exit 1)
    hint: set `backup.path` with `{}` where the name is wrong: then the columns alone decide
    ");
    let mut other = lines(0, 6..8);
    other[1].value = Some("other".to_owned());
    let overlap = [("orders-0-5", "columns offset", lines(0, 5..8)), ("orders-0-6", "columns offset", other)];
    insta::assert_snapshot!(broken(&files(overlap)), @r"
    `orders-0@7` is not the same record in `orders-0-5` row 2 and `orders-0-6` row 1 (exit 1)
    hint: leave one of the files out, or, if they are of different backups, restore them in jobs of their own
    ");
}
