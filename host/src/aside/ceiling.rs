//! How many records a job may set aside before it stops.

use parking_lot::Mutex;

use crate::failure::{Exit, Explain};
use crate::job;
use crate::mechanism::unless_off;
use crate::report::{Tally, shown};

/// The count of a restore, all lanes together and earlier runs with it.
#[derive(Debug)]
pub struct Ceiling {
    limits: job::Ceiling,
    sum: Mutex<Sum>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    read: u64,
    aside: u64,
}

/// More records are set aside than the job allows.
#[derive(Debug, thiserror::Error)]
#[error(
    "{position}: {reason}; with it {} of {} records are set aside, more than `{key}` allows with {limit}",
    shown::count(*aside), shown::count(*read)
)]
pub struct TooManyRejected {
    /// The record that was one too many.
    position: String,
    /// Why it was.
    reason: String,
    aside: u64,
    read: u64,
    key: &'static str,
    limit: String,
}

impl Explain for TooManyRejected {
    fn exit(&self) -> Exit {
        Exit::Failed
    }

    fn hint(&self) -> Option<String> {
        Some(format!("mend what sets them aside, or raise `{}` of the job, and start again", self.key))
    }
}

/// A lane's part of the count.
#[derive(Debug)]
pub struct LaneCeiling<'a> {
    ceiling: &'a Ceiling,
    counted: Sum,
}

impl Ceiling {
    /// That of a job whose earlier runs have counted `before`.
    pub fn new<'a>(limits: job::Ceiling, before: impl Iterator<Item = &'a Tally>) -> Self {
        let mut sum = Sum::default();
        before.for_each(|tally| sum.add(Sum::of(tally)));
        Self { limits, sum: Mutex::new(sum) }
    }

    /// One that nothing is above.
    pub(crate) fn none() -> Self {
        Self::new(job::Ceiling { records: None, share: job::Share::ALL }, [].iter())
    }

    /// The part of a lane of which nothing was counted in this run.
    pub fn lane(&self) -> LaneCeiling<'_> {
        LaneCeiling { ceiling: self, counted: Sum::default() }
    }

    /// The key that is broken, and what it allows.
    fn broken(&self, Sum { read, aside }: Sum) -> Option<(&'static str, String)> {
        let job::Ceiling { records, share } = self.limits;
        match records {
            Some(records) if aside > records => Some(("rejected.max_rejected", shown::count(records))),
            _ if read >= job::Ceiling::COUNTS_FROM && share.is_exceeded(aside, read) => {
                Some(("rejected.max_share", share.to_string()))
            }
            _ => None,
        }
    }
}

impl Sum {
    fn of(tally: &Tally) -> Self {
        Self { read: tally.read.records, aside: tally.aside.records() }
    }

    fn add(&mut self, other: Self) {
        self.read = self.read.saturating_add(other.read);
        self.aside = self.aside.saturating_add(other.aside);
    }
}

impl LaneCeiling<'_> {
    /// Takes over what the lane has counted in this run so far: more than before, or after a rewind less. Of that,
    /// `more` records were set aside since the last call; `told` gives position and reason of one of them, by its place
    /// among them.
    ///
    /// # Errors
    /// More than the job allows, with the record that was one too many.
    pub fn count(
        &mut self,
        tally: &Tally,
        more: usize,
        told: impl FnOnce(usize) -> (String, String),
    ) -> Result<(), Box<TooManyRejected>> {
        let now = Sum::of(tally);
        let mut sum = self.ceiling.sum.lock();
        let Sum { read, aside } = std::mem::replace(&mut self.counted, now);
        sum.read = (sum.read + now.read).saturating_sub(read);
        sum.aside = (sum.aside + now.aside).saturating_sub(aside);
        let (read, before) = (sum.read, sum.aside.saturating_sub(more as u64));
        if more == 0 || self.ceiling.broken(*sum).is_none() {
            return Ok(());
        }
        let with = |index: usize| Sum { read, aside: before + index as u64 + 1 };
        let broken = (0..more).find_map(|index| Some((index, self.ceiling.broken(with(index))?)));
        match unless_off("ceiling", broken) {
            None => Ok(()),
            Some((index, (key, limit))) => {
                let (position, reason) = told(index);
                Err(Box::new(TooManyRejected { position, reason, aside: with(index).aside, read, key, limit }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::aside::{Cause, Why};
    use crate::job::{Policy, Share};
    use crate::report::Volume;

    fn tally(read: u64, aside: u64) -> Tally {
        let mut tally = Tally { read: Volume::new(read, 0), ..Tally::new(0) };
        let why = Why { cause: Cause::Rejected, plugin: None, reason: String::new(), policy: Policy::Skip };
        tally.aside.count(why, aside);
        tally
    }

    fn told(index: usize) -> (String, String) {
        (format!("orders-3@{index}"), "no key".to_owned())
    }

    #[test]
    fn what_is_taken_back_is_not_counted_twice_and_other_lanes_are_counted_with() {
        let limits = job::Ceiling { records: Some(10), ..job::Ceiling::default() };
        let ceiling = Ceiling::new(limits, [tally(5, 5)].iter());
        let (mut one, mut other) = (ceiling.lane(), ceiling.lane());
        one.count(&tally(3, 3), 3, told).unwrap();
        one.count(&tally(0, 0), 0, told).unwrap();
        one.count(&tally(3, 3), 3, told).unwrap();
        other.count(&tally(2, 2), 2, told).unwrap();
        let error = other.count(&tally(7, 7), 5, told).unwrap_err();
        assert_eq!(
            error.to_string(),
            "orders-3@0: no key; with it 11 of 15 records are set aside, more than `rejected.max_rejected` allows with 10"
        );
    }

    #[test]
    fn the_record_that_was_one_too_many_is_named() {
        let limits = job::Ceiling { records: Some(10), ..job::Ceiling::default() };
        let ceiling = Ceiling::new(limits, [tally(5, 5)].iter());
        let error = ceiling.lane().count(&tally(100, 50), 50, told).unwrap_err();
        assert!(error.to_string().starts_with("orders-3@5: no key; with it 11 of 105 records"), "{error}");
    }

    #[test]
    fn a_share_counts_once_there_is_something_to_share() {
        let limits = job::Ceiling { records: None, share: Share::parse("5%").unwrap() };
        let ceiling = Ceiling::new(limits, [].iter());
        let mut lane = ceiling.lane();
        lane.count(&tally(999, 999), 999, told).unwrap();
        lane.count(&tally(2000, 100), 1, told).unwrap();
        let error = lane.count(&tally(2000, 101), 1, told).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("101 of 2,000 records are set aside, more than `rejected.max_share` allows with 5 %")
        );
    }
}
