//! Stories about the simulator itself, told over HTTP.
