//! The way of one request: who asks, the route, and what was planted for it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::mileage::{Claim, Service};
use super::soap::{SoapFault, xml};
use super::state::Shared;
use super::{control, people};
use crate::simulated::{Dropped, befall, fails_modulus_11, plain};

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 64 << 10;

/// What is asked for.
enum Route {
    Mileage(Option<Claim>),
    Employment { cpr: String, employment: Option<String> },
    Institution(String),
}

impl Route {
    fn of(method: &Method, path: &str, query: &str, body: &[u8]) -> Option<Self> {
        let mut query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut text = |name: &str| query.remove(name).unwrap_or_default();
        let claim = |service| Self::Mileage(Claim::read(service, &String::from_utf8_lossy(body)));
        Some(match (method, path) {
            (&Method::POST, "/sdws/services/KoerselOpret20120201") => claim(Service::Of2012),
            (&Method::POST, "/sdws-indberetning/services/AnsaettelseKoerselOpret20170501") => claim(Service::Of2017),
            (&Method::GET, "/sdws/GetEmployment20111201") => Self::Employment {
                cpr: text("PersonCivilRegistrationIdentifier"),
                employment: Some(text("EmploymentIdentifier")).filter(|wanted| !wanted.is_empty()),
            },
            (&Method::GET, "/sdws/GetInstitution20111201") => Self::Institution(text("InstitutionIdentifier")),
            _ => return None,
        })
    }

    /// The name by which faults are planted, and what it is about.
    fn name(&self) -> (&'static str, &str) {
        match self {
            Self::Mileage(claim) => ("mileage", claim.as_ref().map_or("", |claim| &claim.key)),
            Self::Employment { cpr, .. } => ("employment", cpr),
            Self::Institution(id) => ("institution", id),
        }
    }
}

pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/_control/") {
        let control = control::router(shared).oneshot(Request::from_parts(parts, Body::new(body)));
        return Ok(control.await.unwrap_or_else(|never| match never {}));
    }
    let Ok(body) = axum::body::to_bytes(Body::new(body), MAX_BODY_BYTES).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    if !may_come_in(&shared, &parts.headers) {
        shared.state().ledger.refused += 1;
        let mut refused = plain(StatusCode::UNAUTHORIZED);
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"SD\""));
        return Ok(refused);
    }
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let Some(route) = Route::of(&parts.method, path, query, &body) else { return Ok(plain(StatusCode::NOT_FOUND)) };
    let (name, key) = route.name();
    let fault = shared.faults().take(name, key);
    befall(fault, || act(&shared, &route)).await
}

fn may_come_in(shared: &Shared, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| STANDARD.decode(value.strip_prefix("Basic ")?).ok());
    given.is_some_and(|given| given == format!("{}:{}", shared.settings.user, shared.settings.password).as_bytes())
}

fn act(shared: &Shared, route: &Route) -> Response<Body> {
    match route {
        Route::Mileage(None) => SoapFault::of_caller("Forespørgslen kan ikke læses").written(),
        Route::Mileage(Some(claim)) => claim.register(shared),
        Route::Employment { cpr, .. } if shared.settings.refuses_odd_cpr && fails_modulus_11(cpr) => {
            SoapFault::of_caller("Personnummeret er ugyldigt").written()
        }
        Route::Employment { cpr, employment } => {
            let mut state = shared.state();
            state.ledger.looked_up += 1;
            let is_wanted = |id: &str| employment.as_deref().is_none_or(|wanted| wanted == id);
            xml(people::written(cpr, state.employments.iter().filter(|one| one.cpr == *cpr && is_wanted(&one.id))))
        }
        Route::Institution(id) if *id == shared.settings.institution => xml("<GetInstitution20111201/>".to_owned()),
        Route::Institution(_) => SoapFault::of_caller("Institutionen findes ikke").written(),
    }
}
