//! Flags of the form `name=value`.

use std::collections::BTreeMap;

use crate::job::{Choices, JobError, choose, names, nearest};

/// Parts a text at its first `=`.
pub(in crate::cli) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must be `name=value`".to_owned()),
    }
}

/// Parts a text at its first `=` and checks what stands before it.
pub(super) fn pair_of(known: &[&str], text: &str) -> Result<(String, String), String> {
    let (name, value) = pair(text)?;
    if known.contains(&name.as_str()) {
        return Ok((name, value));
    }
    Err(match nearest(&name, known.iter().copied()) {
        Some(near) => format!("there is no `{name}`; did you mean `{near}`?"),
        None => format!("there is no `{name}`, only {}", listed(known)),
    })
}

/// What a word means.
pub(super) fn word<T: Clone>(choices: Choices<T>, text: &str) -> Result<T, String> {
    choose(choices, text).ok_or_else(|| format!("must be one of {}", listed(&names(choices))))
}

/// Refuses a name that `flag` gives twice with different values: all but the last would be lost silently.
///
/// # Errors
/// The flag and the name; never a value, which may be a password.
pub(super) fn once<V: PartialEq>(flag: &str, pairs: &[(String, V)]) -> Result<(), JobError> {
    let mut given = BTreeMap::new();
    for (name, value) in pairs {
        if given.insert(name, value).is_some_and(|before| before != value) {
            return Err(JobError::Conflict {
                message: format!("`{flag}` is given more than once for `{name}`, with different values"),
                hint: "give it once for each name",
            });
        }
    }
    Ok(())
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_parted_at_the_first_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
    }

    #[test]
    fn wrong_names_come_with_the_right_ones() {
        insta::assert_snapshot!(pair_of(&["key", "value"], "kye=k").unwrap_err(), @"there is no `kye`; did you mean `key`?");
        insta::assert_snapshot!(pair_of(&["key", "value"], "zz=k").unwrap_err(), @"there is no `zz`, only `key`, `value`");
    }
}
