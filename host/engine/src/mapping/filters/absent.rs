//! What is not there: undefined, or a step that was skipped.

use minijinja::{
    Error, State, filters as builtin,
    value::{Rest, Value},
};

pub(crate) use crate::mapping::skipped::is_absent;

/// Whether a value is there.
pub(crate) fn is_present(value: &Value) -> bool {
    !is_absent(value)
}

/// Another value in the place of one that is not there.
pub(crate) fn default(state: &State<'_, '_>, value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let value = if is_absent(value) { &Value::UNDEFINED } else { value };
    builtin::default(state, value, arguments)
}
