//! A lane that goes on in its middle opens no file that it is done with.

use std::sync::Arc;

use parking_lot::Mutex;

use super::lines::{Line, Lines, file};
use super::{backup, read, store};
use crate::batch::Limits;
use crate::catalog::{Catalog, Opener, Opening};
use crate::position::Place;
use crate::read::{FileFacts, LaneRoom, OpenFile, ReadError, RowReader};

const FILES: i64 = 50;
const A_FILE: i64 = 20;

/// Remembers which files were opened.
struct Remembering {
    lines: Lines,
    opened: Arc<Mutex<Vec<String>>>,
}

impl Opener for Remembering {
    fn facts(&self, file: &OpenFile) -> Result<FileFacts, ReadError> {
        self.lines.facts(file)
    }

    fn room(&self) -> LaneRoom {
        self.lines.room()
    }

    fn open(&self, file: OpenFile, opening: Opening) -> Result<Box<dyn RowReader>, ReadError> {
        self.opened.lock().push(file.path().to_string());
        self.lines.open(file, opening)
    }
}

fn name(number: i64) -> String {
    format!("orders/partition=0/{number:03}.txt")
}

fn lane_of_files(statistics: bool) -> (Catalog, Arc<Mutex<Vec<String>>>) {
    let line = |offset| Line { topic: "orders".to_owned(), partition: 0, offset, key: None, value: None };
    let lines = |number: i64| (0..A_FILE).map(|row| line(number * A_FILE + row)).collect::<Vec<_>>();
    let files: Vec<(String, String)> =
        (0..FILES).map(|number| (name(number), file("columns offset", &lines(number)))).collect();
    let opened = Arc::new(Mutex::new(Vec::new()));
    let opener = Remembering { lines: Lines { statistics }, opened: Arc::clone(&opened) };
    (Catalog::build_with(&backup(), &store(&files), Arc::new(opener), None).unwrap(), opened)
}

#[test]
fn files_that_are_done_with_stay_closed() {
    let (catalog, opened) = lane_of_files(true);
    // After the last record of a file, and in the middle of one.
    for (done, first) in [(30 * A_FILE - 1, 30), (30 * A_FILE + 7, 30)] {
        let mut source = catalog.open_lane(&catalog.lanes[0], Limits::default(), None).unwrap();
        opened.lock().clear();
        source.seek(Some(&Place::Offset(done + 1))).unwrap();
        let rest = read(&mut *source, usize::MAX, Limits::default()).unwrap();
        assert_eq!(rest.len() as i64, FILES * A_FILE - done - 1);
        assert_eq!(*opened.lock(), (first..FILES).map(name).collect::<Vec<_>>());
    }
}

#[test]
fn files_whose_ends_nothing_tells_stay_closed_on_the_word_of_the_run_that_read_them() {
    let (catalog, opened) = lane_of_files(false);
    let lane = &catalog.lanes[0];
    assert!(lane.pieces.iter().all(|piece| piece.last_offset().is_none()));
    for done in [30 * A_FILE - 1, 30 * A_FILE, 30 * A_FILE + 7] {
        let place = Place::Offset(done);
        let limits = Limits { records: 1, ..Limits::default() };
        let mut first = catalog.open_lane(lane, limits, None).unwrap();
        let finished = first.finished().unwrap();
        assert_eq!(finished.first_left(&place).of(None), Some(&*name(0)), "nothing was read");
        read(&mut *first, (done + 4) as usize, limits).unwrap();
        let left = finished.first_left(&place);
        assert_eq!(left.of(None), Some(&*name(30)), "{done}");
        assert_eq!(finished.first_left(&Place::Offset(A_FILE)).of(None), Some(&*name(1)), "an earlier place");

        let mut resumed = catalog.open_lane(lane, Limits::default(), Some((&place, &left))).unwrap();
        opened.lock().clear();
        resumed.seek(Some(&Place::Offset(done + 1))).unwrap();
        let rest = read(&mut *resumed, usize::MAX, Limits::default()).unwrap();
        assert_eq!(rest.len() as i64, FILES * A_FILE - done - 1);
        assert_eq!(*opened.lock(), (30..FILES).map(name).collect::<Vec<_>>());
        // What a window needs from before is there all the same.
        resumed.seek(Some(&Place::Offset(10 * A_FILE + 3))).unwrap();
        let rest = read(&mut *resumed, usize::MAX, Limits::default()).unwrap();
        assert_eq!(rest.len() as i64, (FILES - 10) * A_FILE - 3);
    }
}
