//! A `[[schedule]]`.

use std::time::Duration;

use serde_json::Value;
use sluse_model::{Cadence, IntervalOf, Overlap, Schedule, Task};

use super::{
    document::Node,
    finding::{Finding, Origin},
    reader::Reader,
};
use crate::mapping::did_you_mean;

/// Reads a schedule. `None` when what is there is not enough to make one; there are findings then.
pub(crate) fn read(node: &Node, origin: &Origin, path: &str, findings: &mut Vec<Finding>) -> Option<Schedule> {
    let mut reader = Reader::new(node, origin, path, findings)?;
    let name = reader.name("name");
    let title = reader.optional_text("title").unwrap_or_default().to_owned();
    let (cadence, every_of) = cadence(&mut reader).unzip();
    let overlap = overlap(&mut reader);
    let catch_up = duration(&mut reader, "catch_up");
    let enabled = reader.get("enabled").is_none() || reader.flag("enabled");
    let flow = reader.name("flow");
    let task = task(&mut reader);
    reader.finish();
    let catch_up_ms = catch_up.unwrap_or(0);
    let (name, cadence, every_of, flow, task) = (name?, cadence?, every_of?, flow?, task?);
    Some(Schedule { name, title, cadence, every_of, overlap: overlap?, catch_up_ms, enabled, flow, task })
}

/// `every` with `jitter`, or `cron` with `zone`. Of a feed neither need be named: somebody else says how often then,
/// which is looked up once everything is read.
fn cadence(reader: &mut Reader<'_, '_>) -> Option<(Cadence, Option<IntervalOf>)> {
    let (every, jitter) = (duration(reader, "every"), duration(reader, "jitter"));
    let (cron, zone) =
        (reader.optional_text("cron").map(str::to_owned), reader.optional_text("zone").map(str::to_owned));
    let is_interval = reader.get("every").is_some();
    match (is_interval, cron.is_some() || zone.is_some()) {
        (true, true) => {
            reader.refuse("every", "a schedule has `every`, or `cron` with its `zone`, not both");
            None
        }
        (true, false) => Some((Cadence::Every { every_ms: every?, jitter_ms: jitter.unwrap_or(0) }, None)),
        (false, true) => {
            if reader.get("jitter").is_some() {
                reader.refuse("jitter", "it goes with `every`; what `cron` names is fired at that time");
            }
            for (key, is_missing) in [("cron", cron.is_none()), ("zone", zone.is_none())] {
                if is_missing {
                    reader.missing(key);
                }
            }
            Some((Cadence::Cron { cron: cron?, zone: zone? }, None))
        }
        (false, false) if reader.get("feed").is_some() => {
            Some((Cadence::Every { every_ms: 0, jitter_ms: jitter.unwrap_or(0) }, Some(IntervalOf::Feed)))
        }
        (false, false) => {
            reader.missing("every");
            None
        }
    }
}

fn overlap(reader: &mut Reader<'_, '_>) -> Option<Overlap> {
    let Some(text) = reader.optional_text("overlap") else { return Some(Overlap::Skip) };
    let known = Overlap::ALL.into_iter().find(|overlap| overlap.as_str() == text);
    if known.is_none() {
        let names = Overlap::ALL.map(Overlap::as_str);
        let hint = did_you_mean(text, names);
        reader.refuse("overlap", format!("`{text}` is no way of overlapping{hint}: there are {}", names.join(", ")));
    }
    known
}

/// A feed of a connection, or a submission.
fn task(reader: &mut Reader<'_, '_>) -> Option<Task> {
    let has_feed = reader.get("connection").is_some() | reader.get("feed").is_some();
    if !has_feed {
        return Some(Task::Submit { submission: Value::Object(reader.json_table("submission")) });
    }
    if reader.get("submission").is_some() {
        let message =
            "a schedule that polls a feed submits what it finds: leave out `submission`, or `connection` and `feed`";
        reader.refuse("submission", message);
    }
    let (connection, feed) = (reader.name("connection"), reader.name("feed"));
    Some(Task::Poll { connection: connection?, feed: feed? })
}

/// Such as `15m` or `1h 30m`, in milliseconds.
fn duration(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<u64> {
    let text = reader.optional_text(key)?;
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    if parsed.is_none() {
        reader.refuse(key, "a time is needed here: `30s`, `15m`, `1h 30m`");
    }
    // What is beyond all ranges is refused where the range is known.
    Some(u64::try_from(parsed?.as_millis()).unwrap_or(u64::MAX))
}
