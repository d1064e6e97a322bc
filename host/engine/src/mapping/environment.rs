//! The filters and tests that there are. Everything of MiniJinja's whose cost is not bounded by its input is left out
//! (`range`, `format`, `indent`, `center`, `batch`, …) or replaced by ours (`join`, `replace`).

use std::sync::OnceLock;

use minijinja::{Environment, UndefinedBehavior, filters as builtin, tests as checks};

use super::{
    filters::{absent, dates, decimals, lists, texts},
    limits,
};

/// The names of all filters.
pub(crate) const FILTERS: [&str; 47] = [
    "abs",
    "add_fields",
    "after",
    "before",
    "bool",
    "capitalize",
    "count",
    "d",
    "danish_decimal",
    "danish_number",
    "date",
    "default",
    "first",
    "float",
    "int",
    "iso_date",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "minor_units",
    "number",
    "optional",
    "pick",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "to_danish",
    "tojson",
    "trim",
    "unique",
    "upper",
];

/// The names of all tests.
pub(crate) const TESTS: [&str; 33] = [
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "undefined",
];

/// The one environment: it knows no templates, no functions and no variables.
pub(crate) fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(limits::FUEL));
        // In debug mode errors carry the values of variables.
        environment.set_debug(false);
        add_filters(&mut environment);
        add_tests(&mut environment);
        environment
    })
}

fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("before", texts::before);
    environment.add_filter("after", texts::after);
    environment.add_filter("trim", texts::trim);
    environment.add_filter("replace", texts::replace);
    environment.add_filter("string", texts::string);
    environment.add_filter("tojson", texts::tojson);
    environment.add_filter("join", lists::join);
    environment.add_filter("pick", lists::pick);
    environment.add_filter("add_fields", lists::add_fields);
    environment.add_filter("optional", lists::optional);
    environment.add_filter("date", dates::date);
    environment.add_filter("iso_date", dates::iso_date);
    environment.add_filter("danish_decimal", decimals::danish_decimal);
    environment.add_filter("danish_number", decimals::danish_number);
    environment.add_filter("to_danish", decimals::to_danish);
    environment.add_filter("minor_units", decimals::minor_units);
    environment.add_filter("number", decimals::number);

    environment.add_filter("lower", builtin::lower);
    environment.add_filter("upper", builtin::upper);
    environment.add_filter("title", builtin::title);
    environment.add_filter("capitalize", builtin::capitalize);
    environment.add_filter("length", builtin::length);
    environment.add_filter("count", builtin::length);
    environment.add_filter("items", builtin::items);
    environment.add_filter("reverse", builtin::reverse);
    environment.add_filter("split", builtin::split);
    environment.add_filter("lines", builtin::lines);
    environment.add_filter("default", absent::default);
    environment.add_filter("d", absent::default);
    environment.add_filter("round", builtin::round);
    environment.add_filter("abs", builtin::abs);
    environment.add_filter("int", builtin::int);
    environment.add_filter("float", builtin::float);
    environment.add_filter("first", builtin::first);
    environment.add_filter("last", builtin::last);
    environment.add_filter("min", builtin::min);
    environment.add_filter("max", builtin::max);
    environment.add_filter("sort", builtin::sort);
    environment.add_filter("list", builtin::list);
    environment.add_filter("bool", builtin::bool);
    environment.add_filter("sum", builtin::sum);
    environment.add_filter("select", builtin::select);
    environment.add_filter("reject", builtin::reject);
    environment.add_filter("selectattr", builtin::selectattr);
    environment.add_filter("rejectattr", builtin::rejectattr);
    environment.add_filter("map", lists::map);
    environment.add_filter("unique", builtin::unique);
}

fn add_tests(environment: &mut Environment<'static>) {
    for (names, test) in [
        (["eq", "equalto", "=="].as_slice(), checks::is_eq as fn(&_, &_) -> _),
        (&["ne", "!="], checks::is_ne),
        (&["lt", "lessthan", "<"], checks::is_lt),
        (&["le", "<="], checks::is_le),
        (&["gt", "greaterthan", ">"], checks::is_gt),
        (&["ge", ">="], checks::is_ge),
    ] {
        for name in names {
            environment.add_test(*name, test);
        }
    }
    environment.add_test("undefined", absent::is_absent);
    environment.add_test("defined", absent::is_present);
    environment.add_test("none", checks::is_none);
    environment.add_test("boolean", checks::is_boolean);
    environment.add_test("odd", checks::is_odd);
    environment.add_test("even", checks::is_even);
    environment.add_test("divisibleby", checks::is_divisibleby);
    environment.add_test("number", checks::is_number);
    environment.add_test("integer", checks::is_integer);
    environment.add_test("float", checks::is_float);
    environment.add_test("string", checks::is_string);
    environment.add_test("sequence", checks::is_sequence);
    environment.add_test("iterable", checks::is_iterable);
    environment.add_test("mapping", checks::is_mapping);
    environment.add_test("startingwith", checks::is_startingwith);
    environment.add_test("endingwith", checks::is_endingwith);
    environment.add_test("in", checks::is_in);
    environment.add_test("false", checks::is_false);
}
