//! Headers that say of a written record where it comes from: the job, and the position in the backup.
//!
//! They stand behind the record's own. With them each record is told from all others, so that copies of one are found.

use std::fmt::Write as _;

use crate::batch::{Header, OutputRow, Outputs};

/// The name of the job whose record it is.
pub(crate) const JOB: &str = "anabranch.job";
/// The position in the backup that it comes from, with `#n` for later siblings.
pub(crate) const SOURCE: &str = "anabranch.source";

/// Writes the headers of one lane's records, one after the other into the same room.
#[derive(Clone, Debug)]
pub(crate) struct Provenance {
    job: String,
    position: String,
}

impl Provenance {
    /// For records of this job.
    pub(crate) fn new(job: &str) -> Self {
        Self { job: job.to_owned(), position: String::new() }
    }

    /// The headers of an output record.
    pub(crate) fn headers(&mut self, outputs: &Outputs, row: &OutputRow<'_>) -> [Header<'_>; 2] {
        self.position.clear();
        let batch = &outputs.batch;
        // Writing into a text does not fail.
        let _ = write!(self.position, "{}", batch.source.at(&batch.place(row.input)));
        if row.sibling > 0 {
            let _ = write!(self.position, "#{}", row.sibling);
        }
        [
            Header { name: JOB, value: Some(self.job.as_bytes()) },
            Header { name: SOURCE, value: Some(self.position.as_bytes()) },
        ]
    }
}
