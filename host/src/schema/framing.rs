//! How a value names its schema: a zero, the id in four bytes, and then the value itself
//! ([Confluent's wire format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format)).

use super::avro::Misfit;

/// The byte that such a value begins with.
const MAGIC: u8 = 0;

/// What stands before a value.
pub(super) type Prefix = [u8; 5];

/// The id of a value's schema, and the value without it.
///
/// # Errors
/// A value that does not begin so.
pub(super) fn read(value: &[u8]) -> Result<(i32, &[u8]), Misfit> {
    match value.split_first_chunk::<5>() {
        Some(([MAGIC, id @ ..], rest)) => Ok((i32::from_be_bytes(*id), rest)),
        Some(_) => Err(Misfit::of("it does not begin with the zero that stands before a schema's id", first(value))),
        None => Err(Misfit::of("it is too short for a schema's id", first(value))),
    }
}

/// The id alone; `None` for a value that has none.
pub fn id(value: &[u8]) -> Option<i32> {
    read(value).ok().map(|(id, _)| id)
}

/// What stands before a value of this schema.
pub(super) fn prefix(id: i32) -> Prefix {
    let [a, b, c, d] = id.to_be_bytes();
    [MAGIC, a, b, c, d]
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

    #[test]
    fn an_id_comes_back_and_what_has_none_is_told() {
        let value = [&prefix(70_000)[..], b"rest"].concat();
        assert_eq!(read(&value), Ok((70_000, &b"rest"[..])));
        assert_eq!(read(&value[..5]), Ok((70_000, &b""[..])));
        assert_eq!(read(b"{\"a\":1}").unwrap_err().detail(), Some("it begins with 7b2261223a317d"));
        assert!(read(&[0, 1]).is_err() && read(&[]).is_err());
    }
}
