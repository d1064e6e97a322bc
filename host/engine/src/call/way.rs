//! The way to a target for somebody who waits: a place among the calls, and a pass through the gates of the connection.
//! Nobody keeps the one while the other is waited for, so that neither what is queued for a connection nor who calls
//! another one waits for a caller who does nothing.

use std::sync::Arc;

use sluse_model::{GateHold, GateKind, Name};
use tokio::time::Instant;

use crate::{Engine, dispatcher::Place, gates::Pass};

/// Why there is no way in time.
#[derive(Debug)]
pub(super) enum NoWay {
    /// This gate is closed; nothing is there of a connection that is not.
    Held(Option<GateHold>),
    /// As many calls as may be are under way.
    Busy,
}

impl Engine {
    /// A place and a pass, once both are there.
    pub(super) async fn way(self: &Arc<Self>, connection: &Name, deadline: Instant) -> Result<(Place, Pass), NoWay> {
        loop {
            let pass = self.gates.admit_caller(connection, deadline).await.map_err(NoWay::Held)?;
            if let Some(place) = self.calls.place(Instant::now()).await {
                return Ok((place, pass));
            }
            drop(pass);
            let place = self.calls.place(deadline).await.ok_or(NoWay::Busy)?;
            match self.gates.admit_caller(connection, Instant::now()).await {
                Ok(pass) => return Ok((place, pass)),
                // Somebody has taken it meanwhile: again, until both are free at once.
                Err(Some(hold)) if hold.kind == GateKind::Concurrency && Instant::now() < deadline => {}
                Err(hold) => return Err(NoWay::Held(hold)),
            }
        }
    }
}
