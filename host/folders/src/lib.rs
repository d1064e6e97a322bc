//! Folders that connections may use: where they may be, what a file may be called, and how a file appears there whole or
//! not at all. Who was granted what, and what was published before, is the engine's business.
//!
//! A file is staged first: written under another name in the same folder, synced, and given a name that its bytes
//! determine. Then it is published: renamed, without replacing anything. Whether the staged file is still there says
//! whether a publication that was cut off has happened, also when whoever reads from the folder has taken the file.

mod error; // why a folder does not do what it is asked
mod folder; // one folder, open
mod name; // what a file may be called
mod place; // where folders may be

pub use error::FolderError;
pub use folder::{Folder, Publishing};
pub use name::FileName;
pub use place::Place;
