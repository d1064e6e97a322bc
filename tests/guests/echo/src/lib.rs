//! A small, well-behaved connector: one operation per thing that a host must be able to do. Tests and
//! benchmarks use it; it stands for no target.

use schemars::JsonSchema;
use serde_json::Value;
use sluse_sdk::prelude::*;

/// The settings of a connection. There are none.
#[derive(Deserialize, JsonSchema)]
struct Settings {}

struct Echo;

impl Connector for Echo {
    type Settings = Settings;
    const NAME: &str = "echo";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const TITLE: &str = "Echo";
    const SUMMARY: &str = "Gives back what it gets, in every way that a host offers.";
    const OPERATIONS: &[Operation<Settings>] = &[
        operation!("echo", "Echo", "Gives the input back without asking the host for anything.", echo).reads_only(),
        operation!("post", "Post", "Sends the input to the target, once.", post),
        operation!("put", "Put", "Sends the input to the target, as often as it takes.", put),
        operation!("fetch", "Fetch", "Reads from the target.", fetch).reads_only(),
        operation!("log", "Log", "Writes a line.", write_line).reads_only(),
        operation!("attachments", "Attachments", "Lists the files and reads the beginning of each.", list).reads_only(),
        operation!("keep", "Keep", "Reads from the target and keeps the answer as a file.", keep).reads_only(),
        operation!("forward", "Forward", "Sends a file to the target, once.", forward),
        operation!("fan-out", "Fan out", "Reads from the target several times side by side.", fan_out).reads_only(),
    ];

    fn endpoints() -> Vec<EndpointNeed> {
        vec![EndpointNeed::required("default", "Target")]
    }

    fn check(_: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        let status = Request::get("/").send()?.status();
        let message = format!("The target answered with status {status}.");
        Ok(vec![Finding { subject: "answer".to_owned(), passed: status < 400, message }])
    }
}

/// A small record of the kinds that JSON has.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Message {
    /// Any text.
    text: String,
    /// Any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<f64>,
    /// Any list of texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    anything: Value,
}

fn echo(_: &Call<Settings>, message: Message) -> Result<Message, Failure> {
    Ok(message)
}

/// What the target answered.
#[derive(Serialize, JsonSchema)]
struct Answered {
    status: u16,
    text: String,
}

impl Answered {
    fn read(answer: &Response) -> Self {
        Self { status: answer.status(), text: answer.text().into_owned() }
    }
}

fn post(_: &Call<Settings>, message: Message) -> Result<Answered, Failure> {
    let answer = Request::post("/").json(&message)?.send()?;
    Ok(Answered::read(&answer.require_success()?))
}

fn put(_: &Call<Settings>, message: Message) -> Result<Answered, Failure> {
    let answer = Request::put("/").json(&message)?.send()?;
    Ok(Answered::read(&answer.require_success()?))
}

/// Where to read.
#[derive(Deserialize, JsonSchema)]
struct Place {
    /// Path and query, percent-encoded; `/` when absent.
    #[serde(default = "root")]
    path: String,
}

fn root() -> String {
    "/".to_owned()
}

fn fetch(_: &Call<Settings>, place: Place) -> Result<Answered, Failure> {
    let answer = Request::get(place.path).send()?;
    Ok(Answered::read(&answer.require_success()?))
}

fn write_line(_: &Call<Settings>, message: Message) -> Result<Message, Failure> {
    log::info(&message.text);
    Ok(message)
}

/// How much to read of each file.
#[derive(Deserialize, JsonSchema)]
struct Slice {
    #[serde(default)]
    offset_bytes: u64,
    #[serde(default = "usual_length_bytes")]
    length_bytes: u32,
}

fn usual_length_bytes() -> u32 {
    64
}

/// The files of the run.
#[derive(Serialize, JsonSchema)]
struct Files {
    files: Vec<File>,
}

/// One file of the run.
#[derive(Serialize, JsonSchema)]
struct File {
    id: String,
    name: String,
    media_type: String,
    size_bytes: u64,
    sha256: String,
    /// The bytes that were read, as text.
    text: String,
}

fn list(_: &Call<Settings>, slice: Slice) -> Result<Files, Failure> {
    let files = attachments::all()?.into_iter().map(|attachment| read(attachment, &slice)).collect::<Result<_, _>>()?;
    Ok(Files { files })
}

fn read(attachment: attachments::Attachment, slice: &Slice) -> Result<File, Failure> {
    let bytes = attachments::read(&attachment.id, slice.offset_bytes, slice.length_bytes)?;
    Ok(File {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        id: attachment.id,
        name: attachment.name,
        media_type: attachment.media_type,
        size_bytes: attachment.size_bytes,
        sha256: attachment.sha256,
    })
}

/// A file that was kept.
#[derive(Serialize, JsonSchema)]
struct Kept {
    id: String,
    size_bytes: u64,
}

fn keep(_: &Call<Settings>, place: Place) -> Result<Kept, Failure> {
    let answer = Request::get(place.path).keep("kept.bin").send()?.require_success()?;
    let kept = answer.attachment();
    let kept = kept.ok_or_else(|| Failure::rejected("not-kept", "The host did not keep the answer."))?;
    let kept = attachments::get(kept)?;
    Ok(Kept { id: kept.id, size_bytes: kept.size_bytes })
}

/// The file to send.
#[derive(Deserialize, JsonSchema)]
struct Forward {
    /// Its id; the first file of the run when absent.
    attachment: Option<String>,
}

fn forward(_: &Call<Settings>, input: Forward) -> Result<Answered, Failure> {
    let file = match input.attachment {
        Some(id) => attachments::get(&id)?,
        None => attachments::all()?.into_iter().next().ok_or(attachments::AttachmentError::NotFound)?,
    };
    let answer = Request::post("/").attachment(&file.media_type, file.id).send()?;
    Ok(Answered::read(&answer.require_success()?))
}

/// How often to read.
#[derive(Deserialize, JsonSchema)]
struct FanOut {
    #[serde(default = "root")]
    path: String,
    count: u16,
}

/// What the target answered, in the order of the requests.
#[derive(Serialize, JsonSchema)]
struct Statuses {
    statuses: Vec<u16>,
}

fn fan_out(_: &Call<Settings>, input: FanOut) -> Result<Statuses, Failure> {
    let requests = (0..input.count).map(|number| Request::get(input.path.as_str()).query("number", number));
    let statuses = send_all(requests).into_iter().map(|answer| Ok(answer?.status())).collect::<Result<_, Failure>>()?;
    Ok(Statuses { statuses })
}

sluse_sdk::export_target!(Echo);
