//! Compares what one lane should have written with what is there, as if it were the lane's way to the target.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use sha2::Sha256;

use super::anywhere::{self, Anywhere};
use super::beyond::Beyond;
use super::difference::{Before, Difference, Kind, Suspect, changed, doubled};
use super::index::ENTRY;
use super::log::Extent;
use super::origin::{Homes, Origin};
use super::partition::{Partition, Range, Verdict, Walk};
use super::{Content, Logs, TargetTopic};
use crate::batch::{Header, OutputRow, Outputs};
use crate::position::{Place, TopicPartition};
use crate::progress::LaneRecord;
use crate::report::Volume;
use crate::route::{LaneRoute, Turn};
use crate::target::kafka::provenance::Provenance;
use crate::target::{LaneTarget, Sent, Standing, TargetError};

/// Records kept of a compacted partition of which nobody can say yet whether they may be gone.
const OPEN: usize = 256;

/// What a lane was compared with.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// What the backup and the plugins give, up to what is committed.
    pub(super) expected: Volume,
    /// What of it is there.
    pub(super) found: u64,
    /// What of it may have been there and is gone by now.
    pub(super) gone: u64,
    /// What of it was found in whatever partition.
    pub(super) anywhere: u64,
    /// Of what was found, in order of the backup.
    pub(super) digest: Sha256,
    pub(super) difference: Option<Difference>,
    /// Of a record that is not where it is due: what became of it is found out by a second look.
    pub(super) suspect: Option<Suspect>,
    /// Whether every record of the target's ranges was looked at for copies.
    pub(super) copies_sought: bool,
    /// Whether the end was reached.
    pub(super) ended: bool,
}

/// What all lanes share.
pub(super) struct Shared {
    pub(super) topics: BTreeMap<String, TargetTopic>,
    /// Bytes that a lane may keep of what it looks through.
    pub(super) room: usize,
    /// Whether headers say of each record where it comes from.
    pub(super) provenance: bool,
    pub(super) homes: Homes,
}

/// One lane; see the module.
pub(super) struct ComparingLane {
    shared: Arc<Shared>,
    logs: Arc<dyn Logs>,
    source: TopicPartition,
    route: LaneRoute,
    record: LaneRecord,
    provenance: Option<Provenance>,
    topics: HashMap<String, TopicState>,
    wanted: Content,
    compared: Compared,
    /// Only this one is looked for.
    suspect: Option<Suspect>,
    result: Arc<Mutex<Compared>>,
    /// Set where nothing more needs to be read.
    over: Arc<AtomicBool>,
    beyond: Beyond,
}

/// A topic that the lane has written to.
struct TopicState {
    name: Arc<str>,
    facts: TargetTopic,
    turn: Turn,
    ranges: BTreeMap<i32, PartitionState>,
    anywhere: Option<Anywhere>,
    capacity: usize,
}

/// A partition that the lane has written to.
struct PartitionState {
    range: Range,
    partition: Option<Partition>,
    ordinal: u64,
    last: Option<(i64, Place, u32)>,
    open: Vec<(Content, String)>,
}

/// What [`ComparingLane::new`] needs beside what is shared.
pub(super) struct Parts {
    pub(super) source: TopicPartition,
    pub(super) route: LaneRoute,
    pub(super) record: LaneRecord,
    pub(super) logs: Arc<dyn Logs>,
    pub(super) suspect: Option<Suspect>,
    pub(super) result: Arc<Mutex<Compared>>,
    pub(super) over: Arc<AtomicBool>,
}

impl ComparingLane {
    pub(super) fn new(shared: &Arc<Shared>, parts: Parts) -> Self {
        let Parts { source, route, record, logs, suspect, result, over } = parts;
        let provenance = shared.provenance.then(|| Provenance::new(&shared.homes.job));
        let compared = Compared { copies_sought: shared.provenance, ..Compared::default() };
        let beyond = Beyond::of(&record);
        Self {
            shared: Arc::clone(shared),
            logs,
            source,
            route,
            record,
            provenance,
            topics: HashMap::new(),
            wanted: Content::default(),
            compared,
            suspect,
            result,
            over,
            beyond,
        }
    }

    /// The ranges that the lane has written to in a topic, as they are by now.
    fn meet(&self, name: &str) -> Result<TopicState, TargetError> {
        let facts = self.shared.topics.get(name).copied().unwrap_or_default();
        let ranges = self.record.ranges.topic(name).map(|topic| &topic.ranges);
        let lane_ranges: usize = self.record.ranges.topics().map(|(_, topic)| topic.ranges.len()).sum();
        let mut states = BTreeMap::new();
        for (partition, range) in ranges.into_iter().flatten() {
            let Extent { start, end, visible } = self.logs.extent(name, *partition)?;
            let to = range.to.unwrap_or(end);
            let range =
                Range { topic: name.to_owned(), partition: *partition, from: range.from, to, start, end, visible };
            let state = PartitionState { range, partition: None, ordinal: 0, last: None, open: Vec::new() };
            states.insert(*partition, state);
        }
        let capacity = (self.shared.room / ENTRY / lane_ranges.max(1)).max(1024);
        let turn = self.route.turn();
        Ok(TopicState { name: name.into(), facts, turn, ranges: states, anywhere: None, capacity })
    }

    fn row(
        &mut self,
        route: &LaneRoute,
        outputs: &Outputs,
        row: &OutputRow<'_>,
        sent: &mut Sent,
    ) -> Result<(), TargetError> {
        let headers;
        let more: &[Header<'_>] = match &mut self.provenance {
            None => &[],
            Some(provenance) => {
                headers = provenance.headers(outputs, row);
                &headers
            }
        };
        self.wanted.expect(row, more);
        let name = row.topic.unwrap_or(route.topic());
        if !self.topics.contains_key(name) {
            let state = self.meet(name)?;
            self.topics.insert(name.to_owned(), state);
        }
        let Some(topic) = self.topics.get_mut(name) else { return Ok(()) };
        sent.add(&topic.name, row);
        let Self { shared, logs, source, record, wanted, compared, suspect, over, .. } = self;
        let then = record.ranges.topic(name).and_then(|topic| topic.partitions);
        let dealt = route.is_dealt(row);
        let elsewhere = dealt || then.is_none() && !topic.ranges.is_empty() && !route.is_fixed(row);
        compared.expected += Volume::new(1, wanted.bytes() as u64);
        if elsewhere {
            if suspect.is_some() {
                return Ok(());
            }
            let Some(place) = topic.find_anywhere(&**logs, shared, source, wanted, dealt && route.by_key())? else {
                return Ok(());
            };
            match place {
                anywhere::Place::At(_, _) => {
                    compared.found += 1;
                    compared.anywhere += 1;
                    wanted.add_to(&mut compared.digest, !topic.facts.log_append_time);
                }
                anywhere::Place::Gone => compared.gone += 1,
                anywhere::Place::Missing => {
                    let source = outputs.position(row);
                    let message = format!("{source} is missing: it lies in no partition of {name}");
                    let target = None;
                    compared.difference =
                        Some(Difference { kind: Kind::Missing, source, target, parts: Vec::new(), message });
                    over.store(true, Ordering::Relaxed);
                }
            }
            return Ok(());
        }
        let partitions = then.unwrap_or(topic.facts.partitions);
        let error = |error| TargetError::RecordRoute { position: outputs.position(row), error };
        let partition = route.partition(row, name, partitions, &mut topic.turn).map_err(error)?;
        let Some(state) = topic.ranges.get_mut(&partition) else {
            let source = outputs.position(row);
            let message = format!("{source} is missing: the job has noted nothing that it wrote to {name}-{partition}");
            let difference = Difference { kind: Kind::Missing, source, target: None, parts: Vec::new(), message };
            compared.difference = Some(difference);
            over.store(true, Ordering::Relaxed);
            return Ok(());
        };
        let looking = Looking { shared, logs: &**logs, lane: source, facts: topic.facts, capacity: topic.capacity };
        if let Some(suspect) = suspect {
            if suspect.range.topic == name && suspect.range.partition == partition {
                let done = looking.look_again(state, wanted, suspect)?;
                over.fetch_or(done, Ordering::Relaxed);
            }
            return Ok(());
        }
        looking.look(state, wanted, outputs, row, compared)?;
        if compared.difference.is_some() || compared.suspect.is_some() {
            over.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What is left to say when all was looked for.
    fn end(&mut self) -> Result<(), TargetError> {
        let Self { shared, logs, source, compared, topics, .. } = self;
        compared.ended = true;
        if self.beyond.is_passed() {
            // What was not looked for cannot be told from what is one too many.
            compared.copies_sought = false;
            return Ok(());
        }
        if compared.difference.is_some() || compared.suspect.is_some() {
            return Ok(());
        }
        for topic in topics.values_mut() {
            let facts = topic.facts;
            for state in topic.ranges.values_mut() {
                let looking = Looking { shared, logs: &**logs, lane: source, facts, capacity: topic.capacity };
                looking.end(state, compared)?;
            }
            if compared.difference.is_none()
                && let Some(anywhere) = &mut topic.anywhere
                && shared.provenance
                && let Some((partition, offset, record)) = anywhere.left(&**logs, &topic.name)?
                && let Some(origin) = Origin::of(&shared.homes.job, &record)
            {
                let target = format!("{}-{partition}@{offset}", topic.name);
                compared.difference = Some(doubled(origin.position(), target));
            }
        }
        Ok(())
    }
}

impl TopicState {
    /// Where a record lies in whatever partition; `None` where the job has written nothing to the topic.
    fn find_anywhere(
        &mut self,
        logs: &dyn Logs,
        shared: &Arc<Shared>,
        lane: &TopicPartition,
        wanted: &Content,
        keyless: bool,
    ) -> Result<Option<anywhere::Place>, TargetError> {
        if self.anywhere.is_none() {
            let ranges: Vec<Range> = self.ranges.values().map(|state| state.range.clone()).collect();
            let (name, shared) = (lane.to_string(), Arc::clone(shared));
            let ours = move |record: &Content| {
                (!keyless || record.key().is_none())
                    && (!shared.provenance
                        || Origin::of(&shared.homes.job, record).is_some_and(|origin| origin.lane == name))
            };
            let compacted = self.facts.compacted;
            self.anywhere = Some(Anywhere::open(logs, &ranges, Box::new(ours), compacted, self.capacity)?);
        }
        self.anywhere.as_mut().map(|anywhere| anywhere.find(wanted)).transpose()
    }
}

/// What is needed to look for a record in a partition.
struct Looking<'a> {
    shared: &'a Shared,
    logs: &'a dyn Logs,
    lane: &'a TopicPartition,
    facts: TargetTopic,
    capacity: usize,
}

impl Looking<'_> {
    /// Looks for the next record of the lane in its partition.
    fn look(
        &self,
        state: &mut PartitionState,
        wanted: &Content,
        outputs: &Outputs,
        row: &OutputRow<'_>,
        compared: &mut Compared,
    ) -> Result<(), TargetError> {
        let PartitionState { range, partition, ordinal, last, open } = state;
        let partition = match partition {
            Some(partition) => partition,
            None => {
                let opened = Partition::open(self.logs, range, self.facts.compacted, self.capacity)?;
                compared.copies_sought &= matches!(opened, Partition::Walked(_));
                partition.insert(opened)
            }
        };
        let place = outputs.batch.place(row.input);
        let mut copy = None;
        let mut passed =
            |offset: i64, record: &Content| self.pass(range, offset, record, &place, row.sibling, &mut copy);
        let verdict = partition.find(self.logs, wanted, &mut passed)?;
        *ordinal += 1;
        match verdict {
            Some(Verdict::At(offset)) => {
                compared.found += 1;
                wanted.add_to(&mut compared.digest, !self.facts.log_append_time);
                *last = Some((offset, place, row.sibling));
            }
            Some(Verdict::AtAndTheOneBeforeGone(offset)) => {
                compared.gone += 1;
                wanted.add_to(&mut compared.digest, !self.facts.log_append_time);
                *last = Some((offset, place, row.sibling));
            }
            Some(Verdict::Gone) => compared.gone += 1,
            Some(Verdict::GoneAsTheOneBefore) => {
                compared.found = compared.found.saturating_sub(1);
                compared.gone += 2;
                *last = None;
            }
            Some(Verdict::Open) => {
                compared.gone += 1;
                if open.len() < OPEN {
                    open.push((wanted.clone(), outputs.position(row)));
                }
            }
            Some(Verdict::Missing) | None => {
                let source = outputs.position(row);
                match copy {
                    Some(Copy::Doubled(source, target)) => compared.difference = Some(doubled(source, target)),
                    Some(Copy::Changed(offset, found)) => {
                        let target = format!("{}-{}@{offset}", range.topic, range.partition);
                        compared.difference = Some(changed(source, target, wanted.parts_unlike(&found)));
                    }
                    None => {
                        let before = last.as_ref().map(|(offset, place, sibling)| Before {
                            source: position(self.lane, place, *sibling),
                            offset: *offset,
                        });
                        compared.suspect = Some(Suspect {
                            range: range.clone(),
                            ordinal: *ordinal - 1,
                            wanted: wanted.clone(),
                            source,
                            before,
                            equal: None,
                            alike: None,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Passes over a record that is not the next one expected, unless it says of itself that it is a copy.
    fn pass(
        &self,
        range: &Range,
        offset: i64,
        record: &Content,
        place: &Place,
        sibling: u32,
        copy: &mut Option<Copy>,
    ) -> bool {
        if !self.shared.provenance {
            return true;
        }
        let Some(origin) = Origin::of(&self.shared.homes.job, record) else { return true };
        if origin.lane != self.lane.to_string() {
            self.shared.homes.note(&origin, &range.topic, range.partition, offset);
            return true;
        }
        match origin.compare(place, sibling) {
            None => return true,
            Some(std::cmp::Ordering::Less) => {
                *copy = Some(Copy::Doubled(origin.position(), format!("{}-{}@{offset}", range.topic, range.partition)));
            }
            Some(std::cmp::Ordering::Equal) => *copy = Some(Copy::Changed(offset, record.clone())),
            // A later one of the lane: the one that is looked for is not where it is due.
            Some(std::cmp::Ordering::Greater) => {}
        }
        false
    }

    /// Walks the partition once more to what was not found, and on to its end, and looks at all that is no other expected
    /// record. Whether that is done.
    fn look_again(
        &self,
        state: &mut PartitionState,
        wanted: &Content,
        suspect: &mut Suspect,
    ) -> Result<bool, TargetError> {
        let PartitionState { range, partition, ordinal, .. } = state;
        let is_walk = !self.facts.compacted && !range.is_cut();
        let partition = match partition {
            Some(partition) => partition,
            None => partition.insert(Partition::Walked(Walk::open(self.logs, range, range.first())?)),
        };
        let Partition::Walked(walk) = partition else { return Ok(true) };
        let is_it = !is_walk || *ordinal == suspect.ordinal;
        let mut consider = |offset: i64, record: &Content| {
            suspect.consider(offset, record);
            true
        };
        if is_it {
            // Where something is gone, nobody knows which records are others: all are looked at.
            walk.rest(&mut consider)?;
            return Ok(true);
        }
        walk.find(wanted, &mut consider)?;
        *ordinal += 1;
        Ok(false)
    }

    fn end(&self, state: &mut PartitionState, compared: &mut Compared) -> Result<(), TargetError> {
        let PartitionState { range, partition, open, .. } = state;
        if partition.is_none() && self.shared.provenance {
            let opened = Partition::open(self.logs, range, self.facts.compacted, self.capacity)?;
            compared.copies_sought &= matches!(opened, Partition::Walked(_));
            *partition = Some(opened);
        }
        match partition {
            Some(Partition::Compacted(compacted)) if compacted.left_open() > 0 => {
                let left = compacted.left_open();
                compared.gone = compared.gone.saturating_sub(left);
                let first = open.iter().find(|(record, _)| compacted.open_of(record));
                let source = first.map_or_else(|| self.lane.to_string(), |(_, position)| position.clone());
                let log = format!("{}-{}", range.topic, range.partition);
                let message = format!(
                    "{source} is missing: {log} is compacted, and holds no later record of its key; unless somebody \
                     deleted it by a tombstone that is gone as well"
                );
                let kind = Kind::Missing;
                compared.difference.get_or_insert(Difference {
                    kind,
                    source,
                    target: None,
                    parts: Vec::new(),
                    message,
                });
            }
            Some(Partition::Walked(walk)) if self.shared.provenance => {
                let (job, lane, mut copy) = (&self.shared.homes.job, self.lane.to_string(), None);
                walk.rest(&mut |offset, record| {
                    let Some(origin) = Origin::of(job, record) else { return true };
                    if origin.lane != lane {
                        self.shared.homes.note(&origin, &range.topic, range.partition, offset);
                        return true;
                    }
                    // All is found: whatever says that it comes from here is one too many.
                    let target = format!("{}-{}@{offset}", range.topic, range.partition);
                    copy = Some(doubled(origin.position(), target));
                    false
                })?;
                if let Some(copy) = copy {
                    compared.difference.get_or_insert(copy);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A record of the lane that should not be there.
enum Copy {
    /// From here, to there.
    Doubled(String, String),
    /// The very one that is looked for, with other parts.
    Changed(i64, Content),
}

fn position(lane: &TopicPartition, place: &Place, sibling: u32) -> String {
    let position = lane.at(place);
    if sibling == 0 { position.to_string() } else { format!("{position}#{sibling}") }
}

impl LaneTarget for ComparingLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let (mut sent, route) = (Sent::default(), self.route.clone());
        // What the target did not take cannot be told from the backup; the restore has kept where it was.
        let not_taken: Vec<Place> = self.record.kept.records().map(|(place, ..)| place).collect();
        let not_taken = not_taken.into_iter().filter(|place| !outputs.batch.rows_at(place).is_empty());
        let mut not_taken = not_taken.peekable();
        let rest;
        let outputs = if not_taken.peek().is_some() {
            rest = outputs.clone().without(not_taken);
            &rest
        } else {
            outputs
        };
        let known = self.beyond.known_rows(&outputs.batch);
        for row in outputs.rows() {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            if row.input >= known {
                self.wanted.expect(&row, &[]);
                self.compared.expected += Volume::new(1, self.wanted.bytes() as u64);
                self.compared.gone += u64::from(self.suspect.is_none());
                continue;
            }
            self.row(&route, outputs, &row, &mut sent)?;
        }
        Ok(sent)
    }

    fn commit(&mut self, standing: &Standing) -> Result<(), TargetError> {
        if standing.complete {
            self.end()?;
            let mut compared = std::mem::take(&mut self.compared);
            compared.suspect = compared.suspect.or(self.suspect.take());
            *self.result.lock() = compared;
        }
        Ok(())
    }
}
