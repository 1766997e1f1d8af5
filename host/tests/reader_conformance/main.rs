//! One suite for all readers: whatever the format, the same records come back, from any row on and
//! however batches are cut. Each subject is a file, made by our own writers or by those of others, and
//! the records that must come out of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod foreign;
mod independent;
mod native;
mod record;
mod subject;

use anabranch::batch::Limits;
use proptest::prelude::*;
use record::Record;
use subject::Subject;

/// Everything a reader of this file must hold to.
fn conforms(subject: &Subject) {
    let whole = subject.read(subject.settings()).unwrap_or_else(|error| panic!("{}: {error}", subject.name));
    assert_eq!(whole.records(), subject.records, "{}: the records", subject.name);
    let count = subject.records.len();
    for records in [1, 2, 3, 1000] {
        for bytes in [1, 64, 1 << 20] {
            for first_row in 0..=count + 1 {
                let limits = Limits { records, bytes };
                let read = subject.read(subject.settings_from(first_row as u64, limits)).unwrap();
                let place = format!("{} from row {first_row} with {limits:?}", subject.name);
                assert_eq!(read.records(), subject.records[first_row.min(count)..], "{place}");
                read.assert_rows_follow(first_row as u64, &place);
                read.assert_cut(limits, &place);
            }
        }
    }
    let facts = subject.facts().unwrap();
    assert_eq!(facts.format, subject.format, "{}", subject.name);
    if let anabranch::read::Count::Exact(rows) = facts.rows {
        assert_eq!(rows, count as u64, "{}: an exact count", subject.name);
    }
}

#[test]
fn native_files_lose_nothing() {
    for subject in native::subjects("awkward", &record::awkward()) {
        conforms(&subject);
    }
}

#[test]
fn native_files_without_a_place_have_none() {
    let records: Vec<Record> = record::awkward().into_iter().map(Record::without_place).collect();
    for subject in native::subjects("nowhere", &records) {
        conforms(&subject);
    }
}

#[test]
fn a_native_file_of_no_records_has_none() {
    for subject in native::subjects("empty", &[]) {
        if !subject.content.is_empty() {
            conforms(&subject);
        }
    }
}

#[test]
fn files_of_other_writers_are_read_as_they_were_meant() {
    for subject in foreign::subjects() {
        conforms(&subject);
    }
}

#[test]
fn what_ends_a_line_and_begins_a_file_is_no_content() {
    for subject in foreign::line_ends() {
        conforms(&subject);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Random records, random batches: every format gives them back from any row on.
    #[test]
    fn any_records_come_back(
        records in proptest::collection::vec(record::any_record(), 0..40),
        first_row in 0usize..45,
        limits in (1usize..50, 1usize..4000).prop_map(|(records, bytes)| Limits { records, bytes }),
    ) {
        for subject in native::subjects("random", &records) {
            if subject.content.is_empty() {
                continue;
            }
            let read = subject.read(subject.settings_from(first_row as u64, limits)).unwrap();
            prop_assert_eq!(&read.records()[..], &records[first_row.min(records.len())..], "{}", subject.name);
            read.assert_rows_follow(first_row as u64, &subject.name);
            read.assert_cut(limits, &subject.name);
        }
    }

    /// A damaged file is an error or other records, never a panic.
    #[test]
    fn damage_never_panics(
        records in proptest::collection::vec(record::any_record(), 1..10),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), 1u8..), 1..4),
        length in any::<proptest::sample::Index>(),
        cut: bool,
    ) {
        for mut subject in native::subjects("damaged", &records) {
            let mut content = subject.content.to_vec();
            for (index, flip) in &flips {
                let at = index.index(content.len());
                content[at] ^= flip;
            }
            if cut {
                content.truncate(length.index(content.len()));
            }
            subject.content = content.into();
            let _ = subject.facts();
            let _ = subject.read(subject.settings());
        }
    }
}
