//! A host with everything that is submitted to: the courier, its connection, the flows.

use std::path::Path;

use anyhow::ensure;
use bytes::Bytes;
use serde_json::json;

use super::{api::Api, flows, process::Place};

/// Installs and applies, on a host that is left alone meanwhile.
pub(super) async fn set_up(place: &Place, component: &Bytes, target: &str, out: &Path) -> anyhow::Result<()> {
    let mut api = Api::connect(place).await?;
    install(&mut api, component.clone()).await?;
    let files = json!({"files": [{"name": "torture.toml", "text": flows::configuration(target, out)}]});
    let headers = [("content-type", "application/json")];
    let applied = api.send("POST", "/v1/configuration", &headers, Bytes::from(files.to_string())).await?;
    ensure!(applied.status.is_success(), "not applied: {} {}", applied.status, applied.body);
    Ok(())
}

/// Installs a revision, which is active from then on.
pub(super) async fn install(api: &mut Api, component: Bytes) -> anyhow::Result<()> {
    let headers = [("content-type", "application/wasm")];
    let installed = api.send("POST", "/v1/connectors", &headers, component).await?;
    ensure!(installed.status.is_success(), "not installed: {} {}", installed.status, installed.body);
    Ok(())
}

/// The same component with a custom section more: the same behaviour under another digest.
pub(super) fn revision(component: &Bytes, number: u64) -> Bytes {
    let text = number.to_le_bytes();
    let name = b"revision";
    // Section 0, its size, the length of the name, the name, the content.
    let size = (1 + name.len() + text.len()) as u8;
    let section = [&[0, size, name.len() as u8], &name[..], &text[..]].concat();
    [&component[..], &section[..]].concat().into()
}
