//! What the progress of a lane keeps of records that were set aside, beside their counts.

use serde::{Deserialize, Serialize};

use super::Cause;
use crate::position::Place;
use crate::position::PlaceRecord;

/// Records that are kept one by one.
const RECORDS: usize = 1000;
/// Files that are kept one by one.
const FILES: usize = 256;

/// What a lane keeps of records that were set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The first records that were set aside and of which nobody can tell from the backup alone that they were: all but
    /// those that a plugin rejects, or whose schema does.
    #[serde(default)]
    records: Vec<KeptRecord>,
    /// Whether there are more.
    #[serde(default)]
    more: bool,
    /// The files of dead letters.
    #[serde(default)]
    pub(crate) files: ListedFiles,
}

/// A record that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptRecord {
    at: PlaceRecord,
    cause: Cause,
    /// The plugin's place in the chain, from 0.
    plugin: Option<usize>,
}

impl Kept {
    /// Keeps a record.
    pub fn keep(&mut self, place: &Place, cause: Cause, plugin: Option<usize>) {
        if matches!(cause, Cause::Rejected | Cause::Schema) {
            return;
        }
        if self.records.len() == RECORDS {
            self.more = true;
            return;
        }
        self.records.push(KeptRecord { at: place.into(), cause, plugin });
    }

    /// The records that are kept: where each is, why it was set aside, and the plugin's place in the chain where one is
    /// the reason.
    pub fn records(&self) -> impl Iterator<Item = (Place, Cause, Option<usize>)> {
        self.records.iter().map(|record| (Place::from(&record.at), record.cause, record.plugin))
    }

    /// Those of them that a plugin was proved to fail at, with its place in the chain.
    pub fn guilty(&self) -> impl Iterator<Item = (usize, Place)> {
        let guilty = self.records().filter(|(_, cause, _)| *cause == Cause::Fault);
        guilty.filter_map(|(place, _, plugin)| Some((plugin?, place)))
    }

    /// Whether more records were set aside than are kept.
    pub fn has_more(&self) -> bool {
        self.more
    }
}

/// The files of dead letters that a lane's progress lists: what is not among them was never committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFiles {
    /// How many there are.
    count: u64,
    /// The last ones; those before are numbered below them.
    last: Vec<ListedFile>,
}

/// A file of dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Its path below the place of dead letters.
    pub path: String,
    /// Dead letters in it.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
}

impl ListedFiles {
    /// The number of the next one.
    pub(super) fn next(&self) -> u64 {
        self.count
    }

    /// Adds the next one.
    pub(super) fn add(&mut self, file: ListedFile) {
        self.count += 1;
        self.last.push(file);
        if self.last.len() > FILES {
            self.last.remove(0);
        }
    }

    /// Whether a file of this number and path is listed, or too old to be known one by one.
    pub(super) fn has(&self, number: u64, path: &str) -> bool {
        number < self.earlier() || self.last.iter().any(|listed| listed.path == path)
    }

    /// The last ones.
    pub fn last(&self) -> &[ListedFile] {
        &self.last
    }

    /// How many there are before those.
    pub fn earlier(&self) -> u64 {
        self.count.saturating_sub(self.last.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_files_the_last_are_known_by_name_and_the_others_by_number() {
        let mut files = ListedFiles::default();
        for number in 0..1000 {
            assert_eq!(files.next(), number);
            files.add(ListedFile { path: format!("{number}-a"), records: 1, bytes: 1 });
        }
        assert_eq!((files.last().len(), files.earlier()), (FILES, 744));
        assert!(files.has(3, "3-b") && files.has(999, "999-a"));
        assert!(!files.has(999, "999-b") && !files.has(1000, "1000-a"));
    }

    #[test]
    fn of_many_records_the_first_are_kept_and_that_there_are_more() {
        let mut kept = Kept::default();
        for offset in 0..2000 {
            kept.keep(&Place::Offset(offset), Cause::TooLarge, None);
            kept.keep(&Place::Offset(offset), Cause::Rejected, Some(0));
        }
        assert!(kept.has_more());
        assert!(kept.records().eq((0..1000).map(|offset| (Place::Offset(offset), Cause::TooLarge, None))));
    }
}
