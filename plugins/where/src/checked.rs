//! What can be known of an expression before the first record: that it parses, names only what there is, and gives a
//! truth value.

use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, Env, ExecutionError, Program, Value};

use crate::bound::NAMES;
use crate::pattern;

/// What an expression names that costs something to look at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Names {
    pub(crate) key: bool,
    pub(crate) value: bool,
}

/// The expression ready to run.
///
/// # Errors
/// Where it does not parse, and why.
pub(crate) fn compile(expression: &str, environment: &Env) -> Result<Program, String> {
    environment.compile(expression).map_err(|errors| {
        let told = errors.errors.iter().map(|error| format!("at {}:{}: {}", error.pos.0, error.pos.1, error.msg));
        format!("`{expression}` is no expression: {}", told.collect::<Vec<_>>().join("; "))
    })
}

/// What the expression names.
///
/// # Errors
/// A name or function that there is not, and a part that cannot be a truth value where one is due, with the place.
pub(crate) fn names(program: &Program, environment: &Arc<Env>) -> Result<Names, String> {
    let mut check = Check { program, environment, names: Names::default(), bound: Vec::new() };
    check.part(program.expression())?;
    if let Some(other) = not_boolean(&program.expression().expr) {
        return Err(check.at(program.expression(), &format!("the expression gives {other}, and not `true` or `false`")));
    }
    Ok(check.names)
}

struct Check<'p> {
    program: &'p Program,
    environment: &'p Arc<Env>,
    names: Names,
    /// Names that the expression itself binds, as `x` in `value.items.exists(x, x > 1)`.
    bound: Vec<&'p str>,
}

impl<'p> Check<'p> {
    /// A message with its place in the expression: line and letter, both from 1.
    fn at(&self, part: &IdedExpr, message: &str) -> String {
        let info = self.program.source_info();
        let Some((start, _)) = info.offset_for(part.id) else { return message.to_owned() };
        let before: String = info.source.chars().take(start as usize).collect();
        let line = before.matches('\n').count() + 1;
        let letter = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        format!("{message}, at {line}:{letter}")
    }

    fn part(&mut self, part: &'p IdedExpr) -> Result<(), String> {
        match &part.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(part, name),
            Expr::Select(select) => self.part(&select.operand),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.part(element)),
            Expr::Call(call) => {
                if let Some(problem) = pattern::problem(call) {
                    return Err(self.at(part, &problem));
                }
                self.constant(part, call)?;
                self.function(part, &call.func_name, call.target.is_some(), call.args.len())?;
                call.target.iter().try_for_each(|target| self.part(target))?;
                call.args.iter().try_for_each(|argument| self.part(argument))
            }
            Expr::Comprehension(comprehension) => {
                self.part(&comprehension.iter_range)?;
                self.part(&comprehension.accu_init)?;
                let outer = self.bound.len();
                self.bound.extend([comprehension.iter_var.as_str(), comprehension.accu_var.as_str()]);
                self.bound.extend(comprehension.iter_var2.as_deref());
                self.part(&comprehension.loop_cond)?;
                self.part(&comprehension.loop_step)?;
                self.part(&comprehension.result)?;
                self.bound.truncate(outer);
                Ok(())
            }
            // Their order changes from run to run, and they equal no object of a record.
            Expr::Map(_) | Expr::Struct(_) => Err(self.at(part, "maps and messages in `{}` are not supported")),
        }
    }

    fn name(&mut self, part: &IdedExpr, name: &str) -> Result<(), String> {
        if self.bound.contains(&name) || name.starts_with('@') {
            return Ok(());
        }
        match name {
            "key" => self.names.key = true,
            "value" => self.names.value = true,
            _ if NAMES.contains(&name) => {}
            _ => {
                let there = NAMES.map(|name| format!("`{name}`")).join(", ");
                return Err(self.at(part, &format!("there is no `{name}`, but there are {there}")));
            }
        }
        Ok(())
    }

    /// A moment or duration that stands in the expression is the same for every record, and wrong for every one.
    fn constant(&self, part: &IdedExpr, call: &CallExpr) -> Result<(), String> {
        let [IdedExpr { expr: Expr::Literal(LiteralValue::String(text)), .. }] = call.args.as_slice() else {
            return Ok(());
        };
        let is = match call.func_name.as_str() {
            "timestamp" => "no moment as RFC 3339 has it, `2024-01-01T00:00:00Z` for instance",
            "duration" => "no duration, `36h` or `1h30m` for instance",
            _ => return Ok(()),
        };
        match Value::resolve_val(part, &Context::with_env(Arc::clone(self.environment))) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.at(part, &format!("`{}` is {is}", text.inner()))),
        }
    }

    /// Calls the function with nulls, which tells one that there is not from one that takes no nulls.
    fn function(&self, part: &IdedExpr, name: &str, is_method: bool, arguments: usize) -> Result<(), String> {
        let null = || IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::Null) };
        let call = CallExpr {
            func_name: name.to_owned(),
            target: is_method.then(|| Box::new(null())),
            args: (0..arguments).map(|_| null()).collect(),
        };
        let call = IdedExpr { id: 0, expr: Expr::Call(call) };
        let context = Context::with_env(Arc::clone(self.environment));
        match Value::resolve_val(&call, &context) {
            Err(ExecutionError::UndeclaredReference(_)) => {
                Err(self.at(part, &format!("there is no function `{name}`")))
            }
            _ => Ok(()),
        }
    }
}

/// What an expression gives that can be no truth value; `None` where it is one or only a record can tell.
fn not_boolean(expression: &Expr) -> Option<&'static str> {
    match expression {
        Expr::Literal(LiteralValue::Boolean(_)) => None,
        Expr::Literal(LiteralValue::String(_)) => Some("a text"),
        Expr::Literal(LiteralValue::Null) => Some("null"),
        Expr::Literal(LiteralValue::Bytes(_)) => Some("bytes"),
        Expr::Literal(_) => Some("a number"),
        Expr::List(_) => Some("a list"),
        Expr::Ident(name) => match name.as_str() {
            "key" | "topic" => Some("a text"),
            "headers" => Some("a map"),
            "timestamp" => Some("a moment"),
            "offset" | "partition" => Some("a number"),
            _ => None,
        },
        Expr::Call(call) => match call.func_name.as_str() {
            operators::CONDITIONAL => call.args.get(1..)?.iter().find_map(|branch| not_boolean(&branch.expr)),
            "_+_" | "_-_" | "_*_" | "_/_" | "_%_" | "-_" => Some("what is computed"),
            "size" | "int" | "uint" | "double" => Some("a number"),
            "string" | "type" => Some("a text or a type"),
            "timestamp" | "duration" => Some("a moment or a duration"),
            _ => None,
        },
        _ => None,
    }
}
