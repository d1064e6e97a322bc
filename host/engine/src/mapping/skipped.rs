//! What is left of a step that was skipped: nothing, and yet one can ask for it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use minijinja::value::{Object, ObjectRepr, Value};

use super::analysis::Segment;

/// The output of a step that was skipped. It is undefined, and yet one can ask for what is in it, as far down as the
/// expression does: there, at last, is nothing.
struct Skipped(BTreeMap<String, Value>);

impl fmt::Debug for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step that was skipped")
    }
}

impl Object for Skipped {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some(key) => self.0.get(key).cloned(),
            None => self.0.get(&key.as_usize()?.to_string()).cloned(),
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
}

/// The output of a step that was skipped, for an expression that looks at these places in it.
pub(crate) fn skipped(places: &[&[Segment]]) -> Value {
    let mut below: BTreeMap<String, Vec<&[Segment]>> = BTreeMap::new();
    for place in places {
        if let [first, rest @ ..] = place
            && !rest.is_empty()
        {
            let key = match first {
                Segment::Key(key) => key.clone(),
                Segment::Index(index) => index.to_string(),
            };
            below.entry(key).or_default().push(rest);
        }
    }
    Value::from_object(Skipped(below.into_iter().map(|(key, places)| (key, skipped(&places))).collect()))
}

/// Whether a value is not there.
pub(crate) fn is_absent(value: &Value) -> bool {
    value.is_undefined() || value.downcast_object_ref::<Skipped>().is_some()
}
