//! Sends records to other topics, by the value of a header or by the beginning of the key.
//!
//! The first rule that fits decides. A record that no rule fits goes where the job sends it, or to
//! the topic of `otherwise`.

use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

#[derive(Deserialize, Parameters)]
struct Settings {
    /// What goes where: tables of `topic` with `header` and `equals`, with `key-prefix`, or with all.
    #[parameter(any)]
    rules: Vec<Rule>,
    /// The topic of records that no rule fits; without it they go where the job sends them.
    otherwise: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Rule {
    topic: String,
    header: Option<String>,
    equals: Option<String>,
    key_prefix: Option<String>,
}

impl Rule {
    /// Whether everything that the rule asks for holds.
    fn fits(&self, record: &Record<'_>) -> bool {
        let header = self.header.as_ref().is_none_or(|name| {
            let value = record.header(name).and_then(|header| header.value);
            value.is_some() && value == self.equals.as_ref().map(String::as_bytes)
        });
        let prefix = |prefix: &String| record.key().is_some_and(|key| key.starts_with(prefix.as_bytes()));
        header && self.key_prefix.as_ref().is_none_or(prefix)
    }
}

/// What is wrong with a topic's name, if Kafka takes none of this name
/// (`org.apache.kafka.common.internals.Topic`).
fn illegal(name: &str) -> Option<String> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_topic = (1..=249).contains(&name.len()) && !matches!(name, "." | "..") && name.bytes().all(is_legal);
    let rule = "1 to 249 letters of ASCII, digits, `.`, `_` and `-`, but neither `.` nor `..`";
    (!is_topic).then(|| format!("`{name}` is no legal name of a topic, which is {rule}"))
}

struct Route(Settings);

impl Configure for Route {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        // Told here and not at the first record that fits, which may come late and looks like the plugin's fault.
        if let Some(wrong) = settings.otherwise.as_deref().and_then(illegal) {
            return Err(ConfigurationError::in_parameter("otherwise", wrong));
        }
        for (index, rule) in settings.rules.iter().enumerate() {
            if let Some(wrong) = illegal(&rule.topic) {
                return Err(ConfigurationError::in_parameter("rules", format!("rule {}: {wrong}", index + 1)));
            }
            let wrong = match (&rule.header, &rule.equals, &rule.key_prefix) {
                (Some(_), None, _) => "names a `header` but not what it `equals`",
                (None, Some(_), _) => "says `equals` but names no `header`",
                (None, None, None) => "fits every record: use `otherwise`",
                _ => continue,
            };
            return Err(ConfigurationError::in_parameter("rules", format!("the rule for `{}` {wrong}", rule.topic)));
        }
        Ok(Self(settings))
    }
}

impl Plugin for Route {
    const READS: Columns = Columns::KEY.union(Columns::HEADERS);
    const CHANGES: Columns = Columns::TOPIC;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let rule = self.0.rules.iter().find(|rule| rule.fits(&record));
        if let Some(topic) = rule.map(|rule| &rule.topic).or(self.0.otherwise.as_ref()) {
            record.set_topic(topic);
        }
        record.keep()
    }
}

anabranch_plugin::export!(Route);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

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
        assert_eq!(half, "the rule for `t` names a `header` but not what it `equals`");
        assert_eq!(message(json!({ "topic": "t" })), "the rule for `t` fits every record: use `otherwise`");
        let unknown = message(json!({ "topic": "t", "key-prefx": "a" }));
        assert!(unknown.starts_with("unknown field `key-prefx`, expected one of"), "{unknown}");
    }
}
