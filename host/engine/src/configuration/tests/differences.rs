//! What would change.

use super::{connection, file, flow, parsed};
use crate::configuration::diff;

#[test]
fn what_is_new_what_differs_and_nothing_else_is_told() {
    let stored = parsed(&[file("a.toml", &flow("input = { title = \"abc\" }"))]);
    let new = flow("input = { title = \"abd\", size = 1 }")
        .replace("https://shelf.example/api", "https://shelf.example/v2")
        + "\n[[connection]]\nname = \"added\"\nconnector = \"shelf\"\n";
    let new = parsed(&[file("a.toml", &new)]);
    let told = |changes: Vec<_>| changes.iter().map(ToString::to_string).collect::<Vec<String>>();
    let changes = diff(stored.connections(), stored.flows(), new.connections(), new.flows());
    assert_eq!(
        told(changes),
        [
            "+ connection added",
            "~ connection left: endpoints.default.url",
            "~ flow store: steps[1].input.size, steps[1].input.title",
        ]
    );
    assert!(diff(new.connections(), new.flows(), new.connections(), new.flows()).is_empty());
    let nothing = parsed(&[file("a.toml", &connection(""))]);
    let changes = diff(nothing.connections(), nothing.flows(), stored.connections(), stored.flows());
    assert_eq!(told(changes), ["+ flow store"]);
}
