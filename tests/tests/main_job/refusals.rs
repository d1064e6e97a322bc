//! Bad input: each gets a clear error, nothing is lost and nothing is half done.

use serde_json::json;
use sluse_tests::host::{Host, HostOptions, sluse};

use crate::site::{FLOW, FLOW_WITH_FILES, Site, submission};

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_does_not_fit_is_told_where() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let reply = site.host.post("/v1/flows/case/runs", &json!({"reference": 7, "surplus": true})).await?;
    assert_eq!(reply.status, 422);
    let problem = reply.json()?;
    assert_eq!(problem["type"], "urn:sluse:problem:submission-does-not-fit");
    let text = problem["errors"].to_string();
    assert!(text.contains("/reference") && text.contains("title") && text.contains("surplus"), "{text}");
    assert_eq!(site.host.get("/v1/runs").await?["items"].as_array().map(Vec::len), Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_told_why() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let broken = site.post_bytes("/v1/flows/case/runs", "application/json", b"{\"reference\":".to_vec()).await?;
    assert_eq!((broken.status.as_u16(), broken.json()?["type"].as_str()), (400, Some("urn:sluse:problem:bad-body")));
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(site.post_bytes("/v1/flows/case/runs", "application/json", deep.into()).await?.status, 400);
    let large = format!("{{\"reference\": \"{}\"}}", "x".repeat(5 << 20));
    assert_eq!(site.post_bytes("/v1/flows/case/runs", "application/json", large.into()).await?.status, 413);
    assert_eq!(site.post_bytes("/v1/flows/case/runs", "text/plain", b"{}".to_vec()).await?.status, 415);
    Ok(())
}

/// A form with the submission and one file.
fn form(reference: &str, file: &[u8], headers: &str, end: &str) -> Vec<u8> {
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"submission\"\r\n\r\n{{\"reference\": \"{reference}\"}}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n{headers}\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(end.as_bytes());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_cut_off_or_too_large_is_refused() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let small = FLOW_WITH_FILES.replace("300000000", "1000");
    assert_eq!(site.apply(&[&small]).await?.status, 200);
    let post =
        |body: Vec<u8>| site.post_bytes("/v1/flows/case-with-files/runs", "multipart/form-data; boundary=b", body);
    let wrong = "Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n";
    let damaged = post(form("d", b"content", wrong, "\r\n--b--\r\n")).await?;
    assert_eq!(
        (damaged.status.as_u16(), damaged.json()?["type"].as_str()),
        (422, Some("urn:sluse:problem:wrong-digest"))
    );
    let cut_off = post(form("c", b"content", "", "")).await?;
    assert_eq!((cut_off.status.as_u16(), cut_off.json()?["type"].as_str()), (400, Some("urn:sluse:problem:bad-body")));
    let large = post(form("l", &[b'x'; 2000], "", "\r\n--b--\r\n")).await?;
    assert_eq!(
        (large.status.as_u16(), large.json()?["type"].as_str()),
        (413, Some("urn:sluse:problem:file-too-large"))
    );
    assert!(large.text().contains("1000"), "{}", large.text());
    // What could not be added later is missed before anything is opened.
    let with_files = small.replace("max_attachment_bytes", "min_attachments = 2\nmax_attachment_bytes");
    assert_eq!(site.apply(&[&with_files]).await?.status, 200);
    for few in [post(form("f", b"one", "", "\r\n--b--\r\n")).await?, {
        site.host.post("/v1/flows/case-with-files/runs", &json!({"reference": "none"})).await?
    }] {
        let kind = few.json()?["type"].clone();
        assert_eq!((few.status.as_u16(), kind), (422, json!("urn:sluse:problem:submission-does-not-fit")));
        assert!(few.text().contains("needs at least 2 files with a submission"), "{}", few.text());
    }
    assert_eq!(site.host.get("/v1/runs").await?["items"].as_array().map(Vec::len), Some(0));
    Ok(())
}

/// How many files are under its folder of contents, the components among them, and what has not arrived whole.
pub(crate) fn contents(host: &Host) -> anyhow::Result<usize> {
    let mut count = 0;
    for folder in std::fs::read_dir(host.data().join("contents"))? {
        count += std::fs::read_dir(folder?.path())?.count();
    }
    Ok(count)
}

/// Waits until there are so many files.
async fn contents_become(site: &Site, expected: usize) -> anyhow::Result<()> {
    for _ in 0..400 {
        if contents(&site.host)? == expected {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("{} contents instead of {expected}", contents(&site.host)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_with_a_refused_submission_is_not_kept() -> anyhow::Result<()> {
    let site = Site::start().await?;
    assert_eq!(site.apply(&[FLOW_WITH_FILES]).await?.status, 200);
    let before = contents(&site.host)?;
    let post = async |body: Vec<u8>| {
        site.post_bytes("/v1/flows/case-with-files/runs", "multipart/form-data; boundary=b", body).await
    };
    // The first file is whole when the second one is found wanting.
    let second = "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.pdf\"\r\n\
        Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n\r\nother\r\n--b--\r\n";
    assert_eq!(post(form("r", b"content", "", second)).await?.status, 422);
    contents_become(&site, before).await?;
    // The same bytes with a submission that is accepted stay, whatever others give up.
    assert_eq!(post(form("a", b"content", "", "\r\n--b--\r\n")).await?.status, 202);
    assert_eq!(post(form("r", b"content", "", second)).await?.status, 422);
    contents_become(&site, before + 1).await?;
    assert_eq!(contents(&site.host)?, before + 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_does_not_fit_is_refused_before_its_files() -> anyhow::Result<()> {
    let site = Site::start().await?;
    assert_eq!(site.apply(&[FLOW_WITH_FILES]).await?.status, 200);
    // The file never ends: who waited for it would answer that the form is damaged.
    let head = form("r", b"content", "", "");
    let unfit = String::from_utf8(head)?.replace("reference", "referense");
    let path = "/v1/flows/case-with-files/runs";
    let reply = site.post_bytes(path, "multipart/form-data; boundary=b", unfit.into_bytes()).await?;
    assert_eq!(
        (reply.status.as_u16(), reply.json()?["type"].as_str()),
        (422, Some("urn:sluse:problem:submission-does-not-fit"))
    );
    Ok(())
}

/// Whatever stands where a part should begin is not collected until memory is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_an_end_of_its_beginning_is_refused() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let header = b"--b\r\nContent-Disposition: form-data; name=\"";
    for beginning in [b"".as_slice(), header] {
        let body = [beginning, &vec![b'x'; 4 << 20]].concat();
        let reply = site.post_bytes("/v1/flows/case/runs", "multipart/form-data; boundary=b", body).await;
        // Cut off in the middle of its body, a client may not get to read why.
        let Ok(reply) = reply else { continue };
        assert_eq!((reply.status.as_u16(), reply.json()?["type"].as_str()), (400, Some("urn:sluse:problem:bad-body")));
    }
    assert_eq!(site.host.get("/v1/runs").await?["items"].as_array().map(Vec::len), Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_refused_with_file_and_line_and_nothing_is_applied() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let flow = FLOW.replace("name = \"case\"", "name = \"wrong\"");
    let cases = [
        (flow.replace("{{ submission.title }}", "{{ steps.later.case_id }}"), "later"),
        (flow.replace("{{ submission.title }}", "{{ submision.title }}"), "submision"),
        (flow.replace("{{ submission.title }}", "{{ submission.nothing }}"), "nothing"),
        (flow.replace("create-or-find-case", "create-or-find-cases"), "create-or-find-case"),
        (flow.replace("connection = \"workzone\"", "connection = \"workzoe\""), "workzoe"),
    ];
    for (text, named) in cases {
        let reply = site.apply(&[&text]).await?;
        assert_eq!(reply.status, 422, "{text}");
        let error = reply.json()?["errors"][0].clone();
        assert!(error["message"].to_string().contains(named), "{error}");
        assert_eq!(error["file"], "file-0.toml");
        let line = error["line"].as_u64().unwrap_or(0) as usize;
        let expected = text.lines().position(|line| line.contains(named)).map_or(0, |index| index + 1);
        assert!(line > 0 && (line == expected || named == "create-or-find-case"), "{error} in\n{text}");
    }
    assert!(!site.host.get("/v1/flows").await?.to_string().contains("\"wrong\""));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_refused_with_what_to_write_where() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let connection = site.connection().replace("name = \"workzone\"", "name = \"other\"");
    let port = site.workzone.base_url_v4();
    let cases = [
        (connection.replace("external_ref_field", "external_reff"), "external_reff"),
        (
            connection.replace("{ secret = \"workzone-client-secret\" }", "{ secret = \"nowhere\" }"),
            "sluse secret set nowhere",
        ),
        (connection.replace(port.trim_end_matches('/'), "https://elsewhere.example"), "egress.hosts"),
        (connection.replace("grant = { cidrs = [\"127.0.0.0/8\"] }\n", ""), "grant.cidrs"),
        (connection.replace("connector = \"workzone\"", "connector = \"nobody\""), "nobody"),
        (connection.replace("allow_plaintext = true\n", ""), "allow_plaintext"),
    ];
    for (text, said) in cases {
        let reply = site.apply(&[&text]).await?;
        assert_eq!(reply.status, 422, "{text}");
        assert!(reply.text().contains(said), "expected {said} in {}", reply.text());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_outside_the_ceiling_is_never_asked() -> anyhow::Result<()> {
    let site = Site::start().await?;
    // Allowed by name, and yet no connection may reach what lies inside.
    let connection = site.connection().replace("127.0.0.0/8", "169.254.0.0/16");
    let reply = site.apply(&[&connection]).await?;
    assert_eq!(reply.status, 422, "{}", reply.text());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_goes_nowhere_new_without_a_word() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let created = site.host.done(&["token", "create", "deployer", "--scope", "deploy"], None).await?;
    let elsewhere = sluse_tests::workzone::SimulatedWorkZone::start(Default::default()).await?;
    let moved = site
        .connection()
        .replace(site.workzone.base_url_v4().trim_end_matches('/'), elsewhere.base_url_v4().trim_end_matches('/'));
    let body = json!({"files": [{"name": "moved.toml", "text": moved}]}).to_string();
    let token = created["secret"].as_str();
    let reply = site.host.api_as(token, "POST", "/v1/configuration", "application/json", body.into()).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let unconfirmed = reply.json()?["unconfirmed"][0].clone();
    assert_eq!(unconfirmed["secret"], "workzone-client-secret");
    let run = site.submit(&submission("moved")).await?;
    let found = site.settled(&run).await?;
    assert_eq!(
        (found["state"].as_str(), found["deliveries"][0]["reason"].as_str()),
        (Some("attention"), Some("misconfigured")),
        "{found:#}"
    );
    assert_eq!(elsewhere.requests().len(), 0, "the other address has heard nothing");
    let origin = unconfirmed["origin"].as_str().unwrap_or("");
    site.host.done(&["secret", "confirm", "workzone-client-secret", origin], None).await?;
    let run = site.submit(&submission("moved-and-confirmed")).await?;
    // The token is the first one's and so refused there; but now it was asked.
    assert_eq!(site.settled(&run).await?["deliveries"][0]["reason"], "denied");
    assert!(!elsewhere.requests().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_start_says_why() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    let data = host.data();
    let data = data.to_str().expect("text");
    let locked = sluse(&["serve", "--listen", "127.0.0.1:0", "--data", data]).await?;
    assert_eq!(locked.code, 1);
    assert!(locked.stderr.contains("in use by another process"), "{}", locked.stderr);
    let address = host.url().trim_start_matches("http://").to_owned();
    let folder = tempfile::tempdir()?;
    let other = folder.path().join("data");
    let taken = sluse(&["serve", "--listen", &address, "--data", other.to_str().expect("text")]).await?;
    assert_eq!(taken.code, 1);
    assert!(taken.stderr.contains(&address) && taken.stderr.contains("--listen"), "{}", taken.stderr);
    let file = folder.path().join("a-file");
    std::fs::write(&file, "")?;
    let no_folder = sluse(&["serve", "--listen", "127.0.0.1:0", "--data", file.to_str().expect("text")]).await?;
    assert_eq!(no_folder.code, 1, "{}", no_folder.stderr);
    let settings = folder.path().join("sluse.toml");
    std::fs::write(&settings, "[egress]\nhost = [\"*\"]\n")?;
    let unknown = sluse(&["serve", "--config", settings.to_str().expect("text")]).await?;
    assert!(
        unknown.stderr.contains("`egress.host`") && unknown.stderr.contains("`egress.hosts`"),
        "{}",
        unknown.stderr
    );
    Ok(())
}
