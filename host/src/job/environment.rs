//! `${NAME}` in texts of the job file.

use std::fmt;

/// Looks up environment variables.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is wrong with a text that names variables. Never holds the value of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The variable of this name is not set.
    Missing(String),
    /// A `${` without its `}`.
    Open,
    /// Something that cannot be a variable's name.
    Name(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the environment variable `{name}` is not set"),
            Self::Open => f.write_str("`${` without its `}`"),
            Self::Name(name) => write!(f, "`${{{name}}}` is no environment variable"),
        }
    }
}

/// Puts the values of variables into a text: `${NAME}` is the variable's value, `$${` is `${`. Any
/// other `$` stands for itself, and what a variable holds is not looked at again.
pub(super) fn interpolate(text: &str, environment: Environment<'_>) -> Result<String, Wrong> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let (name, after) = after.split_once('}').ok_or(Wrong::Open)?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Wrong::Name(name.to_owned()));
        }
        out.push_str(&environment(name).ok_or_else(|| Wrong::Missing(name.to_owned()))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<String, Wrong> {
        interpolate(text, &|name| match name {
            "USER" => Some("ada".to_owned()),
            "NESTED" => Some("${USER}".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn variables_are_put_in() {
        assert_eq!(with("${USER}:${USER}@").as_deref(), Ok("ada:ada@"));
        assert_eq!(with("plain $ and $5").as_deref(), Ok("plain $ and $5"));
        assert_eq!(with("$${USER} ${USER}").as_deref(), Ok("${USER} ada"));
        assert_eq!(with("${NESTED}").as_deref(), Ok("${USER}"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(with("${NOBODY}"), Err(Wrong::Missing("NOBODY".to_owned())));
        assert_eq!(with("a ${USER"), Err(Wrong::Open));
        assert_eq!(with("${}"), Err(Wrong::Name(String::new())));
        assert_eq!(with("${a b}"), Err(Wrong::Name("a b".to_owned())));
    }

    proptest::proptest! {
        #[test]
        fn a_text_with_its_openings_escaped_comes_back(text in ".*") {
            let escaped = text.replace("${", "$${");
            // `$${` in the text itself is already an escape once its inner `${` is doubled.
            proptest::prop_assume!(!text.contains("$${"));
            proptest::prop_assert_eq!(with(&escaped), Ok(text));
        }
    }
}
