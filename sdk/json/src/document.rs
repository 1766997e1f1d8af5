//! A JSON value that is edited in place: what is not touched keeps its very bytes.

use std::borrow::Cow;
use std::fmt;

use crate::node::{Node, Verdict};
use crate::path::Path;
use crate::scan::{NotJson, Scanner};

/// JSON text that is taken apart as far as it is edited, and no further.
#[derive(Clone, Debug)]
pub struct Document<'t> {
    before: &'t str,
    root: Node<'t>,
    after: &'t str,
}

/// Something cannot be put at a path: on the way stands something that is no object, or a list has no such item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("something on the way is not an object, or a list that is too short")]
pub struct NoRoom;

impl<'t> Document<'t> {
    /// Opens a text.
    ///
    /// # Errors
    /// Text that is no JSON.
    pub fn open(text: &'t str) -> Result<Self, NotJson> {
        let mut scanner = Scanner::new(text);
        scanner.space();
        let span = scanner.value()?;
        scanner.end()?;
        let slice = |from: usize, to: usize| text.get(from..to).unwrap_or("");
        Ok(Self {
            before: slice(0, span.start),
            root: Node::of(slice(span.start, span.end)),
            after: slice(span.end, text.len()),
        })
    }

    /// The value as a whole.
    pub fn root(&mut self) -> &mut Node<'t> {
        &mut self.root
    }

    /// The JSON text at a singular path; where a name occurs twice, that of the first.
    pub fn get(&mut self, path: &Path) -> Option<Cow<'_, str>> {
        self.at(path).map(|node| node.text())
    }

    /// The value at a singular path.
    pub fn at(&mut self, path: &Path) -> Option<&mut Node<'t>> {
        self.root.at(path.segments())
    }

    /// Shows everything that a path means to `edit`, which may change it. Returns how many there were.
    pub fn each(&mut self, path: &Path, mut edit: impl FnMut(&mut Node<'t>)) -> usize {
        self.judge(path, &mut |node| {
            edit(node);
            Verdict::Stays
        })
    }

    /// Leaves out everything that a path means and `goes` agrees with. Returns how many things the path means. The whole
    /// value cannot be left out; it becomes null.
    pub fn remove_where(&mut self, path: &Path, mut goes: impl FnMut(&mut Node<'t>) -> bool) -> usize {
        self.judge(path, &mut |node| if goes(node) { Verdict::Goes } else { Verdict::Stays })
    }

    /// Leaves out everything that a path means. Returns how many there were.
    pub fn remove(&mut self, path: &Path) -> usize {
        self.remove_where(path, |_| true)
    }

    /// Takes out what stands at a singular path.
    pub fn take(&mut self, path: &Path) -> Option<Node<'t>> {
        let taken = std::mem::replace(self.at(path)?, Node::null());
        self.remove(path);
        Some(taken)
    }

    /// Gives the fields that a path means another name, each in its place. A field that had the name is left out.
    /// Returns how many things the path means; items of a list have no names and stay.
    pub fn rename(&mut self, path: &Path, name: &str) -> usize {
        let quoted = Node::string(name).text().into_owned();
        self.judge(path, &mut |_| Verdict::IsCalled(quoted.clone()))
    }

    /// Puts a value at a singular path, in place of what is there. Objects that are missing on the way are made.
    ///
    /// # Errors
    /// [`NoRoom`]; nothing is changed then.
    pub fn insert(&mut self, path: &Path, value: Node<'t>) -> Result<(), NoRoom> {
        if path.is_singular() && self.root.insert(path.segments(), value) { Ok(()) } else { Err(NoRoom) }
    }

    /// Adds the JSON text to `out`.
    pub fn write(&self, out: &mut String) {
        out.push_str(self.before);
        self.root.write(out);
        out.push_str(self.after);
    }

    fn judge(&mut self, path: &Path, judge: &mut dyn FnMut(&mut Node<'t>) -> Verdict) -> usize {
        let segments = path.segments();
        if segments.is_empty() {
            if let Verdict::Goes = judge(&mut self.root) {
                self.root = Node::null();
            }
            return 1;
        }
        self.root.judge(segments, &[0], judge)
    }
}

impl fmt::Display for Document<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        formatter.write_str(&text)
    }
}
