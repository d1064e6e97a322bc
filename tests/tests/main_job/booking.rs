//! The booking system of `examples/json-api`: rooms and bookings in plain JSON, as badly behaved as a test asks for. It
//! owns what is really booked; what Sluse makes of its answers is in `json_api`.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

/// The key that it lets in.
pub(crate) const KEY: &str = "booking-key-7d1c";

/// The only room, by the name that people use, and by an id that has to be encoded in an address.
pub(crate) const ROOM: (&str, &str) = ("Mødesal Ærø", "sal Æ?1");

/// Longer than anybody waits for it.
const LONG: Duration = Duration::from_secs(20);

/// Bookings of one page.
const PAGE: usize = 2;

/// What becomes of the next booking.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing is booked, and it says why.
    Refuse(u16, Value),
    /// It is booked, and the answer says otherwise.
    CommitThen(u16),
    /// It is booked, and there is no answer.
    CommitThenHang,
    /// Nothing is booked, and there is no answer.
    Hang,
}

/// A running booking system; it ends with the test.
#[derive(Debug, Clone)]
pub(crate) struct Booking {
    shared: Arc<Mutex<Shared>>,
    pub(crate) origin: String,
}

#[derive(Debug, Default)]
struct Shared {
    faults: VecDeque<Fault>,
    /// What was asked for, booked or not.
    received: usize,
    booked: Vec<Value>,
}

impl Booking {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let booking = Self { shared: Arc::default(), origin: format!("http://{}", listener.local_addr()?) };
        let api = Router::new()
            .route("/health", get(|| async { Json(json!({ "status": "ok" })) }))
            .route("/rooms", get(rooms))
            .route("/rooms/{room}/bookings", post(book))
            .route("/bookings", get(bookings))
            .layer(middleware::from_fn(with_key))
            .with_state(booking.clone());
        tokio::spawn(async move { axum::serve(listener, Router::new().nest("/api/v2", api)).await });
        Ok(booking)
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no route panics while it holds this lock")
    }

    /// Plants what becomes of the next bookings.
    pub(crate) fn plant(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared().faults.extend(faults);
    }

    /// How many were asked for, and what is booked.
    pub(crate) fn ledger(&self) -> (usize, Vec<Value>) {
        let shared = self.shared();
        (shared.received, shared.booked.clone())
    }

    fn commit(&self, room: &str, body: &Value) -> Value {
        let mut shared = self.shared();
        let id = shared.booked.len() + 4711;
        let booked = json!({ "id": id, "room": { "name": room }, "organiser": body["organiser"], "asked": body,
            "reference": body["reference"], "door": { "code": format!("{id}#") } });
        shared.booked.push(booked.clone());
        booked
    }
}

async fn with_key(request: Request, next: Next) -> Response {
    let key = request.headers().get("x-api-key").map(|key| key.as_bytes().to_vec());
    if key.as_deref() == Some(KEY.as_bytes()) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, Json(json!({ "error": { "message": "ukendt nøgle" } }))).into_response()
    }
}

async fn rooms(Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let (name, id) = ROOM;
    let is_asked_for = query.get("name").is_some_and(|asked| asked == name);
    Json(json!({ "rooms": if is_asked_for { json!([{ "id": id, "name": name }]) } else { json!([]) } }))
}

async fn book(State(booking): State<Booking>, Path(room): Path<String>, Json(body): Json<Value>) -> Response {
    let fault = {
        let mut shared = booking.shared();
        shared.received += 1;
        shared.faults.pop_front()
    };
    let status = |status: u16| StatusCode::from_u16(status).expect("a status of the test");
    match fault {
        None => {
            let booked = booking.commit(&room, &body);
            (StatusCode::CREATED, Json(json!({ "booking": booked }))).into_response()
        }
        Some(Fault::Refuse(refused, why)) => (status(refused), Json(why)).into_response(),
        Some(Fault::CommitThen(told)) => {
            booking.commit(&room, &body);
            status(told).into_response()
        }
        Some(Fault::CommitThenHang) => {
            booking.commit(&room, &body);
            tokio::time::sleep(LONG).await;
            StatusCode::CREATED.into_response()
        }
        Some(Fault::Hang) => {
            tokio::time::sleep(LONG).await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Those of a reference, or all, page by page; the way to the next one is an address.
async fn bookings(State(booking): State<Booking>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let (_, booked) = booking.ledger();
    if let Some(reference) = query.get("reference") {
        let found: Vec<&Value> = booked.iter().filter(|one| one["reference"] == *reference).collect();
        return Json(json!({ "bookings": found }));
    }
    let page: usize = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let shown: Vec<&Value> = booked.iter().skip(page * PAGE).take(PAGE).collect();
    let more = (page + 1) * PAGE < booked.len();
    let date = query.get("date").cloned().unwrap_or_default();
    let next = more.then(|| format!("/api/v2/bookings?date={date}&page={}", page + 1));
    Json(json!({ "bookings": shown, "next": next }))
}
