//! Signing in with NTLM at a server whose NTLM is not ours: pyspnego's, started from `tests/ntlm`. A feature, because it
//! needs Python: `cargo xtask test --with ntlm` installs what it needs and names the interpreter.

#![cfg(feature = "ntlm")]

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use http::Method;
use serde_json::Value;
use sluse_egress::{
    Body, Ceiling, Credential, Egress, Endpoint, EndpointRules, Outgoing, Scrubber, SendError, roots_from_pem,
};

/// Accounts, as `(domain, user, password)`.
type Account = (&'static str, &'static str, &'static str);

const SLUSE: Account = ("KOMMUNE", "svc-sluse", "Sommer-2031");
const DANISH: Account = ("ÆRØ", "søren.ødegård", "Blåbærgrød på Ærø, med æøå ÆØÅ og en længere hale end nogen gætter");

struct Server {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
    is_tls: bool,
}

impl Server {
    fn start(is_tls: bool) -> Result<Self> {
        let python = std::env::var_os("SLUSE_NTLM_PYTHON")
            .context("`SLUSE_NTLM_PYTHON` names no interpreter: run `cargo xtask test --with ntlm`")?;
        let folder = tempfile::tempdir()?;
        let accounts = folder.path().join("accounts");
        let lines: String =
            [SLUSE, DANISH].iter().map(|(domain, user, password)| format!("{domain}:{user}:{password}\n")).collect();
        fs::write(&accounts, lines)?;
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ntlm/server.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder.path()).args(is_tls.then_some("tls"));
        command.env("NTLM_USER_FILE", accounts).env("PYTHONUTF8", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("its output is not piped")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the server does not say where it is")?;
        let port = said["port"].as_u64().context("a port")?.try_into()?;
        Ok(Self { process, folder, port, is_tls })
    }

    fn egress(&self) -> Result<Egress> {
        let mut ceiling = Ceiling {
            hosts: vec!["*".parse()?],
            cidrs: vec!["127.0.0.0/8".parse()?, "::1/128".parse()?],
            ..Ceiling::default()
        };
        if self.is_tls {
            ceiling.extra_roots = roots_from_pem(&fs::read(self.folder.path().join("authority.pem"))?)?;
        }
        Ok(Egress::new(ceiling))
    }

    fn endpoint(&self, egress: &Egress, is_bound: bool) -> Result<Endpoint> {
        let scheme = if self.is_tls { "https://localhost" } else { "http://127.0.0.1" };
        let base_url = format!("{scheme}:{}", self.port);
        let rules = EndpointRules::new("workzone".parse()?, "odata".parse()?, base_url);
        let cidrs = vec!["127.0.0.0/8".parse()?, "::1/128".parse()?];
        Ok(egress.endpoint(EndpointRules { allow_plaintext: true, cidrs, ..rules }, is_bound)?)
    }

    /// How many connections there were, and how many proofs of passwords.
    async fn counts(&self) -> Result<(u64, u64)> {
        let endpoint = self.endpoint(&self.egress()?, false)?;
        let incoming = endpoint.send(Outgoing::new(Method::GET, "/counts"), None, &Scrubber::default()).await?;
        let counts: Value = serde_json::from_slice(&incoming.body.bytes(1000).await?)?;
        let number = |name: &str| counts[name].as_u64().context("a number");
        Ok((number("connections")? - 1, number("proofs")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends by itself when its input does; a test that failed does not wait for that.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn post(
    endpoint: &Endpoint,
    (domain, username, password): Account,
    size_bytes: usize,
) -> Result<Value, SendError> {
    let password = password.into();
    let credential = Credential::Ntlm { username: username.into(), domain: domain.into(), password, version: 1 };
    let body = Body::Bytes(vec![b'x'; size_bytes].into());
    let outgoing = Outgoing { body, ..Outgoing::new(Method::POST, "/Files") };
    let incoming = endpoint.send(outgoing, Some(&credential), &Scrubber::new(&credential.secrets())).await?;
    assert_eq!(incoming.status, 200);
    Ok(serde_json::from_slice(&incoming.body.bytes(10_000).await?).expect("the server speaks JSON"))
}

async fn lets_in(server: &Server, account: Account) -> Result<()> {
    let endpoint = server.endpoint(&server.egress()?, true)?;
    for size_bytes in [0, 5, 300_000] {
        let said = post(&endpoint, account, size_bytes).await?;
        assert_eq!(said["user"], format!("{}\\{}", account.0, account.1));
        assert_eq!(said["size_bytes"], size_bytes);
    }
    Ok(())
}

async fn refuses(server: &Server, account: Account) -> Result<()> {
    let endpoint = server.endpoint(&server.egress()?, true)?;
    for answer in join_all((0..50).map(|_| post(&endpoint, account, 5))).await {
        assert!(
            matches!(&answer, Err(SendError::NotSignedIn(reason)) if reason.contains("`sluse secret set`")),
            "{answer:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn right_passwords_are_let_in() -> Result<()> {
    let server = Server::start(false)?;
    lets_in(&server, SLUSE).await?;
    lets_in(&server, DANISH).await?;
    assert_eq!(server.counts().await?, (2, 2));
    Ok(())
}

#[tokio::test]
async fn wrong_ones_are_tried_once() -> Result<()> {
    let server = Server::start(false)?;
    for (index, account) in
        [(SLUSE.0, SLUSE.1, "Vinter-2031"), ("NABO", SLUSE.1, SLUSE.2), (DANISH.0, DANISH.1, "Blabaer")]
            .into_iter()
            .enumerate()
    {
        refuses(&server, account).await?;
        assert_eq!(server.counts().await?.1, index as u64 + 1);
    }
    Ok(())
}

#[tokio::test]
async fn over_tls_the_sign_in_is_bound_to_the_server_s_certificate() -> Result<()> {
    let server = Server::start(true)?;
    lets_in(&server, SLUSE).await?;
    lets_in(&server, DANISH).await?;
    refuses(&server, (SLUSE.0, SLUSE.1, "Vinter-2031")).await?;
    assert_eq!(server.counts().await?.1, 3);
    Ok(())
}

#[tokio::test]
async fn a_thousand_requests_need_no_more_sign_ins_than_sockets() -> Result<()> {
    let server = Server::start(false)?;
    let endpoint = server.endpoint(&server.egress()?, true)?;
    let side_by_side = join_all((0..10).map(|_| async {
        let mut connections = BTreeSet::new();
        for _ in 0..100 {
            connections.insert(post(&endpoint, SLUSE, 5).await?["connection"].as_u64());
        }
        Ok::<_, SendError>(connections)
    }));
    for connections in side_by_side.await {
        ensure!(connections?.iter().all(Option::is_some), "a request came on no connection");
    }
    let (_, proofs) = server.counts().await?;
    println!("1000 requests, 10 at a time: {proofs} sign-ins");
    assert!(proofs <= 10, "{proofs} sign-ins");
    Ok(())
}
