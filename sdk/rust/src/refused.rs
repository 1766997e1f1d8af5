//! What serde does not take of the parameters, told as the job file has it.
//!
//! Serde names a column of the JSON that the host writes, which nobody has ever seen. The column tells which parameter it
//! is, and of a list which of its items.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::ConfigurationError;

/// The error for `json`, an object of parameters, which serde did not take.
pub(crate) fn refused(json: &str, error: &serde_json::Error) -> ConfigurationError {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&place).unwrap_or(&text);
    match parameter(json, error) {
        Some((name, Some(item))) => {
            ConfigurationError::in_parameter(name, format!("number {item} of the list: {message}"))
        }
        Some((name, None)) => ConfigurationError::in_parameter(name, message),
        None => ConfigurationError::new(message),
    }
}

/// The parameter within which serde stopped, and of a list the item, counted from 1.
fn parameter(json: &str, error: &serde_json::Error) -> Option<(String, Option<usize>)> {
    // The host writes one line; where there are several, a column tells nothing.
    if error.line() != 1 {
        return None;
    }
    let parameters: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    let is_within = |value: &RawValue| {
        let first = value.get().as_ptr() as usize - json.as_ptr() as usize;
        // Before it stands where its kind is not the expected one.
        (first..=first + value.get().len()).contains(&error.column())
    };
    let (name, value) = parameters.into_iter().find(|(_, value)| is_within(value))?;
    let items: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
    let item = items.into_iter().position(is_within);
    Some((name, item.map(|index| index + 1)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crate::__private::parse;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only what cannot be read is looked at")]
    struct Rule {
        to: String,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Keep,
    }

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code, reason = "only what cannot be read is looked at")]
    struct Settings {
        first: u8,
        rules: Vec<Rule>,
        word: Word,
    }

    #[test]
    fn what_serde_does_not_take_is_told_by_parameter_and_item_and_without_a_column() {
        let said = |first: &str, rules: &str, word: &str| {
            let json = format!(r#"{{"first":{first},"rules":{rules},"word":{word}}}"#);
            let error = parse::<Settings>(&json).unwrap_err();
            (error.parameter.unwrap_or_default(), error.message)
        };
        let due = |parameter: &str, message: &str| (parameter.to_owned(), message.to_owned());
        assert_eq!(said("1", "[]", "\"kep\""), due("word", "unknown variant `kep`, expected `keep`"));
        assert_eq!(
            said("1", r#"[{"to":"a"},{"too":"b"}]"#, "\"keep\""),
            due("rules", "number 2 of the list: unknown field `too`, expected `to`")
        );
        assert_eq!(said("1", r#"[{"to":"a"},{}]"#, "1"), due("rules", "number 2 of the list: missing field `to`"));
        assert_eq!(
            said("1", r#"[{"to":1},{}]"#, "1"),
            due("rules", "number 1 of the list: invalid type: integer `1`, expected a string")
        );
        assert_eq!(said("1", "{}", "1"), due("rules", "invalid type: map, expected a sequence"));
        assert_eq!(said("1", "[[]]", "1").0, "rules");
        assert_eq!(
            said("1", r#"[{"to":"a"},{"to":[]}]"#, "1").1,
            "number 2 of the list: invalid type: sequence, expected a string"
        );
        assert_eq!(said("256", "[]", "1"), due("first", "invalid value: integer `256`, expected u8"));
        let missing = parse::<Settings>(r#"{"first":1,"rules":[]}"#).unwrap_err();
        assert_eq!((missing.parameter, &*missing.message), (None, "missing field `word`"));
    }
}
