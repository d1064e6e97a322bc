//! A target that speaks plain JSON over HTTP and has no connector of its own: `examples/json-api` as it stands, against
//! a booking system that refuses, hides what it did, and hangs.

use anyhow::ensure;
use serde_json::{Value, json};
use sluse_tests::{
    host::{Host, HostOptions},
    workzone::{DirectoryUser, Settings, SimulatedWorkZone},
};

use crate::{
    booking::{Booking, Fault, KEY, ROOM},
    doors::{CLIENT, Doors, SECRET, USER},
    folders::submit,
    site::settled,
};

const CONNECTION: &str = include_str!("../../../examples/json-api/connection.toml");
const FLOW: &str = include_str!("../../../examples/json-api/flow.toml");

/// A host and a booking system.
struct Club {
    host: Host,
    booking: Booking,
}

impl Club {
    async fn start() -> anyhow::Result<Self> {
        let booking = Booking::start().await?;
        let host = Host::start(HostOptions::default()).await?;
        host.install("external-api").await?;
        host.done(&["secret", "set", "booking-key"], Some(KEY.as_bytes())).await?;
        host.apply(&(connection(&booking.origin) + FLOW)).await?;
        Ok(Self { host, booking })
    }

    /// Asks for a room, and gives the run as it settled.
    async fn ask(&self, room: &str) -> anyhow::Result<Value> {
        let submission = json!({
            "room": room, "seats": 24, "from": "2026-12-03T18:00:00+01:00", "to": "2026-12-03T21:00:00+01:00",
            "organiser": { "name": "Rønde Skakklub", "email": "skak@example.dk" },
        });
        settled(&self.host, &submit(&self.host, "book-room", &submission).await?).await
    }

    /// Asks for the room while the target does this, and gives what was asked of it, and what is booked, in between.
    async fn ask_while(&self, faults: impl IntoIterator<Item = Fault>) -> anyhow::Result<(Value, usize, usize)> {
        let (received, booked) = self.booking.ledger();
        self.booking.plant(faults);
        let found = self.ask(ROOM.0).await?;
        let (now_received, now_booked) = self.booking.ledger();
        Ok((found, now_received - received, now_booked.len() - booked.len()))
    }
}

/// The example's connection with the address of the target, and less patient.
fn connection(origin: &str) -> String {
    let mut text = CONNECTION.to_owned();
    for (from, to) in [
        ("title = \"The booking system\"", "grant = { cidrs = [\"127.0.0.0/8\"] }"),
        ("https://BOOKING-HOST/api/v2\"", &format!("{origin}/api/v2\"\nallow_plaintext = true\ntimeout_ms = 2000")),
        ("base_ms = 2000\ncap_ms = 900000", "base_ms = 20\ncap_ms = 100\nfloor_ms = 20"),
    ] {
        assert!(text.contains(from), "the example has no `{from}`");
        text = text.replace(from, to);
    }
    text
}

/// The step's delivery.
fn step<'f>(found: &'f Value, name: &str) -> &'f Value {
    let mut deliveries = found["deliveries"].as_array().into_iter().flatten();
    deliveries.find(|delivery| delivery["step"] == name).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_found_and_booked_as_the_settings_describe_it() -> anyhow::Result<()> {
    let club = Club::start().await?;
    let checked = club.host.done(&["connection", "check", "booking"], None).await?;
    assert_eq!(checked["passed"], true, "{checked:#}");
    let found = club.ask(ROOM.0).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    assert_eq!(step(&found, "find-room")["output"]["data"]["rooms"][0]["id"], ROOM.1);
    assert_eq!(step(&found, "book")["output"]["data"], json!({ "booking": 4711, "door_code": "4711#" }));
    let (received, booked) = club.booking.ledger();
    assert_eq!((received, booked.len()), (1, 1));
    let asked = &booked[0]["asked"];
    assert_eq!(booked[0]["room"]["name"], ROOM.1, "the id is one piece of the address");
    assert_eq!((&asked["seats"], &asked["title"]), (&json!(24), &json!("Booking: Rønde Skakklub")));
    assert_eq!((&asked["organiser"]["email"], asked.get("note")), (&json!("skak@example.dk"), None));
    assert!(asked["reference"].as_str().is_some_and(|reference| reference.starts_with("del-")), "{asked}");
    let log = club.host.stop().await?;
    assert!(!log.contains(KEY), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_api_hides_each_room_is_booked_once() -> anyhow::Result<()> {
    let club = Club::start().await?;
    let busy = || json!({ "error": { "message": "kalenderen er låst" } });
    for (name, faults, received) in [
        ("busy, and then locked", vec![Fault::Refuse(503, busy()), Fault::Refuse(423, busy())], 3),
        ("booked, and told as an error", vec![Fault::CommitThen(500)], 1),
        ("booked, and never answered", vec![Fault::CommitThenHang], 1),
        ("never answered, and not booked", vec![Fault::Hang], 2),
    ] {
        let (found, asked, booked) = club.ask_while(faults).await?;
        assert_eq!((&found["state"], asked, booked), (&json!("succeeded"), received, 1), "{name}: {found:#}");
        let data = &step(&found, "book")["output"]["data"];
        assert_eq!(data["door_code"], format!("{}#", data["booking"]), "{name}: {found:#}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_refuses_waits_for_a_person_in_its_own_words() -> anyhow::Result<()> {
    let club = Club::start().await?;
    let taken = json!({ "error": { "message": "Mødesal Ærø er optaget af CPR 251248-4916" } });
    for (status, body, reason, words) in [
        (409, taken, "rejected", "Mødesal Ærø er optaget af CPR [personnummer]"),
        (422, json!({ "error": { "message": "for mange pladser" } }), "invalid", "for mange pladser"),
        (401, json!({}), "denied", ""),
    ] {
        let (found, asked, booked) = club.ask_while([Fault::Refuse(status, body)]).await?;
        let delivery = step(&found, "book");
        assert_eq!((&found["state"], &delivery["reason"]), (&json!("attention"), &json!(reason)), "{found:#}");
        assert_eq!((asked, booked), (1, 0), "{status}");
        assert!(found.to_string().contains(words) && !found.to_string().contains("251248"), "{found:#}");
    }
    // A room that nobody knows is an answer, and no failure of the target; the next step has nothing to book.
    let found = club.ask("Månesalen").await?;
    assert_eq!((&step(&found, "find-room")["resolution"], &found["state"]), (&json!("succeeded"), &json!("attention")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_waits_reads_every_page_at_once() -> anyhow::Result<()> {
    let club = Club::start().await?;
    for _ in 0..5 {
        let (found, ..) = club.ask_while([]).await?;
        ensure!(found["state"] == "succeeded", "{found:#}");
    }
    let query = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/json-api/query.json");
    let read = club.host.done(&["call", "booking", "read", query], None).await?;
    assert_eq!(read["output"]["truncated"], false, "{read:#}");
    let rows = read["output"]["data"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&Value> = rows.iter().map(|row| &row["booking"]).collect();
    assert_eq!(ids, [4711, 4712, 4713, 4714, 4715], "{read:#}");
    assert!(rows.iter().all(|row| row["organiser"] == "Rønde Skakklub"), "{read:#}");
    assert!(read["delivery"].is_null(), "what only reads leaves nothing behind: {read:#}");
    Ok(())
}

/// A door, how its endpoint signs in, and what `read` comes to with a wrong secret.
const DOORS: [(&str, &str, Option<&str>); 8] = [
    ("nothing", "kind = \"nothing\"", None),
    ("basic", "kind = \"basic\", username = \"USER\", password = SECRET", Some("call-denied")),
    ("bearer", "kind = \"bearer\", token = SECRET", Some("call-denied")),
    ("header", "kind = \"api-key\", header = \"X-Api-Key\", value = SECRET", Some("call-denied")),
    ("query", "kind = \"api-key\", query = \"key\", value = SECRET", Some("call-denied")),
    (
        "application",
        "kind = \"oauth2-client-credentials\", token_url = \"TOKEN\", client_id = \"CLIENT\", client_secret = SECRET",
        Some("misconfigured"),
    ),
    (
        "person",
        "kind = \"oauth2-password\", token_url = \"TOKEN\", client_id = \"CLIENT\", client_secret = SECRET, \
         username = \"USER\", password = SECRET",
        Some("misconfigured"),
    ),
    ("directory", "kind = \"ntlm\", username = \"USER\", password = SECRET, domain = \"ÆRØ\"", Some("misconfigured")),
];

/// A connection for each door, all with one secret. NTLM is proved on a socket, which is what the simulated WorkZone knows.
fn connections(doors: &Doors, workzone: &SimulatedWorkZone) -> String {
    let connection = |(door, auth, _): &(&str, &str, _)| {
        let own = format!("{}/{door}", doors.origin);
        let (url, path) = match *door {
            "directory" => (workzone.base_url_v4().trim_end_matches('/').to_owned(), "/Files"),
            _ => (own, "/items"),
        };
        let auth = auth.replace("TOKEN", &format!("{}/token", doors.origin)).replace("USER", USER);
        let auth = auth.replace("CLIENT", CLIENT).replace("SECRET", "{ secret = \"door\" }");
        format!(
            "[[connection]]\nname = \"{door}\"\nconnector = \"external-api\"\ngrant = {{ cidrs = [\"127.0.0.0/8\"] }}\n\
             settings = {{ requests = {{ list = {{ path = \"{path}\", output = {{}} }} }} }}\n\
             [connection.endpoints.default]\nurl = \"{url}\"\nallow_plaintext = true\nauth = {{ {auth} }}\n"
        )
    };
    DOORS.iter().map(connection).collect()
}

/// What `read` comes to at a door: the problem's short name, and none when it was let in.
async fn read(host: &Host, door: &str) -> anyhow::Result<Option<String>> {
    let path = format!("/v1/connections/{door}/operations/read");
    let reply = host.post(&path, &json!({ "request": "list" })).await?;
    if reply.status == 200 {
        return Ok(None);
    }
    Ok(Some(reply.json()?["type"].as_str().unwrap_or_default().replace("urn:sluse:problem:", "")))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_signing_in_is_judged_by_the_api() -> anyhow::Result<()> {
    let doors = Doors::start().await?;
    let user = DirectoryUser { domain: "ÆRØ".into(), user: USER.into(), password: SECRET.into(), lock_after: None };
    let workzone = SimulatedWorkZone::start(Settings { ntlm: Some(user), ..Settings::default() }).await?;
    let host = Host::start(HostOptions::default()).await?;
    host.install("external-api").await?;
    host.done(&["secret", "set", "door"], Some(SECRET.as_bytes())).await?;
    host.apply(&connections(&doors, &workzone)).await?;
    for (door, ..) in DOORS {
        assert_eq!(read(&host, door).await?, None, "{door}");
    }
    host.done(&["secret", "set", "door"], Some("Blåbærgrød-fra-i-går".as_bytes())).await?;
    for (door, _, refused) in DOORS {
        assert_eq!(read(&host, door).await?.as_deref(), refused, "{door}, with a wrong secret");
    }
    host.done(&["secret", "set", "door"], Some(SECRET.as_bytes())).await?;
    for (door, _, refused) in DOORS {
        assert_eq!(read(&host, door).await?, None, "{door}, mended");
        // Without a token, or a proof, nobody comes to the door at all.
        let wrong = usize::from(refused == Some("call-denied"));
        let right = if refused.is_some() { 2 } else { 3 };
        let expected = if door == "directory" { (0, 0) } else { (right, wrong) };
        assert_eq!(doors.come(door), expected, "{door}");
    }
    let log = host.stop().await?;
    assert!(!log.contains("Blåbær"), "{log}");
    Ok(())
}
