//! The steps as a job writes them, and what they say.

use anabranch_json::Path;
use serde::Deserialize;
use serde_json::Value;

use crate::cast::{Kind, Unit};
use crate::place::Place;

/// A step as it is written: one of the first nine, and what belongs to it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Written {
    rename: Option<String>,
    r#move: Option<String>,
    copy: Option<String>,
    drop: Option<String>,
    default: Option<String>,
    constant: Option<String>,
    cast: Option<String>,
    nest: Option<Vec<String>>,
    flatten: Option<String>,
    to: Option<String>,
    #[serde(default, deserialize_with = "given")]
    value: Option<Value>,
    r#as: Option<Kind>,
    unit: Option<Unit>,
    prefix: Option<String>,
    failure: Option<Failure>,
}

/// Null that is written is a value, and none that is left out.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What becomes of a field that cannot be what it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Failure {
    /// Its record is rejected.
    Reject,
    /// It becomes null.
    Null,
    /// It stays.
    Keep,
    /// It is left out.
    Drop,
}

/// A step that makes sense.
#[derive(Debug)]
pub(crate) enum Step {
    /// A header, or fields that a path means.
    Rename(Place, String),
    Move(Place, Place),
    Copy(Place, Place),
    Drop(Place),
    /// JSON for where there is nothing or null.
    Default(Place, String),
    Constant(Place, String),
    Cast {
        place: Place,
        kind: Kind,
        unit: Unit,
        failure: Failure,
    },
    /// Fields, each with the place that it gets.
    Nest(Vec<(Path, Path)>),
    Flatten {
        path: Path,
        parent: Path,
        prefix: String,
        failure: Failure,
    },
}

impl Step {
    /// # Errors
    /// What is wrong with the step.
    pub(crate) fn read(written: Written) -> Result<Self, String> {
        let Written { rename, r#move, copy, drop, default, constant, cast, nest, flatten, .. } = &written;
        let verbs = [rename, r#move, copy, drop, default, constant, cast, flatten];
        if verbs.iter().filter(|verb| verb.is_some()).count() + usize::from(nest.is_some()) != 1 {
            return Err("a step has one of `rename`, `move`, `copy`, `drop`, `default`, `constant`, `cast`, `nest` and `flatten`".to_owned());
        }
        written.has_only_its_own()?;
        let to = || written.to.as_deref().ok_or_else(|| "it does not say `to` what".to_owned());
        let one = |place: &str| match Place::read(place)? {
            place if place.is_singular() => Ok(place),
            place => Err(format!("`{place}` can mean several things, and the step needs one")),
        };
        let value = || match &written.value {
            Some(value) => Ok(value.to_string()),
            None => Err("it does not say which `value`".to_owned()),
        };
        let failure = written.failure.unwrap_or(Failure::Reject);
        if let Some(place) = rename {
            return match (Place::read(place)?, Place::read(to()?)?) {
                (Place::Header(from), Place::Header(to)) => Ok(Self::Rename(Place::Header(from), to)),
                (from @ (Place::Value(_) | Place::Key(_)), Place::Value(to)) => {
                    match (to.as_field(), is_field(&from)) {
                        (Some(name), true) => Ok(Self::Rename(from, name.to_owned())),
                        (None, _) => {
                            Err(format!("`to` is the new name alone, not the path `{to}`: `move` takes paths"))
                        }
                        (_, false) => Err(format!("`{from}` does not end with a name")),
                    }
                }
                (from, to) => Err(format!("`{from}` cannot be renamed to `{to}`: use `move`")),
            };
        }
        if let Some(place) = r#move {
            return Ok(Self::Move(one(place)?, one(to()?)?));
        }
        if let Some(place) = copy {
            return Ok(Self::Copy(one(place)?, one(to()?)?));
        }
        if let Some(place) = drop {
            return Ok(Self::Drop(Place::read(place)?));
        }
        if let Some(place) = default {
            return Ok(Self::Default(one(place)?, value()?));
        }
        if let Some(place) = constant {
            return Ok(Self::Constant(one(place)?, value()?));
        }
        if let Some(place) = cast {
            let kind = written.r#as.ok_or("it does not say `as` what")?;
            return match Place::read(place)? {
                place @ (Place::Value(_) | Place::Key(_)) => {
                    Ok(Self::Cast { place, kind, unit: written.unit.unwrap_or(Unit::Milliseconds), failure })
                }
                place => Err(format!("`{place}` is text, and stays text")),
            };
        }
        let of_value = |written: &str| match one(written)? {
            Place::Value(path) => Ok(path),
            place => Err(format!("`{place}` is no path in the value")),
        };
        if let Some(fields) = nest {
            let to = of_value(to()?)?;
            let nested = |field: &String| {
                let from = of_value(field)?;
                let name = from.last_name().ok_or_else(|| format!("`{from}` does not end with a name"))?;
                let into = to.field_of(name);
                Ok((from, into))
            };
            return Ok(Self::Nest(fields.iter().map(nested).collect::<Result<_, String>>()?));
        }
        let path = of_value(flatten.as_deref().unwrap_or_default())?;
        let parent = path.parent().ok_or("the value itself cannot be flattened")?;
        Ok(Self::Flatten { path, parent, prefix: written.prefix.unwrap_or_default(), failure })
    }

    /// What the step looks at or changes.
    pub(crate) fn places(&self) -> Vec<Place> {
        match self {
            Self::Move(from, to) | Self::Copy(from, to) => vec![from.clone(), to.clone()],
            Self::Rename(place, _) | Self::Drop(place) | Self::Default(place, _) | Self::Constant(place, _) => {
                vec![place.clone()]
            }
            Self::Cast { place, .. } => vec![place.clone()],
            Self::Nest(fields) => fields.iter().map(|(from, _)| Place::Value(from.clone())).collect(),
            Self::Flatten { path, .. } => vec![Place::Value(path.clone())],
        }
    }
}

fn is_field(place: &Place) -> bool {
    match place {
        Place::Value(path) | Place::Key(path) => path.last_name().is_some(),
        Place::WholeKey | Place::Header(_) => false,
    }
}

impl Written {
    /// Words of other steps are mistakes, which would pass unseen.
    fn has_only_its_own(&self) -> Result<(), String> {
        let takes_to = self.rename.is_some() || self.r#move.is_some() || self.copy.is_some() || self.nest.is_some();
        let takes_value = self.default.is_some() || self.constant.is_some();
        let is_cast = self.cast.is_some();
        let words = [
            ("to", self.to.is_some(), takes_to),
            ("value", self.value.is_some(), takes_value),
            ("as", self.r#as.is_some(), is_cast),
            ("unit", self.unit.is_some(), is_cast),
            ("prefix", self.prefix.is_some(), self.flatten.is_some()),
            ("failure", self.failure.is_some(), is_cast || self.flatten.is_some()),
        ];
        match words.iter().find(|(_, is_there, is_taken)| *is_there && !is_taken) {
            Some((word, ..)) => Err(format!("it takes no `{word}`")),
            None => Ok(()),
        }
    }
}
