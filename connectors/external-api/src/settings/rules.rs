//! What a named request may not be, beyond what the schema says: each rule with the setting that breaks it.

use std::collections::BTreeMap;

use super::{
    is_header, is_path,
    request::{Effect, Meaning, NamedRequest, Paging},
};
use crate::requests::template;

/// The setting that cannot be used, and what it must be.
type Misfit = (String, String);

/// The first setting among the requests that cannot be used.
pub(super) fn verify(requests: &BTreeMap<String, NamedRequest>) -> Result<(), Misfit> {
    for (name, request) in requests {
        let at_request = |(place, wanted): Misfit| (format!("requests.{name}.{place}"), wanted);
        if name.trim().is_empty() {
            return Err(("requests".to_owned(), "a table whose requests have names".to_owned()));
        }
        texts(request).map_err(at_request)?;
        statuses(request).map_err(at_request)?;
        lookup(request, requests).map_err(at_request)?;
        if let Some(paging) = &request.paging {
            pages(request, paging).map_err(at_request)?;
        }
    }
    Ok(())
}

fn texts(request: &NamedRequest) -> Result<(), Misfit> {
    let (path, some_optional) = template::sample(&request.path, "x").map_err(|wanted| misfit("path", &wanted))?;
    if !is_path(&path) {
        return Err(misfit("path", "a path that begins with one `/`, percent-encoded"));
    }
    if some_optional {
        return Err(misfit("path", "a path whose values all are there, without `?` behind a name"));
    }
    for (name, text) in &request.query {
        template::verify(text).map_err(|wanted| misfit(&format!("query.{name}"), &wanted))?;
    }
    for (name, text) in &request.headers {
        let place = format!("headers.{name}");
        if !is_header(name) {
            return Err(misfit(&place, "under the name of a header: letters, digits and dashes"));
        }
        let (text, _) = template::sample(text, "x").map_err(|wanted| misfit(&place, &wanted))?;
        if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(misfit(&place, "visible ASCII and spaces"));
        }
    }
    if request.idempotency_header.as_ref().is_some_and(|name| !is_header(name)) {
        return Err(misfit("idempotency_header", "the name of a header: letters, digits and dashes"));
    }
    if let Some(body) = &request.body {
        template::verify_json(body).map_err(|wanted| misfit("body", &wanted))?;
    }
    match request.intent.as_deref().map(|intent| template::sample(intent, "x")) {
        Some(Err(wanted)) => Err(misfit("intent", &wanted)),
        Some(Ok((text, some_optional))) if some_optional || text.trim().is_empty() => {
            Err(misfit("intent", "a text whose values all are there"))
        }
        _ => Ok(()),
    }
}

fn statuses(request: &NamedRequest) -> Result<(), Misfit> {
    for (status, meaning) in &request.status_table {
        let place = format!("status_table.{status}");
        match status.parse::<u16>() {
            Ok(number) if !(200..=599).contains(&number) || number.to_string() != *status => {
                return Err(misfit(&place, "a status from 200 to 599"));
            }
            Ok(number) if request.is_success(number) => {
                return Err(misfit(&place, "left out, or the status out of `success`"));
            }
            Ok(_) if *meaning == Meaning::Unknown && request.effect() != Effect::Once => {
                return Err(misfit(&place, "something else than `unknown`, which only what happens once can be"));
            }
            Ok(_) => {}
            Err(_) => return Err(misfit(&place, "a status from 200 to 599")),
        }
    }
    Ok(())
}

fn lookup(request: &NamedRequest, requests: &BTreeMap<String, NamedRequest>) -> Result<(), Misfit> {
    let Some(name) = &request.lookup else {
        return match request.found {
            Some(_) => Err(misfit("found", "left out without `lookup`")),
            None => Ok(()),
        };
    };
    if request.effect() != Effect::Once {
        return Err(misfit("lookup", "left out where nothing must happen once"));
    }
    match requests.get(name) {
        None => Err(misfit("lookup", "the name of another request")),
        Some(other) if other.effect() != Effect::Read => Err(misfit("lookup", "a request whose effect is `read`")),
        Some(other) if other.paging.is_some() => Err(misfit("lookup", "a request without `paging`")),
        Some(_) => Ok(()),
    }
}

fn pages(request: &NamedRequest, paging: &Paging) -> Result<(), Misfit> {
    if request.effect() != Effect::Read {
        return Err(misfit("paging", "left out where the effect is not `read`"));
    }
    match &paging.parameter {
        Some(_) if paging.next.is_none() => Err(misfit("paging.parameter", "left out without `next`")),
        Some(name) if name.is_empty() || request.query.contains_key(name) => {
            Err(misfit("paging.parameter", "the name of a parameter that is not in `query`"))
        }
        _ => Ok(()),
    }
}

fn misfit(place: &str, wanted: &str) -> Misfit {
    (place.to_owned(), wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn asked(request: Value) -> Result<(), Misfit> {
        let requests = json!({ "x": request, "find": { "path": "/find" }, "all": { "path": "/all", "paging": {} } });
        verify(&serde_json::from_value(requests).expect("of the right shape"))
    }

    #[track_caller]
    fn refused(request: Value, place: &str) {
        let (seen, _) = asked(request).expect_err("refused");
        assert_eq!(seen, format!("requests.x.{place}"));
    }

    #[test]
    fn a_full_request_can_be_used() {
        let request = json!({
            "method": "post", "path": "/o/{nr}", "query": { "f": "{f?}" }, "headers": { "X-A": "{a}" },
            "body": { "a": ["{b.c}"] }, "intent": "o {nr}", "success": [201], "status_table": { "200": "unknown" },
            "lookup": "find", "found": "/0", "idempotency_header": "Idempotency-Key",
        });
        assert_eq!(asked(request), Ok(()));
    }

    #[test]
    fn a_text_that_no_request_can_carry_is_refused() {
        for path in ["o", "//evil.example", "/æ", "/{o", "/{o?}", "{o}"] {
            refused(json!({ "path": path }), "path");
        }
        refused(json!({ "path": "/", "query": { "q": "}" } }), "query.q");
        refused(json!({ "path": "/", "headers": { "X A": "" } }), "headers.X A");
        refused(json!({ "path": "/", "headers": { "X-A": "æ" } }), "headers.X-A");
        refused(json!({ "path": "/", "body": ["{"] }), "body");
        refused(json!({ "path": "/", "intent": "{a?}" }), "intent");
        refused(json!({ "path": "/", "idempotency_header": "" }), "idempotency_header");
    }

    #[test]
    fn a_status_that_cannot_mean_that_is_refused() {
        for status in ["4xx", "99", "0404", "200"] {
            refused(json!({ "path": "/", "status_table": { status: "rejected" } }), &format!("status_table.{status}"));
        }
        refused(json!({ "path": "/", "status_table": { "404": "unknown" } }), "status_table.404");
    }

    #[test]
    fn a_lookup_is_another_request_that_reads() {
        for lookup in ["nobody", "x", "all"] {
            refused(json!({ "path": "/", "method": "post", "lookup": lookup }), "lookup");
        }
        refused(json!({ "path": "/", "lookup": "find" }), "lookup");
        refused(json!({ "path": "/", "found": "/0" }), "found");
    }

    #[test]
    fn pages_are_read() {
        refused(json!({ "path": "/", "method": "post", "paging": {} }), "paging");
        refused(json!({ "path": "/", "paging": { "parameter": "c" } }), "paging.parameter");
        let taken = json!({ "path": "/", "query": { "c": "1" }, "paging": { "next": "/n", "parameter": "c" } });
        refused(taken, "paging.parameter");
    }
}
