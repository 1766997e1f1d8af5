//! What is seen to before a message becomes JSON, or takes the place of one that did.
//!
//! An `Any` holds the bytes of another message, which may hold an `Any` in turn. prost bounds how deep a message nests, but
//! each of those is one of its own, which it begins to count for anew.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::super::avro::Misfit;

/// How deep messages may nest, those within an `Any` counted.
const DEPTH: usize = 100;
const ANY: &str = "google.protobuf.Any";

/// # Errors
/// It nests too deeply to be written as JSON.
pub(super) fn bound(message: &DynamicMessage) -> Result<(), Misfit> {
    visit(message, 0, &|_| Ok(()))
}

/// # Errors
/// It has fields that its schema does not know: its JSON lacks them, and what is made of that would.
pub(super) fn refuse_unknown(message: &DynamicMessage) -> Result<(), Misfit> {
    visit(message, 0, &|message| match message.unknown_fields().next() {
        None => Ok(()),
        Some(field) => Err(Misfit::of(
            "it has a field that its schema does not know, which would be lost where a plugin changes the value",
            format!("the field {} of `{}`", field.number(), message.descriptor().full_name()),
        )),
    })
}

fn visit(
    message: &DynamicMessage,
    depth: usize,
    look: &dyn Fn(&DynamicMessage) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    if depth > DEPTH {
        return Err(Misfit::new(format!("it is nested deeper than {DEPTH} levels")));
    }
    look(message)?;
    if message.descriptor().full_name() == ANY {
        return match held(message) {
            Some(held) => visit(&held, depth + 1, look),
            None => Ok(()),
        };
    }
    let fields = message.fields().map(|(_, value)| value).chain(message.extensions().map(|(_, value)| value));
    for value in fields {
        let within = |value: &Value| match value {
            Value::Message(message) => visit(message, depth + 1, look),
            _ => Ok(()),
        };
        match value {
            Value::List(items) => items.iter().try_for_each(within)?,
            Value::Map(entries) => entries.values().try_for_each(within)?,
            value => within(value)?,
        }
    }
    Ok(())
}

/// What an `Any` holds; `None`: what its JSON will be refused for.
fn held(any: &DynamicMessage) -> Option<DynamicMessage> {
    let url = any.get_field_by_name("type_url")?;
    let (_, name) = url.as_str()?.rsplit_once('/')?;
    let message = any.descriptor().parent_pool().get_message_by_name(name)?;
    let value = any.get_field_by_name("value")?;
    DynamicMessage::decode(message, value.as_bytes()?.clone()).ok()
}
