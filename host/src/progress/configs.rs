//! Configs of target topics that a job has changed for the time being, and what they were.
//!
//! What a topic had is committed before its first change and taken away after the last one is undone, so that whatever is
//! killed and whenever, somebody knows: a run that goes on, or `forget`. Only what still is as the job has set it is put
//! back; a value that somebody else has given meanwhile is theirs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FORMAT;

/// What a job has changed of one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedTopic {
    pub(crate) format: u64,
    /// The topic's id, where the cluster tells it.
    pub(crate) id: Option<String>,
    /// By name.
    pub(crate) configs: BTreeMap<String, ChangedConfig>,
}

/// What a job has changed of one config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedConfig {
    /// The topic's own value before; `None` where it had none, and the cluster's default held.
    pub was: Option<String>,
    /// The values that the job has given it, the last one behind: of two, a run that was killed may have left either.
    pub ours: Vec<String>,
}

/// The configs of a topic that are its own, by name.
pub(crate) type Overrides = BTreeMap<String, String>;

/// What is to be done to put configs back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PuttingBack {
    /// By name the value that they had, or none.
    pub(crate) configs: Vec<(String, Option<String>)>,
    /// Those that somebody else has changed, with the value that they have, or none.
    pub(crate) left: Vec<(String, Option<String>)>,
}

impl ChangedTopic {
    /// That nothing is changed of a topic yet.
    pub(crate) fn new(id: Option<String>) -> Self {
        Self { format: FORMAT, id, configs: BTreeMap::new() }
    }

    /// What each config was and is, by name, as the job has set it.
    pub fn configs(&self) -> impl Iterator<Item = (&str, &ChangedConfig)> {
        self.configs.iter().map(|(name, config)| (name.as_str(), config))
    }

    /// Plans to set these configs of a topic whose own ones are `own` and whose effective ones `effective`: notes here what
    /// they were, and gives what there is to be set. What is as wanted already is not touched.
    pub(crate) fn set(
        &mut self,
        wanted: &BTreeMap<String, String>,
        own: &Overrides,
        effective: &BTreeMap<String, String>,
    ) -> Vec<(String, Option<String>)> {
        let mut changes = Vec::new();
        for (name, wanted) in wanted {
            let is = own.get(name);
            match self.configs.get_mut(name).filter(|config| config.is_known(is)) {
                Some(config) => {
                    config.ours.retain(|value| value != wanted);
                    config.ours.push(wanted.clone());
                }
                // What somebody has set since an earlier run is theirs, and is what they get back.
                None if effective.get(name).is_some_and(|is| same(is, wanted)) => {
                    self.configs.remove(name);
                    continue;
                }
                None => {
                    let config = ChangedConfig { was: is.cloned(), ours: vec![wanted.clone()] };
                    self.configs.insert(name.clone(), config);
                }
            }
            if is.is_none_or(|is| !same(is, wanted)) {
                changes.push((name.clone(), Some(wanted.clone())));
            }
        }
        changes
    }

    /// Plans to put back those of these configs that `which` says, of a topic whose own ones are `own`.
    pub(crate) fn put_back(&self, own: &Overrides, which: impl Fn(&str) -> bool) -> PuttingBack {
        let mut putting = PuttingBack::default();
        for (name, config) in self.configs.iter().filter(|(name, _)| which(name)) {
            let is = own.get(name);
            if same_override(is, config.was.as_ref()) {
                continue;
            }
            if is.is_some_and(|is| config.ours.iter().any(|ours| same(is, ours))) {
                putting.configs.push((name.clone(), config.was.clone()));
            } else {
                putting.left.push((name.clone(), is.cloned()));
            }
        }
        putting
    }
}

impl ChangedConfig {
    /// Whether the value that a config has is one that it had before, or that the job has given it.
    fn is_known(&self, is: Option<&String>) -> bool {
        same_override(is, self.was.as_ref()) || is.is_some_and(|is| self.ours.iter().any(|ours| same(is, ours)))
    }
}

fn same_override(a: Option<&String>, b: Option<&String>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    }
}

/// Whether two texts are the same value: a broker writes numbers and lists in a way of its own.
pub(crate) fn same(a: &str, b: &str) -> bool {
    let whole = |text: &str| text.trim().parse::<i64>().ok();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let items = |text: &str| text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>();
    match (whole(a).zip(whole(b)), number(a).zip(number(b))) {
        (Some((a, b)), _) => a == b,
        (None, Some((a, b))) => a == b,
        (None, None) => items(a) == items(b),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn op(name: &str, value: Option<&str>) -> (String, Option<String>) {
        (name.to_owned(), value.map(str::to_owned))
    }

    const ALL: fn(&str) -> bool = |_| true;

    #[test]
    fn what_was_set_is_put_back_and_what_was_not_is_taken_away() {
        let mut topic = ChangedTopic::new(None);
        let wanted = of(&[("retention.ms", "-1"), ("max.message.bytes", "5"), ("min.insync.replicas", "1")]);
        let own = of(&[("retention.ms", "7"), ("segment.ms", "9")]);
        let effective = of(&[("retention.ms", "7"), ("max.message.bytes", "3"), ("min.insync.replicas", "1")]);
        let changes = topic.set(&wanted, &own, &effective);
        assert_eq!(changes, [op("max.message.bytes", Some("5")), op("retention.ms", Some("-1"))]);
        // Killed before any change, or between two.
        assert_eq!(topic.put_back(&own, ALL), PuttingBack::default());
        let between = of(&[("retention.ms", "-1"), ("segment.ms", "9")]);
        assert_eq!(topic.put_back(&between, ALL).configs, [op("retention.ms", Some("7"))]);
        let all = of(&[("retention.ms", "-1"), ("segment.ms", "9"), ("max.message.bytes", "5")]);
        let putting = topic.put_back(&all, ALL);
        assert_eq!(putting.configs, [op("max.message.bytes", None), op("retention.ms", Some("7"))]);
        assert_eq!(putting.left, []);
    }

    #[test]
    fn a_run_that_goes_on_keeps_what_was_and_knows_each_value_that_may_be_there() {
        let mut topic = ChangedTopic::new(None);
        topic.set(&of(&[("retention.ms", "-1")]), &of(&[]), &of(&[("retention.ms", "7")]));
        // In force, and asked for again, and then as another value.
        let own = of(&[("retention.ms", "-1")]);
        assert_eq!(topic.set(&of(&[("retention.ms", "-1")]), &own, &own), []);
        let changes = topic.set(&of(&[("retention.ms", "99")]), &own, &own);
        assert_eq!(changes, [op("retention.ms", Some("99"))]);
        for left_by_a_kill in ["-1", "99"] {
            let putting = topic.put_back(&of(&[("retention.ms", left_by_a_kill)]), ALL);
            assert_eq!(putting.configs, [op("retention.ms", None)], "{left_by_a_kill}");
        }
        assert_eq!(topic.put_back(&own, |name| name != "retention.ms"), PuttingBack::default());
    }

    #[test]
    fn what_somebody_else_has_set_is_theirs() {
        let mut topic = ChangedTopic::new(None);
        topic.set(&of(&[("retention.ms", "-1")]), &of(&[("retention.ms", "7")]), &of(&[("retention.ms", "7")]));
        let theirs = of(&[("retention.ms", "1000")]);
        assert_eq!(topic.put_back(&theirs, ALL).left, [op("retention.ms", Some("1000"))]);
        assert_eq!(topic.put_back(&of(&[]), ALL).left, [op("retention.ms", None)]);
        // A run that goes on sets it all the same, and gives them back what they have set.
        assert_eq!(topic.set(&of(&[("retention.ms", "-1")]), &theirs, &theirs), [op("retention.ms", Some("-1"))]);
        assert_eq!(topic.configs["retention.ms"].was.as_deref(), Some("1000"));
    }

    #[test]
    fn a_value_is_the_same_however_the_broker_writes_it() {
        for (a, b) in [("-1", " -1"), ("0.5", "0.50"), ("compact,delete", "compact, delete"), ("lz4", "lz4")] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [("9223372036854775807", "9223372036854775806"), ("compact", "delete"), ("1", "true")] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut topic = ChangedTopic::new(Some("id".to_owned()));
        topic.set(&of(&[("retention.ms", "-1")]), &of(&[]), &of(&[]));
        assert_eq!(serde_json::from_slice::<ChangedTopic>(&serde_json::to_vec(&topic).unwrap()).unwrap(), topic);
    }
}
