//! Parameters of a job against what a plugin takes.

use serde_json::{Value, json};

use super::guests::Guest;
use super::layout::Parameter;
use super::{Bench, shown};
use crate::failure::{Exit, Explain};

fn parameter(name: &str, kind: u8, required: bool, default: Option<&str>) -> Parameter {
    (name.to_owned(), kind, u8::from(required), default.map(str::to_owned), format!("what {name} is for"))
}

fn guest(parameters: Vec<Parameter>) -> Guest {
    Guest { name: "mask".to_owned(), parameters, ..Guest::default() }
}

/// What is said of `given` by a plugin that takes a bit of everything.
fn checked(given: Value) -> String {
    let guest = guest(vec![
        parameter("fields", 4, true, None),
        parameter("replacement", 0, false, Some("\"***\"")),
        parameter("keep", 1, false, None),
        parameter("share", 2, false, Some("0.5")),
        parameter("strict", 3, false, None),
        parameter("rules", 5, false, None),
    ]);
    let mut bench = Bench::of(&[&guest]);
    bench.uses[0].parameters = given.as_object().unwrap().clone();
    match bench.load() {
        Ok(_) => "accepted".to_owned(),
        Err(error) => {
            assert_eq!(error.exit(), Exit::Usage);
            shown(&error)
        }
    }
}

#[test]
fn parameters_are_checked_before_any_record() {
    assert_eq!(
        checked(json!({ "fields": ["a"], "keep": 3, "share": 1, "strict": true, "rules": { "a": [1] } })),
        "accepted"
    );
    insta::assert_snapshot!(checked(json!({ "fields": [], "replacment": "x" })), @r"
    plugin `mask` takes no parameter `replacment`
    hint: did you mean `replacement`?
    ");
    insta::assert_snapshot!(checked(json!({ "fields": [], "xyzzy": 1 })), @r"
    plugin `mask` takes no parameter `xyzzy`
    hint: it takes `fields`, `replacement`, `keep`, `share`, `strict`, `rules`
    ");
    insta::assert_snapshot!(checked(json!({})), @r"
    plugin `mask` needs the parameter `fields`
    hint: set `fields` in the plugin's `parameters`: what fields is for
    ");
    insta::assert_snapshot!(checked(json!({ "fields": "a" })), @r#"
    parameter `fields` of plugin `mask` must be a list of texts, not a text
    hint: it is written as a list: `--param 'fields=["a", "b"]'`; what is no JSON there is taken for a text
    "#);
    insta::assert_snapshot!(checked(json!({ "fields": [], "replacement": 1 })), @r#"
    parameter `replacement` of plugin `mask` must be a text, not the integer `1`
    hint: a text that looks like something else has quotes: `--param 'replacement="1"'`, or in a job `replacement = "1"`
    "#);
    insta::assert_snapshot!(checked(json!({ "fields": [], "keep": "1e400" })), @r#"
    parameter `keep` of plugin `mask` must be an integer, not a text
    hint: it has no quotes in a job; and after `--param` what is no JSON is taken for a text
    "#);
    let wrong = [
        (json!({ "fields": [1] }), "must be a list of texts, not a list in which number 1 is the integer `1`"),
        (json!({ "fields": [], "keep": 1.5 }), "must be an integer, not the number `1.5`"),
        (json!({ "fields": [], "share": "half" }), "must be a number, not a text"),
        (json!({ "fields": [], "strict": 1 }), "must be a boolean, not the integer `1`"),
        (json!({ "fields": [], "replacement": null }), "must be a text, not null"),
        (json!({ "fields": [], "replacement": { "a": 1 } }), "must be a text, not a table"),
    ];
    for (given, expected) in wrong {
        let text = checked(given);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_description_that_contradicts_itself_is_refused() {
    let cases = [
        (guest(vec![parameter("a", 0, false, None); 2]), "the parameter `a` appears twice"),
        (guest(vec![parameter("a", 0, false, Some("not json"))]), "the default of the parameter `a` is not JSON"),
        (guest(vec![parameter("a", 1, false, Some("\"x\""))]), "the default of the parameter `a` is not an integer"),
        (guest(vec![parameter("a", 0, true, Some("\"x\""))]), "the parameter `a` is required and has a default"),
        (guest(vec![parameter("", 0, true, None)]), "is no name for a parameter"),
        (Guest { version: " ".to_owned(), ..guest(Vec::new()) }, "its version is empty"),
    ];
    for (guest, expected) in cases {
        let error = Bench::of(&[&guest]).load().err().unwrap().to_string();
        assert!(error.starts_with("plugin `mask` describes itself wrongly: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_plugin_can_refuse_its_configuration() {
    let refuses = |parameter: Option<&str>| Guest {
        refuses: Some((parameter.map(str::to_owned), "`[` is not closed".to_owned())),
        ..guest(Vec::new())
    };
    let error = Bench::of(&[&refuses(Some("pattern"))]).open().err().unwrap();
    insta::assert_snapshot!(shown(&error), @"plugin `mask 1.2.3` refuses the parameter `pattern` for `orders-3`: `[` is not closed");
    let error = Bench::of(&[&refuses(None)]).open().err().unwrap();
    insta::assert_snapshot!(shown(&error), @"plugin `mask 1.2.3` refuses its configuration for `orders-3`: `[` is not closed");
}
