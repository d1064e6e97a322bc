//! Runs a connector against scripted exchanges, without network.
