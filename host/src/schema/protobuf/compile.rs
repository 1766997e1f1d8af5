//! From the texts of files, as registries keep them, to descriptors.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::FileDescriptor;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::FileDescriptorProto;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use protox::{Compiler, Error};

use crate::text::printable;

/// The longest words about a text, in bytes.
const WORDS: usize = 300;
/// How deep things may stand within others. Messages may within some thirty, as protoc has it; the values of options are
/// bounded by nobody else, and each level of theirs takes tens of kilobytes of the stack.
const DEPTH: usize = 100;
/// What compiling gets of the stack, in bytes: several times what so deep an option takes, or a thousand files each of
/// which imports the next.
const STACK: usize = 128 << 20;

/// The files by their names.
struct Texts(HashMap<String, String>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        let text = self.0.get(name).ok_or_else(|| Error::file_not_found(name))?;
        match descriptor(text) {
            Some(descriptor) => {
                Ok(File::from_file_descriptor_proto(FileDescriptorProto { name: Some(name.to_owned()), ..descriptor }))
            }
            None => File::from_source(name, text),
        }
    }
}

/// What some clients register in place of a text: base64 of its descriptor. No text of a file is base64, since it has
/// spaces in it.
fn descriptor(text: &str) -> Option<FileDescriptorProto> {
    let bytes = BASE64_STANDARD.decode(text.trim()).ok()?;
    FileDescriptorProto::decode(bytes.as_slice()).ok()
}

/// Compiles a file with those that it imports; Google's own are there anyway.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn compile<'r>(
    text: &str,
    referenced: impl Iterator<Item = (&'r str, &'r str)>,
) -> Result<FileDescriptor, String> {
    let mut texts: HashMap<_, _> = referenced.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let mut name = "schema.proto".to_owned();
    while texts.contains_key(&name) {
        name.insert(0, '_');
    }
    texts.insert(name.clone(), text.to_owned());
    if texts.values().any(|text| nesting(text) > DEPTH) {
        return Err(format!("it is nested deeper than {DEPTH} levels"));
    }
    stacker::grow(STACK, || {
        let mut resolver = ChainFileResolver::new();
        resolver.add(Texts(texts));
        resolver.add(GoogleFileResolver::new());
        let mut compiler = Compiler::with_file_resolver(resolver);
        compiler.open_file(&name).map_err(|error| printable(&format!("{error:?}"), WORDS))?;
        compiler.descriptor_pool().get_file_by_name(&name).ok_or_else(|| "it is empty".to_owned())
    })
}

/// How deep things stand within others, outside of comments and strings.
fn nesting(text: &str) -> usize {
    if let Ok(bytes) = BASE64_STANDARD.decode(text.trim()) {
        // What is no text has no comments: nothing takes back what begins.
        return bytes.iter().filter(|byte| matches!(byte, b'{' | b'[' | b'<')).count();
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = match (byte, behind) {
            (b'{' | b'[' | b'<', _) => {
                depth += 1;
                deepest = deepest.max(depth);
                behind
            }
            (b'}' | b']' | b'>', _) => {
                depth = depth.saturating_sub(1);
                behind
            }
            (b'/', [b'/', ..]) => behind_first(behind, |behind| behind.starts_with(b"\n")),
            (b'/', [b'*', comment @ ..]) => behind_first(comment, |behind| behind.starts_with(b"*/")),
            (b'"' | b'\'', _) => behind_string(*byte, behind),
            _ => behind,
        };
    }
    deepest
}

fn behind_first(text: &[u8], is_end: impl Fn(&[u8]) -> bool) -> &[u8] {
    let end = (0..text.len()).find(|at| text.get(*at..).is_some_and(&is_end));
    end.and_then(|end| text.get(end..)).unwrap_or_default()
}

/// What is behind a string, which ends with its line at the latest.
fn behind_string(quote: u8, text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = match byte {
            b'\\' => behind.get(1..).unwrap_or_default(),
            b'\n' => return behind,
            byte if *byte == quote => return behind,
            _ => behind,
        };
    }
    rest
}
