//! Shows a [`Progress`] while it runs: a bar on a terminal, a plain line every few seconds elsewhere.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::shown::{count, size, time};
use super::{Progress, Volume};
use crate::read::Count;

/// How often a bar is drawn.
const DRAW: Duration = Duration::from_millis(200);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);
/// The time over which rates are taken.
const WINDOW: Duration = Duration::from_secs(10);

/// Shows progress on stderr until it is dropped.
#[derive(Debug)]
pub struct Display {
    // Dropping the sender ends the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    /// Begins to show `progress`, with a word for what is `done` with a record, among the other lines that `screen` keeps apart from its bars.
    pub fn start(progress: Arc<Progress>, done: &'static str, screen: &MultiProgress) -> Self {
        let (end, ended) = bounded::<()>(0);
        let bar = std::io::stderr().is_terminal().then(|| screen.add(bar(&progress)));
        let every = if bar.is_some() { DRAW } else { LINE };
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                let mut rates = Rates::default();
                while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                    let line = line(&progress, done, rates.sample(progress.elapsed(), progress.read()));
                    match &bar {
                        Some(bar) => {
                            bar.set_position(progress.read().records);
                            bar.set_message(line);
                        }
                        // A closed stderr is no reason to stop a restore.
                        None => drop(writeln!(std::io::stderr(), "{line}")),
                    }
                }
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
            })
            // Without a thread nothing is shown; the restore itself does not depend on it.
            .ok();
        Self { end: Some(end), thread }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn bar(progress: &Progress) -> ProgressBar {
    let total = progress.expected().number();
    let style = ProgressStyle::with_template("{bar:20} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}

/// Rates over the last [`WINDOW`].
#[derive(Debug, Default)]
struct Rates {
    samples: VecDeque<(Duration, Volume)>,
}

impl Rates {
    /// Notes what has been read at a time since the start, and gives the rate by the second.
    fn sample(&mut self, now: Duration, read: Volume) -> Volume {
        let (since, before) = self.samples.front().copied().unwrap_or_default();
        self.samples.push_back((now, read));
        while self.samples.front().is_some_and(|(time, _)| now.saturating_sub(*time) > WINDOW) {
            self.samples.pop_front();
        }
        let time = now.saturating_sub(since).as_secs_f64().max(0.001);
        let rate = |now: u64, before: u64| (now.saturating_sub(before) as f64 / time) as u64;
        Volume::new(rate(read.records, before.records), rate(read.bytes, before.bytes))
    }
}

/// One line about a restore: what is done, how fast, and what is left.
fn line(progress: &Progress, done: &str, rate: Volume) -> String {
    let (read, written) = (progress.read(), progress.written());
    let (about, expected) = match progress.expected() {
        Count::Exact(expected) => ("", expected),
        Count::Estimated(expected) => ("about ", expected),
    };
    let left = match expected.saturating_sub(read.records) {
        0 => String::new(),
        left if rate.records == 0 => format!(", {} records left", count(left)),
        left => format!(", {about}{} left", time(Duration::from_secs(left.div_ceil(rate.records)))),
    };
    let replayed = match progress.replayed() {
        0 => String::new(),
        records => format!(", replayed {} for the state of plugins", count(records)),
    };
    format!(
        "read {} of {about}{} records, {done} {}, {} records/s, {}/s{left}, lanes done {} of {}{replayed}",
        count(read.records),
        count(expected),
        count(written.records),
        count(rate.records),
        size(rate.bytes),
        progress.lanes_done(),
        progress.lanes().len(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::{Place, TopicPartition};

    fn progress(expected: Count) -> Progress {
        let lane = |partition| (Arc::new(TopicPartition::new("orders", Some(partition))), expected);
        let progress = Progress::new([lane(0), lane(1)]);
        progress.lanes()[0].done_with(Volume::new(1_500_000, 375_000_000), Volume::new(1_200_000, 300_000_000));
        progress.lanes()[0].written_up_to(Some(Place::Offset(1_499_999)));
        progress.lanes()[0].finish();
        progress
    }

    #[test]
    fn a_line_says_what_is_done_how_fast_and_what_is_left() {
        let rate = Volume::new(100_000, 25 << 20);
        insta::assert_snapshot!(line(&progress(Count::Exact(2_000_000)), "written", rate), @"read 1,500,000 of 4,000,000 records, written 1,200,000, 100,000 records/s, 25.0 MiB/s, 25.00s left, lanes done 1 of 2");
        insta::assert_snapshot!(line(&progress(Count::Estimated(2_000_000)), "written", rate), @"read 1,500,000 of about 4,000,000 records, written 1,200,000, 100,000 records/s, 25.0 MiB/s, about 25.00s left, lanes done 1 of 2");
        insta::assert_snapshot!(line(&progress(Count::Estimated(2_000_000)), "written", Volume::default()), @"read 1,500,000 of about 4,000,000 records, written 1,200,000, 0 records/s, 0 B/s, 2,500,000 records left, lanes done 1 of 2");
        insta::assert_snapshot!(line(&progress(Count::Estimated(10)), "written", rate), @"read 1,500,000 of about 20 records, written 1,200,000, 100,000 records/s, 25.0 MiB/s, lanes done 1 of 2");
        let replaying = progress(Count::Exact(2_000_000));
        replaying.lanes()[1].add_replayed(4_000);
        insta::assert_snapshot!(line(&replaying, "written", Volume::default()), @"read 1,500,000 of 4,000,000 records, written 1,200,000, 0 records/s, 0 B/s, 2,500,000 records left, lanes done 1 of 2, replayed 4,000 for the state of plugins");
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let mut rates = Rates::default();
        let at = Duration::from_secs;
        assert_eq!(rates.sample(at(1), Volume::new(1_000, 0)), Volume::new(1_000, 0));
        for second in 2..=20 {
            rates.sample(at(second), Volume::new(1_000, 0));
        }
        assert_eq!(rates.sample(at(21), Volume::new(1_000, 0)), Volume::new(0, 0));
    }
}
