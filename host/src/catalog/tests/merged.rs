//! Which lanes are merged, and when that is too much.

use super::lines::{Line, Lines, file};
use super::*;
use crate::catalog::FilesLeft;
use crate::failure::Explain;
use crate::job::Resources;
use crate::position::{Each, Strand};

const RESOURCES: Resources = Resources { bytes_in_flight: 64 << 20, lanes: 4 };

fn lines(topic: &str, partition: i32, offsets: std::ops::Range<i64>) -> Vec<Line> {
    let line =
        |offset| Line { topic: topic.to_owned(), partition, offset, key: None, value: Some(format!("v{offset}")) };
    offsets.map(line).collect()
}

/// Partitions of one topic in a file or two each, and another topic.
fn merged() -> Catalog {
    let files = [
        ("orders+0+0", lines("orders", 0, 0..5)),
        ("orders+0+5", lines("orders", 0, 5..8)),
        ("orders+7+0", lines("orders", 7, 0..2)),
        ("users+0+0", lines("users", 0, 0..3)),
    ];
    let files: Vec<_> = files.map(|(path, lines)| (path.to_owned(), file("columns", &lines))).into();
    let mut catalog = catalog(&files, &backup(), Lines { statistics: true }).unwrap();
    catalog.merge(RESOURCES).unwrap();
    catalog
}

#[test]
fn partitions_of_a_topic_become_one_lane() {
    let catalog = merged();
    let lanes: Vec<_> =
        catalog.lanes.iter().map(|lane| (lane.source.to_string(), lane.partitions(), lane.records)).collect();
    assert_eq!(
        lanes,
        [
            ("orders".to_owned(), vec![0, 7], crate::read::Count::Exact(10)),
            ("users".to_owned(), vec![0], crate::read::Count::Exact(3)),
        ]
    );
    let said: Vec<&str> = catalog.findings.iter().filter(|f| f.code == "merged").map(|f| f.message.as_str()).collect();
    assert_eq!(said, ["2 partitions of `orders` are merged into one lane by timestamp, up to 2 read side by side"]);
    // None of these has a timestamp: one partition comes after the other.
    let source = &catalog.lanes[0].source;
    let positions: Vec<String> =
        read_all(&catalog, &catalog.lanes[0]).unwrap().iter().map(|got| source.at(&got.place).to_string()).collect();
    let wanted =
        (0..8).map(|offset| format!("orders-0@{offset}")).chain((0..2).map(|offset| format!("orders-7@{offset}")));
    assert_eq!(positions, wanted.collect::<Vec<_>>());
}

#[test]
fn files_of_each_partition_are_done_with_by_themselves() {
    let catalog = merged();
    let place = |places: &[(i32, i64)]| {
        let each: Each =
            places.iter().map(|(strand, offset)| (Strand::Partition(*strand), Place::Offset(*offset))).collect();
        Place::Each(each)
    };
    let done = |places: &[(i32, i64)]| catalog.lanes[0].files_done(Some(&place(places)), &FilesLeft::default());
    assert_eq!(done(&[(0, 4)]), [true, false, false]);
    assert_eq!(done(&[(0, 6), (7, 1)]), [true, false, true]);
    let mut source = catalog.open_lane(&catalog.lanes[0], Limits::default(), None).unwrap();
    let finished = source.finished().unwrap();
    let left = finished.first_left(&place(&[(0, 6)]));
    assert_eq!((left.of(Some(&Strand::Partition(0))), left.of(None)), (Some("orders+0+5"), None));
    source.seek(Some(&place(&[(0, 6), (7, 0)]))).unwrap();
    let rest = read(&mut *source, usize::MAX, Limits::default()).unwrap();
    assert_eq!(rest.len(), 2);
}

#[test]
fn folders_are_merged_where_nothing_tells_partitions_and_there_are_several() {
    let of = |paths: &[&str]| {
        let files: Vec<_> =
            paths.iter().map(|path| ((*path).to_owned(), file("columns", &lines("-", 0, 0..2)))).collect();
        let backup = Backup { topic: Some("orders".to_owned()), ..backup() };
        let mut catalog = catalog(&files, &backup, Lines::default()).unwrap();
        catalog.merge(RESOURCES).unwrap();
        let strands = |lane: &Lane| lane.strands.iter().map(|part| part.strand.clone()).collect::<Vec<_>>();
        catalog.lanes.iter().flat_map(strands).collect::<Vec<_>>()
    };
    assert_eq!(of(&["country=DE/1.txt", "country=DE/2.txt"]), []);
    assert_eq!(
        of(&["country=DE/1.txt", "country=DE/2.txt", "country=FR/1.txt", "1.txt"]),
        ["", "country=DE", "country=FR"].map(|folder| Strand::Folder(folder.into()))
    );
}

#[test]
fn more_than_memory_is_allowed_for_is_refused_and_says_what_would_do() {
    let files: Vec<_> = (0..1000)
        .map(|number| (format!("orders+{number}+0"), file("columns", &lines("orders", number, 0..1))))
        .collect();
    let refused = |partitions: usize, resources| {
        let mut catalog = catalog(&files[..partitions], &backup(), Lines { statistics: true }).unwrap();
        catalog
            .merge(resources)
            .map_err(|error| format!("{error} (exit {}): {}", error.exit() as u8, error.hint().unwrap()))
    };
    assert_eq!(refused(256, RESOURCES), Ok(()));
    insta::assert_snapshot!(refused(257, RESOURCES).unwrap_err(), @"257 partitions of `orders` are to be merged by timestamp, 257 of them side by side, and memory is allowed for 256 (exit 2): set `bytes_in_flight = \"65 MiB\"` in `[resources]`: beside it the reader of each holds about a page of each column of a file; or restore some of them at a time, by `partitions` in `[select]`");
    assert_eq!(refused(1000, Resources { bytes_in_flight: 250 << 20, lanes: 4 }), Ok(()));
}
