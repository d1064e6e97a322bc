//! Folders that connections may use: where they may be, what a file may be called, and how a file appears there whole or
//! not at all. Who was granted what, and what was published before, is the engine's business.
//!
//! A file is staged first: written and synced under another name in the same folder, beside an empty witness. Then it is
//! published: renamed, without replacing anything. Which of the two is still there says whether a publication that was cut
//! off has happened, also when whoever reads from the folder has taken the file, or somebody has replaced the folder.

mod error; // why a folder does not do what it is asked
mod folder; // one folder, open
mod name; // what a file may be called
mod place; // where folders may be
mod publishing; // how a file comes into a folder

pub use error::FolderError;
pub use folder::Folder;
pub use name::FileName;
pub use place::Place;
pub use publishing::{Fate, Publishing};
