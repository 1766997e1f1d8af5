//! Regular expressions that stand in an expression are made ready once, and not for each record as the language's own
//! `matches` does it.
//!
//! `x.matches("…")` is read as a call of a function of ours with the number of the pattern. The language knows functions
//! without anything of their own only, so that the patterns stand beside them: there is one plugin in a module.

use std::cell::RefCell;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use cel::common::types::{CelBool, CelInt, CelString, INT_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::parser::Macro;
use cel::{DeclarationError, Env, ExecutionError};
use regex::Regex;

/// No expression can name it.
const FUNCTION: &str = "@matches";

thread_local! {
    static PATTERNS: RefCell<Vec<Regex>> = const { RefCell::new(Vec::new()) };
}

/// Makes `matches` of an environment read its patterns once. One that is no regular expression is left to the language's
/// own `matches`, which says so; [`problem`] finds it before.
pub(crate) fn declare(environment: &mut Env) -> Result<(), DeclarationError> {
    environment.add_overload(FUNCTION, FUNCTION, vec![STRING_TYPE.to_owned(), INT_TYPE.to_owned()], matches)?;
    environment.add_macro(Macro::receiver("matches", 1, |helper, target, arguments| {
        let Some(pattern) = arguments.first().and_then(|argument| literal(&argument.expr)) else { return Ok(None) };
        let Ok(pattern) = Regex::new(pattern) else { return Ok(None) };
        let Some(text) = target.take() else { return Ok(None) };
        let number = PATTERNS.with_borrow_mut(|patterns| {
            patterns.push(pattern);
            patterns.len() - 1
        });
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let number = helper.next_expr(Expr::Literal(LiteralValue::Int(CelInt::from(number))));
        let call = CallExpr { func_name: FUNCTION.to_owned(), target: None, args: vec![text, number] };
        Ok(Some(helper.next_expr(Expr::Call(call))))
    }))
}

/// The text that a part of an expression is.
fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// What is wrong with the pattern of a call of `matches`, where it stands in the expression.
pub(crate) fn problem(call: &CallExpr) -> Option<String> {
    let pattern =
        call.args.last().filter(|_| call.func_name == "matches").and_then(|last: &IdedExpr| literal(&last.expr))?;
    Regex::new(pattern).err().map(|error| format!("`{pattern}` is no regular expression: {error}"))
}

fn matches<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let text = arguments.first().and_then(|text| text.downcast_ref::<CelString<'_>>());
    let number = arguments.get(1).and_then(|number| number.downcast_ref::<CelInt>());
    let number = number.and_then(|number| usize::try_from(*number.inner()).ok());
    let (Some(text), Some(number)) = (text, number) else { return Err(ExecutionError::missing_argument_or_target()) };
    let is_match = PATTERNS.with_borrow(|patterns| patterns.get(number).map(|pattern| pattern.is_match(text.inner())));
    match is_match {
        Some(is_match) => Ok(CowVal::owned(CelBool::from(is_match))),
        None => Err(ExecutionError::function_error("matches", "the pattern is lost")),
    }
}
