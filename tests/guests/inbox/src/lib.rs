//! A connector that takes letters out of an inbox, files them elsewhere at the same target, and tells the inbox what
//! became of them. The target counts, so that a test can say whether a letter was filed twice or forgotten.

use schemars::JsonSchema;
use sluse_sdk::prelude::*;

/// The settings of a connection. There are none.
#[derive(Deserialize, JsonSchema)]
struct Settings {}

struct Inbox;

impl Connector for Inbox {
    type Settings = Settings;
    const NAME: &str = "inbox";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const TITLE: &str = "Inbox";
    const SUMMARY: &str = "Takes letters out of an inbox, files them, and says what became of them.";
    const OPERATIONS: &[Operation<Settings>] = &[operation!("file", "File", "Files a letter.", file)];
    const FEEDS: &[Feed<Settings>] =
        &[feed!("letters", "Letters", "Letters that have come in.", 60, letters).settled_by(settle)];

    fn endpoints() -> Vec<EndpointNeed> {
        vec![EndpointNeed::required("default", "Inbox")]
    }

    fn check(_: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        let status = Request::get("/letters/0").send()?.status();
        let message = format!("The inbox answered with status {status}.");
        Ok(vec![Finding { subject: "answer".to_owned(), passed: status == 200, message }])
    }
}

/// A letter.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Letter {
    /// Names it in the inbox.
    key: String,
    text: String,
}

/// A letter as the inbox gives it out.
#[derive(Deserialize)]
struct Posted {
    #[serde(flatten)]
    letter: Letter,
    /// Those that came in one envelope.
    envelope: Option<String>,
}

/// A page of letters.
#[derive(Deserialize)]
struct Posting {
    letters: Vec<Posted>,
    next: u64,
    more: bool,
}

/// Where a letter was filed.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Filed {
    place: String,
}

fn letters(_: &Call<Settings>, cursor: Option<String>) -> Result<Page<Letter>, Failure> {
    let after = cursor.unwrap_or_else(|| "0".to_owned());
    let posting: Posting = Request::get(path!("/letters/{}", &after)).send()?.require_success()?.json()?;
    let item = |posted: Posted| Item { group: posted.envelope, ..Item::new(posted.letter.key.clone(), posted.letter) };
    let items = posting.letters.into_iter().map(item).collect();
    Ok(Page { items, cursor: Some(posting.next.to_string()), more: posting.more })
}

/// A letter as it is filed, with the delivery that files it: two of them would be seen.
#[derive(Serialize)]
struct Filing<'a> {
    text: &'a str,
    delivery: &'a str,
}

fn file(call: &Call<Settings>, letter: Letter) -> Result<Filed, Failure> {
    let filing = Filing { text: &letter.text, delivery: &call.delivery };
    Request::put(path!("/filed/{}", &letter.key)).json(&filing)?.send()?.require_success()?.json()
}

fn settle(_: &Call<Settings>, group: &str, report: Vec<ItemReport>) -> Result<(), Failure> {
    Request::put(path!("/envelopes/{}", group)).json(&report)?.send()?.require_success()?;
    Ok(())
}

sluse_sdk::export_target_and_source!(Inbox);
