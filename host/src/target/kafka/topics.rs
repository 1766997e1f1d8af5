//! The topics that a lane sends to, and whether they take a record.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::Shared;
use super::producing::{OpenTopic, Producing};
use crate::aside::Cause;
use crate::batch::{Header, OutputRow};
use crate::job::Policies;
use crate::mechanism::is_off;
use crate::progress::Session;
use crate::route::{LaneRoute, RouteError, Turn};
use crate::target::TargetError;

/// Names of topics that there are not, that are remembered so that they are not asked for again.
const UNKNOWN: usize = 1000;

/// The topics that the lane has met, the last one at hand: as a rule there is only one.
#[derive(Default)]
pub(super) struct Topics {
    met: Vec<Met>,
    places: HashMap<Arc<str>, usize>,
    last: usize,
    unknown: HashSet<Box<str>>,
}

pub(super) struct Met {
    pub(super) topic: Arc<OpenTopic>,
    turn: Turn,
    /// By partition: whether a record of the lane went there.
    pub(super) touched: Vec<bool>,
    /// By partition: where the log ended before that, where that is known.
    pub(super) ends: BTreeMap<i32, i64>,
    /// The topic's id, where the cluster tells it.
    pub(super) id: Option<String>,
}

/// A record that its topic takes, as far as can be told.
pub(super) struct Admitted {
    /// The topic, among those that the lane has met.
    pub(super) topic: usize,
    pub(super) partition: i32,
    pub(super) timestamp: i64,
    /// Its size as a batch of its own.
    pub(super) size: usize,
    turn: Turn,
}

/// What a record is held against.
pub(super) struct Terms<'a> {
    pub(super) shared: &'a Shared,
    pub(super) producing: &'a Producing,
    pub(super) route: &'a LaneRoute,
    /// Knows where logs end, where that is kept.
    pub(super) session: Option<&'a Session>,
    /// Milliseconds since the epoch.
    pub(super) now: i64,
}

impl Topics {
    /// Checks where a record goes, sent with `more` headers, and whether it is taken there; nothing is sent, and nobody's
    /// turn is over.
    pub(super) fn admit(
        &mut self,
        terms: &Terms<'_>,
        row: &OutputRow<'_>,
        more: &[Header<'_>],
        position: impl Fn() -> String,
    ) -> Result<Admitted, TargetError> {
        let Terms { shared, route, now, .. } = *terms;
        let found = self.find(terms, row, &position)?;
        let Met { topic, turn, .. } = &self.met[found];
        let mut turn = *turn;
        let partition = route
            .partition(row, &topic.facts.name, topic.facts.partitions, &mut turn)
            .map_err(|error| TargetError::RecordRoute { position: position(), error })?;
        let size = topic.facts.check(row, more, now, &position)?;
        let timestamp = match row.timestamp {
            0 if topic.facts.limits.log_append_time || shared.moves_zero => 1,
            0 => return Err(TargetError::TimestampZero { position: position() }),
            timestamp => timestamp,
        };
        Ok(Admitted { topic: found, partition, timestamp, size, turn })
    }

    /// The topic of a record that is sent now.
    pub(super) fn of(&mut self, admitted: &Admitted) -> &mut Met {
        let met = &mut self.met[admitted.topic];
        met.turn = admitted.turn;
        met
    }

    /// All topics that the lane has met.
    pub(super) fn met(&self) -> &[Met] {
        &self.met
    }

    fn find(
        &mut self,
        terms: &Terms<'_>,
        row: &OutputRow<'_>,
        position: impl Fn() -> String,
    ) -> Result<usize, TargetError> {
        let name = row.topic.unwrap_or(terms.route.topic());
        if self.met.get(self.last).is_none_or(|met| &*met.topic.facts.name != name) {
            self.last = match self.places.get(name) {
                Some(place) => *place,
                None => self.meet(terms, name, position)?,
            };
        }
        Ok(self.last)
    }

    fn meet(&mut self, terms: &Terms<'_>, name: &str, position: impl Fn() -> String) -> Result<usize, TargetError> {
        let Terms { shared, producing, route, session, .. } = *terms;
        if name == &*shared.progress && !is_off("no-records-among-progress") {
            return Err(TargetError::IntoProgress { from: position(), topic: name.to_owned() });
        }
        let unknown = || TargetError::UnknownTopic { position: position(), topic: name.to_owned() };
        if self.unknown.contains(name) {
            return Err(unknown());
        }
        let Some(topic) = producing.topic(name, shared)? else {
            if self.unknown.len() < UNKNOWN {
                self.unknown.insert(name.into());
            }
            return Err(unknown());
        };
        let limit = topic.facts.limits.max_message_bytes;
        if limit < shared.batch_size {
            return Err(TargetError::SmallTopic { position: position(), topic: Arc::clone(&topic.facts.name), limit });
        }
        let place = self.met.len();
        self.places.insert(Arc::clone(&topic.facts.name), place);
        let touched = vec![false; usize::try_from(topic.facts.partitions).unwrap_or_default()];
        let ends = session.map(|session| session.topic_ends(name, topic.facts.partitions)).unwrap_or_default();
        let id = session.and_then(|_| {
            let name = Arc::clone(&topic.facts.name);
            shared.connection.topic_ids(std::slice::from_ref(&name)).remove(&*name).flatten()
        });
        self.met.push(Met { topic, turn: route.turn(), touched, ends, id });
        Ok(place)
    }
}

/// Why a record is not taken, where that is about the record and not about how the target is set up, and the job says to
/// set it aside for that.
pub(super) fn cause(error: &TargetError, row: &OutputRow<'_>, policies: Policies) -> Option<(Cause, String)> {
    let (cause, reason) = match error {
        TargetError::TooLarge { topic, .. } => (Cause::TooLarge, format!("larger than `{topic}` takes")),
        TargetError::TimestampOutOfRange { topic, config, .. } => {
            (Cause::Refused, format!("the timestamp is further from now than `{config}` of `{topic}` allows"))
        }
        TargetError::TimestampZero { .. } => (Cause::Refused, "timestamp 0 cannot be sent".to_owned()),
        TargetError::KeyMissing { topic, .. } => (Cause::Refused, format!("no key, and `{topic}` is compacted")),
        TargetError::UnknownTopic { topic, .. } => (Cause::Unroutable, format!("there is no topic `{topic}`")),
        TargetError::RecordRoute { error: RouteError::NoSuchPartition { topic, partition, .. }, .. }
            if row.topic.is_some() || row.partition.is_some() =>
        {
            (Cause::Unroutable, format!("topic `{topic}` has no partition {partition}"))
        }
        _ => return None,
    };
    policies.tolerate(cause).then_some((cause, reason))
}
