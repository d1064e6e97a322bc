//! The listener on which targets answer, apart from the API's: it may be reached from where the API may not.

use std::sync::Arc;

use sluse_api::{Callbacks, callbacks_router};
use sluse_engine::Engine;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;

/// Listens where the settings say, if they do, and says in them how targets reach it.
pub(super) async fn listen(settings: &mut Settings) -> anyhow::Result<Option<TcpListener>> {
    let Some(callbacks) = &settings.callbacks else { return Ok(None) };
    let advice = "choose another with `callbacks.listen` in sluse.toml";
    let listener = super::listen(callbacks.listen, advice).await?;
    let here = format!("http://{}", listener.local_addr()?);
    settings.engine.callbacks_url = Some(callbacks.url.clone().unwrap_or(here));
    Ok(Some(listener))
}

/// Serves the listener until `stop` is cancelled.
pub(super) fn serve(
    listener: Option<TcpListener>,
    engine: &Arc<Engine>,
    settings: &Settings,
    stop: &CancellationToken,
) -> Option<JoinHandle<()>> {
    let max_body_bytes = settings.callbacks.as_ref()?.max_body_bytes;
    let router = callbacks_router(Callbacks { engine: engine.clone(), max_body_bytes });
    Some(tokio::spawn(sluse_api::serve(listener?, router, settings.api.serve.clone(), stop.clone())))
}
