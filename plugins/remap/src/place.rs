//! What a step works on: a part of the value or of the key, the whole key, or a header.

use anabranch_json::Path;

/// A place in a record as a step names it: `customer.email`, `key:customer.id`, `key:$`, `header:region`.
///
/// No path has a colon outside of quotes, so that these are told apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// A part of the value.
    Value(Path),
    /// A part of a key that is JSON.
    Key(Path),
    /// The key as text, whatever it is.
    WholeKey,
    /// The header of that name.
    Header(String),
}

impl Place {
    pub(crate) fn read(written: &str) -> Result<Self, String> {
        let path = |written: &str| written.parse::<Path>().map_err(|error| error.to_string());
        if let Some(name) = written.strip_prefix("header:") {
            return if name.is_empty() {
                Err("`header:` lacks the name".to_owned())
            } else {
                Ok(Self::Header(name.to_owned()))
            };
        }
        match written.strip_prefix("key:") {
            Some("$") => Ok(Self::WholeKey),
            Some(part) => path(part).map(Self::Key),
            None => path(written).map(Self::Value),
        }
    }

    /// Whether it means one thing at most.
    pub(crate) fn is_singular(&self) -> bool {
        match self {
            Self::Value(path) | Self::Key(path) => path.is_singular(),
            Self::WholeKey | Self::Header(_) => true,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(path) => write!(formatter, "{path}"),
            Self::Key(path) => write!(formatter, "key:{path}"),
            Self::WholeKey => formatter.write_str("key:$"),
            Self::Header(name) => write!(formatter, "header:{name}"),
        }
    }
}
