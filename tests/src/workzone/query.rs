//! Query options: which rows, which properties, which page.
//! An option that is not understood is refused, never ignored.

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::entities::is_closed;
use super::errors::{Refusal, Shape};
use super::filter::Filter;
use super::model::{EntitySet, Kind};
use super::odata::Version;
use super::settings::Settings;
use super::state::{Row, State};
use super::values;

/// Options of one request.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// Properties asked for; `None` means all, or only `ID` after a create.
    pub(super) select: Option<Vec<String>>,
    filter: Option<Filter>,
    contains: Option<String>,
    domain: Option<String>,
    order: Option<(String, bool)>,
    top: Option<usize>,
    skip: usize,
    count: bool,
    /// What a next link repeats.
    repeated: Vec<(String, String)>,
}

/// Rows of one page.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The rows.
    pub(super) rows: Vec<&'a Row>,
    /// Query string of the next page.
    pub(super) next: Option<String>,
    /// Number of all rows, when asked for.
    pub(super) count: Option<usize>,
}

impl Query {
    /// Reads the query string of a request for rows of `set`.
    pub(super) fn parse(version: Version, set: &EntitySet, text: &str) -> Result<Query, Refusal> {
        let mut query = Query::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            query.option(version, set, &name, &value)?;
            if !["$skip", "$top", "$skiptoken"].contains(&name.as_ref()) {
                query.repeated.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(query)
    }

    fn option(&mut self, version: Version, set: &EntitySet, name: &str, value: &str) -> Result<(), Refusal> {
        match (name, version) {
            ("$select", _) => self.select = Some(selected(set, value)?),
            ("$filter", _) => self.filter = Some(Filter::parse(set, value)?),
            ("$top", _) => self.top = Some(number(name, value)?),
            // The token is the number of rows already given; only the server makes one.
            ("$skip" | "$skiptoken", _) => self.skip += number(name, value)?,
            ("$orderby", _) => self.order = Some(order(set, value)?),
            ("$count", Version::V4) => self.count = value == "true",
            ("$inlinecount", Version::V3) => self.count = value == "allpages",
            ("contains", Version::V3) => self.contains = Some(value.to_lowercase()),
            ("domainRestriction", Version::V3) => self.domain = Some(value.to_owned()),
            ("$format", _) => {}
            ("$expand" | "$search" | "$apply" | "searchRestriction", _) => return Err(Refusal::not_simulated(name)),
            _ => return Err(Refusal::bad_request(format!("Parameteren '{name}' kendes ikke."))),
        }
        Ok(())
    }

    /// The rows that fit, one page of them.
    pub(super) fn page<'a>(
        &self,
        state: &'a State,
        settings: &Settings,
        set: &EntitySet,
        scope: Option<&(String, String)>,
    ) -> Page<'a> {
        let mut rows = self.candidates(state, set, scope);
        rows.retain(|row| self.fits(state, settings, set, row));
        if let Some((property, descending)) = &self.order {
            rows.sort_by_key(|row| sort_key(&property_of(state, set, row, property)));
            if *descending {
                rows.reverse();
            }
        }
        let count = self.count.then_some(rows.len());
        let left = rows.split_off(self.skip.min(rows.len()));
        let wanted = self.top.unwrap_or(left.len()).min(left.len());
        let given = wanted.min(settings.page_rows);
        let next = (given < wanted).then(|| self.next_page(given));
        Page { rows: left[..given].to_vec(), next, count }
    }

    fn candidates<'a>(&self, state: &'a State, set: &EntitySet, scope: Option<&(String, String)>) -> Vec<&'a Row> {
        if let Some((property, key)) = scope {
            return state.find(&set.name, property, key);
        }
        match self.filter.as_ref().and_then(|filter| filter.indexed_equality(set)) {
            Some((property, value)) => state.find(&set.name, property, value),
            None => state.rows(&set.name).collect(),
        }
    }

    fn fits(&self, state: &State, settings: &Settings, set: &EntitySet, row: &Row) -> bool {
        let property = |name: &str| property_of(state, set, row, name);
        let in_domain = |name: &str| in_domain(settings, row, name);
        let text = || set.properties().filter_map(|name| property(&name).as_str().map(str::to_lowercase));
        self.filter.as_ref().is_none_or(|filter| filter.matches(&property, &in_domain))
            && self.domain.as_ref().is_none_or(|domain| in_domain(domain))
            && self.contains.as_ref().is_none_or(|part| text().any(|text| text.contains(part.as_str())))
    }

    fn next_page(&self, given: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.repeated);
        if let Some(top) = self.top {
            query.append_pair("$top", &(top - given).to_string());
        }
        query.append_pair("$skiptoken", &(self.skip + given).to_string());
        query.finish()
    }
}

/// The properties of a row as the shape writes them; `None` selects all.
pub(super) fn written(
    state: &State,
    set: &EntitySet,
    row: &Row,
    select: Option<&[String]>,
    shape: Shape,
) -> Map<String, Value> {
    let names = select.map_or_else(|| set.properties().collect(), <[String]>::to_vec);
    let wire = |name: String| {
        let kind = set.kind_of(&name).unwrap_or(Kind::Text);
        let value = values::to_wire(&kind, &property_of(state, set, row, &name), shape);
        (name, value)
    };
    names.into_iter().map(wire).collect()
}

/// A property in stored form, computed ones included; null when blank.
pub(super) fn property_of(state: &State, set: &EntitySet, row: &Row, name: &str) -> Value {
    match name {
        "ID" | "Value" => Value::from(row.key()),
        "UserKey" => Value::from(user_key(row)),
        "Summary" => Value::from(summary(row)),
        _ => row.fields.get(name).cloned().unwrap_or_else(|| computed(state, set, row, name)),
    }
}

fn computed(state: &State, set: &EntitySet, row: &Row, name: &str) -> Value {
    let Some(field) = name.strip_suffix("_Summary").and_then(|stem| set.field(&format!("{stem}_Value"))) else {
        return Value::Null;
    };
    let value = row.text(&field.name);
    match field.kind {
        Kind::Key(target) => state.row_by_key(target, value).map_or(Value::Null, |other| Value::from(summary(other))),
        _ if value.is_empty() => Value::Null,
        _ => Value::from(value),
    }
}

fn user_key(row: &Row) -> String {
    let named = ["FileNo", "NameCode"].map(|name| row.text(name)).into_iter().find(|text| !text.is_empty());
    named.map_or_else(|| row.key(), str::to_owned)
}

fn summary(row: &Row) -> String {
    let named = ["Title", "Name1", "FileName"].map(|name| row.text(name)).into_iter().find(|text| !text.is_empty());
    format!("{} {}", user_key(row), named.unwrap_or_default()).trim_end().to_owned()
}

fn in_domain(settings: &Settings, row: &Row, name: &str) -> bool {
    let open = !is_closed(settings, row.text("State_Value"));
    match name {
        "active" => open,
        "my_open_cases" => open && row.text("Officer_Value") == settings.user,
        _ => false,
    }
}

fn selected(set: &EntitySet, value: &str) -> Result<Vec<String>, Refusal> {
    let known = |name: &str| match set.kind_of(name) {
        Some(_) => Ok(name.to_owned()),
        None => Err(Refusal::unknown_property(&set.name, name)),
    };
    if value == "*" {
        Ok(set.properties().collect())
    } else {
        value.split(',').map(|name| known(name.trim())).collect()
    }
}

fn order(set: &EntitySet, value: &str) -> Result<(String, bool), Refusal> {
    let (property, direction) = value.split_once(' ').unwrap_or((value, "asc"));
    set.kind_of(property).ok_or_else(|| Refusal::unknown_property(&set.name, property))?;
    match direction.trim() {
        "asc" => Ok((property.to_owned(), false)),
        "desc" => Ok((property.to_owned(), true)),
        _ => Err(Refusal::not_simulated("$orderby med flere felter")),
    }
}

fn number(name: &str, value: &str) -> Result<usize, Refusal> {
    value.parse().map_err(|_| Refusal::bad_request(format!("{name} skal være et tal.")))
}

/// Numbers before texts, numbers by size.
fn sort_key(value: &Value) -> (i64, String) {
    let milli = value.as_f64().map_or(i64::MAX, |number| (number * 1000.0) as i64);
    (milli, value.as_str().unwrap_or_default().to_owned())
}
