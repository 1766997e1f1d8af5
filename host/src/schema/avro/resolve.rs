//! How values of one schema become values of another: Avro's rules of
//! [schema resolution](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution), gone through once for two
//! schemas and not again for each value.
//!
//! Where those rules would take a number over and change what it means, it is converted or refused: the specification says
//! nothing of a `timestamp-millis` that is read as `timestamp-micros`, and decimals of another scale do not match there.
//! Converted is what stays exact.

use std::collections::{HashMap, HashSet};

use super::misfit::Misfit;
use super::schema::{Enum, Kind, Logical, Node, NodeIndex, Record, Schema};
use super::union::Union;

/// The index of a step.
pub(super) type StepIndex = usize;

/// What is left of the stack, in bytes, when more is taken.
const STACK: usize = 64 << 10;

/// The way from a writer's schema to a reader's.
#[derive(Debug)]
pub struct Resolution {
    pub(super) steps: Vec<Step>,
    pub(super) root: StepIndex,
    /// Fields and symbols of the writer's that the reader does not have, by the name of the reader's record or enum.
    former: Formers,
}

/// Names, and names within them.
type Formers = HashMap<Box<str>, HashSet<Box<str>>>;

/// What is done with a part of a value.
#[derive(Debug)]
pub(super) enum Step {
    /// A part of the writer's, as it is.
    Copy(NodeIndex),
    LongToFloat,
    LongToDouble,
    FloatToDouble,
    /// Bytes, that have to be UTF-8.
    BytesToString,
    /// A date, time or timestamp of another unit.
    Units {
        from: arrow_schema::TimeUnit,
        to: arrow_schema::TimeUnit,
    },
    /// A decimal.
    Decimal {
        size: Option<usize>,
        from: u32,
        to: u32,
        precision: u32,
        target_size: Option<usize>,
    },
    /// The reader's index of each symbol.
    Enum(Vec<Option<usize>>, Box<str>),
    Record(RecordSteps),
    Array(StepIndex),
    Map(StepIndex),
    /// What becomes of each branch.
    Union(Vec<StepIndex>),
    /// It becomes a branch.
    Branch {
        index: usize,
        step: StepIndex,
    },
    /// It cannot be.
    Never(Misfit),
}

/// What becomes of a record's fields.
#[derive(Debug)]
pub(super) struct RecordSteps {
    /// In the writer's order.
    pub(super) reads: Vec<FieldStep>,
    /// In the reader's order: which of the writer's fields it is, or its default.
    pub(super) writes: Vec<Source>,
    /// Whether what is read can be written as it comes.
    pub(super) in_order: bool,
}

#[derive(Debug)]
pub(super) enum FieldStep {
    Pass { step: StepIndex, name: Box<str> },
    Skip(NodeIndex),
}

#[derive(Debug)]
pub(super) enum Source {
    /// The field at this place of the writer's.
    Field(usize),
    Default(Box<[u8]>),
}

impl Resolution {
    /// The way from `writer` to `reader`. There always is one: what cannot be is met where a value has it.
    pub fn new(writer: &Schema, reader: &Schema) -> Self {
        let mut resolver =
            Resolver { writer, reader, steps: Vec::new(), known: HashMap::new(), former: HashMap::new() };
        let root = resolver.step(writer.root, reader.root);
        let Resolver { steps, former, .. } = resolver;
        let steps: Vec<Step> =
            steps.into_iter().map(|step| step.unwrap_or_else(|| Step::Never(Misfit::new("it has no end")))).collect();
        Self { steps, root, former }
    }

    /// Why no value of the writer's at all can be read.
    pub fn never(&self) -> Option<Misfit> {
        self.never_of(self.root, &mut HashSet::new())
    }

    fn never_of(&self, index: StepIndex, seen: &mut HashSet<StepIndex>) -> Option<Misfit> {
        stacker::maybe_grow(STACK, 16 * STACK, || self.never_within(index, seen))
    }

    fn never_within(&self, index: StepIndex, seen: &mut HashSet<StepIndex>) -> Option<Misfit> {
        match self.steps.get(index)? {
            _ if !seen.insert(index) => None,
            Step::Never(misfit) => Some(misfit.clone()),
            Step::Record(record) => record.reads.iter().find_map(|read| match read {
                FieldStep::Pass { step, name } => self.never_of(*step, seen).map(|misfit| misfit.within(name)),
                FieldStep::Skip(_) => None,
            }),
            Step::Branch { step, .. } => self.never_of(*step, seen),
            Step::Union(branches) => {
                let nevers: Option<Vec<_>> = branches.iter().map(|branch| self.never_of(*branch, seen)).collect();
                nevers.and_then(|nevers| nevers.into_iter().next())
            }
            _ => None,
        }
    }

    /// Whether every value is taken over as it is.
    pub fn is_identity(&self) -> bool {
        matches!(self.steps.get(self.root), Some(Step::Copy(_)))
    }
}

impl super::Former for Resolution {
    fn has_field(&self, record: &str, field: &str) -> bool {
        self.former.get(record).is_some_and(|fields| fields.contains(field))
    }

    fn has_symbol(&self, of: &str, symbol: &str) -> bool {
        self.former.get(of).is_some_and(|symbols| symbols.contains(symbol))
    }
}

struct Resolver<'a> {
    writer: &'a Schema,
    reader: &'a Schema,
    /// Missing while it is looked for: a record within itself.
    steps: Vec<Option<Step>>,
    known: HashMap<(NodeIndex, NodeIndex), StepIndex>,
    former: Formers,
}

impl Resolver<'_> {
    fn step(&mut self, writer: NodeIndex, reader: NodeIndex) -> StepIndex {
        if let Some(known) = self.known.get(&(writer, reader)) {
            return *known;
        }
        let index = self.steps.len();
        self.steps.push(None);
        self.known.insert((writer, reader), index);
        // Types may follow one another as far as a schema is long.
        let step = stacker::maybe_grow(STACK, 16 * STACK, || self.found(writer, reader));
        if let Some(place) = self.steps.get_mut(index) {
            *place = Some(step);
        }
        index
    }

    /// Whether what stands there is copied. One that is still looked for may be, or may not.
    fn is_copy(&self, step: StepIndex) -> bool {
        matches!(self.steps.get(step), Some(Some(Step::Copy(_))))
    }

    fn found(&mut self, from: NodeIndex, to: NodeIndex) -> Step {
        let (writer, reader) = (self.writer, self.reader);
        let (from_node, to_node) = (writer.node(from), reader.node(to));
        match (&from_node.kind, &to_node.kind) {
            (Kind::Union(branches), _) => self.union(from, branches, to),
            (_, Kind::Union(branches)) => self.branch_for(from, branches),
            (Kind::Record(one), Kind::Record(other)) => self.record(from, one, other),
            (Kind::Enum(one), Kind::Enum(other)) => {
                if !other.name.reads(&one.name) {
                    return never(from_node, to_node);
                }
                let index = |symbol: &str| other.index(symbol).or(other.default);
                let symbols: Vec<_> = one.symbols.iter().map(|symbol| index(symbol)).collect();
                let same = symbols.iter().enumerate().all(|(at, symbol)| *symbol == Some(at));
                if same {
                    return Step::Copy(from);
                }
                let gone = one.symbols.iter().filter(|symbol| other.index(symbol).is_none()).cloned();
                self.former.entry(other.name.full.clone()).or_default().extend(gone);
                Step::Enum(symbols, enum_misfit(other))
            }
            (Kind::Array(one), Kind::Array(other)) => {
                let step = self.step(*one, *other);
                if self.is_copy(step) { Step::Copy(from) } else { Step::Array(step) }
            }
            (Kind::Map(one), Kind::Map(other)) => {
                let step = self.step(*one, *other);
                if self.is_copy(step) { Step::Copy(from) } else { Step::Map(step) }
            }
            _ => scalar(from, from_node, to_node),
        }
    }

    fn union(&mut self, from: NodeIndex, union: &Union, to: NodeIndex) -> Step {
        let branches: Vec<StepIndex> = union.branches.iter().map(|branch| self.step(branch.node, to)).collect();
        // The branches of two equal unions are each their own index and a copy.
        let same = branches.iter().enumerate().all(|(at, branch)| match self.steps.get(*branch) {
            Some(Some(Step::Branch { index, step })) => *index == at && self.is_copy(*step),
            _ => false,
        });
        if same { Step::Copy(from) } else { Step::Union(branches) }
    }

    /// A value that is no union becomes the branch that is most like it: of its own name and kind, of its kind, or the first
    /// that it can be promoted to.
    fn branch_for(&mut self, from: NodeIndex, union: &Union) -> Step {
        let (writer, reader) = (self.writer, self.reader);
        let node = writer.node(from);
        let likeness = |other: &Node| match (node.kind.name(), other.kind.name()) {
            (Some(one), Some(other)) if one.full == other.full => 0,
            (Some(one), Some(other)) if other.reads(one) => 1,
            (Some(_), Some(_)) => 2,
            _ if std::mem::discriminant(&node.kind) == std::mem::discriminant(&other.kind) => 0,
            _ => 3,
        };
        let mut candidates: Vec<usize> = (0..union.branches.len()).collect();
        candidates.sort_by_key(|at| union.branches.get(*at).map_or(3, |branch| likeness(reader.node(branch.node))));
        let mut nearest = None;
        for index in candidates {
            let Some(branch) = union.branches.get(index) else { continue };
            let step = self.step(from, branch.node);
            match self.steps.get(step) {
                Some(Some(Step::Never(misfit))) => {
                    let is_like = likeness(reader.node(branch.node)) < 3;
                    nearest = nearest.or(is_like.then(|| misfit.clone()));
                }
                _ => return Step::Branch { index, step },
            }
        }
        let none = || Misfit::new(format!("{} cannot be read as {}", node.kind.type_name(), union.alternatives()));
        Step::Never(nearest.unwrap_or_else(none))
    }

    fn record(&mut self, from: NodeIndex, writer: &Record, reader: &Record) -> Step {
        let mut reads: Vec<FieldStep> = writer.fields.iter().map(|field| FieldStep::Skip(field.node)).collect();
        let mut writes = Vec::with_capacity(reader.fields.len());
        let mut copies = writer.fields.len() == reader.fields.len();
        let mut never = None;
        for (at, field) in reader.fields.iter().enumerate() {
            let is_taken = |name: &str| reader.takes(name, |other| writer.index(other).is_some()) == Some(at);
            let names = [&field.name].into_iter().chain(&field.aliases);
            let of = names.filter(|name| is_taken(name)).find_map(|name| writer.index(name));
            let of = of.and_then(|of| Some((of, writer.fields.get(of)?, reads.get_mut(of)?)));
            if let Some((of, source, read)) = of {
                let step = self.step(source.node, field.node);
                copies &= of == at && self.is_copy(step);
                *read = FieldStep::Pass { step, name: field.name.clone() };
                writes.push(Source::Field(of));
                continue;
            }
            copies = false;
            match super::from_json::default_of(field) {
                Ok(bytes) => writes.push(Source::Default(bytes.into())),
                // The other fields are looked at all the same: what a plugin adds it to may still have all of the writer's.
                Err(misfit) => never = never.or(Some(misfit)),
            }
        }
        if copies {
            return Step::Copy(from);
        }
        for (field, read) in writer.fields.iter().zip(&reads) {
            if matches!(read, FieldStep::Skip(_)) {
                self.former.entry(reader.name.full.clone()).or_default().insert(field.name.clone());
            }
        }
        if let Some(misfit) = never {
            return Step::Never(misfit);
        }
        let taken = writes.iter().filter_map(|write| match write {
            Source::Field(of) => Some(*of),
            Source::Default(_) => None,
        });
        let in_order = taken.is_sorted();
        Step::Record(RecordSteps { reads, writes, in_order })
    }
}

/// Values that have no parts.
fn scalar(from: NodeIndex, writer: &Node, reader: &Node) -> Step {
    let decimal = |node: &Node| match (node.logical, &node.kind) {
        (Some(Logical::Decimal { precision, scale }), Kind::Fixed(fixed)) => Some((precision, scale, Some(fixed.size))),
        (Some(Logical::Decimal { precision, scale }), _) => Some((precision, scale, None)),
        _ => None,
    };
    if let (Some((had, scale, size)), Some((precision, to, target_size))) = (decimal(writer), decimal(reader)) {
        let is_same = scale == to && precision >= had && size == target_size;
        return match is_same {
            true => Step::Copy(from),
            false => Step::Decimal { size, from: scale, to, precision, target_size },
        };
    }
    match (decimal(writer), decimal(reader), &writer.kind, &reader.kind) {
        // What is a number's bytes by its schema alone: it has to be one of so many digits.
        (None, Some((precision, scale, target_size)), Kind::Bytes | Kind::Fixed(_), _) if writer.logical.is_none() => {
            let size = if let Kind::Fixed(fixed) = &writer.kind { Some(fixed.size) } else { None };
            if size.is_some() == target_size.is_some() {
                return Step::Decimal { size, from: scale, to: scale, precision, target_size };
            }
        }
        (None, Some(_), ..) | (Some(_), None, _, Kind::String) => return never(writer, reader),
        _ => {}
    }
    let units = |node: &Node| match node.logical {
        Some(Logical::Time(unit)) => Some((0, unit)),
        Some(Logical::Timestamp(unit)) => Some((1, unit)),
        Some(Logical::LocalTimestamp(unit)) => Some((2, unit)),
        _ => None,
    };
    match (units(writer), units(reader)) {
        (Some((one, from)), Some((other, to))) if one == other && from != to => return Step::Units { from, to },
        (Some((one, _)), Some((other, _))) if one != other => return never(writer, reader),
        // An int that is a time is no long that is a timestamp, nor is a day.
        (None, Some(_)) if writer.logical.is_some() => return never(writer, reader),
        (Some(_), None) if reader.logical.is_some() => return never(writer, reader),
        _ => {}
    }
    match (&writer.kind, &reader.kind) {
        (Kind::Null, Kind::Null)
        | (Kind::Boolean, Kind::Boolean)
        | (Kind::Int, Kind::Int | Kind::Long)
        | (Kind::Long, Kind::Long)
        | (Kind::Float, Kind::Float)
        | (Kind::Double, Kind::Double)
        | (Kind::Bytes, Kind::Bytes)
        | (Kind::String, Kind::String | Kind::Bytes) => Step::Copy(from),
        (Kind::Fixed(one), Kind::Fixed(other)) if one.size == other.size && other.name.reads(&one.name) => {
            Step::Copy(from)
        }
        (Kind::Int | Kind::Long, Kind::Float) => Step::LongToFloat,
        (Kind::Int | Kind::Long, Kind::Double) => Step::LongToDouble,
        (Kind::Float, Kind::Double) => Step::FloatToDouble,
        (Kind::Bytes, Kind::String) => Step::BytesToString,
        _ => never(writer, reader),
    }
}

fn never(writer: &Node, reader: &Node) -> Step {
    let shown = |node: &Node| match node.logical {
        Some(logical) => format!("{} ({})", node.kind.type_name(), logical.name()),
        None => node.kind.type_name().to_owned(),
    };
    Step::Never(Misfit::new(format!("{} cannot be read as {}", shown(writer), shown(reader))))
}

fn enum_misfit(reader: &Enum) -> Box<str> {
    format!("`{}` has no such symbol, and no default", reader.name.full).into()
}
