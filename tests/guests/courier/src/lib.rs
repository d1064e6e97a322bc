//! A connector that carries messages to a target which breaks all the time, one operation per way in which a
//! target can be dealt with: it can be asked, it cannot be asked, or being told twice does no harm. What it
//! brought there is counted, so that a test can say whether something happened twice.

use schemars::JsonSchema;
use sluse_sdk::http::{SendError, SendErrorReason};
use sluse_sdk::prelude::*;

/// The settings of a connection. There are none.
#[derive(Deserialize, JsonSchema)]
struct Settings {}

struct Courier;

impl Connector for Courier {
    type Settings = Settings;
    const NAME: &str = "courier";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const TITLE: &str = "Courier";
    const SUMMARY: &str = "Brings messages to a target that breaks, and says what became of them.";
    const OPERATIONS: &[Operation<Settings>] = &[
        operation!("deliver-once", "Deliver once", "Brings a message, and looks whether it is there.", deliver_once),
        operation!("deliver-blind", "Deliver blind", "Brings a message without any way to look.", deliver_blind),
        operation!("deliver-repeatable", "Deliver repeatably", "Puts a message in its place.", deliver_repeatable),
        operation!(
            "deliver-and-wait",
            "Deliver and wait",
            "Brings a message, waits until it is told, and says so.",
            deliver_and_wait,
            resume: told
        ),
        operation!("deliver-file", "Deliver file", "Puts the run's file in its place.", deliver_file),
        operation!(
            "deliver-numbered",
            "Deliver numbered",
            "Puts a message under a number of its own.",
            deliver_numbered
        ),
        operation!("publish", "Publish", "Publishes a file that is named by the message.", publish),
        operation!("refuse", "Refuse", "Brings nothing.", refuse),
        operation!("look", "Look", "Says whether a message is there.", look).reads_only(),
    ];

    const SEQUENCES: &[&str] = &[NUMBERS];

    const FEEDS: &[Feed<Settings>] =
        &[feed!("parcels", "Parcels", "Messages that the target gives out to be brought back.", 60, parcels)
            .settled_by(report)];

    fn endpoints() -> Vec<EndpointNeed> {
        vec![EndpointNeed::required("default", "Target")]
    }

    fn folders() -> Vec<FolderNeed> {
        vec![FolderNeed::optional(OUT, "Where files are taken from")]
    }

    fn check(_: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        let status = Request::get("/").send()?.status();
        let message = format!("The target answered with status {status}.");
        Ok(vec![Finding { subject: "answer".to_owned(), passed: status < 500, message }])
    }
}

/// A message.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Message {
    /// Names it at the target.
    key: String,
}

/// What is known of a message.
#[derive(Serialize, JsonSchema)]
struct Known {
    key: String,
    /// It was there already when it was looked for, or is there now.
    there: bool,
}

/// Requests for one message in one attempt: enough for a connection that breaks once.
const SENDS: usize = 2;

fn deliver_once(_: &Call<Settings>, message: Message) -> Result<Known, Failure> {
    bring(&message.key, &message)?;
    Ok(Known { key: message.key, there: true })
}

/// A message whose sender waits until the target has told it something.
#[derive(Serialize)]
struct Asking<'a> {
    key: &'a str,
    callback: &'a str,
}

/// What is kept while it waits. Nothing that its input does not say.
#[derive(Serialize, Deserialize)]
struct Waits {}

/// Longer than any host is down.
const WAITS_MS: u64 = 600_000;

fn deliver_and_wait(_: &Call<Settings>, message: Message) -> Result<Reply<Known>, Failure> {
    let callback = callbacks::open(WAITS_MS)?;
    bring(&message.key, &Asking { key: &message.key, callback: &callback })?;
    Reply::waiting(&Waits {})
}

/// It has been told: that must happen once as well.
fn told(_: &Call<Settings>, message: Message, _: Waits, arrival: Arrival) -> Result<Known, Failure> {
    let Arrival::Answered(answer) = arrival else {
        return Err(Failure::unknown("not-told", "The target never told anything."));
    };
    let said: Message = serde_json::from_slice(&answer.body)?;
    if said.key != message.key {
        return Err(Failure::rejected("wrong-answer", "The target spoke of another message."));
    }
    let key = format!("{}-told", message.key);
    bring(&key, &Message { key: key.clone() })?;
    Ok(Known { key: message.key, there: true })
}

/// Brings a message unless it is there, and looks whenever it is not known whether it arrived.
fn bring(key: &str, message: &impl Serialize) -> Result<(), Failure> {
    for _ in 0..SENDS {
        if is_there(key)? {
            return Ok(());
        }
        // It has looked, and would look again in another attempt.
        let sent = Request::post("/effects").intent_key(key).json(message)?.reconciled().send();
        if happened(sent)? {
            return Ok(());
        }
    }
    if is_there(key)? {
        return Ok(());
    }
    Err(Failure::unavailable("not-there-yet", "The target did not take the message."))
}

fn deliver_file(_: &Call<Settings>, message: Message) -> Result<Known, Failure> {
    let file = attachments::all()?.into_iter().next().ok_or(attachments::AttachmentError::NotFound)?;
    let request = Request::put(path!("/places/{}", &message.key)).attachment(&file.media_type, file.id);
    request.send()?.require_success()?;
    Ok(Known { key: message.key, there: true })
}

/// Whether a request is known to have happened. What leaves it open is neither an error nor a success: one looks.
fn happened(sent: Result<Response, SendError>) -> Result<bool, Failure> {
    match sent {
        Ok(answer) if matches!(answer.status(), 408 | 500 | 502 | 504) => Ok(false),
        Ok(answer) => answer.require_success().map(|_| true),
        Err(SendError { reason: SendErrorReason::Interrupted(_), .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_there(key: &str) -> Result<bool, Failure> {
    let answer = Request::get(path!("/effects/{}", key)).send()?;
    if answer.status() == 404 {
        return Ok(false);
    }
    answer.require_success().map(|_| true)
}

fn deliver_blind(_: &Call<Settings>, message: Message) -> Result<Known, Failure> {
    Request::post("/effects").intent_key(&message.key).json(&message)?.send()?.require_success()?;
    Ok(Known { key: message.key, there: true })
}

fn deliver_repeatable(_: &Call<Settings>, message: Message) -> Result<Known, Failure> {
    Request::put(path!("/places/{}", &message.key)).json(&message)?.send()?.require_success()?;
    Ok(Known { key: message.key, there: true })
}

/// The sequence that numbers come from.
const NUMBERS: &str = "parcels";

/// A message under its number.
#[derive(Serialize)]
struct Numbered<'a> {
    key: &'a str,
    number: u64,
}

fn deliver_numbered(_: &Call<Settings>, message: Message) -> Result<Known, Failure> {
    let numbered = Numbered { key: &message.key, number: numbers::reserve(NUMBERS, 1)? };
    Request::put(path!("/places/{}", &message.key)).json(&numbered)?.send()?.require_success()?;
    Ok(Known { key: message.key, there: true })
}

/// The folder that files are taken from.
const OUT: &str = "out";

/// Longer than a piece that is written at once.
const FILE_LINES: usize = 1000;

fn publish(_: &Call<Settings>, message: Message) -> Result<Known, Failure> {
    let text = format!("the file of {}\n", message.key).repeat(FILE_LINES);
    folders::put(OUT, &format!("{}.txt", message.key), text.as_bytes())?;
    Ok(Known { key: message.key, there: true })
}

fn refuse(_: &Call<Settings>, _: Message) -> Result<Known, Failure> {
    Err(Failure::rejected("refused", "Nobody takes this message."))
}

fn look(_: &Call<Settings>, message: Message) -> Result<Known, Failure> {
    let there = is_there(&message.key)?;
    Ok(Known { key: message.key, there })
}

/// A message that the target gives out, and those that it is to be told of together with it.
#[derive(Deserialize)]
struct Parcel {
    key: String,
    group: String,
}

/// What the target gives out behind a place.
#[derive(Deserialize)]
struct Parcels {
    parcels: Vec<Parcel>,
    next: u64,
    more: bool,
}

fn parcels(_: &Call<Settings>, cursor: Option<String>) -> Result<Page<Message>, Failure> {
    let after = cursor.unwrap_or_else(|| "0".to_owned());
    let given: Parcels = Request::get(path!("/parcels/{}", &after)).send()?.require_success()?.json()?;
    let item = |Parcel { key, group }| Item { group: Some(group), ..Item::new(key.clone(), Message { key }) };
    let items = given.parcels.into_iter().map(item).collect();
    Ok(Page { items, cursor: Some(given.next.to_string()), more: given.more })
}

fn report(_: &Call<Settings>, group: &str, report: Vec<ItemReport>) -> Result<(), Failure> {
    Request::put(path!("/reports/{}", group)).json(&report)?.send()?.require_success()?;
    Ok(())
}

sluse_sdk::export_target_and_source!(Courier);
