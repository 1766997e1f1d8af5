//! How a value names its schema: before it, by a zero and the id in four bytes; or in a header of its record, by the same or
//! by a one and a guid of sixteen bytes. What says which message of a Protobuf file it is follows on that, here or there
//! ([Confluent's wire format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format)).

use uuid::Uuid;

use super::avro::Misfit;
use crate::batch::{Headers, RowHeaders};
use crate::registry::SchemaName;

/// What stands before an id.
const ID: u8 = 0;
/// What stands before a guid.
const GUID: u8 = 1;

/// What stands before a value.
pub(super) type Prefix = [u8; 5];

/// Where a value that comes names its schema, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stamp {
    /// Nowhere.
    None,
    /// Before it.
    Before(i32),
    /// In a header.
    Header(SchemaName),
}

impl Stamp {
    pub(super) fn name(self) -> Option<SchemaName> {
        match self {
            Self::None => None,
            Self::Before(id) => Some(SchemaName::Id(id)),
            Self::Header(name) => Some(name),
        }
    }

    /// What names this schema where it stands.
    pub(super) fn mark(self) -> Option<Mark> {
        match self {
            Self::None => None,
            Self::Before(id) => Some(Mark::Before(prefix(id))),
            Self::Header(name) => Some(Mark::header(name)),
        }
    }
}

/// What names the schema of a value that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It stands before the value.
    Before(Prefix),
    /// It is what the header begins with.
    Header(Vec<u8>),
}

impl Mark {
    pub(super) fn before(id: i32) -> Self {
        Self::Before(prefix(id))
    }

    pub(super) fn header(name: SchemaName) -> Self {
        Self::Header(match name {
            SchemaName::Id(id) => prefix(id).to_vec(),
            SchemaName::Guid(guid) => [&[GUID][..], guid.as_bytes()].concat(),
        })
    }

    /// What of it stands before the value.
    pub(super) fn prefix(&self) -> &[u8] {
        match self {
            Self::Before(prefix) => prefix,
            Self::Header(_) => &[],
        }
    }
}

/// The header that names the schema of keys, or of values.
pub(super) fn header_name(part: &str) -> &'static str {
    if part == "key" { "__key_schema_id" } else { "__value_schema_id" }
}

/// Whether any of these records may have a header of this name.
pub(super) fn may_hold(headers: &Headers, name: &str) -> bool {
    !headers.is_blank() && headers.dictionary().iter().flatten().any(|held| held == name)
}

/// What the header of this name says; one without a value says nothing.
///
/// # Errors
/// Two of them that do not say the same: clients differ in which of them holds.
pub(super) fn header<'h>(headers: RowHeaders<'h>, name: &str) -> Result<Option<&'h [u8]>, Misfit> {
    let mut values = headers.filter(|header| header.name == name).filter_map(|header| header.value);
    let first = values.next();
    match values.any(|value| Some(value) != first) {
        true => Err(Misfit::new(format!("its record has several headers `{name}`, which name different schemas"))),
        false => Ok(first),
    }
}

/// The schema that a header names, and what follows.
///
/// # Errors
/// One that does not begin so.
pub(super) fn read_header(header: &[u8]) -> Result<(SchemaName, &[u8]), Misfit> {
    if let Some((GUID, rest)) = header.split_first().map(|(kind, rest)| (*kind, rest))
        && let Some((guid, rest)) = rest.split_first_chunk::<16>()
    {
        return Ok((SchemaName::Guid(Uuid::from_bytes(*guid)), rest));
    }
    match header.split_first_chunk::<5>() {
        Some(([ID, id @ ..], rest)) => Ok((SchemaName::Id(i32::from_be_bytes(*id)), rest)),
        _ => Err(Misfit::of("the header that is to name its schema has neither an id nor a guid", first(header))),
    }
}

/// The id of a value's schema, and the value without it.
///
/// # Errors
/// A value that does not begin so.
pub(super) fn read(value: &[u8]) -> Result<(i32, &[u8]), Misfit> {
    match value.split_first_chunk::<5>() {
        Some(([ID, id @ ..], rest)) => Ok((i32::from_be_bytes(*id), rest)),
        Some(_) => Err(Misfit::of("it does not begin with the zero that stands before a schema's id", first(value))),
        None => Err(Misfit::of("it is too short for a schema's id", first(value))),
    }
}

/// The schema that a key or a value names, in a header or before it; `None` for one that names none.
pub fn name_of(part: &str, value: &[u8], headers: RowHeaders<'_>) -> Option<SchemaName> {
    match header(headers, header_name(part)).ok()? {
        Some(header) => read_header(header).ok().map(|(name, _)| name),
        None => read(value).ok().map(|(id, _)| SchemaName::Id(id)),
    }
}

/// What stands before a value of this schema.
fn prefix(id: i32) -> Prefix {
    let [a, b, c, d] = id.to_be_bytes();
    [ID, a, b, c, d]
}

/// The first bytes of a value, for a message.
fn first(value: &[u8]) -> String {
    match value {
        [] => "it is empty".to_owned(),
        _ => format!("it begins with {}", hex::encode(value.get(..8).unwrap_or(value))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::batch::HeadersBuilder;

    #[test]
    fn an_id_comes_back_and_what_has_none_is_told() {
        let value = [&prefix(70_000)[..], b"rest"].concat();
        assert_eq!(read(&value), Ok((70_000, &b"rest"[..])));
        assert_eq!(read(&value[..5]), Ok((70_000, &b""[..])));
        assert_eq!(read(b"{\"a\":1}").unwrap_err().detail(), Some("it begins with 7b2261223a317d"));
        assert!(read(&[0, 1]).is_err() && read(&[]).is_err());
    }

    #[test]
    fn a_header_holds_an_id_or_a_guid() {
        for name in [SchemaName::Id(-3), SchemaName::Guid(Uuid::from_u128(0x3fa8_5f64))] {
            let Mark::Header(mut header) = Mark::header(name) else { unreachable!() };
            header.push(9);
            assert_eq!(read_header(&header), Ok((name, &[9][..])));
        }
        for header in [&[][..], &[1], &[1; 16], &[0; 4], &[2; 30]] {
            assert!(read_header(header).unwrap_err().to_string().contains("neither an id nor a guid"), "{header:?}");
        }
    }

    #[test]
    fn headers_that_contradict_each_other_name_nothing() {
        let mut headers = HeadersBuilder::default();
        for (name, value) in
            [("k", None), ("v", Some(&b"1"[..])), ("k", Some(b"2")), ("v", Some(b"3")), ("k", Some(b"2"))]
        {
            headers.push(name, value);
        }
        headers.end_row();
        let headers = headers.finish();
        assert_eq!(header(headers.row(0), "k"), Ok(Some(&b"2"[..])));
        assert!(header(headers.row(0), "v").is_err());
        assert_eq!(header(headers.row(0), "w"), Ok(None));
        assert!(may_hold(&headers, "v") && !may_hold(&headers, "w"));
    }
}
