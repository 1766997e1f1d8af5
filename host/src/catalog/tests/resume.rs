//! A lane that goes on in its middle opens no file that it is done with.

use std::sync::Arc;

use parking_lot::Mutex;

use super::lines::{Line, Lines, file};
use super::{backup, read, store};
use crate::batch::Limits;
use crate::catalog::{Catalog, Opener};
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

    fn open(
        &self,
        file: OpenFile,
        first_row: u64,
        limits: Limits,
        room: LaneRoom,
    ) -> Result<Box<dyn RowReader>, ReadError> {
        self.opened.lock().push(file.path().to_string());
        self.lines.open(file, first_row, limits, room)
    }
}

fn name(number: i64) -> String {
    format!("orders/partition=0/{number:03}.txt")
}

#[test]
fn files_that_are_done_with_stay_closed() {
    let line = |offset| Line { topic: "orders".to_owned(), partition: 0, offset, key: None, value: None };
    let files: Vec<(String, String)> = (0..FILES)
        .map(|number| {
            (
                name(number),
                file("columns offset", &(0..A_FILE).map(|row| line(number * A_FILE + row)).collect::<Vec<_>>()),
            )
        })
        .collect();
    let opened = Arc::new(Mutex::new(Vec::new()));
    let opener = Remembering { lines: Lines { statistics: true }, opened: Arc::clone(&opened) };
    let catalog = Catalog::build_with(&backup(), &store(&files), Arc::new(opener)).unwrap();
    // After the last record of a file, and in the middle of one.
    for (done, first) in [(30 * A_FILE - 1, 30), (30 * A_FILE + 7, 30)] {
        let mut source = catalog.open_lane(&catalog.lanes[0], Limits::default()).unwrap();
        opened.lock().clear();
        source.seek(Some(&Place::Offset(done + 1))).unwrap();
        let rest = read(&mut *source, usize::MAX, Limits::default()).unwrap();
        assert_eq!(rest.len() as i64, FILES * A_FILE - done - 1);
        assert_eq!(*opened.lock(), (first..FILES).map(name).collect::<Vec<_>>());
    }
}
