//! Processor time: of what is measured, and of everything else on the machine meanwhile, which is the broker.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The unit of proc(5) on every Linux that Rust's standard library runs on.
const TICK: Duration = Duration::from_millis(10);

/// Processor time so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processor {
    /// Of this process and of those that it waited for.
    own: u64,
    /// Of the whole machine.
    machine: u64,
}

/// Processor time between two moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) own: Duration,
    pub(crate) others: Duration,
}

impl Processor {
    /// # Errors
    /// A system without `/proc`.
    pub(crate) fn now() -> Result<Self> {
        // Behind the name of the program, which may hold anything: user and system time are the 14th and 15th
        // field, those of waited-for children the two after.
        let own = fs::read_to_string("/proc/self/stat")?;
        let fields = own.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(4);
        // user, nice, system, then idle and waiting, then interrupts.
        let machine = fs::read_to_string("/proc/stat")?;
        let of_all = machine.lines().next().context("/proc/stat is empty")?.split_whitespace().skip(1).take(7);
        let busy = of_all.enumerate().filter(|(field, _)| !matches!(field, 3 | 4)).map(|(_, ticks)| ticks);
        Ok(Self { own: sum(fields)?, machine: sum(busy)? })
    }

    /// What was spent since.
    ///
    /// # Errors
    /// A system without `/proc`.
    pub(crate) fn spent(self) -> Result<Spent> {
        let now = Self::now()?;
        let (own, machine) = (now.own.saturating_sub(self.own), now.machine.saturating_sub(self.machine));
        let time = |ticks: u64| TICK * u32::try_from(ticks).unwrap_or(u32::MAX);
        Ok(Spent { own: time(own), others: time(machine.saturating_sub(own)) })
    }
}

fn sum<'a>(numbers: impl Iterator<Item = &'a str>) -> Result<u64> {
    numbers.map(|number| number.parse::<u64>().context("/proc has another shape than proc(5) says")).sum()
}
