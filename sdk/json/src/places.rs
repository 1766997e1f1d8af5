//! Finds what several paths mean, in one pass over the text.
//!
//! The pass carries the steps of all paths that could still fit below where it is. What none of them reaches is gone
//! over without being looked into.

use std::ops::Range;

use crate::path::{Path, Selector};
use crate::scan::{Kind, NotJson, Scanner, is_name};

/// Paths that are looked for together. Room for the search is kept from text to text.
#[derive(Debug)]
pub struct Paths {
    paths: Vec<Path>,
    steps: Vec<Step>,
    places: Vec<Place>,
}

/// Where something stands that a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the paths it is, counted from 0; the first where several mean the same.
    pub path: usize,
    /// Its bytes in the text.
    pub span: Range<usize>,
}

/// A step of a path that is yet to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    path: usize,
    segment: usize,
}

impl Paths {
    /// Looks for these.
    pub fn new(paths: Vec<Path>) -> Self {
        Self { paths, steps: Vec::new(), places: Vec::new() }
    }

    /// Where in `text` what the paths mean stands, in order and apart from each other: what lies within something that
    /// is meant itself is not listed.
    ///
    /// # Errors
    /// Text that is no JSON.
    pub fn find(&mut self, text: &str) -> Result<&[Place], NotJson> {
        let (mut scanner, mut search) = (Scanner::new(text), Search::begin(self));
        scanner.space();
        match search.paths.iter().position(|path| path.segments().is_empty()) {
            Some(path) => search.places.push(Place { path, span: scanner.value()? }),
            None => search.go(&mut scanner, 0, search.steps.len())?,
        }
        scanner.end()?;
        Ok(&self.places)
    }

    /// The JSON text of the first thing in `text` that a path means.
    ///
    /// # Errors
    /// Text that is no JSON.
    pub fn first<'t>(&mut self, text: &'t str) -> Result<Option<&'t str>, NotJson> {
        Ok(self.find(text)?.first().and_then(|place| text.get(place.span.clone())))
    }

    /// The paths.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }
}

struct Search<'p> {
    paths: &'p [Path],
    steps: &'p mut Vec<Step>,
    places: &'p mut Vec<Place>,
}

impl<'p> Search<'p> {
    fn begin(paths: &'p mut Paths) -> Self {
        let Paths { paths, steps, places } = paths;
        steps.clear();
        steps.extend((0..paths.len()).map(|path| Step { path, segment: 0 }));
        places.clear();
        Self { paths, steps, places }
    }

    /// Goes over the value that begins here, to whose parts the steps `from..to` are to be made.
    fn go(&mut self, scanner: &mut Scanner<'_>, from: usize, to: usize) -> Result<(), NotJson> {
        match scanner.kind() {
            Kind::Scalar => scanner.value().map(drop),
            Kind::Object => scanner.object(|scanner, name| {
                let quoted = scanner.text().get(name).unwrap_or("");
                self.part(scanner, from, to, |selector| match selector {
                    Selector::Name(name) => is_name(quoted, name),
                    Selector::Any => true,
                    Selector::Index(_) => false,
                })
            }),
            Kind::Array => scanner.array(|scanner, at| {
                self.part(scanner, from, to, |selector| match selector {
                    Selector::Index(index) => *index == at,
                    Selector::Any => true,
                    Selector::Name(_) => false,
                })
            }),
        }
    }

    /// Goes over a field of an object or an item of a list, which a selector fits or not.
    #[inline]
    fn part(
        &mut self,
        scanner: &mut Scanner<'_>,
        from: usize,
        to: usize,
        fits: impl Fn(&Selector) -> bool,
    ) -> Result<(), NotJson> {
        let begin = self.steps.len();
        let mut meant: Option<usize> = None;
        for at in from..to {
            let step = self.steps[at];
            let segments = self.paths[step.path].segments();
            let segment = &segments[step.segment];
            if segment.at_any_depth {
                self.add(begin, step);
            }
            if fits(&segment.selector) {
                if step.segment + 1 == segments.len() {
                    meant = Some(meant.map_or(step.path, |first| first.min(step.path)));
                } else {
                    self.add(begin, Step { segment: step.segment + 1, ..step });
                }
            }
        }
        match meant {
            Some(path) => {
                let span = scanner.value()?;
                self.places.push(Place { path, span });
            }
            None if self.steps.len() == begin => {
                scanner.value()?;
            }
            None => self.go(scanner, begin, self.steps.len())?,
        }
        self.steps.truncate(begin);
        Ok(())
    }

    /// Adds a step to those from `begin` on, unless it is there.
    fn add(&mut self, begin: usize, step: Step) {
        if !self.steps[begin..].contains(&step) {
            self.steps.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::Paths;

    fn found<'t>(paths: &[&str], text: &'t str) -> Vec<(usize, &'t str)> {
        let mut paths = Paths::new(paths.iter().map(|path| path.parse().unwrap()).collect());
        paths.find(text).unwrap().iter().map(|place| (place.path, &text[place.span.clone()])).collect()
    }

    const ORDER: &str =
        r#" {"id": 1, "to": {"mail": "a", "\u006dail": "b"}, "items": [{"price": 2.50}, {"price": 3, "x": []}] } "#;

    #[test]
    fn names_indexes_and_wildcards() {
        assert_eq!(found(&["id"], ORDER), [(0, "1")]);
        assert_eq!(found(&["items[1].price", "items[*].price"], ORDER), [(1, "2.50"), (0, "3")]);
        assert_eq!(found(&["to.mail"], ORDER), [(0, "\"a\""), (0, "\"b\"")]);
        assert_eq!(found(&["$.*.*"], ORDER).len(), 4);
        assert_eq!(found(&["id.x", "items.price", "to[0]", "items[2]"], ORDER), []);
        assert_eq!(found(&["$"], " 1 "), [(0, "1")]);
    }

    #[test]
    fn descendants_are_found_at_any_depth_and_not_within_each_other() {
        assert_eq!(found(&["..price"], ORDER), [(0, "2.50"), (0, "3")]);
        assert_eq!(found(&["..items..price", "..id"], ORDER), [(1, "1"), (0, "2.50"), (0, "3")]);
        assert_eq!(found(&["..a"], r#"{"a":{"a":1},"b":[{"a":2}]}"#), [(0, r#"{"a":1}"#), (0, "2")]);
        assert_eq!(found(&["..*..*..*"], "[[[[[1]]]]]"), [(0, "[[1]]")]);
    }

    #[test]
    fn text_that_is_no_json_is_an_error_wherever_it_ends() {
        for text in ["", "{", "{\"a\":1,}", "{} x", "[1,]", "01", "\"\t\"", "\"\\x\"", "nul", "{\"a\"}", "-"] {
            assert!(Paths::new(vec!["b".parse().unwrap()]).find(text).is_err(), "{text}");
        }
        let error = Paths::new(Vec::new()).find("{\"a\" 1}").unwrap_err().to_string();
        assert_eq!(error, "`:` is missing at byte 5");
        let deep = format!("{}1{}", "[".repeat(129), "]".repeat(129));
        assert!(Paths::new(Vec::new()).find(&deep).unwrap_err().to_string().contains("more than 128 deep at byte 128"));
        assert!(Paths::new(vec!["..x".parse().unwrap()]).find(&"[".repeat(1_000_000)).is_err());
    }
}
