//! Edits against the same edits of `serde_json`'s values, and bytes that must not change.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use anabranch_json::{Document, Node, Path, Paths};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// JSON values with few names, so that paths meet them.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a\"\\\\é\n]{0,4}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d.e", "\"", "é"]).prop_map(str::to_owned)
}

/// The value as text with white space and escapes that nobody asked for.
fn written(value: &Value, spaces: &mut impl Iterator<Item = u8>) -> String {
    let mut space = || ["", " ", "\n\t", "  "][usize::from(spaces.next().unwrap_or(0) % 4)];
    match value {
        Value::Object(map) if map.is_empty() => format!("{{{}}}", space()),
        Value::Array(list) if list.is_empty() => format!("[{}]", space()),
        Value::Object(map) => {
            let fields: Vec<_> = map
                .iter()
                .map(|(name, value)| {
                    let name = if name == "a" { "\"\\u0061\"".to_owned() } else { json!(name).to_string() };
                    let (one, two, three, four) = (space(), space(), space(), space());
                    (one, name, two, three, value, four)
                })
                .collect();
            let fields = fields.into_iter().map(|(one, name, two, three, value, four)| {
                format!("{one}{name}{two}:{three}{}{four}", written(value, spaces))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => {
            let items: Vec<_> = list.iter().map(|value| (space(), value, space())).collect();
            let items = items.into_iter().map(|(one, value, two)| format!("{one}{}{two}", written(value, spaces)));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn text() -> impl Strategy<Value = (Value, String)> {
    (value(), prop::collection::vec(any::<u8>(), 200)).prop_map(|(value, spaces)| {
        let text = format!(" {}\n", written(&value, &mut spaces.into_iter()));
        (value, text)
    })
}

#[derive(Clone, Debug)]
enum Step {
    Name(String),
    Index(usize),
    Any,
}

fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    let step = prop_oneof![
        4 => name().prop_map(Step::Name),
        1 => (0usize..3).prop_map(Step::Index),
        1 => Just(Step::Any)
    ];
    prop::collection::vec((prop::bool::weighted(0.2), step), 1..4)
}

fn path(steps: &[(bool, Step)]) -> Path {
    let mut written = "$".to_owned();
    for (at_any_depth, step) in steps {
        let quoted = |name: &str| json!(name).to_string();
        written += if *at_any_depth { ".." } else { "" };
        written += &match step {
            Step::Name(name) => format!("[{}]", quoted(name)),
            Step::Index(index) => format!("[{index}]"),
            Step::Any => "[*]".to_owned(),
        };
    }
    written.parse().unwrap()
}

/// Changes everything that the steps mean, outermost only, as the simplest code would: `None` leaves it out.
fn model(value: &mut Value, states: &[usize], steps: &[(bool, Step)], edit: &mut dyn FnMut(&Value) -> Option<Value>) {
    let below = |fits: &dyn Fn(&Step) -> bool| {
        let (mut next, mut is_meant) = (Vec::new(), false);
        for state in states {
            let (at_any_depth, step) = &steps[*state];
            if *at_any_depth {
                next.push(*state);
            }
            if fits(step) {
                if *state + 1 == steps.len() { is_meant = true } else { next.push(*state + 1) }
            }
        }
        next.sort_unstable();
        next.dedup();
        (next, is_meant)
    };
    match value {
        Value::Object(map) => {
            let mut made = Map::new();
            for (name, mut value) in std::mem::take(map) {
                let (next, is_meant) =
                    below(&|step| matches!(step, Step::Any) || matches!(step, Step::Name(of) if *of == name));
                if is_meant {
                    if let Some(value) = edit(&value) {
                        made.insert(name, value);
                    }
                } else {
                    model(&mut value, &next, steps, edit);
                    made.insert(name, value);
                }
            }
            *map = made;
        }
        Value::Array(list) => {
            let mut made = Vec::new();
            for (at, mut value) in std::mem::take(list).into_iter().enumerate() {
                let (next, is_meant) =
                    below(&|step| matches!(step, Step::Any) || matches!(step, Step::Index(of) if *of == at));
                if is_meant {
                    made.extend(edit(&value));
                } else {
                    model(&mut value, &next, steps, edit);
                    made.push(value);
                }
            }
            *list = made;
        }
        _ => {}
    }
}

fn read(document: &Document<'_>) -> Value {
    serde_json::from_str(&document.to_string()).unwrap()
}

proptest! {
    #[test]
    fn an_edit_that_changes_nothing_gives_the_same_bytes((_, text) in text(), steps in steps()) {
        let path = path(&steps);
        let mut document = Document::open(&text).unwrap();
        document.each(&path, |_| {});
        document.remove_where(&path, |_| false);
        document.each(&"..*".parse().unwrap(), |_| {});
        prop_assert_eq!(document.to_string(), text);
    }

    #[test]
    fn what_is_found_is_what_the_model_changes((value, text) in text(), steps in steps()) {
        let mut found = Vec::new();
        model(&mut value.clone(), &[0], &steps, &mut |value| {
            found.push(value.clone());
            Some(value.clone())
        });
        let mut paths = Paths::new(vec![path(&steps)]);
        let places = paths.find(&text).unwrap().iter();
        let mut came: Vec<Value> = places.map(|place| serde_json::from_str(&text[place.span.clone()]).unwrap()).collect();
        // The model's objects are sorted by name, and so is the text, which is made of them.
        prop_assert_eq!(&came, &found);
        came.clear();
        Document::open(&text).unwrap().each(&path(&steps), |node| came.push(serde_json::from_str(&node.text()).unwrap()));
        prop_assert_eq!(came, found);
    }

    #[test]
    fn replaced_and_removed_as_in_the_model((value, text) in text(), steps in steps()) {
        let mut replaced = value.clone();
        model(&mut replaced, &[0], &steps, &mut |_| Some(json!("***")));
        let mut document = Document::open(&text).unwrap();
        document.each(&path(&steps), |node| *node = Node::string("***"));
        prop_assert_eq!(read(&document), replaced);

        let mut removed = value;
        model(&mut removed, &[0], &steps, &mut |_| None);
        let mut document = Document::open(&text).unwrap();
        document.remove(&path(&steps));
        prop_assert_eq!(read(&document), removed);
    }

    #[test]
    fn what_is_put_somewhere_is_there((value, text) in text(), names in prop::collection::vec(name(), 1..4), put in value()) {
        let steps: Vec<_> = names.iter().map(|name| (false, Step::Name(name.clone()))).collect();
        let path = path(&steps);
        let mut document = Document::open(&text).unwrap();
        let put_text = put.to_string();
        if document.insert(&path, Node::parse(&put_text).unwrap()).is_ok() {
            let came: Value = serde_json::from_str(&document.get(&path).unwrap()).unwrap();
            prop_assert_eq!(&came, &put);
            let taken = document.take(&path).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&taken.text()).unwrap(), put);
            prop_assert!(document.get(&path).is_none());
            serde_json::from_str::<Value>(&document.to_string()).unwrap();
        } else {
            // Nothing is changed where there is no room, and there is room in an object.
            prop_assert_eq!(document.to_string(), text);
            prop_assert!(!value.is_object() || names.len() > 1);
        }
    }

    #[test]
    fn an_item_that_a_list_does_not_have_is_no_room((_, text) in text(), names in prop::collection::vec(name(), 0..3)) {
        let mut steps: Vec<_> = names.into_iter().map(|name| (false, Step::Name(name))).collect();
        steps.push((false, Step::Index(9)));
        let mut document = Document::open(&text).unwrap();
        prop_assert!(document.insert(&path(&steps), Node::null()).is_err());
        prop_assert_eq!(document.to_string(), text);
    }

    #[test]
    fn a_renamed_field_keeps_its_place_and_value((value, text) in text(), from in name(), to in name()) {
        let mut document = Document::open(&text).unwrap();
        let count = document.rename(&Path::field(&from), &to);
        let mut due = value.clone();
        if let Some(map) = due.as_object_mut() && let Some(moved) = map.remove(&from) {
            prop_assert_eq!(count, 1);
            map.insert(to, moved);
        }
        prop_assert_eq!(read(&document), due);
    }

    #[test]
    fn what_is_json_is_what_serde_takes(text in "[\\[\\]{}:,\"\\\\u0-9aeE+.\\-truefalsn \n\t]{0,12}") {
        let ours = Paths::new(Vec::new()).find(&text).is_ok();
        let serdes = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(ours, serdes, "{}", text);
    }

    #[test]
    fn text_that_was_cut_or_changed_is_judged_as_serde_judges_it((_, text) in text(), at in any::<prop::sample::Index>(), letter in "[\\[\\]{}:,\"\\\\0-9eE. -]") {
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        letters[at] = letter.chars().next().unwrap();
        for text in [letters.iter().collect::<String>(), letters[..at].iter().collect()] {
            let ours = Document::open(&text).is_ok();
            let serdes = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(ours, serdes, "{}", text);
        }
    }
}
