//! A known secret goes through everything that the vault does, and is then looked for in everything that can
//! be seen: logs at TRACE of all crates, errors, debug output, the store's bytes. One test, because the log is
//! the process's.

#[expect(dead_code, reason = "the other tests use more of it")]
#[path = "common/mod.rs"]
mod common;

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use sluse_egress::Secret;
use sluse_vault::{KeySource, MasterKey};
use tracing_subscriber::fmt::MakeWriter;

use common::{MemorySecrets, Reply, TokenServer, Used, World, bearer, name, oauth};

const CANARY: &str = "Kanarie+Fugl=7f3a/x";
const TOKEN: &str = "eyJTokenKanarie.9b1c.77";

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn note(&self, text: impl std::fmt::Display) {
        let mut seen = self.0.lock().expect("not poisoned");
        seen.extend_from_slice(format!("{text}\n").as_bytes());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Seen {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_known_secret_is_seen_nowhere() {
    let seen = Seen::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(seen.clone())
        .init();

    let world = World::new();
    for secret in ["client", "api"] {
        world.set(secret, CANARY).await;
    }
    static_kinds(&world, &seen).await;
    tokens(&world, &seen).await;
    other_keys(&world.store, &seen).await;
    keys(&seen);
    seen.note(format!("{:?} {:?}", world.vault, world.vault.list().await));
    seen.note(world.vault.withdraw(&name("api"), "https://a.test").await.expect("withdrawn"));
    world.vault.remove(&name("api")).await.expect("removed");

    let text = seen.text();
    assert!(text.contains("vault.token.fetch") && text.contains("egress.send"), "the log was caught:\n{text}");
    assert!(text.contains("hyper") && text.contains("TRACE"), "the log of others was caught:\n{text}");
    let encoded = [
        BASE64_STANDARD.encode(CANARY),
        "Kanarie%2BFugl%3D7f3a%2Fx".to_owned(),
        BASE64_STANDARD.encode(format!("sluse:{CANARY}")),
    ];
    for hidden in [CANARY, TOKEN, "Kanarie"].into_iter().chain(encoded.iter().map(String::as_str)) {
        let line = text.lines().find(|line| line.contains(hidden));
        assert_eq!(line, None, "`{hidden}` was seen");
        assert!(
            !world.store.bytes().windows(hidden.len()).any(|window| window == hidden.as_bytes()),
            "`{hidden}` was kept"
        );
    }
}

async fn static_kinds(world: &World, seen: &Seen) {
    let value = json!({ "secret": "api" });
    let kinds = [
        bearer("api"),
        json!({ "kind": "basic", "username": "sluse", "password": value }),
        json!({ "kind": "api-key", "header": "x-api-key", "value": value }),
        json!({ "kind": "api-key", "query": "key", "value": value }),
        json!({ "kind": "api-key", "value": value }),
    ];
    for auth in kinds {
        let used = Used::new("https://a.test", auth);
        seen.note(format!("{:?}", world.vault.plan_origins(std::slice::from_ref(&used.connection)).await));
        world.apply(std::slice::from_ref(&used.connection)).await;
        let issued = used.credential(&world.vault).await;
        seen.note(format!("{issued:?}"));
        if let Ok(Some(issued)) = issued {
            seen.note(format!("{:?}", issued.credential()));
        }
        seen.note(format!("{:?}", world.vault.scrubber(&used.connection).await));
    }
    let elsewhere = Used::new("https://evil.test", bearer("api")).credential(&world.vault).await;
    seen.note(elsewhere.expect_err("refused"));
}

async fn tokens(world: &World, seen: &Seen) {
    let echo = format!("you sent {CANARY} and {}", BASE64_STANDARD.encode(CANARY));
    let replies = [
        Reply::token(TOKEN, 3600),
        Reply::error(401, "invalid_client", &echo),
        Reply::error(401, CANARY, "the error itself"),
        Reply::error(503, "server_error", &echo),
        Reply::json(200, &format!("<html>{echo}</html>")),
        Reply::json(200, &format!(r#"{{"access_token":"{TOKEN} {TOKEN}","token_type":"Bearer"}}"#)),
        Reply::json(200, &format!(r#"{{"access_token":"{TOKEN}","token_type":"{CANARY}"}}"#)),
        Reply::json(200, &format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":"{CANARY}"}}"#)),
        Reply::json(307, "").with_header("location", &format!("https://evil.test/?s={CANARY}")),
        Reply::json(429, "{}").with_header("retry-after", CANARY),
        Reply::token(&"x".repeat(70_000), 3600),
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let server = TokenServer::start([reply]).await;
        let used = Used::new("https://a.test", oauth(&server.url(), &format!("client-{number}")));
        for origin in [server.origin(), "https://a.test".to_owned()] {
            world.vault.confirm(&name("client"), &origin).await.expect("confirmed");
        }
        let issued = used.credential(&world.vault).await;
        seen.note(format!("{issued:?} {:?}", used.token_endpoint));
        match issued {
            Err(error) => seen.note(error),
            Ok(issued) => {
                let refreshed = used.refreshed(&world.vault, &issued.expect("a credential")).await;
                seen.note(format!("{refreshed:?}"));
            }
        }
        assert_eq!(server.latest_form()["client_secret"], CANARY, "the secret did travel");
        world.clock.advance(Duration::from_secs(1));
    }
}

async fn other_keys(store: &Arc<MemorySecrets>, seen: &Seen) {
    let other = World::over(store.clone(), 2);
    let error = Used::new("https://a.test", bearer("api")).credential(&other.vault).await.expect_err("refused");
    seen.note(format!("{error} {error:?}"));
    let error = other.vault.set(&name("api"), Secret::from(CANARY.repeat(5000))).await.expect_err("too large");
    seen.note(format!("{error} {error:?}"));
}

fn keys(seen: &Seen) {
    let dice = sluse_model::fakes::SeededDice::new(1);
    let source = KeySource::Value { name: "SLUSE_KEY".to_owned(), text: CANARY.into() };
    let error = MasterKey::load(&source, &dice).expect_err("no key");
    seen.note(format!("{error} {error:?} {source:?} {:?}", MasterKey::from_bytes([7; 32])));
}
