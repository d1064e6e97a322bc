//! A `[[connection]]`.

use std::collections::BTreeMap;

use sluse_model::{CallbackSettings, Connection, FolderGrant, Grant, Limits, Name, RetryPolicy, Sequence};

use super::{
    auth::secret,
    document::{Content, Node},
    endpoints,
    finding::{Finding, Origin},
    policies,
    reader::Reader,
};

/// Reads a connection. `None` when what is there is not enough to make one; there are findings then.
pub(crate) fn read(node: &Node, origin: &Origin, path: &str, findings: &mut Vec<Finding>) -> Option<Connection> {
    let mut reader = Reader::new(node, origin, path, findings)?;
    let name = reader.name("name");
    let connector = reader.name("connector");
    let title = reader.optional_text("title").unwrap_or_default().to_owned();
    let settings = reader.json_table("settings");
    let endpoints = endpoints::read(&mut reader);
    let grant = grant(&mut reader);
    let limits = limits(&mut reader);
    let retry = policies::retry(&mut reader, &RetryPolicy::default()).unwrap_or_default();
    let gates = policies::gates(&mut reader);
    let operations = policies::operations(&mut reader, &retry);
    let sequences = sequences(&mut reader);
    let callbacks = callbacks(&mut reader);
    reader.finish();
    let (name, connector) = (name?, connector?);
    Some(Connection {
        name,
        connector,
        title,
        settings,
        endpoints,
        grant,
        limits,
        retry,
        gates,
        callbacks,
        sequences,
        operations,
    })
}

/// `[connection.callbacks]`.
fn callbacks(reader: &mut Reader<'_, '_>) -> Option<CallbackSettings> {
    let mut reader = section(reader, "callbacks")?;
    let secret = secret(&mut reader, "secret");
    reader.finish();
    Some(CallbackSettings { secret: secret? })
}

fn grant(reader: &mut Reader<'_, '_>) -> Grant {
    let Some(mut reader) = section(reader, "grant") else { return Grant::default() };
    let mut cidrs = Vec::new();
    for (index, node) in reader.list("cidrs").iter().enumerate() {
        match &node.value {
            Content::Text(text) if text.parse::<sluse_egress::IpNet>().is_ok() => cidrs.push(text.clone()),
            _ => reader.refuse_at(&format!("cidrs[{index}]"), "a range of addresses is needed here: `10.20.0.0/16`"),
        }
    }
    let folders = reader.named("folders", |mut reader| {
        let path = reader.text("path").map(str::to_owned);
        let mounted = reader.flag("mounted");
        reader.finish();
        Some(FolderGrant { path: path?, mounted })
    });
    reader.finish();
    Grant { cidrs, folders }
}

/// `[connection.sequences.NAME]`.
fn sequences(reader: &mut Reader<'_, '_>) -> BTreeMap<Name, Sequence> {
    reader.named("sequences", |mut reader| {
        let first = reader.number("first").unwrap_or(1);
        if reader.get("last").is_none() {
            reader.missing("last");
        }
        let last = reader.number("last");
        reader.finish();
        Some(Sequence { first, last: last? })
    })
}

fn limits(reader: &mut Reader<'_, '_>) -> Limits {
    let defaults = Limits::default();
    let Some(mut reader) = section(reader, "limits") else { return defaults };
    let limits = Limits {
        memory_bytes: reader.number("memory_bytes").unwrap_or(defaults.memory_bytes),
        cpu_ms: reader.number("cpu_ms").unwrap_or(defaults.cpu_ms),
        timeout_ms: reader.number("timeout_ms").unwrap_or(defaults.timeout_ms),
        max_attachment_bytes: reader.number("max_attachment_bytes").unwrap_or(defaults.max_attachment_bytes),
    };
    reader.finish();
    limits
}

pub(super) fn section<'n, 'r>(reader: &'r mut Reader<'n, '_>, key: &'static str) -> Option<Reader<'n, 'r>> {
    let node = reader.get(key)?;
    reader.child(key, node)
}
