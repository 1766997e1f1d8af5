//! Sends records to other topics, by the value of a header, by a field of the value, or by the key. A topic can be made of
//! what is found there.
//!
//! The first rule that fits decides. A record that no rule fits goes where the job sends it, or to
//! the topic of `otherwise`.

mod rule;

use anabranch_json::Policy;
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

use crate::rule::{Rule, Written, illegal};

#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// What goes where: tables of `topic` with `header` or `field` and `equals` or `matches`, with `key-prefix`, or with
    /// `key-matches`.
    #[parameter(any)]
    rules: Vec<Written>,
    /// The topic of records that no rule fits; without it they go where the job sends them.
    otherwise: Option<String>,
    /// What becomes of a record whose rule makes no legal name of a topic: `reject`, `keep` (it goes where the job sends
    /// it) or `drop`.
    #[parameter(text, default = "reject")]
    illegal_topic: Policy,
    /// What becomes of a record whose value is not JSON, where a rule looks at a `field`: `reject`, `keep` (no such rule
    /// fits) or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

struct Route {
    rules: Vec<Rule>,
    otherwise: Option<String>,
    illegal_topic: Policy,
    not_json: Policy,
}

impl Configure for Route {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        // Told here and not at the first record that fits, which may come late and looks like the plugin's fault.
        if let Some(wrong) = settings.otherwise.as_deref().and_then(illegal) {
            return Err(ConfigurationError::in_parameter("otherwise", wrong));
        }
        let mut rules = Vec::new();
        for (index, written) in settings.rules.into_iter().enumerate() {
            let wrong = |message| ConfigurationError::in_parameter("rules", format!("rule {}: {message}", index + 1));
            rules.push(Rule::read(written).map_err(wrong)?);
        }
        Ok(Self {
            rules,
            otherwise: settings.otherwise,
            illegal_topic: settings.illegal_topic,
            not_json: settings.not_json,
        })
    }
}

impl Plugin for Route {
    const READS: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS);
    const CHANGES: Columns = Columns::TOPIC;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let mut topic = None;
        for rule in &mut self.rules {
            match rule.topic(&record) {
                Ok(None) => {}
                Ok(made) => {
                    topic = made;
                    break;
                }
                Err(_) if self.not_json == Policy::Keep => {}
                Err(error) => return self.not_json.not_json(record, "value", &error),
            }
        }
        match topic {
            Some(topic) => match illegal(&topic) {
                None => record.set_topic(&topic),
                Some(wrong) => return self.illegal_topic.settle(record, "no legal topic", || wrong),
            },
            None => {
                if let Some(topic) = &self.otherwise {
                    record.set_topic(topic);
                }
            }
        }
        record.keep()
    }
}

anabranch_plugin::export!(Route);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use anabranch_plugin::testing::{configure, record, run};
    use serde_json::json;

    use super::Route;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = json!({ "rules": [
            { "header": "region", "equals": "eu", "topic": "orders-eu" },
            { "key-prefix": "test-", "topic": "sandbox" },
        ]});
        let records = [
            record("test-1", "a").header("region", "eu"),
            record("test-2", "b").header("region", "us"),
            record("3", "c"),
            record(None, "d").header("region", "us").header("region", "eu"),
            record(None, "e").header("region", None),
        ];
        let [both, prefix, none, last_header, null_header] = records.clone();
        assert_eq!(
            run::<Route>(rules, records).records,
            [
                both.to_topic("orders-eu"),
                prefix.to_topic("sandbox"),
                none,
                last_header.to_topic("orders-eu"),
                null_header
            ]
        );
    }

    #[test]
    fn what_no_rule_fits_goes_elsewhere_if_asked() {
        let parameters = json!({ "rules": [{ "key-prefix": "a", "topic": "as" }], "otherwise": "rest" });
        let came = run::<Route>(parameters, [record("a1", "1"), record("b1", "2"), record(None, "3")]).records;
        assert_eq!(
            came,
            [record("a1", "1").to_topic("as"), record("b1", "2").to_topic("rest"), record(None, "3").to_topic("rest")]
        );
    }

    #[test]
    fn a_topic_that_kafka_would_not_take_is_refused_before_the_first_record() {
        let refused = |parameters| configure::<Route>(parameters).err().unwrap();
        let long = "t".repeat(250);
        for topic in ["", "a b", ".", "..", "grüße", "a/b", long.as_str()] {
            let rules =
                json!([{ "topic": "fine", "key-prefix": "a" }, { "topic": topic, "header": "h", "equals": "1" }]);
            let error = refused(json!({ "rules": rules }));
            assert_eq!(error.parameter.as_deref(), Some("rules"));
            let due = format!("rule 2: `{topic}` is no legal name of a topic");
            assert!(error.message.starts_with(&due), "{}", error.message);
            let error = refused(json!({ "rules": [], "otherwise": topic }));
            assert_eq!(error.parameter.as_deref(), Some("otherwise"));
        }
        let legal = json!([{ "topic": "t".repeat(249), "key-prefix": "a" }, { "topic": "A.b_c-0", "key-prefix": "b" }]);
        assert!(configure::<Route>(json!({ "rules": legal, "otherwise": "..." })).is_ok());
    }

    #[test]
    fn half_a_rule_is_refused() {
        let message = |rule| configure::<Route>(json!({ "rules": [rule] })).err().unwrap().message;
        let half = message(json!({ "topic": "t", "header": "region" }));
        assert_eq!(half, "rule 1: the rule for `t` names a `header` but not what it `equals` or `matches`");
        assert_eq!(message(json!({ "topic": "t" })), "rule 1: the rule for `t` fits every record: use `otherwise`");
        assert!(message(json!({ "topic": "t", "equals": "a" })).contains("names no `header` and no `field`"));
        assert!(message(json!({ "topic": "t", "field": "a[*]", "equals": "a" })).contains("can mean several things"));
        assert!(message(json!({ "topic": "t", "key-matches": "(" })).contains("is no regular expression"));
        assert!(message(json!({ "topic": "t-{2}", "key-matches": "(a)" })).contains("has `{2}` in its topic"));
        assert!(message(json!({ "topic": "t-{header}", "key-matches": "(a)" })).contains("names no `header`"));
        assert!(message(json!({ "topic": "t-{", "key-matches": "(a)" })).contains("has a `{` without `}`"));
        let unknown = message(json!({ "topic": "t", "key-prefx": "a" }));
        assert!(unknown.starts_with("number 1 of the list: unknown field `key-prefx`, expected one of"), "{unknown}");
    }

    #[test]
    fn a_topic_is_made_of_what_the_patterns_and_the_field_hold() {
        let parameters = json!({ "rules": [
            { "key-matches": "^(?<team>[a-z]+)-([0-9])", "topic": "team-{team}.{2}" },
            { "field": "to.country", "matches": "^(BE|NL)$", "topic": "benelux-{1}" },
            { "field": "to.country", "topic": "country-{field}" },
            { "header": "kind", "key-matches": "x", "topic": "{header}_{key}" },
        ]});
        let records = [
            record("red-7", "{}"),
            record(None, r#"{"to":{"country":"BE"}}"#),
            record(b"\xff", r#"{"to":{"country":"F\u0052"}}"#),
            record("x", "1").header("kind", "a"),
            record("y", r#"{"to":{}}"#),
            record("y", None),
        ];
        let [team, benelux, country, header, none, tombstone] = records.clone();
        assert_eq!(
            run::<Route>(parameters, records).records,
            [
                team.to_topic("team-red.7"),
                benelux.to_topic("benelux-BE"),
                country.to_topic("country-FR"),
                header.to_topic("a_x"),
                none,
                tombstone
            ]
        );
    }

    #[test]
    fn a_topic_that_comes_out_illegal_and_a_value_that_is_no_json_go_by_policy() {
        let parameters =
            |name: &str, policy: &str| json!({ "rules": [{ "field": "a", "topic": "t{field}" }], name: policy });
        let records = [record("k", r#"{"a":"x y"}"#), record("k", "{"), record("k", r#"{"a":1}"#)];
        let rejects = run::<Route>(parameters("not-json", "reject"), records.clone());
        assert_eq!(rejects.records, [record("k", r#"{"a":1}"#).to_topic("t1")]);
        assert!(rejects.rejected[0].reason.starts_with("`tx y` is no legal name of a topic"));
        assert!(rejects.rejected[1].reason.starts_with("the value is not JSON: "));
        assert_eq!(run::<Route>(parameters("illegal-topic", "drop"), records.clone()).dropped[0].input, 0);
        assert_eq!(run::<Route>(parameters("not-json", "keep"), records).sources, [1, 2]);
    }
}
