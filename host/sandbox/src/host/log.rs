//! `log`: lines on the timeline.

use sluse_model::TimelineLevel;

use crate::{abi::v0_1::log, state::CallState};

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        // What was printed before comes first.
        self.drain_output(false);
        let level = match level {
            log::Level::Debug => TimelineLevel::Debug,
            log::Level::Info => TimelineLevel::Info,
            log::Level::Warn => TimelineLevel::Warn,
            log::Level::Error => TimelineLevel::Error,
        };
        self.log.write(self.host.as_mut(), level, message);
        Ok(())
    }
}
