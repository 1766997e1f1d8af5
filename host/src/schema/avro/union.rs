//! Unions, and how they stand in JSON.
//!
//! Where the JSON of a value tells by itself which branch it is of, it stands plainly: `null`, `5`, `"text"`. Where two
//! branches look alike in JSON (an `int` and a `long`, a text and a date, two records), a value says which it is, as in
//! Avro's own JSON encoding: `{"long":5}`, `{"com.example.Card":{…}}`; null stays `null`. Which of the two holds is a matter
//! of the schema alone, never of the value, so that nothing is guessed.

use super::schema::{Kind, Logical, Node, NodeIndex};

/// The branches of a union.
#[derive(Debug)]
pub(super) struct Union {
    pub(super) branches: Vec<Branch>,
    /// Whether values stand without the name of their branch.
    pub(super) is_plain: bool,
}

#[derive(Debug)]
pub(super) struct Branch {
    pub(super) node: NodeIndex,
    /// What names it: `long`, `com.example.Card`.
    pub(super) tag: Box<str>,
    /// `{"tag":`, as JSON has it.
    pub(super) opening: Box<[u8]>,
    pub(super) shapes: Shapes,
}

impl Union {
    /// Of branches that are no unions themselves.
    pub(super) fn new(branches: Vec<Branch>) -> Self {
        let mut seen = Shapes(0);
        let is_plain = branches.iter().all(|branch| {
            let is_new = !seen.meets(branch.shapes);
            seen.0 |= branch.shapes.0;
            is_new
        });
        Self { branches, is_plain }
    }

    /// The branch of this name.
    pub(super) fn tagged(&self, tag: &str) -> Option<usize> {
        self.branches.iter().position(|branch| &*branch.tag == tag)
    }

    /// The branch whose values have such a shape in JSON; in a plain union there is one at most.
    pub(super) fn shaped(&self, shape: Shapes) -> Option<usize> {
        self.branches.iter().position(|branch| branch.shapes.meets(shape))
    }

    /// The branches, as messages name them: `int, long or com.example.Card`.
    pub(super) fn alternatives(&self) -> String {
        let tags: Vec<&str> = self.branches.iter().map(|branch| &*branch.tag).collect();
        match tags.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => "nothing".to_owned(),
        }
    }
}

impl Branch {
    pub(super) fn new(index: NodeIndex, node: &Node) -> Self {
        Self::tagged(index, node.kind.type_name(), Shapes::of(node))
    }

    /// Of a record whose fields are not known yet, since it contains this union.
    pub(super) fn of_record(index: NodeIndex, name: &str) -> Self {
        Self::tagged(index, name, Shapes::OBJECT)
    }

    fn tagged(node: NodeIndex, tag: &str, shapes: Shapes) -> Self {
        let quoted = serde_json::Value::from(tag).to_string();
        Self { node, tag: tag.into(), opening: format!("{{{quoted}:").into_bytes().into(), shapes }
    }
}

/// What a value may look like in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shapes(u8);

impl Shapes {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const NUMBER: Self = Self(4);
    pub(super) const TEXT: Self = Self(8);
    pub(super) const OBJECT: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);

    pub(super) fn of(node: &Node) -> Self {
        match (&node.kind, node.logical) {
            (_, Some(Logical::Decimal { .. })) => Self::NUMBER,
            (_, Some(_)) => Self::TEXT,
            (Kind::Null, _) => Self::NULL,
            (Kind::Boolean, _) => Self::BOOLEAN,
            (Kind::Int | Kind::Long, _) => Self::NUMBER,
            // Those that are not finite are text.
            (Kind::Float | Kind::Double, _) => Self(Self::NUMBER.0 | Self::TEXT.0),
            (Kind::Bytes | Kind::String | Kind::Fixed(_) | Kind::Enum(_), _) => Self::TEXT,
            (Kind::Record(_) | Kind::Map(_), _) => Self::OBJECT,
            (Kind::Array(_), _) => Self::ARRAY,
            (Kind::Union(_), _) => Self(u8::MAX),
        }
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
