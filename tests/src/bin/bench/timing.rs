//! Several rounds of the same work, and what is told of them.

use std::fmt;
use std::time::{Duration, Instant};

/// Nanoseconds a record of several rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn add(&mut self, took: Duration, records: u64) {
        self.0.push(took.as_nanos() as f64 / records as f64);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Records a second of the median round.
    pub(crate) fn rate(&self) -> f64 {
        1e9 / self.median()
    }
}

/// The median, and the fastest and slowest round.
impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return f.write_str("nothing") };
        write!(f, "{:.1} ({first:.1} to {last:.1})", self.median())
    }
}

/// How long `work` takes.
pub(crate) fn time<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let started = Instant::now();
    let result = work();
    (started.elapsed(), result)
}
