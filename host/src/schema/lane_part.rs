//! The keys or the values of a lane, one at a time: what each becomes, and what names its schema then.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{Array, BinaryArray};
use arrow_buffer::{Buffer, OffsetBuffer};

use super::avro::Misfit;
use super::error::ValuesError;
use super::framing::{self, Mark, Stamp};
use super::language::{self, Language};
use super::marks::Change;
use super::turn::{self, Turner};
use super::way::{Part, Way};
use crate::batch::{Headers, Limits, RowHeaders, value_at};
use crate::job::ValueEncoding;

/// See the module.
pub(super) struct LanePart {
    pub(super) part: Arc<Part>,
    topic: Arc<str>,
    /// Whether plugins look at them.
    pub(super) is_seen: bool,
    /// The header that may name their schema.
    pub(super) header: &'static str,
    ways: HashMap<Stamp, Result<Arc<Way>, Misfit>>,
    turner: Turner,
    /// A value under way.
    pub(super) buffer: Vec<u8>,
    /// What its header is to be.
    mark: Vec<u8>,
}

/// A value as it came.
#[derive(Clone, Copy)]
pub(super) struct Given<'v> {
    pub(super) value: &'v [u8],
    /// What the header says that names its schema.
    pub(super) header: Option<&'v [u8]>,
}

/// Something is wrong with one value; or with more.
pub(super) enum Trouble {
    Misfit(Misfit),
    Values(ValuesError),
}

impl From<Misfit> for Trouble {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl From<ValuesError> for Trouble {
    fn from(error: ValuesError) -> Self {
        Self::Values(error)
    }
}

/// A value without what names its schema: what becomes of it, its bytes, and how many of them stood in the header.
type Bare<'v> = (Arc<Way>, Cow<'v, [u8]>, usize);

impl LanePart {
    pub(super) fn new(part: Arc<Part>, topic: Arc<str>, is_seen: bool) -> Self {
        // Where ids alone are rewritten, plugins see the bytes as they are.
        let is_seen = is_seen && part.settings.encoding != ValueEncoding::RewriteIds;
        let header = framing::header_name(part.name);
        let (ways, turner) = (HashMap::new(), Turner::default());
        Self { part, topic, is_seen, header, ways, turner, buffer: Vec::new(), mark: Vec::new() }
    }

    /// Whether ids alone change, whoever has written what stands behind them.
    pub(super) fn rewrites(&self) -> bool {
        self.part.settings.encoding == ValueEncoding::RewriteIds
    }

    /// Whether headers of these records may name the schema.
    pub(super) fn is_named_in(&self, headers: &Headers) -> bool {
        let Part { settings, .. } = &*self.part;
        let is_json = settings.encoding == ValueEncoding::Json && settings.becomes() == ValueEncoding::Json;
        !is_json && framing::may_hold(headers, self.header)
    }

    /// What the header of a record says that names the schema, of a record whose headers may.
    ///
    /// # Errors
    /// Headers that contradict each other.
    pub(super) fn header<'h>(&self, headers: Option<RowHeaders<'h>>) -> Result<Option<&'h [u8]>, Misfit> {
        headers.map_or(Ok(None), |headers| framing::header(headers, self.header))
    }

    fn bare<'v>(&mut self, Given { value, header }: Given<'v>) -> Result<Bare<'v>, Trouble> {
        let Some(header) = header else {
            let (stamp, rest) = match self.part.settings.reads_ids() {
                true => framing::read(value).map(|(id, rest)| (Stamp::Before(id), rest))?,
                false => (Stamp::None, value),
            };
            return Ok((self.way_of(stamp)?, Cow::Borrowed(rest), 0));
        };
        let (name, indexes) = framing::read_header(header)?;
        let way = self.way_of(Stamp::Header(name))?;
        let rest = match indexes {
            [] if matches!(way.writer.as_deref(), Some(Language::Protobuf(_))) => {
                return Err(Misfit::new("the header names its schema, and not which message of it it is").into());
            }
            [] => Cow::Borrowed(value),
            _ if way.may_have_indexes() => Cow::Owned([indexes, value].concat()),
            _ => {
                let detail = format!("{} bytes", indexes.len());
                return Err(Misfit::of("more than its schema's name stands in the header", detail).into());
            }
        };
        Ok((way, rest, indexes.len()))
    }

    fn way_of(&mut self, stamp: Stamp) -> Result<Arc<Way>, Trouble> {
        if let Some(way) = self.ways.get(&stamp) {
            return Ok(way.clone()?);
        }
        let way = self.part.way(stamp, &self.topic)?;
        self.ways.insert(stamp, way.clone());
        Ok(way?)
    }

    /// Appends a value as plugins get it.
    pub(super) fn decode(&mut self, given: Given<'_>, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let (way, rest, _) = self.bare(given)?;
        Ok(self.turner.decode(&way, &rest, out)?)
    }

    /// A column as people are shown it: as JSON, and what is none after all with its bytes.
    pub(super) fn shown(&mut self, given: &BinaryArray, headers: &Headers) -> Result<BinaryArray, ValuesError> {
        if language::kind(self.part.settings.encoding).is_none() {
            return Ok(given.clone());
        }
        let is_named = self.is_named_in(headers);
        let mut column = BinaryBuilder::with_capacity(given.len(), given.value_data().len());
        let mut buffer = Vec::new();
        for row in 0..given.len() {
            let value = value_at(given, row);
            let decoded = push(&mut column, value, &mut buffer, |value, out| {
                let header = self.header(is_named.then(|| headers.row(row)))?;
                self.decode(Given { value, header }, out)
            });
            match decoded {
                Ok(_) => {}
                Err(Trouble::Misfit(_)) => column.append_option(value),
                Err(Trouble::Values(error)) => return Err(error),
            }
        }
        Ok(column.finish())
    }

    /// Appends what a value becomes that no plugin has changed, and says what becomes of its header.
    pub(super) fn pass(&mut self, given: Given<'_>, out: &mut Vec<u8>) -> Result<Change<&[u8]>, Trouble> {
        let (way, rest, indexes) = self.bare(given)?;
        let start = out.len();
        self.turner.pass(&way, &rest, out)?;
        self.finish(&way, given.header, indexes, start, out)
    }

    /// Appends what a value becomes that a plugin has made, of one that was `original` if there was one, and says what
    /// becomes of its header.
    pub(super) fn encode(
        &mut self,
        json: &[u8],
        original: Option<&[u8]>,
        header: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<Change<&[u8]>, Trouble> {
        let (way, rest, indexes) = match (original, header) {
            (Some(value), _) => {
                let (way, rest, indexes) = self.bare(Given { value, header })?;
                (way, Some(rest), indexes)
            }
            (None, Some(header)) => (self.way_of(Stamp::Header(framing::read_header(header)?.0))?, None, 0),
            (None, None) => (self.way_of(Stamp::None)?, None, 0),
        };
        let start = out.len();
        self.turner.encode(&way, json, rest.as_deref(), out)?;
        self.finish(&way, header, indexes, start, out)
    }

    /// Puts what names the schema of a value where it belongs, or shows what is not sent.
    fn finish(
        &mut self,
        way: &Way,
        header: Option<&[u8]>,
        indexes: usize,
        start: usize,
        out: &mut Vec<u8>,
    ) -> Result<Change<&[u8]>, Trouble> {
        // Headers are shown as they came: what they will be is not known before the schema is registered.
        if self.part.is_shown() && !self.rewrites() {
            turn::show(way, start, out)?;
            return Ok(Change::Kept);
        }
        let Some(Mark::Header(mark)) = &way.mark else {
            return Ok(if header.is_some() { Change::LeftOut } else { Change::Kept });
        };
        let indexes = turn::indexes(way, indexes, out.get(start..).unwrap_or_default())?;
        self.mark.clear();
        self.mark.extend_from_slice(mark);
        self.mark.extend(out.drain(start..(start + indexes).min(out.len())));
        Ok(Change::Set(&self.mark))
    }

    /// A column of which only the ids change, which have one size: its bytes are copied at once, and the ids put over those
    /// that are there. `None` where any value is not so simple, which the way of one by one tells.
    pub(super) fn rewritten(&mut self, column: &BinaryArray) -> Option<BinaryArray> {
        if !self.rewrites() {
            return None;
        }
        let offsets = column.offsets();
        let [first, .., last] = **offsets else { return None };
        let mut data = column.value_data().get(usize::try_from(first).ok()?..usize::try_from(last).ok()?)?.to_vec();
        let mut known: Option<(i32, framing::Prefix)> = None;
        for (row, offset) in offsets.iter().enumerate().take(column.len()) {
            let Some(value) = value_at(column, row) else { continue };
            let (id, _) = framing::read(value).ok()?;
            let prefix = match known {
                Some((last, prefix)) if last == id => prefix,
                _ => match self.way_of(Stamp::Before(id)).ok()?.mark {
                    Some(Mark::Before(prefix)) => prefix,
                    _ => return None,
                },
            };
            known = Some((id, prefix));
            let at = usize::try_from(offset - first).ok()?;
            data.get_mut(at..at + prefix.len())?.copy_from_slice(&prefix);
        }
        let offsets = match first {
            0 => offsets.clone(),
            _ => OffsetBuffer::new(offsets.iter().map(|offset| offset - first).collect()),
        };
        BinaryArray::try_new(offsets, Buffer::from_vec(data), column.nulls().cloned()).ok()
    }
}

/// A column under construction, a value at a time. What `write` gives besides is given for values that are there.
pub(super) fn push<T>(
    column: &mut BinaryBuilder,
    value: Option<&[u8]>,
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&[u8], &mut Vec<u8>) -> Result<T, Trouble>,
) -> Result<Option<T>, Trouble> {
    let Some(value) = value else {
        column.append_null();
        return Ok(None);
    };
    buffer.clear();
    let given = write(value, buffer)?;
    // Columns of a batch have offsets of 32 bits, and a few bytes of Avro may stand for much JSON, or for long defaults.
    if column.values_slice().len() + buffer.len() > Limits::RECORD {
        return Err(Misfit::new(format!("a batch of such values takes more than {} MiB", Limits::RECORD >> 20)).into());
    }
    column.append_value(buffer);
    Ok(Some(given))
}
