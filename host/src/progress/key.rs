//! Keys of the records: whose progress, and of which lane.

use serde::{Deserialize, Serialize};

use crate::position::TopicPartition;

/// The key of a record: JSON, `{"job":"replay"}` for the job itself and
/// `{"job":"replay","topic":"orders","partition":3}` for a lane, `{"job":"replay","survey":0}` for a part of the survey,
/// `{"job":"replay","configs_of":"orders"}` for what was changed of a target topic. Equal keys are equal bytes, since the
/// topic is compacted by them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) job: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    survey: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configs_of: Option<String>,
}

impl Key {
    /// The record of a job.
    pub(crate) fn of_job(job: &str) -> Self {
        Self { job: job.to_owned(), topic: None, partition: None, survey: None, configs_of: None }
    }

    /// The record of a part of what the survey of the backup found, from 0.
    pub(crate) fn of_survey(job: &str, part: u32) -> Self {
        Self { survey: Some(part), ..Self::of_job(job) }
    }

    /// The record of what was changed of the configs of a target topic.
    pub(crate) fn of_configs(job: &str, topic: &str) -> Self {
        Self { configs_of: Some(topic.to_owned()), ..Self::of_job(job) }
    }

    /// The record of a lane.
    pub(crate) fn of_lane(job: &str, lane: &TopicPartition) -> Self {
        Self { topic: Some(lane.topic.to_string()), partition: lane.partition, ..Self::of_job(job) }
    }

    /// The part of the survey, if it is the record of one.
    pub(crate) fn survey(&self) -> Option<u32> {
        self.survey
    }

    /// The target topic, if it is the record of what was changed of its configs.
    pub(crate) fn configs_of(&self) -> Option<&str> {
        self.configs_of.as_deref()
    }

    /// The lane, if it is the record of one.
    pub(crate) fn lane(&self) -> Option<TopicPartition> {
        self.topic.as_deref().map(|topic| TopicPartition::new(topic, self.partition))
    }

    /// As it is written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // Texts and numbers always are JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn keys_are_written_in_one_way_only() {
        let lane = Key::of_lane("replay", &TopicPartition::new("orders", Some(3)));
        assert_eq!(lane.bytes(), br#"{"job":"replay","topic":"orders","partition":3}"#);
        assert_eq!(Key::of_job("a\"b").bytes(), br#"{"job":"a\"b"}"#);
        assert_eq!(Key::of_survey("a", 1).bytes(), br#"{"job":"a","survey":1}"#);
        assert_eq!(Key::of_configs("a", "t").bytes(), br#"{"job":"a","configs_of":"t"}"#);
        for key in [
            lane,
            Key::of_survey("x", 7),
            Key::of_configs("x", "y"),
            Key::of_job("x"),
            Key::of_lane("x", &TopicPartition::new("orders", None)),
        ] {
            assert_eq!(serde_json::from_slice::<Key>(&key.bytes()).unwrap(), key);
        }
        assert!(serde_json::from_slice::<Key>(br#"{"job":"x","offset":1}"#).is_err());
    }
}
