//! Folders and numbers of a connection, against what its connector asks for and what the operator allows.

use sluse_model::{Connection, Description, Name, Sequence};

use super::Catalog;
use crate::mapping::did_you_mean;

/// What the connector asks for.
pub(super) fn needs(connection: &Connection, description: &Description, refuse: &mut impl FnMut(&str, String)) {
    for need in &description.folders {
        if need.required && !connection.grant.folders.contains_key(need.name.as_str()) {
            let message = format!(
                "the folder `{}` ({}) is missing: write `[connection.grant.folders.{}]` with its `path`",
                need.name, need.title, need.name
            );
            refuse("grant", message);
        }
    }
    for sequence in &description.sequences {
        if !connection.sequences.contains_key(sequence.as_str()) {
            let message = format!(
                "the numbers `{sequence}` are missing: write `[connection.sequences.{sequence}]` with `first` and `last`"
            );
            refuse("sequences", message);
        }
    }
    let folders: Vec<&str> = description.folders.iter().map(|need| need.name.as_str()).collect();
    unknown(connection.grant.folders.keys(), "grant.folders", "folder", &folders, description, refuse);
    let sequences: Vec<&str> = description.sequences.iter().map(String::as_str).collect();
    unknown(connection.sequences.keys(), "sequences", "sequence", &sequences, description, refuse);
}

fn unknown<'n>(
    names: impl Iterator<Item = &'n Name>,
    path: &str,
    what: &str,
    known: &[&str],
    description: &Description,
    refuse: &mut impl FnMut(&str, String),
) {
    for name in names.filter(|name| !known.contains(&name.as_str())) {
        let hint = did_you_mean(name.as_str(), known.iter().copied());
        refuse(&format!("{path}.{name}"), format!("`{}` has no {what} `{name}`{hint}", description.name));
    }
}

/// What can work, and what the operator allows.
pub(super) fn check(connection: &Connection, catalog: &Catalog<'_>, refuse: &mut impl FnMut(&str, String)) {
    for (name, folder) in &connection.grant.folders {
        if let Err(rule) = (catalog.allows_folder)(folder) {
            refuse(&format!("grant.folders.{name}.path"), rule);
        }
    }
    for (name, Sequence { first, last }) in &connection.sequences {
        if first > last || *last > Sequence::MAX {
            let most = Sequence::MAX;
            refuse(&format!("sequences.{name}"), format!("`last` is from `first` ({first}) to {most}, and is {last}"));
        }
    }
}
