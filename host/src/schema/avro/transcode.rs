//! Values of one schema written as values of another, from bytes to bytes.

use std::ops::Range;

use super::binary::{DEPTH, Input, end_block, write_bytes, write_index, write_long};
use super::decimal;
use super::misfit::Misfit;
use super::resolve::{FieldStep, RecordSteps, Resolution, Source, Step, StepIndex};
use super::schema::{Kind, NodeIndex, Schema};
use super::temporal;
use crate::batch::Limits;

impl Resolution {
    /// Appends to `out` what a value of the writer's schema is by the reader's.
    ///
    /// # Errors
    /// What is no value of the writer's, or cannot be one of the reader's.
    pub fn append(&self, writer: &Schema, value: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
        let end = out.len().saturating_add(Limits::RECORD);
        let mut walk = Walk { steps: self, writer, input: Input::new(value), end };
        walk.pass(self.root, 0, out)?;
        walk.input.finish()
    }
}

struct Walk<'a> {
    steps: &'a Resolution,
    writer: &'a Schema,
    input: Input<'a>,
    /// Up to where it may be written: a few bytes may stand for many items, and for long defaults in each.
    end: usize,
}

impl<'a> Walk<'a> {
    fn pass(&mut self, step: StepIndex, depth: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        if depth > DEPTH {
            return Err(Misfit::new(format!("it is nested deeper than {DEPTH} levels")));
        }
        if out.len() > self.end {
            return Err(Misfit::new(format!("it becomes longer than {} MiB", Limits::RECORD >> 20)));
        }
        let Some(step) = self.steps.steps.get(step) else { return Ok(()) };
        match step {
            Step::Copy(node) => {
                let start = self.input.at();
                self.writer.skip(*node, &mut self.input, depth)?;
                out.extend_from_slice(self.input.since(start));
            }
            // The rules promise a number for every `long`, the nearest where a float has no such digits.
            Step::LongToFloat => out.extend((self.input.long()? as f32).to_le_bytes()),
            Step::LongToDouble => out.extend((self.input.long()? as f64).to_le_bytes()),
            Step::FloatToDouble => out.extend(f64::from(self.input.float()?).to_le_bytes()),
            Step::BytesToString => write_bytes(self.input.text()?.as_bytes(), out),
            Step::Units { from, to } => write_long(temporal::rescale(self.input.long()?, *from, *to)?, out),
            Step::Decimal { size, from, to, precision, target_size } => {
                let bytes = match size {
                    Some(size) => self.input.take(*size)?,
                    None => self.input.bytes()?,
                };
                let value = decimal::rescale(bytes, *from, *to, *precision)?;
                let bytes = decimal::to_bytes(&value, *target_size)?;
                match target_size {
                    Some(_) => out.extend_from_slice(&bytes),
                    None => write_bytes(&bytes, out),
                }
            }
            Step::Enum(symbols, misfit) => {
                let symbol = self.input.index(symbols.len(), "an enum has the index of a symbol")?;
                let symbol = symbols.get(symbol).copied().flatten();
                write_index(symbol.ok_or_else(|| Misfit::new(&**misfit))?, out);
            }
            Step::Record(record) => self.record(record, depth, out)?,
            Step::Array(item) => self.blocks(out, |walk, out| walk.pass(*item, depth + 1, out))?,
            Step::Map(of) => self.blocks(out, |walk, out| {
                let key = walk.input.text()?;
                write_bytes(key.as_bytes(), out);
                walk.pass(*of, depth + 1, out).map_err(|misfit| misfit.under(key))
            })?,
            Step::Union(branches) => {
                let branch = self.input.index(branches.len(), "a union has the index of a branch")?;
                if let Some(step) = branches.get(branch) {
                    self.pass(*step, depth + 1, out)?;
                }
            }
            Step::Branch { index, step } => {
                write_index(*index, out);
                self.pass(*step, depth + 1, out)?;
            }
            Step::Never(misfit) => return Err(misfit.clone()),
        }
        Ok(())
    }

    fn record(&mut self, record: &RecordSteps, depth: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        if record.in_order {
            let mut reads = record.reads.iter();
            for write in &record.writes {
                match write {
                    Source::Default(bytes) => out.extend_from_slice(bytes),
                    Source::Field(_) => {
                        // Those before it that nobody takes are passed over on the way.
                        for read in reads.by_ref() {
                            self.field(read, depth, out)?;
                            if matches!(read, FieldStep::Pass { .. }) {
                                break;
                            }
                        }
                    }
                }
            }
            return reads.try_for_each(|read| self.field(read, depth, out));
        }
        let start = out.len();
        let mut written: Vec<Range<usize>> = Vec::with_capacity(record.reads.len());
        for read in &record.reads {
            let from = out.len() - start;
            self.field(read, depth, out)?;
            written.push(from..out.len() - start);
        }
        let unsorted = out.split_off(start);
        for write in &record.writes {
            out.extend_from_slice(match write {
                Source::Default(bytes) => bytes,
                Source::Field(of) => written.get(*of).and_then(|range| unsorted.get(range.clone())).unwrap_or_default(),
            });
        }
        Ok(())
    }

    fn field(&mut self, read: &FieldStep, depth: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        match read {
            FieldStep::Pass { step, name } => self.pass(*step, depth + 1, out).map_err(|misfit| misfit.within(name)),
            FieldStep::Skip(node) => self.writer.skip(*node, &mut self.input, depth + 1),
        }
    }

    /// Passes the items of an array or map, as one block.
    fn blocks(
        &mut self,
        out: &mut Vec<u8>,
        mut item: impl FnMut(&mut Self, &mut Vec<u8>) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        let (start, mut count) = (out.len(), 0);
        let mut input = self.input.clone();
        input.blocks(|input| {
            // The walk reads where the blocks are, and the blocks go on where it has read.
            std::mem::swap(&mut self.input, input);
            let passed = item(self, out);
            std::mem::swap(&mut self.input, input);
            count += 1;
            passed
        })?;
        self.input = input;
        end_block(start, count, out);
        Ok(())
    }
}

impl Schema {
    /// Passes over a value, and checks it on the way.
    ///
    /// # Errors
    /// What is no such value.
    pub(super) fn skip(&self, index: NodeIndex, input: &mut Input<'_>, depth: usize) -> Result<(), Misfit> {
        if depth > DEPTH {
            return Err(Misfit::new(format!("it is nested deeper than {DEPTH} levels")));
        }
        match &self.node(index).kind {
            Kind::Null => Ok(()),
            Kind::Boolean => input.boolean().map(drop),
            Kind::Int => input.int().map(drop),
            Kind::Long => input.long().map(drop),
            Kind::Float => input.take(4).map(drop),
            Kind::Double => input.take(8).map(drop),
            Kind::Bytes => input.bytes().map(drop),
            Kind::String => input.text().map(drop),
            Kind::Fixed(fixed) => input.take(fixed.size).map(drop),
            Kind::Enum(of) => input.index(of.symbols.len(), "an enum has the index of a symbol").map(drop),
            Kind::Record(record) => record.fields.iter().try_for_each(|field| {
                self.skip(field.node, input, depth + 1).map_err(|misfit| misfit.within(&field.name))
            }),
            Kind::Array(item) => input.blocks(|input| self.skip(*item, input, depth + 1)),
            Kind::Map(of) => input.blocks(|input| {
                let key = input.text()?;
                self.skip(*of, input, depth + 1).map_err(|misfit| misfit.under(key))
            }),
            Kind::Union(union) => {
                let branch = input.index(union.branches.len(), "a union has the index of a branch")?;
                union.branches.get(branch).map_or(Ok(()), |branch| self.skip(branch.node, input, depth + 1))
            }
        }
    }

    /// Checks that some bytes are a value of this schema and nothing else.
    ///
    /// # Errors
    /// What is no such value.
    pub fn check(&self, value: &[u8]) -> Result<(), Misfit> {
        let mut input = Input::new(value);
        self.skip(self.root, &mut input, 0)?;
        input.finish()
    }
}
