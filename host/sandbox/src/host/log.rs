//! `log`: lines on the timeline.

use sluse_model::TimelineLevel;

use crate::{
    abi::v0_1::log,
    state::CallState,
    text::{MAX_LINE_BYTES, tidy},
};

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
        self.host.log(level, tidy(message, MAX_LINE_BYTES));
        Ok(())
    }
}
