//! What would change.

use super::{connection, file, flow, parsed};
use crate::configuration::{Parsed, Stored, diff};

fn as_stored(parsed: Parsed) -> Stored {
    let (connections, flows, schedules) = parsed.into_parts();
    Stored { connections, flows, schedules }
}

#[test]
fn what_is_new_what_differs_and_nothing_else_is_told() {
    let before = || parsed(&[file("a.toml", &flow("input = { title = \"abc\" }"))]);
    let new = flow("input = { title = \"abd\", size = 1 }")
        .replace("https://shelf.example/api", "https://shelf.example/v2")
        + "\n[[connection]]\nname = \"added\"\nconnector = \"shelf\"\n";
    let often = "\n[[schedule]]\nname = \"often\"\nevery = \"1h\"\nflow = \"store\"\n";
    let new = || parsed(&[file("a.toml", &(new.clone() + often))]);
    let told = |changes: Vec<_>| changes.iter().map(ToString::to_string).collect::<Vec<String>>();
    let changes = diff(&as_stored(before()), &new());
    assert_eq!(
        told(changes),
        [
            "+ connection added",
            "~ connection left: endpoints.default.url",
            "~ flow store: steps[1].input.size, steps[1].input.title",
            "+ schedule often",
        ]
    );
    assert!(diff(&as_stored(new()), &new()).is_empty());
    let nothing = parsed(&[file("a.toml", &connection(""))]);
    let changes = diff(&as_stored(nothing), &before());
    assert_eq!(told(changes), ["+ flow store"]);
}
