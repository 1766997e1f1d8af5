//! Messages as Protobuf's own JSON, by prost-reflect.

use prost_reflect::prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};

use super::super::avro::Misfit;
use super::walk;
use crate::batch::Limits;
use crate::json::Bounded;

/// What becomes of a field that the message does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    Refused,
    LeftOut,
}

/// Appends a message. Numbers of 64 bits are numbers, which plugins read in full; fields that cannot be absent are there.
///
/// # Errors
/// It has no JSON: a time beyond the year 9999, what is within an `Any` of an unknown type.
pub(super) fn append(message: &DynamicMessage, out: &mut Vec<u8>) -> Result<(), Misfit> {
    walk::bound(message)?;
    let options = SerializeOptions::new().stringify_64_bit_integers(false).skip_default_fields(false);
    let mut bounded = Bounded::new(out, Limits::RECORD);
    let written = message.serialize_with_options(&mut serde_json::Serializer::new(&mut bounded), &options);
    bounded.check().map_err(Misfit::new)?;
    written.map_err(|error| Misfit::of("it has no JSON", error.to_string()))
}

/// Appends the message that a JSON text is.
///
/// # Errors
/// It is no such message.
pub(super) fn write(message: MessageDescriptor, json: &[u8], beyond: Beyond, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let what = format!("its JSON is no `{}`", message.full_name());
    let options = DeserializeOptions::new().deny_unknown_fields(beyond == Beyond::Refused);
    let mut text = serde_json::Deserializer::from_slice(json);
    let read = DynamicMessage::deserialize_with_options(message, &mut text, &options);
    let message = read.and_then(|message| text.end().map(|()| message));
    let message = message.map_err(|error| Misfit::of(what, error.to_string()))?;
    out.extend_from_slice(&message.encode_to_vec());
    Ok(())
}
