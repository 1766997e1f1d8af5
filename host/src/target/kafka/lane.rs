//! The way of one lane into a producer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;

use super::Shared;
use super::ledger::{Ledger, OpenRun, Places, Refused};
use super::native;
use super::producing::{OpenTopic, Producing};
use super::provenance::Provenance;
use super::topic::Limits;
use super::topics::{Met, Terms, Topics, cause};
use crate::aside::Cause;
use crate::batch::{Batch, Header, NO_TIMESTAMP, OutputRow, OutputRows, Outputs};
use crate::clock::now;
use crate::job::Policies;
use crate::mechanism::is_off;
use crate::position::{Place, TopicPartition};
use crate::progress::Session;
use crate::route::LaneRoute;
use crate::target::{LaneTarget, NotTaken, Sent, Standing, TargetError};

/// What librdkafka allocates for a record beside its bytes, as it counts against the bound of memory.
const ALLOCATION: usize = 200;

/// How long a lane that has nothing more to send keeps all lanes from collecting records for larger batches: long
/// enough for its own to leave, and far shorter than the lingering that it saves.
const AT_ONCE: Duration = Duration::from_millis(5);

/// One lane.
pub(super) struct KafkaLane {
    shared: Arc<Shared>,
    producing: Option<Arc<Producing>>,
    ledger: Arc<Ledger>,
    route: LaneRoute,
    topics: Topics,
    /// Where its dead letters go, if that is to a topic.
    letters: Option<LetterTopic>,
    suspects: Suspects,
    /// Knows where logs end, where that is kept.
    session: Option<Arc<Session>>,
    /// Says of each record where it comes from, where the job wants that.
    provenance: Option<Provenance>,
}

/// A partition that records of a lane went to.
pub(super) struct Touched {
    pub(super) topic: Arc<str>,
    /// Partitions of the topic.
    pub(super) partitions: i32,
    pub(super) partition: i32,
    /// No record of the lane lies before this offset.
    pub(super) from: i64,
    /// The topic's id, where the cluster tells it.
    pub(super) id: Option<String>,
}

/// The topic of a lane's dead letters.
struct LetterTopic {
    name: Arc<str>,
    /// Whether any went there since the last commit, or may have.
    is_written: bool,
}

/// Source records since the last commit that the cluster does not take, as it said when they were sent before.
#[derive(Default)]
pub(super) struct Suspects {
    /// Those that it refused alone, and why.
    guilty: HashMap<Place, Refused>,
    /// Those that it refused with others: each is sent by itself, to see which.
    alone: HashSet<Place>,
}

impl Suspects {
    /// Enters what the cluster refused; whether that tells anything new.
    pub(super) fn add(&mut self, refused: Vec<Refused>) -> bool {
        let mut tells = false;
        for each in refused {
            if each.is_certain {
                self.alone.remove(&each.place);
                tells |= self.guilty.insert(each.place.clone(), each).is_none();
            } else if !self.guilty.contains_key(&each.place) {
                tells |= self.alone.insert(each.place);
            }
        }
        tells
    }

    /// Everything up to here is committed.
    pub(super) fn clear(&mut self) {
        self.guilty.clear();
        self.alone.clear();
    }

    fn is_empty(&self) -> bool {
        self.guilty.is_empty() && self.alone.is_empty()
    }
}

impl KafkaLane {
    pub(super) fn new(
        shared: Arc<Shared>,
        producing: &Arc<Producing>,
        route: LaneRoute,
        source: &TopicPartition,
        session: Option<Arc<Session>>,
    ) -> Result<Self, TargetError> {
        let ledger = producing.context().ledger()?;
        let letters = shared.dead_letters.as_ref().and_then(|letters| letters.topic(&source.topic));
        let letters = letters.map(|name| LetterTopic { name: name.as_str().into(), is_written: false });
        let (topics, suspects) = (Topics::default(), Suspects::default());
        let provenance = shared.provenance.clone();
        Ok(Self {
            shared,
            producing: Some(Arc::clone(producing)),
            ledger,
            route,
            topics,
            letters,
            suspects,
            session,
            provenance,
        })
    }

    /// Forgets what was sent, and goes on with another producer, if one is given.
    pub(super) fn renew(&mut self, producing: Option<&Arc<Producing>>) -> Result<(), TargetError> {
        if let Some(producing) = producing {
            self.producing = Some(Arc::clone(producing));
        }
        self.topics = Topics::default();
        self.letters.iter_mut().for_each(|letters| letters.is_written = false);
        if let Some(producing) = &self.producing {
            self.ledger = producing.context().ledger()?;
        }
        Ok(())
    }

    /// Lets go of the producer.
    pub(super) fn leave(&mut self) {
        self.topics = Topics::default();
        self.producing = None;
    }

    /// Whether something sent is known to have failed.
    pub(super) fn has_failed(&self) -> bool {
        self.ledger.check().is_err()
    }

    /// Waits until everything sent is acknowledged.
    ///
    /// # Errors
    /// The first record that was not.
    pub(super) fn settle(&self) -> Result<(), TargetError> {
        self.ledger.settle()
    }

    /// The partitions that records of the lane went to.
    pub(super) fn touched(&self) -> Vec<Touched> {
        let of = |met: &Met, partition: i32| Touched {
            topic: Arc::clone(&met.topic.facts.name),
            partitions: met.topic.facts.partitions,
            partition,
            from: met.ends.get(&partition).copied().unwrap_or_default(),
            id: met.id.clone(),
        };
        let mut touched = Vec::new();
        for met in self.topics.met() {
            touched.extend((0..).zip(&met.touched).filter(|(_, touched)| **touched).map(|(at, _)| of(met, at)));
        }
        touched
    }

    /// The topics that the lane writes to, that of its dead letters among them.
    pub(super) fn topics(&self) -> impl Iterator<Item = &Arc<str>> {
        let letters = self.letters.iter().filter(|letters| letters.is_written).map(|letters| &letters.name);
        self.topics.met().iter().map(|met| &met.topic.facts.name).chain(letters)
    }

    /// The topics among these that are gone, where the cluster tells: nobody answers for such.
    pub(super) fn gone(&self) -> Option<TargetError> {
        let connection = &self.shared.connection;
        connection.refresh().ok()?;
        let gone: Vec<_> = self.topics().filter(|topic| connection.partitions(topic).is_none()).cloned().collect();
        (!gone.is_empty()).then_some(TargetError::Gone(gone))
    }

    /// What the cluster refused since the last commit, once all that was sent is acknowledged or has failed; empty where
    /// no policy applies to it.
    pub(super) fn refused(&self) -> Vec<Refused> {
        if self.shared.policies.tolerate(Cause::Refused) { self.ledger.refused() } else { Vec::new() }
    }

    pub(super) fn suspects(&mut self) -> &mut Suspects {
        &mut self.suspects
    }
}

/// Which records of a batch are left out, and which are sent alone.
struct Sorting<'a> {
    outputs: &'a Outputs,
    policies: Policies,
    /// Whether several outputs come of one record, and so all of them are looked at before the first is sent.
    looks_ahead: bool,
    suspects: Option<&'a Suspects>,
    aside: Vec<NotTaken>,
}

impl Sorting<'_> {
    /// Sets the source record of `row` aside for `error`, or gives the error back where it is no case for that.
    fn set_aside(&mut self, row: &OutputRow<'_>, error: TargetError) -> Result<(), TargetError> {
        let Some((cause, reason)) = cause(&error, row, self.policies) else { return Err(error) };
        let (text, position) = (error.to_string(), self.outputs.position(row));
        let detail = text.strip_prefix(&format!("{position}: ")).unwrap_or(&text).to_owned();
        let place = self.outputs.batch.place(row.input);
        self.aside.push(NotTaken { place, cause, reason, detail });
        Ok(())
    }

    /// Whether the cluster has refused the record that `row` comes of; then it is set aside.
    fn is_guilty(&mut self, row: &OutputRow<'_>) -> bool {
        let Some(suspects) = self.suspects else { return false };
        let place = self.outputs.batch.place(row.input);
        let Some(Refused { topic, reason, .. }) = suspects.guilty.get(&place) else { return false };
        let (reason, detail) = (format!("`{topic}` refuses it"), format!("`{topic}` refuses it: {reason}"));
        self.aside.push(NotTaken { place, cause: Cause::Refused, reason, detail });
        true
    }

    /// Whether the record that `row` comes of is to be sent by itself.
    fn is_alone(&self, row: &OutputRow<'_>) -> bool {
        self.suspects.is_some_and(|suspects| suspects.alone.contains(&self.outputs.batch.place(row.input)))
    }

    /// Whether all that comes of the record of `row` is taken, with `rest` behind it; else it is set aside.
    fn are_taken(
        &mut self,
        row: &OutputRow<'_>,
        rest: OutputRows<'_>,
        topics: &mut Topics,
        terms: &Terms<'_>,
        provenance: &mut Option<Provenance>,
    ) -> Result<bool, TargetError> {
        for sibling in [row.clone()].into_iter().chain(rest.take_while(|row| row.sibling > 0)) {
            let headers;
            let more: &[Header<'_>] = match provenance {
                None => &[],
                Some(provenance) => {
                    headers = provenance.headers(self.outputs, &sibling);
                    &headers
                }
            };
            if let Err(error) = topics.admit(terms, &sibling, more, || self.outputs.position(&sibling)) {
                return self.set_aside(&sibling, error).map(|()| false);
            }
        }
        Ok(true)
    }
}

impl LaneTarget for KafkaLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let Self { shared, producing, ledger, route, topics, letters: _, suspects, session, provenance } = self;
        let mut sent = Sent::default();
        let Some(producing) = producing else { return Ok(sent) };
        ledger.check()?;
        let no_way = |error| TargetError::Lane { source_partition: outputs.batch.source.to_string(), error };
        route.follow(&outputs.batch.source).map_err(no_way)?;
        let portion = producing.context().room().portion();
        let places = Arc::new(Places::of(outputs));
        let terms = Terms { shared, producing, route, session: session.as_deref(), now: now() };
        let policies = shared.policies;
        let tolerant =
            [Cause::TooLarge, Cause::Refused, Cause::Unroutable].into_iter().any(|cause| policies.tolerate(cause));
        let mut sorting = Sorting {
            outputs,
            policies,
            looks_ahead: tolerant && outputs.fan_out() && !is_off("whole-records"),
            suspects: (!suspects.is_empty()).then_some(&*suspects),
            aside: Vec::new(),
        };
        let mut run: Option<OpenRun<'_>> = None;
        let (mut skips, mut alone) = (false, false);
        let mut rows = outputs.rows();
        for output in 0.. {
            let next = rows.next();
            if alone && next.as_ref().is_none_or(|row| row.sibling == 0) {
                run = None;
                until_acknowledged(producing, ledger)?;
                alone = false;
            }
            let Some(row) = next else { break };
            if row.sibling == 0 {
                skips = sorting.is_guilty(&row)
                    || sorting.looks_ahead && !sorting.are_taken(&row, rows.clone(), topics, &terms, provenance)?;
                if !skips && sorting.is_alone(&row) {
                    run = None;
                    until_acknowledged(producing, ledger)?;
                    alone = true;
                }
            }
            if skips {
                // The records of a run follow each other without a gap: their tickets are counted.
                run = None;
                continue;
            }
            let position = || outputs.position(&row);
            let headers;
            let more: &[Header<'_>] = match provenance {
                None => &[],
                Some(provenance) => {
                    headers = provenance.headers(outputs, &row);
                    &headers
                }
            };
            let admitted = match topics.admit(&terms, &row, more, position) {
                Ok(admitted) => admitted,
                Err(error) => {
                    // Nothing of the record was sent: where several outputs come of it, all were looked at.
                    sorting.set_aside(&row, error)?;
                    (skips, run) = (true, None);
                    continue;
                }
            };
            let Met { topic, touched, .. } = topics.of(&admitted);
            if row.timestamp == 0 && !topic.facts.limits.log_append_time {
                shared.moved_zeros.fetch_add(1, Ordering::Relaxed);
            }
            let bytes = admitted.size + ALLOCATION;
            let run = match &mut run {
                Some(run) if run.fits(bytes) => run,
                full => {
                    // The old one is closed first: its unused rest is room for the new one.
                    *full = None;
                    full.insert(ledger.open(&places, output, bytes.max(portion))?)
                }
            };
            hand_over(producing, ledger, topic, &row, more, admitted.partition, admitted.timestamp, run, position)?;
            run.sent(bytes);
            sent.add(&topic.facts.name, &row);
            let touched = usize::try_from(admitted.partition).ok().and_then(|partition| touched.get_mut(partition));
            if let Some(touched) = touched {
                *touched = true;
            }
        }
        sent.aside = sorting.aside;
        Ok(sent)
    }

    fn send_letters(&mut self, letters: &Arc<Batch>) -> Result<(), TargetError> {
        let Self { shared, producing, ledger, letters: topic, .. } = self;
        let (Some(producing), Some(letters_to)) = (producing, topic) else { return Ok(()) };
        let LetterTopic { name, is_written } = letters_to;
        *is_written = true;
        ledger.check()?;
        let Some(topic) = producing.topic(name, shared)? else {
            return Err(TargetError::MissingTopics(vec![Arc::clone(name)]));
        };
        let partition = letters.source.partition.unwrap_or_default() % topic.facts.partitions.max(1);
        let outputs = Outputs::untouched(Arc::clone(letters));
        let places = Arc::new(Places::of_letters(&outputs));
        let portion = producing.context().room().portion();
        let now = now();
        let mut run: Option<OpenRun<'_>> = None;
        for (output, mut row) in outputs.rows().enumerate() {
            row.timestamp = letter_timestamp(row.timestamp, &topic.facts.limits, now);
            let position = || outputs.position(&row);
            let size = topic.facts.check(&row, &[], now, position);
            let bytes = size.map_err(|error| TargetError::DeadLetter(Box::new(error)))? + ALLOCATION;
            let run = match &mut run {
                Some(run) if run.fits(bytes) => run,
                full => {
                    *full = None;
                    full.insert(ledger.open(&places, output, bytes.max(portion))?)
                }
            };
            hand_over(producing, ledger, &topic, &row, &[], partition, row.timestamp, run, position)?;
            run.sent(bytes);
        }
        Ok(())
    }

    fn written_up_to(&self, _: Option<&Place>) -> Option<Place> {
        self.ledger.up_to()
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        if let Some(producing) = self.producing.as_ref().filter(|_| !self.ledger.is_empty()) {
            // Whether everything was acknowledged in so short a time is seen below.
            let _ = native::flush(producing.producer(), AT_ONCE);
        }
        self.settle()
    }

    fn abandon(&mut self) {
        // What came before the record that cannot be sent is waited for, so that it is known to be written; where it
        // was not, that is the error already.
        let _ = self.settle();
    }
}

/// The timestamp of a dead letter: its record's own, which a header has as well, or now where its topic does not take
/// that: what is refused for its timestamp would be refused once more.
fn letter_timestamp(own: i64, limits: &Limits, now: i64) -> i64 {
    // librdkafka takes 0 for none.
    let own = if own == 0 { 1 } else { own };
    // Brokers compare in 64 bits without a look at the overflow, and so take the lowest for the highest.
    let is_odd = own < 0 && own != NO_TIMESTAMP;
    if is_odd || limits.out_of_range(own, now).is_some() { now } else { own }
}

/// Hands a record over to librdkafka, and waits where it has no room.
#[expect(clippy::too_many_arguments, reason = "what one record is sent with, on the hottest path")]
fn hand_over(
    producing: &Producing,
    ledger: &Ledger,
    topic: &OpenTopic,
    row: &OutputRow<'_>,
    more: &[Header<'_>],
    partition: i32,
    timestamp: i64,
    run: &OpenRun<'_>,
    position: impl Fn() -> String,
) -> Result<(), TargetError> {
    let ticket = run.ticket().pack();
    while let Err(code) = topic.handle.produce(row, partition, timestamp, ticket, more) {
        if code != RDKafkaErrorCode::QueueFull {
            return Err(producing.not_taken(code, position(), topic));
        }
        producing.context().room().wait();
        ledger.check()?;
    }
    Ok(())
}

/// Waits until everything sent is acknowledged, without lingering.
fn until_acknowledged(producing: &Producing, ledger: &Ledger) -> Result<(), TargetError> {
    while !ledger.is_empty() {
        ledger.check()?;
        let _ = native::flush(producing.producer(), AT_ONCE);
    }
    ledger.check()
}
