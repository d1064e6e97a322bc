//! A connector that says how large its memory is before and after it does something, so that a host test
//! can count how often a call asked for more.

use schemars::JsonSchema;
use sluse_sdk::prelude::*;
use std::collections::BTreeMap;

/// The settings of a connection. There are none.
#[derive(Deserialize, JsonSchema)]
struct Settings {}

struct Growth;

impl Connector for Growth {
    type Settings = Settings;
    const NAME: &str = "growth";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const TITLE: &str = "Growth";
    const SUMMARY: &str = "Says how much memory a call takes.";
    const OPERATIONS: &[Operation<Settings>] = &[
        operation!("usual", "Usual", "Reads and writes JSON as a usual call does.", usual).reads_only(),
        operation!("hold", "Hold", "Holds as much memory as asked for.", hold).reads_only(),
    ];

    fn check(_: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        Ok(vec![Finding::passed("memory", format!("The memory has {} pages.", pages()))])
    }
}

/// What a usual call is handed: a few kilobytes of records.
#[derive(Deserialize, JsonSchema)]
struct Records {
    records: Vec<BTreeMap<String, String>>,
}

/// The size of the memory, in pages of 64 KiB.
#[derive(Serialize, JsonSchema)]
struct Pages {
    before: usize,
    after: usize,
    /// What the work came to, so that nobody may leave it out.
    bytes: usize,
}

fn usual(_: &Call<Settings>, input: Records) -> Result<Pages, Failure> {
    let before = pages();
    let mut bytes = 0;
    for record in &input.records {
        let text = serde_json::to_string(record)?;
        let again: BTreeMap<String, String> = serde_json::from_str(&text)?;
        bytes += text.len() + again.values().map(String::len).sum::<usize>();
    }
    Ok(Pages { before, after: pages(), bytes })
}

/// How much to hold.
#[derive(Deserialize, JsonSchema)]
struct Hold {
    block_bytes: usize,
    blocks: usize,
}

fn hold(_: &Call<Settings>, input: Hold) -> Result<Pages, Failure> {
    let before = pages();
    let mut held: Vec<Vec<u8>> = Vec::new();
    for number in 0..input.blocks {
        let fill = u8::try_from(number % 251).expect("a remainder of 251 fits a byte");
        held.push(vec![fill; input.block_bytes]);
    }
    let bytes = held.iter().map(|block| block.iter().filter(|&&byte| byte == block[0]).count()).sum();
    Ok(Pages { before, after: pages(), bytes })
}

#[cfg(target_arch = "wasm32")]
fn pages() -> usize {
    core::arch::wasm32::memory_size::<0>()
}

/// Elsewhere there is no such memory, and this guest is only checked, never run.
#[cfg(not(target_arch = "wasm32"))]
fn pages() -> usize {
    0
}

sluse_sdk::export_target!(Growth);
