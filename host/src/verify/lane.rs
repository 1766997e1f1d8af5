//! Compares what one lane should have written with what is there, as if it were the lane's way to the target.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use sha2::Sha256;

use super::anywhere::{self, Anywhere};
use super::beyond::Beyond;
use super::difference::{Difference, Kind, Suspect, doubled};
use super::index::ENTRY;
use super::log::Extent;
use super::looking::{Looking, PartitionState};
use super::origin::{Homes, LaneName, Origin};
use super::partition::Range;
use super::{Content, Logs, TargetTopic};
use crate::batch::{Header, OutputRow, Outputs};
use crate::mechanism::is_off;
use crate::position::{Place, TopicPartition};
use crate::progress::LaneRecord;
use crate::report::Volume;
use crate::route::{LaneRoute, Turn};
use crate::target::kafka::provenance::Provenance;
use crate::target::{LaneTarget, Sent, Standing, TargetError};

/// What a lane was compared with.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// What the backup and the plugins give, up to what is committed.
    pub(super) expected: Volume,
    /// What of it is there.
    pub(super) found: u64,
    /// What of it may have been there and is gone by now.
    pub(super) gone: u64,
    /// Whether there was too little room to look for some of it.
    pub(super) is_short_of_room: bool,
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
    name: LaneName,
    /// Of a merged lane: how far it went before the records at hand.
    reached: Option<Place>,
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
    /// Whether only records without a key are looked for in any partition.
    is_anywhere_keyless: bool,
    /// Whether records with a key were looked for where they are due.
    keyed_in_place: bool,
    /// Whether records without a key were looked for where they are due.
    keyless_in_place: bool,
    capacity: usize,
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
            name: LaneName::of(&source, &record),
            reached: None,
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
            states.insert(*partition, PartitionState::new(range));
        }
        let capacity = (self.shared.room / ENTRY / lane_ranges.max(1)).max(1024);
        let turn = self.route.turn();
        Ok(TopicState {
            name: name.into(),
            facts,
            turn,
            ranges: states,
            anywhere: None,
            is_anywhere_keyless: false,
            keyed_in_place: false,
            keyless_in_place: false,
            capacity,
        })
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
        let Self { shared, logs, name: lane_name, source, reached, record, wanted, compared, suspect, over, .. } = self;
        let then = record.ranges.topic(name).and_then(|topic| topic.partitions);
        let dealt = route.is_dealt(row) && !is_off("verify-turns");
        let elsewhere =
            dealt || is_off("verify-order") || then.is_none() && !topic.ranges.is_empty() && !route.is_fixed(row);
        // The same for all records of the topic: which of them are looked for in any partition.
        let keyless = route.by_key() && then.is_some();
        compared.expected += Volume::new(1, wanted.bytes() as u64);
        if elsewhere {
            if suspect.is_some() {
                return Ok(());
            }
            let Some(place) = topic.find_anywhere(&**logs, shared, lane_name, wanted, keyless)? else {
                return Ok(());
            };
            match place {
                anywhere::Place::At(_, _) => {
                    compared.found += 1;
                    compared.anywhere += 1;
                    wanted.add_to(&mut compared.digest, !topic.facts.log_append_time);
                }
                anywhere::Place::Gone => compared.gone += 1,
                anywhere::Place::NoRoom => {
                    compared.gone += 1;
                    compared.is_short_of_room = true;
                }
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
        topic.keyed_in_place |= wanted.key().is_some();
        topic.keyless_in_place |= wanted.key().is_none();
        let looking = Looking {
            shared,
            logs: &**logs,
            lane: source,
            name: lane_name,
            reached: reached.as_ref(),
            facts: topic.facts,
            capacity: topic.capacity,
            anywhere: topic.anywhere.as_ref(),
        };
        if let Some(suspect) = suspect {
            if suspect.range.topic == name && suspect.range.partition == partition {
                looking.look_again(state, wanted, suspect)?;
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
        let Self { shared, logs, source, name, reached, compared, topics, .. } = self;
        let reached = reached.as_ref();
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
            let (anywhere, facts, capacity) = (topic.anywhere.as_ref(), topic.facts, topic.capacity);
            for state in topic.ranges.values_mut() {
                let looking = Looking { shared, logs: &**logs, lane: source, name, reached, facts, capacity, anywhere };
                looking.end(state, compared)?;
            }
            if compared.difference.is_some() || !shared.provenance {
                continue;
            }
            let is_mixed = topic.keyless_in_place || topic.keyed_in_place && !topic.is_anywhere_keyless;
            let Some(anywhere) = &mut topic.anywhere else { continue };
            if is_mixed {
                // Some that lie where they are due look like those that may lie anywhere, and would be one too many of these.
                compared.copies_sought = false;
                continue;
            }
            let left = anywhere.left(&**logs, &topic.name)?;
            compared.copies_sought &= anywhere.is_whole();
            if let Some((partition, offset, record)) = left
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
        name: &LaneName,
        wanted: &Content,
        keyless: bool,
    ) -> Result<Option<anywhere::Place>, TargetError> {
        if self.anywhere.is_none() {
            let ranges: Vec<Range> = self.ranges.values().map(|state| state.range.clone()).collect();
            let (name, shared) = (name.clone(), Arc::clone(shared));
            let ours = move |record: &Content| {
                (!keyless || record.key().is_none())
                    && (!shared.provenance
                        || Origin::of(&shared.homes.job, record).is_some_and(|origin| name.is_of(&origin)))
            };
            let compacted = self.facts.compacted;
            self.is_anywhere_keyless = keyless;
            // Records that lie where they are due may be looked for in the same partitions.
            let beside = logs.beside()?;
            let logs = if is_off("verify-side-by-side") { logs } else { &*beside };
            self.anywhere = Some(Anywhere::open(logs, &ranges, Box::new(ours), compacted, self.capacity)?);
        }
        self.anywhere.as_mut().map(|anywhere| anywhere.find(wanted)).transpose()
    }
}

impl LaneTarget for ComparingLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let mut sent = Sent::default();
        let no_way = |error| TargetError::Lane { source_partition: outputs.batch.source.to_string(), error };
        self.route.follow(&outputs.batch.source).map_err(no_way)?;
        let route = self.route.clone();
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
        if outputs.batch.strand.is_some() && !outputs.batch.is_empty() {
            Place::advance(&mut self.reached, outputs.batch.place(outputs.batch.len() - 1));
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
