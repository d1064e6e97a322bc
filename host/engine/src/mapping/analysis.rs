//! What an expression may say, and what it refers to. Reads MiniJinja's own syntax tree, so that what is checked is what
//! is run.

use minijinja::machinery::{
    ast::{BinOpKind, CallArg, Const, Expr, GetItem, Spanned, UnaryOpKind},
    parse_expr,
};
use minijinja::value::Value;

use super::{
    condition::{ensured, same_step},
    environment::{FILTERS, TESTS},
    error::did_you_mean,
    limits,
};

/// The names that an expression may begin with.
pub(crate) const VARIABLES: [&str; 4] = ["submission", "attachments", "steps", "run"];
/// Filters whose result is a number whatever they are given.
const NUMERIC_FILTERS: [&str; 8] =
    ["number", "danish_number", "minor_units", "int", "float", "length", "count", "round"];
/// Filters that accept what is undefined.
const FORGIVING_FILTERS: [&str; 3] = ["default", "d", "optional"];
const MAX_SLICE: i64 = 1_000_000;

/// One place that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where the expression stands in the input, dotted.
    pub path: String,
    /// The line of the expression within its text, from 1.
    pub line: u32,
    /// `submission`, `attachments`, `steps` or `run`.
    pub variable: String,
    /// What follows, as far as it is known before the run.
    pub segments: Vec<Segment>,
    /// It may be undefined: `default`, `optional` or `is defined` looks at it, or at its step before it.
    pub guarded: bool,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Key(String),
    Index(usize),
}

impl Reference {
    /// The name of the step as written, when it reads the output of one.
    pub fn step(&self) -> Option<&str> {
        match self.segments.first() {
            Some(Segment::Key(name)) if self.variable == "steps" => Some(name),
            _ => None,
        }
    }

    /// The top-level field of the submission, when it reads one.
    pub fn field(&self) -> Option<&str> {
        match self.segments.first() {
            Some(Segment::Key(name)) if self.variable == "submission" => Some(name),
            _ => None,
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.variable)?;
        for segment in &self.segments {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_word(key) => write!(f, ".{key}")?,
                Segment::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|char: char| char.is_ascii_digit())
        && key.chars().all(|char| char.is_alphanumeric() || char == '_')
}

/// What is known of an expression.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) references: Vec<Reference>,
    /// The expression is nothing but its one reference.
    pub(crate) is_path: bool,
}

/// Looks through an expression. The message of an error finishes "`{{ … }}`: ".
pub(crate) fn analyse(source: &str, path: &str, line: u32) -> Result<Analysis, String> {
    if source.len() > limits::MAX_EXPRESSION_BYTES {
        return Err(format!("an expression has at most {} bytes", limits::MAX_EXPRESSION_BYTES));
    }
    if source.trim().is_empty() {
        return Err("the expression is empty".to_owned());
    }
    let expression = parse_expr(source)
        .map_err(|error| error.detail().map_or_else(|| "it is no expression".to_owned(), str::to_owned))?;
    let mut walk = Walk { path, line, references: Vec::new(), carried_out: Vec::new(), nodes: 0 };
    walk.visit(&expression, 0, false)?;
    let is_path = static_path(&expression).is_some();
    Ok(Analysis { references: walk.references, is_path })
}

struct Walk<'p> {
    path: &'p str,
    line: u32,
    references: Vec<Reference>,
    /// The steps that were carried out when what is looked at is evaluated.
    carried_out: Vec<String>,
    nodes: usize,
}

impl Walk<'_> {
    fn visit(&mut self, expression: &Expr<'_>, depth: usize, guarded: bool) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > limits::MAX_EXPRESSION_NODES || depth > limits::MAX_EXPRESSION_DEPTH {
            return Err(format!("it has more than {} parts or is nested too deep", limits::MAX_EXPRESSION_NODES));
        }
        if let Some((variable, segments)) = static_path(expression) {
            return self.reference(variable, segments, guarded);
        }
        let deeper = depth + 1;
        match expression {
            Expr::Var(_) | Expr::Const(_) => Ok(()),
            Expr::GetAttr(attribute) => self.visit(&attribute.expr, deeper, guarded),
            Expr::GetItem(item) => self.item(item, deeper, guarded),
            Expr::Slice(slice) => {
                if slice.step.is_some() {
                    return Err("a slice has no step here: `[from:to]`".to_owned());
                }
                for bound in [&slice.start, &slice.stop].into_iter().flatten() {
                    small_integer(bound).ok_or("the bounds of a slice are plain numbers: `[0:10]`")?;
                }
                self.visit(&slice.expr, deeper, false)
            }
            Expr::UnaryOp(operation) => self.visit(&operation.expr, deeper, false),
            Expr::BinOp(operation) if matches!(operation.op, BinOpKind::ScAnd) => {
                self.visit(&operation.left, deeper, false)?;
                let known = self.carried_out.len();
                ensured(&operation.left, &mut self.carried_out);
                self.visit(&operation.right, deeper, false)?;
                self.carried_out.truncate(known);
                Ok(())
            }
            Expr::BinOp(operation) => {
                if matches!(operation.op, BinOpKind::Mul)
                    && !(is_numeric(&operation.left) && is_numeric(&operation.right))
                {
                    return Err("`*` multiplies numbers only: write `(a | number) * (b | number)`".to_owned());
                }
                self.visit(&operation.left, deeper, false)?;
                self.visit(&operation.right, deeper, false)
            }
            Expr::Compare(comparison) => {
                self.visit(&comparison.expr, deeper, false)?;
                comparison.ops.iter().try_for_each(|operation| self.visit(&operation.expr, deeper, false))
            }
            Expr::IfExpr(choice) => {
                let otherwise = choice.false_expr.as_ref().ok_or("`if` needs an `else`: `a if b else c`")?;
                self.visit(&choice.test_expr, deeper, false)?;
                // Which of the two is taken is known only when the step begins.
                self.visit(&choice.true_expr, deeper, true)?;
                self.visit(otherwise, deeper, true)
            }
            Expr::Filter(filter) => {
                known("filter", filter.name, &FILTERS)?;
                let inner = filter.expr.as_ref().ok_or("a filter needs something before it")?;
                self.visit(inner, deeper, FORGIVING_FILTERS.contains(&filter.name))?;
                self.arguments(&filter.args, deeper)
            }
            Expr::Test(test) => {
                known("test", test.name, &TESTS)?;
                self.visit(&test.expr, deeper, matches!(test.name, "defined" | "undefined"))?;
                self.arguments(&test.args, deeper)
            }
            Expr::Call(_) => Err("there are no functions: use a filter, `value | filter(…)`".to_owned()),
            Expr::List(list) => list.items.iter().try_for_each(|item| self.visit(item, deeper, false)),
            Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|item| self.visit(item, deeper, false)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).try_for_each(|part| self.visit(part, deeper, false)),
        }
    }

    fn item(&mut self, item: &Spanned<GetItem<'_>>, depth: usize, guarded: bool) -> Result<(), String> {
        if matches!(&item.expr, Expr::Var(variable) if variable.id == "steps") {
            return Err("name the step: `steps.open_case` or `steps[\"open-case\"]`".to_owned());
        }
        self.visit(&item.expr, depth, guarded)?;
        self.visit(&item.subscript_expr, depth, false)
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>], depth: usize) -> Result<(), String> {
        arguments.iter().try_for_each(|argument| match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) => self.visit(value, depth, false),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                Err("`*` and `**` before arguments are not available".to_owned())
            }
        })
    }

    fn reference(&mut self, variable: &str, segments: Vec<Segment>, guarded: bool) -> Result<(), String> {
        if !VARIABLES.contains(&variable) {
            let hint = did_you_mean(variable, VARIABLES);
            return Err(format!(
                "`{variable}` is undefined{hint}: there are `submission`, `attachments`, `steps` and `run`"
            ));
        }
        if variable == "steps" && !matches!(segments.first(), Some(Segment::Key(_))) {
            return Err("name the step: `steps.open_case` or `steps[\"open-case\"]`".to_owned());
        }
        let is_known = |step: &str| self.carried_out.iter().any(|known| same_step(known, step));
        let is_step = matches!(segments.first(), Some(Segment::Key(step)) if variable == "steps" && is_known(step));
        self.references.push(Reference {
            path: self.path.to_owned(),
            line: self.line,
            variable: variable.to_owned(),
            segments,
            guarded: guarded || is_step,
        });
        Ok(())
    }
}

/// A variable with names and numbers behind it, and nothing else.
pub(super) fn static_path<'a>(expression: &Expr<'a>) -> Option<(&'a str, Vec<Segment>)> {
    let mut segments = Vec::new();
    let mut at = expression;
    loop {
        match at {
            Expr::Var(variable) => {
                segments.reverse();
                return Some((variable.id, segments));
            }
            Expr::GetAttr(attribute) => {
                segments.push(Segment::Key(attribute.name.to_owned()));
                at = &attribute.expr;
            }
            Expr::GetItem(item) => {
                let Expr::Const(constant) = &item.subscript_expr else { return None };
                segments.push(segment(constant)?);
                at = &item.expr;
            }
            _ => return None,
        }
    }
}

fn segment(constant: &Const) -> Option<Segment> {
    if let Some(key) = constant.value.as_str() {
        return Some(Segment::Key(key.to_owned()));
    }
    constant.value.as_usize().filter(|_| constant.value.is_integer()).map(Segment::Index)
}

fn small_integer(expression: &Expr<'_>) -> Option<i64> {
    let value: Value = match expression {
        Expr::Const(constant) => constant.value.clone(),
        Expr::UnaryOp(operation) if matches!(operation.op, UnaryOpKind::Neg) => match &operation.expr {
            Expr::Const(constant) => constant.value.clone(),
            _ => return None,
        },
        _ => return None,
    };
    value.as_i64().filter(|number| value.is_integer() && *number <= MAX_SLICE)
}

/// Whether the result is a number, whatever the submission holds. A text times a number could fill the memory.
fn is_numeric(expression: &Expr<'_>) -> bool {
    match expression {
        Expr::Const(constant) => constant.value.is_number(),
        Expr::UnaryOp(operation) => matches!(operation.op, UnaryOpKind::Neg) && is_numeric(&operation.expr),
        Expr::BinOp(operation) => match operation.op {
            BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem | BinOpKind::Pow => true,
            BinOpKind::Add | BinOpKind::Mul => is_numeric(&operation.left) && is_numeric(&operation.right),
            _ => false,
        },
        Expr::Filter(filter) => NUMERIC_FILTERS.contains(&filter.name) && filter.args.is_empty(),
        _ => false,
    }
}

fn known(what: &str, name: &str, names: &[&'static str]) -> Result<(), String> {
    if names.contains(&name) {
        return Ok(());
    }
    Err(format!("there is no {what} `{name}`{}", did_you_mean(name, names.iter().copied())))
}
