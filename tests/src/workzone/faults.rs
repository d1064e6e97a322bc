//! Faults on request: a queue of what shall go wrong, on which route, at which occurrence.
//! `inject` makes them happen.

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};

use super::errors::Shape;

/// Something that shall go wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Verb; each when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Prefix of the path, percent-encoded as sent.
    pub path: String,
    /// First matching request that is hit, counted from 1 since the fault was planted.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many matching requests are hit, one after the other.
    #[serde(default = "one")]
    pub times: u32,
    /// Looks at the parts of batches instead of whole requests.
    #[serde(default)]
    pub in_batch: bool,
    /// Wait before anything else, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// What happens.
    pub action: FaultAction,
}

/// What happens to a request that a fault hits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultAction {
    /// Nothing but the delay.
    Pass,
    /// An error without any effect.
    Status(ScriptedStatus),
    /// The effect, and then an error.
    CommitThenStatus(ScriptedStatus),
    /// 429 or 503 with `Retry-After`, without any effect.
    RetryAfter {
        /// 429 or 503.
        status: u16,
        /// As a number of seconds.
        #[serde(default)]
        seconds: Option<u64>,
        /// As an HTTP date this many seconds from now on the simulator's clock.
        #[serde(default)]
        date_in_s: Option<i64>,
    },
    /// The connection ends after the request was read, without any effect.
    DropBeforeCommit,
    /// The connection ends after the effect, without an answer.
    DropAfterCommit,
    /// The effect, and an answer that ends inside its body together with the connection.
    CutBody {
        /// Bytes that arrive.
        keep_bytes: usize,
    },
    /// The effect, and a well-framed body that stops in the middle of its JSON.
    TruncatedJson {
        /// Bytes that arrive.
        keep_bytes: usize,
    },
    /// The effect, and an answer in small pieces.
    Drip {
        /// Bytes of a piece.
        chunk_bytes: usize,
        /// Pause before each, in milliseconds.
        every_ms: u64,
    },
    /// The effect, and an answer under another media type.
    WrongContentType {
        /// The media type.
        content_type: String,
    },
    /// A redirect, without any effect.
    Redirect {
        /// Where to.
        location: String,
        /// 301, 302, 303, 307 or 308.
        #[serde(default = "temporary_redirect")]
        status: u16,
    },
    /// A page of IIS, without any effect.
    Html {
        /// Status.
        status: u16,
    },
}

/// An error with all its parts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedStatus {
    /// Status.
    pub status: u16,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// Shape of the body; by default that of the request.
    pub shape: PlantedShape,
    /// `code`; by default one that fits the status.
    pub code: Option<String>,
    /// Message; by default one that fits the status.
    pub message: Option<String>,
}

/// Shape of a planted error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlantedShape {
    /// As the request asked.
    #[default]
    Auto,
    /// OData v4 JSON.
    V4,
    /// OData v3 JSON light.
    V3Light,
    /// OData v3 verbose JSON.
    V3Verbose,
    /// XML.
    Xml,
    /// A page of IIS.
    Html,
    /// No body.
    Empty,
}

impl PlantedShape {
    /// The shape, given the one that the request asked for.
    pub(super) fn or(self, asked: Shape) -> Shape {
        match self {
            PlantedShape::Auto => asked,
            PlantedShape::V4 => Shape::V4,
            PlantedShape::V3Light => Shape::V3Light,
            PlantedShape::V3Verbose => Shape::V3Verbose,
            PlantedShape::Xml => Shape::Xml,
            PlantedShape::Html => Shape::Html,
            PlantedShape::Empty => Shape::Empty,
        }
    }
}

impl Fault {
    /// A fault for the next request whose path begins so.
    pub fn next(path: &str, action: FaultAction) -> Fault {
        Fault { method: None, path: path.to_owned(), nth: 1, times: 1, in_batch: false, delay_ms: 0, action }
    }

    /// Only for this verb.
    pub fn on(self, method: &str) -> Fault {
        Fault { method: Some(method.to_owned()), ..self }
    }

    /// From the `nth` matching request on.
    pub fn nth(self, nth: u32) -> Fault {
        Fault { nth, ..self }
    }

    /// For so many requests.
    pub fn times(self, times: u32) -> Fault {
        Fault { times, ..self }
    }

    fn matches(&self, method: &Method, path: &str, in_batch: bool) -> bool {
        self.in_batch == in_batch
            && path.starts_with(&self.path)
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
    }
}

impl FaultAction {
    /// Its name in JSON, for the request log.
    pub(super) fn kind(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value["kind"].as_str().unwrap_or("fault").to_owned()
    }

    /// An error with nothing special.
    pub fn status(status: u16) -> FaultAction {
        FaultAction::Status(ScriptedStatus { status, ..ScriptedStatus::default() })
    }

    /// The effect, and then an error with nothing special.
    pub fn commit_then(status: u16) -> FaultAction {
        FaultAction::CommitThenStatus(ScriptedStatus { status, ..ScriptedStatus::default() })
    }
}

fn one() -> u32 {
    1
}

fn temporary_redirect() -> u16 {
    307
}

/// Faults that wait, in the order they were planted.
#[derive(Debug, Default)]
pub(super) struct FaultQueue {
    planted: Vec<Planted>,
}

#[derive(Debug)]
struct Planted {
    fault: Fault,
    seen: u32,
}

impl FaultQueue {
    /// Plants one more.
    pub(super) fn plant(&mut self, fault: Fault) {
        self.planted.push(Planted { fault, seen: 0 });
    }

    /// The fault that hits this request. Each that matches counts it; the first that is due hits.
    pub(super) fn take(&mut self, method: &Method, path: &str, in_batch: bool) -> Option<Fault> {
        let mut hit = None;
        for planted in &mut self.planted {
            if !planted.fault.matches(method, path, in_batch) {
                continue;
            }
            let due = planted.seen + 1 >= planted.fault.nth;
            if due && hit.is_some() {
                continue; // waits for the next request instead of being lost behind another fault
            }
            planted.seen += 1;
            if due {
                hit = Some(planted.fault.clone());
            }
        }
        self.planted.retain(|planted| planted.seen + 1 < planted.fault.nth + planted.fault.times);
        hit
    }

    /// Faults that still wait.
    pub(super) fn waiting(&self) -> Vec<Fault> {
        self.planted.iter().map(|planted| planted.fault.clone()).collect()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.planted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(queue: &mut FaultQueue, requests: usize) -> Vec<bool> {
        (0..requests).map(|_| queue.take(&Method::POST, "/OData4/Files", false).is_some()).collect()
    }

    #[test]
    fn a_fault_hits_the_nth_request_and_as_many_as_it_says() {
        let mut queue = FaultQueue::default();
        queue.plant(Fault::next("/OData4/Files", FaultAction::status(500)).on("POST").nth(2).times(2));
        assert_eq!(hits(&mut queue, 5), [false, true, true, false, false]);
        assert!(queue.waiting().is_empty());
    }

    #[test]
    fn two_faults_for_one_route_hit_one_after_the_other() {
        let mut queue = FaultQueue::default();
        queue.plant(Fault::next("/OData4", FaultAction::status(503)));
        queue.plant(Fault::next("/OData4", FaultAction::DropAfterCommit));
        assert_eq!(hits(&mut queue, 3), [true, true, false]);
    }

    #[test]
    fn another_verb_or_a_batch_part_is_not_hit() {
        let mut queue = FaultQueue::default();
        queue.plant(Fault::next("/OData4", FaultAction::status(503)).on("GET"));
        assert_eq!(hits(&mut queue, 1), [false]);
        assert!(queue.take(&Method::GET, "/OData4/Files", true).is_none());
    }

    #[test]
    fn a_fault_reads_from_json() {
        let json = r#"{"path":"/OData4/Files","action":{"kind":"retry-after","status":503,"date_in_s":30}}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert!(matches!(fault.action, FaultAction::RetryAfter { status: 503, seconds: None, date_in_s: Some(30) }));
    }
}
