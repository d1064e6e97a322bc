//! Guests of this workspace: every crate under `connectors/` and `tests/guests/`.

use crate::programs::root;
use anyhow::{Context, Result};
use sluse_guest_build::{Choice, Component, Guest, Toolchain, Workspace};
use std::time::Instant;

/// Folders of the workspace whose crates are guests.
const GUEST_FOLDERS: [&str; 2] = ["connectors", "tests/guests"];

/// Builds the guests of these names, or all of them when there are none, and says how far it is.
///
/// # Errors
/// An unknown name, a missing toolchain, a guest that does not compile or is no component.
pub(crate) fn build(names: &[String], choice: Choice) -> Result<Vec<Component>> {
    let workspace = Workspace::read(root())?;
    let guests = select(workspace.guests(&GUEST_FOLDERS)?, names)?;
    let toolchain = Toolchain::prepare(choice, &crate::say)?;
    let mut components = Vec::new();
    for (index, guest) in guests.iter().enumerate() {
        let began = Instant::now();
        crate::say(&format!("guest {} of {}: {}", index + 1, guests.len(), guest.name));
        let component = workspace.build(&toolchain, guest)?;
        announce(&component, began);
        components.push(component);
    }
    Ok(components)
}

/// Says what became of it, and how long it took.
pub(crate) fn announce(component: &Component, began: Instant) {
    crate::say(&format!("  {component}, in {:.1} s", began.elapsed().as_secs_f32()));
}

fn select(guests: Vec<Guest>, names: &[String]) -> Result<Vec<Guest>> {
    if names.is_empty() {
        return Ok(guests);
    }
    let known = || guests.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>().join(", ");
    let find = |name: &String| {
        let found = guests.iter().find(|guest| guest.name == *name);
        found.cloned().with_context(|| format!("there is no guest `{name}`; there are: {}", known()))
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_refused_with_those_that_there_are() {
        let guests = Workspace::read(root()).unwrap().guests(&GUEST_FOLDERS).unwrap();
        let error = select(guests, &["workzon".to_owned()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no guest `workzon`; there are: courier, crm-workflow, echo, external-api, growth, inbox, workzone"
        );
    }
}
