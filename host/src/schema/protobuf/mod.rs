//! Values in Protobuf: read as Protobuf's own JSON, and written from it.
//!
//! A value says which message of its schema's file it is by [indexes](indexes). What is read and written is left to
//! prost-reflect; what is seen to here is that nothing is lost on the way and nothing nests without end.

mod compile;
mod indexes;
mod json;
mod walk;

use std::fmt;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, FileDescriptor, MessageDescriptor};

use super::avro::Misfit;

/// A file of messages, with all that it imports.
pub(super) struct File {
    /// As it was given.
    text: Arc<str>,
    file: FileDescriptor,
    /// That which values are that do not come of one, and the bytes that say so.
    message: MessageDescriptor,
    indexes: Vec<u8>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.text).field(&self.message.full_name()).finish()
    }
}

impl File {
    /// The file of this text, or of this base64 of a descriptor. `referenced` are those that it imports, by their paths;
    /// `message` is the full name of that which values are that do not come of one, else it is the first.
    ///
    /// # Errors
    /// A text that does not compile, an import that is missing, a message that there is not.
    pub(super) fn parse<'r>(
        text: &Arc<str>,
        referenced: impl Iterator<Item = (&'r str, &'r str)>,
        message: Option<&str>,
    ) -> Result<Self, String> {
        let file = compile::compile(text, referenced)?;
        let found = match message {
            Some(name) => file.parent_pool().get_message_by_name(name).filter(|message| message.parent_file() == file),
            None => file.messages().next(),
        };
        let message = found.ok_or_else(|| match message {
            Some(name) => format!("there is no message `{name}` in it"),
            None => "there is no message in it".to_owned(),
        })?;
        let indexes = indexes::of(&message);
        Ok(Self { text: Arc::clone(text), file, message, indexes })
    }

    /// As it was given.
    pub(super) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The full name of that message which values are that do not come of one.
    pub(super) fn name(&self) -> &str {
        self.message.full_name()
    }

    /// Which message a value is, the bytes that say so, and those of the message.
    fn split<'v>(&self, value: &'v [u8]) -> Result<(MessageDescriptor, &'v [u8], &'v [u8]), Misfit> {
        let (path, before) = indexes::read(value)?;
        let message = indexes::find(&self.file, &path)
            .ok_or_else(|| Misfit::of("its schema has no message at its indexes", format!("they are {path:?}")))?;
        Ok((message, before, value.get(before.len()..).unwrap_or_default()))
    }

    /// Appends a value as JSON; it begins with indexes, or is of that message which the file was opened for.
    ///
    /// # Errors
    /// What is no such value, or has no JSON.
    pub(super) fn append_json(&self, value: &[u8], has_indexes: bool, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let (message, body) = match has_indexes {
            true => self.split(value).map(|(message, _, body)| (message, body))?,
            false => (self.message.clone(), value),
        };
        json::append(&decode(message, body)?, out)
    }

    /// Appends a value of this file's, which no plugin changed, as it is.
    ///
    /// # Errors
    /// What is no such value.
    pub(super) fn keep(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
        let (message, _, body) = self.split(value)?;
        decode(message, body)?;
        out.extend_from_slice(value);
        Ok(())
    }

    /// Appends a value of another file's as one of this: the same bytes, by the numbers of their fields.
    ///
    /// # Errors
    /// What is no value of both.
    pub(super) fn take(&self, writer: &Self, value: &[u8], has_indexes: bool, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let (message, _, body) = writer.split(value)?;
        decode(message, body)?;
        decode(self.message.clone(), body)?;
        if has_indexes {
            out.extend_from_slice(&self.indexes);
        }
        out.extend_from_slice(body);
        Ok(())
    }

    /// Appends what a plugin made of a value of this file's.
    ///
    /// # Errors
    /// What is no such message; a value of which the plugin did not see all.
    pub(super) fn rewrite(&self, original: &[u8], json: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
        let (message, indexes, body) = self.split(original)?;
        walk::refuse_unknown(&decode(message.clone(), body)?)?;
        out.extend_from_slice(indexes);
        json::write(message, json, json::Beyond::Refused, out)
    }

    /// Appends what a plugin, or another language, made for a value that is to be of this file's.
    ///
    /// # Errors
    /// What is no such message; a value of which the plugin did not see all.
    pub(super) fn write(
        &self,
        original: Option<(&Self, &[u8])>,
        json: &[u8],
        has_indexes: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Misfit> {
        let mut beyond = json::Beyond::Refused;
        if let Some((writer, original)) = original {
            let (message, _, body) = writer.split(original)?;
            walk::refuse_unknown(&decode(message, body)?)?;
            // What only the older message has stands in the JSON, whoever wrote it.
            beyond = json::Beyond::LeftOut;
        }
        if has_indexes {
            out.extend_from_slice(&self.indexes);
        }
        json::write(self.message.clone(), json, beyond, out)
    }
}

/// The bytes that a value begins with to say which message it is.
///
/// # Errors
/// It has none.
pub(super) fn indexes_of(value: &[u8]) -> Result<&[u8], Misfit> {
    indexes::read(value).map(|(_, indexes)| indexes)
}

/// The message that some bytes are. How deep it nests is bounded by prost.
fn decode(message: MessageDescriptor, body: &[u8]) -> Result<DynamicMessage, Misfit> {
    let what = format!("it is no `{}`", message.full_name());
    DynamicMessage::decode(message, body).map_err(|error| Misfit::of(what, error.to_string()))
}

#[cfg(test)]
mod tests;
