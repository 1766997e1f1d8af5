//! A record between two steps.

use std::borrow::Cow;

use anabranch_json::{Document, Node, plain};

use crate::cast::cast;
use crate::place::Place;
use crate::step::{Failure, Step};

/// A header: its name and its value, which may be null.
pub(crate) type OwnHeader<'r> = (Cow<'r, str>, Option<Cow<'r, [u8]>>);

/// The parts of a record that steps work on.
pub(crate) struct State<'r> {
    /// `None` where no step works on values, or there is none.
    pub(crate) value: Option<Document<'r>>,
    /// The key as JSON, where a step works on a part of it.
    pub(crate) key: Option<Document<'r>>,
    pub(crate) whole_key: Option<Cow<'r, [u8]>>,
    pub(crate) headers: Vec<OwnHeader<'r>>,
    pub(crate) changed: Changed,
}

#[derive(Default)]
pub(crate) struct Changed {
    pub(crate) value: bool,
    pub(crate) key: bool,
    pub(crate) whole_key: bool,
    pub(crate) headers: bool,
}

/// Why a step is not done.
pub(crate) enum Problem {
    /// There is nothing there.
    Nothing(String),
    /// The record has no value.
    Tombstone,
    /// The record is to be rejected.
    Failed(String),
}

impl<'r> State<'r> {
    pub(crate) fn new(value: Option<Document<'r>>, key: Option<Document<'r>>, whole_key: Option<&'r [u8]>) -> Self {
        let whole_key = whole_key.map(Cow::Borrowed);
        Self { value, key, whole_key, headers: Vec::new(), changed: Changed::default() }
    }

    pub(crate) fn apply(&mut self, step: &'r Step) -> Result<(), Problem> {
        match step {
            Step::Rename(Place::Header(from), to) => {
                let mut found = self.headers.iter_mut().filter(|(name, _)| name == from).peekable();
                if found.peek().is_none() {
                    return Err(nothing(&format!("header:{from}")));
                }
                found.for_each(|(name, _)| *name = Cow::Borrowed(to));
                self.changed.headers = true;
                Ok(())
            }
            Step::Rename(place, to) => {
                let count = match self.document(place)? {
                    (document, Place::Value(path) | Place::Key(path)) => document.rename(path, to),
                    _ => 0,
                };
                self.did(place, count)
            }
            Step::Copy(from, to) => {
                let value = self.get(from)?;
                self.put(to, value)
            }
            Step::Move(from, to) => {
                let value = self.get(from)?;
                self.drop(from)?;
                self.put(to, value)
            }
            Step::Drop(place) => match self.drop(place) {
                Err(Problem::Nothing(_)) => Ok(()),
                other => other,
            },
            Step::Default(place, value) => match self.get(place) {
                Ok(node) if !node.is_null() => Ok(()),
                Ok(_) | Err(Problem::Nothing(_)) => self.put(place, json(value)?),
                Err(problem) => Err(problem),
            },
            Step::Constant(place, value) => self.put(place, json(value)?),
            Step::Cast { place, kind, unit, failure } => {
                let (document, Place::Value(path) | Place::Key(path)) = self.document(place)? else { return Ok(()) };
                let mut failed = None;
                let count = document.remove_where(path, |node| {
                    if node.is_null() {
                        return false;
                    }
                    let text = node.text();
                    match cast(&text, *kind, *unit) {
                        Some(made) if made == text => {}
                        Some(made) => *node = Node::json(made),
                        None => match failure {
                            Failure::Reject => failed = Some(shortened(&text)),
                            Failure::Null => *node = Node::null(),
                            Failure::Keep => {}
                            Failure::Drop => return true,
                        },
                    }
                    false
                });
                match failed {
                    Some(text) => Err(Problem::Failed(format!("`{place}` cannot be cast: it is {text}"))),
                    None => self.did(place, count),
                }
            }
            Step::Nest(fields) => {
                let document = self.value.as_mut().ok_or(Problem::Tombstone)?;
                let mut found = false;
                for (from, to) in fields {
                    let Some(node) = document.take(from) else { continue };
                    found = true;
                    document.insert(to, node).map_err(|error| no_room(&to, &error))?;
                }
                self.changed.value |= found;
                if found {
                    Ok(())
                } else {
                    Err(nothing(&fields.first().map_or_else(String::new, |(from, _)| from.to_string())))
                }
            }
            Step::Flatten { path, parent, prefix, failure } => {
                let document = self.value.as_mut().ok_or(Problem::Tombstone)?;
                let Some(node) = document.at(path) else { return Err(nothing(path)) };
                if !node.is_object() && !node.is_null() {
                    match failure {
                        Failure::Reject => {
                            let text = shortened(&node.text());
                            return Err(Problem::Failed(format!("`{path}` is no object to flatten: it is {text}")));
                        }
                        Failure::Null => *node = Node::null(),
                        Failure::Keep => return Ok(()),
                        Failure::Drop => drop(document.take(path)),
                    }
                } else if let Some(fields) = document.take(path).and_then(Node::into_fields) {
                    let parent = document.at(parent);
                    if let Some(parent) = parent {
                        for (name, value) in fields {
                            parent.set_field(&format!("{prefix}{name}"), value);
                        }
                    }
                }
                self.changed.value = true;
                Ok(())
            }
        }
    }

    /// The document that a place lies in.
    fn document<'p>(&mut self, place: &'p Place) -> Result<(&mut Document<'r>, &'p Place), Problem> {
        let document = match place {
            Place::Value(_) => self.value.as_mut().ok_or(Problem::Tombstone)?,
            _ => self.key.as_mut().ok_or_else(|| nothing(place))?,
        };
        Ok((document, place))
    }

    /// Notes that something was done to the document of a place, if there was something.
    fn did(&mut self, place: &Place, count: usize) -> Result<(), Problem> {
        match place {
            _ if count == 0 => return Err(nothing(place)),
            Place::Value(_) => self.changed.value = true,
            _ => self.changed.key = true,
        }
        Ok(())
    }

    /// What stands at a place: JSON, of which a whole key and a header are texts.
    fn get(&mut self, place: &Place) -> Result<Node<'r>, Problem> {
        let as_text = |bytes: Option<&[u8]>| match bytes.map(std::str::from_utf8) {
            None => Ok(Node::null()),
            Some(Ok(text)) => Ok(Node::string(text)),
            Some(Err(error)) => Err(Problem::Failed(format!("`{place}` is not text: {error}"))),
        };
        match place {
            Place::WholeKey => as_text(self.whole_key.as_deref()),
            Place::Header(name) => match self.headers.iter().rfind(|(header, _)| header == name) {
                Some((_, value)) => as_text(value.as_deref()),
                None => Err(nothing(place)),
            },
            Place::Value(path) | Place::Key(path) => {
                self.document(place)?.0.at(path).cloned().ok_or_else(|| nothing(place))
            }
        }
    }

    fn drop(&mut self, place: &Place) -> Result<(), Problem> {
        match place {
            Place::WholeKey => {
                self.whole_key = None;
                self.changed.whole_key = true;
                Ok(())
            }
            Place::Header(name) => {
                let count = self.headers.len();
                self.headers.retain(|(header, _)| header != name);
                self.changed.headers |= self.headers.len() < count;
                if self.headers.len() < count { Ok(()) } else { Err(nothing(place)) }
            }
            Place::Value(path) | Place::Key(path) => {
                let count = self.document(place)?.0.remove(path);
                self.did(place, count)
            }
        }
    }

    /// Puts something at a place. A whole key and a header get the content of a text, and the JSON of all else.
    fn put(&mut self, place: &'r Place, value: Node<'r>) -> Result<(), Problem> {
        let bytes =
            |value: &Node<'_>| (!value.is_null()).then(|| Cow::Owned(plain(&value.text()).into_owned().into_bytes()));
        match place {
            Place::WholeKey => {
                self.whole_key = bytes(&value);
                self.changed.whole_key = true;
            }
            Place::Header(name) => {
                self.headers.retain(|(header, _)| header != name);
                self.headers.push((Cow::Borrowed(name), bytes(&value)));
                self.changed.headers = true;
            }
            Place::Value(path) | Place::Key(path) => {
                self.document(place)?.0.insert(path, value).map_err(|error| no_room(place, &error))?;
                self.did(place, 1)?;
            }
        }
        Ok(())
    }
}

fn nothing(place: &impl ToString) -> Problem {
    Problem::Nothing(place.to_string())
}

fn no_room(place: &impl std::fmt::Display, error: &dyn std::error::Error) -> Problem {
    Problem::Failed(format!("nothing can be put at `{place}`: {error}"))
}

/// JSON from a parameter.
fn json(text: &str) -> Result<Node<'_>, Problem> {
    Node::parse(text).map_err(|error| Problem::Failed(error.to_string()))
}

/// A value as a message shows it.
fn shortened(json: &str) -> String {
    match json.char_indices().nth(60) {
        Some((end, _)) => format!("`{}…`", json.get(..end).unwrap_or("")),
        None => format!("`{json}`"),
    }
}
