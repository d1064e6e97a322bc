//! What a call may ask of the engine's host: files read, created and kept, many answers at once, many lines. The
//! real host on a real store; the connector is a closure.

#[path = "files/answers.rs"]
mod answers; // many at once
#[path = "files/asking.rs"]
mod asking; // one call that asks its host
#[path = "files/attachments.rs"]
mod attachments; // files of the run
#[expect(dead_code, reason = "shared with the tests of deliveries, which need more of it")]
#[path = "deliveries/bench.rs"]
mod bench; // an engine to try things on
#[path = "files/lines.rs"]
mod lines; // what is left of many lines
