//! The fields of an object in one pass, without a search.

use std::borrow::Cow;

use crate::plain::plain;
use crate::scan::{Kind, NotJson, Scanner};

/// A field of an object: its name without quotes and escapes, and its JSON.
pub type Field<'t> = (Cow<'t, str>, &'t str);

/// The fields of the object that `json` is, in order, with their JSON; `None` for a value that is no object.
///
/// # Errors
/// Text that is no JSON.
pub fn fields(json: &str) -> Result<Option<Vec<Field<'_>>>, NotJson> {
    let mut scanner = Scanner::new(json);
    scanner.space();
    if scanner.kind() != Kind::Object {
        scanner.value()?;
        scanner.end()?;
        return Ok(None);
    }
    let mut fields = Vec::new();
    scanner.object(|scanner, name| {
        let value = scanner.value()?;
        fields.push((plain(json.get(name).unwrap_or("")), json.get(value).unwrap_or("")));
        Ok(())
    })?;
    scanner.end()?;
    Ok(Some(fields))
}

/// The items of the list that `json` is, in order; `None` for a value that is no list.
///
/// # Errors
/// Text that is no JSON.
pub fn items(json: &str) -> Result<Option<Vec<&str>>, NotJson> {
    let mut scanner = Scanner::new(json);
    scanner.space();
    if scanner.kind() != Kind::Array {
        scanner.value()?;
        scanner.end()?;
        return Ok(None);
    }
    let mut items = Vec::new();
    scanner.array(|scanner, _| {
        let value = scanner.value()?;
        items.push(json.get(value).unwrap_or(""));
        Ok(())
    })?;
    scanner.end()?;
    Ok(Some(items))
}

#[cfg(test)]
mod tests {
    use super::{fields, items};

    #[test]
    fn parts_come_in_order_with_their_very_bytes() {
        let due = vec![("a".into(), "1.50"), ("b\"".into(), "{ \"a\": 2 }"), ("a".into(), "[]")];
        assert_eq!(fields(r#" {"\u0061": 1.50 , "b\"":{ "a": 2 },"a":[]} "#), Ok(Some(due)));
        assert_eq!(items("[ 1 ,{} ]"), Ok(Some(vec!["1", "{}"])));
        assert_eq!((fields("[1]"), items("{}")), (Ok(None), Ok(None)));
        assert!(fields("{} 1").is_err() && fields("[").is_err() && items("[1,]").is_err() && items("[1]]").is_err());
    }
}
