//! One expression, ready to be evaluated.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
};

use minijinja::{Expression, value::Value};

use super::{
    MappingError,
    analysis::{Analysis, Reference, analyse},
    environment::environment,
    error::{refuse, safe_message, shorten},
    filters::texts::scalar_text,
    scope::Prepared,
    value::{Budget, to_json},
};

type Json = serde_json::Value;

/// An expression of a text.
#[derive(Debug)]
pub(crate) struct Compiled {
    path: String,
    source: String,
    references: Vec<Reference>,
    program: Program,
}

#[derive(Debug)]
enum Program {
    /// The expression is nothing but its one reference: its value passes as it is.
    Path,
    Expression(Box<Expression<'static, 'static>>),
}

impl Compiled {
    /// Compiles an expression. `whole` when nothing stands around it.
    pub(crate) fn new(source: &str, line: u32, path: &str, whole: bool) -> Result<Self, String> {
        let source = source.trim();
        let Analysis { references, is_path } = analyse(source, path, line)?;
        let program = if is_path && whole {
            Program::Path
        } else {
            let expression = environment().compile_expression_owned(source.to_owned());
            Program::Expression(Box::new(expression.map_err(|error| safe_message(&error))?))
        };
        Ok(Self { path: path.to_owned(), source: source.to_owned(), references, program })
    }

    /// What it refers to.
    pub(crate) fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Its value with its JSON type. `None` where it is to be left out.
    pub(crate) fn value(&self, scope: &Prepared<'_>, budget: &mut Budget) -> Result<Option<Json>, MappingError> {
        let Program::Expression(expression) = &self.program else {
            return self.copy(scope, budget).map(Some);
        };
        self.evaluate(expression, scope)
            .and_then(|value| to_json(&value, budget, 0))
            .map_err(|error| self.error(&error, scope))
            .and_then(|json| self.check_printed(scope).map(|()| json))
    }

    /// Its value as a part of a text.
    pub(crate) fn text(&self, scope: &Prepared<'_>, budget: &mut Budget) -> Result<String, MappingError> {
        let Program::Expression(expression) = &self.program else {
            unreachable!("a path is only used whole");
        };
        let text = self.evaluate(expression, scope).and_then(|value| {
            let text = scalar_text(&value)?.into_owned();
            budget.take(text.len())?;
            Ok(text)
        });
        let text = text.map_err(|error| self.error(&error, scope))?;
        self.check_printed(scope)?;
        Ok(text)
    }

    fn copy(&self, scope: &Prepared<'_>, budget: &mut Budget) -> Result<Json, MappingError> {
        let found = self.references.first().and_then(|reference| scope.resolve(reference));
        let Some(found) = found else {
            return Err(self.error(&minijinja::ErrorKind::UndefinedError.into(), scope));
        };
        budget.take_json(found, 0).map_err(|error| self.error(&error, scope))?;
        Ok(found.clone())
    }

    fn evaluate(&self, expression: &Expression<'_, '_>, scope: &Prepared<'_>) -> Result<Value, minijinja::Error> {
        let context = scope.context(&self.references).map_err(refuse)?;
        // A value that an operator was not made for, a division by zero in `divisibleby` for one, must not end more
        // than this expression: the attempt before it has happened.
        let evaluated = catch_unwind(AssertUnwindSafe(|| expression.eval(context)));
        evaluated.unwrap_or_else(|_| Err(refuse("it cannot be evaluated with these values")))
    }

    fn check_printed(&self, scope: &Prepared<'_>) -> Result<(), MappingError> {
        if scope.printed.swap(false, Ordering::Relaxed) {
            return Err(self.fail("a list or a table cannot become text: name a field of it, or use `join`"));
        }
        Ok(())
    }

    fn error(&self, error: &minijinja::Error, scope: &Prepared<'_>) -> MappingError {
        scope.printed.store(false, Ordering::Relaxed);
        if error.kind() == minijinja::ErrorKind::UndefinedError
            && let Some(missing) = self.missing(scope)
        {
            return self.fail(&format!("`{missing}` is undefined"));
        }
        self.fail(&safe_message(error))
    }

    /// The first reference that is undefined; those that may be come last.
    fn missing(&self, scope: &Prepared<'_>) -> Option<&Reference> {
        let undefined = || self.references.iter().filter(|reference| scope.resolve(reference).is_none());
        undefined().find(|reference| !reference.guarded).or_else(|| undefined().next())
    }

    /// An error of this expression.
    pub(crate) fn fail(&self, message: &str) -> MappingError {
        MappingError { path: self.path.clone(), message: format!("`{{{{ {} }}}}`: {message}", shorten(&self.source)) }
    }
}
