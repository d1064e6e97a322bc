//! A step's condition: one expression that is true or false.

use minijinja::machinery::{
    ast::{BinOpKind, Expr, UnaryOpKind},
    parse_expr,
};
use serde_json::Value;

use super::{
    MappingError, MappingFault,
    analysis::{Reference, Segment, static_path},
    compiled::Compiled,
    scope::{Prepared, Scope},
    text,
    value::Budget,
};

/// A step's condition, compiled.
#[derive(Debug)]
pub(crate) struct Condition {
    expression: Compiled,
    /// The steps that were carried out whenever it holds, as written.
    ensured: Vec<String>,
}

impl Condition {
    /// Compiles a condition: a text that is exactly one expression.
    pub(crate) fn compile(written: &str) -> Result<Self, MappingFault> {
        let fault = |line, message: String| MappingFault { path: String::new(), line, message };
        let parts = text::split(written).map_err(|split| fault(split.line, split.message))?;
        let [text::Part::Expression { source, line }] = parts.as_slice() else {
            let message = "a condition is exactly one expression that is true or false: \
                           `{{ steps.search.branch == 'Success' }}`";
            return Err(fault(1, message.to_owned()));
        };
        let refuse =
            |message: String| fault(*line, format!("`{{{{ {} }}}}`: {message}", super::error::shorten(source.trim())));
        let expression = Compiled::new(source, *line, "", true).map_err(refuse)?;
        let ensured = carried_out(source).map_err(refuse)?;
        Ok(Self { expression, ensured })
    }

    /// Everything that it refers to.
    pub(crate) fn references(&self) -> &[Reference] {
        self.expression.references()
    }

    /// Whether it says that this step was carried out.
    pub(crate) fn ensures(&self, step: &str) -> bool {
        self.ensured.iter().any(|written| same_step(written, step))
    }

    /// Whether it holds. What is neither true nor false is an error: a text never counts as one of them.
    pub(crate) fn holds(&self, scope: &Scope<'_>) -> Result<bool, MappingError> {
        let prepared = Prepared::new(scope);
        match self.expression.value(&prepared, &mut Budget::default())? {
            Some(Value::Bool(holds)) => Ok(holds),
            value => Err(self.expression.fail(&format!("a condition is true or false, and this is {}", kind(value)))),
        }
    }
}

/// What a value is, without telling it.
fn kind(value: Option<Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::Bool(bool)) => bool.to_string(),
        Some(Value::Number(_)) => "a number: compare it, `… > 0`".to_owned(),
        // The two words are nobody's data.
        Some(Value::String(text)) if text == "true" || text == "false" => {
            format!("the text `{text}`: compare it, `… == 'true'`")
        }
        Some(Value::String(_)) => "a text: compare it, `… == 'text'`".to_owned(),
        Some(Value::Array(_)) => "a list: compare its length, `… | length > 0`".to_owned(),
        Some(Value::Object(_)) => "a table: name a field of it".to_owned(),
    }
}

/// The steps that were carried out whenever this expression is true, as written.
fn carried_out(source: &str) -> Result<Vec<String>, String> {
    let expression = parse_expr(source).map_err(|_| "it is no expression".to_owned())?;
    let mut steps = Vec::new();
    ensured(&expression, &mut steps);
    Ok(steps)
}

/// `steps.x is defined`, also with `and`.
pub(super) fn ensured(expression: &Expr<'_>, steps: &mut Vec<String>) {
    let (test, name) = match expression {
        Expr::BinOp(operation) if matches!(operation.op, BinOpKind::ScAnd) => {
            ensured(&operation.left, steps);
            return ensured(&operation.right, steps);
        }
        Expr::UnaryOp(not) if matches!(not.op, UnaryOpKind::Not) => (&not.expr, "undefined"),
        other => (other, "defined"),
    };
    if let Expr::Test(test) = test
        && test.name == name
        && let Some(("steps", segments)) = static_path(&test.expr)
        && let Some(Segment::Key(step)) = segments.into_iter().next()
    {
        steps.push(step);
    }
}

/// Whether this is how expressions write that step.
pub(crate) fn same_step(written: &str, step: &str) -> bool {
    written == step || written.replace('_', "-") == step.replace('_', "-")
}
