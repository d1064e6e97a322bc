//! The contract as every toolchain must be able to read it: valid, documented to the last field, without
//! names that a language reserves, and made of plain values only.

#[path = "wit_contract/items.rs"]
mod items; // everything in the contract that has a name
#[path = "wit_contract/reserved.rs"]
mod reserved; // the words that languages keep for themselves

use items::{Item, Role, contract, items};
use reserved::LANGUAGES;
use wit_parser::{Handle, TypeDefKind};

#[test]
fn it_is_valid_and_has_three_worlds_for_connectors() {
    let (resolve, package) = contract();
    let package = &resolve.packages[package];
    assert_eq!(package.name.to_string(), "sluse:connector@0.1.0");
    let exports = |world: &str| {
        let world = &resolve.worlds[package.worlds[world]];
        world.exports.keys().map(|key| resolve.name_world_key(key)).collect::<Vec<_>>()
    };
    let named = |names: &[&str]| names.iter().map(|name| format!("sluse:connector/{name}@0.1.0")).collect::<Vec<_>>();
    assert_eq!(exports("target"), named(&["connector", "operations"]));
    assert_eq!(exports("source"), named(&["connector", "feeds"]));
    assert_eq!(exports("target-and-source"), named(&["connector", "operations", "feeds"]));
}

#[test]
fn every_world_imports_the_same() {
    let (resolve, package) = contract();
    let imports = |world: &str| {
        let world = &resolve.worlds[resolve.packages[package].worlds[world]];
        let mut names: Vec<_> = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
        // Exports bring `types` along, which has no functions.
        names.retain(|name| name != "sluse:connector/types@0.1.0");
        names.sort();
        names
    };
    for world in ["target", "source", "target-and-source"] {
        assert_eq!(imports(world), imports("host"), "`{world}`");
    }
}

#[test]
fn every_item_is_documented() {
    let undocumented: Vec<_> = items().into_iter().filter(|item| !item.documented).map(|item| item.path).collect();
    assert!(undocumented.is_empty(), "say what these mean, and their unit: {undocumented:#?}");
}

#[test]
fn no_name_is_a_reserved_word() {
    let taken: Vec<_> = items().iter().filter_map(reserved_in).collect();
    assert!(taken.is_empty(), "name these otherwise: {taken:#?}");
}

/// The languages that reserve an item's name, if any.
///
/// Cases are free: the generators write them as `Method::Delete` in Rust, as `Method.DELETE` or a class
/// `Method_Delete` in Python, and as the text `'delete'` in JavaScript, never as a bare identifier.
fn reserved_in(item: &Item) -> Option<String> {
    if item.role == Role::Case {
        return None;
    }
    let languages = LANGUAGES.iter().filter(|(_, words)| words.contains(&item.name.as_str()));
    let languages: Vec<_> = languages.map(|(language, _)| *language).collect();
    (!languages.is_empty()).then(|| format!("{} ({})", item.path, languages.join(", ")))
}

#[test]
fn it_is_made_of_plain_values() {
    let (resolve, _) = contract();
    for (_, definition) in &resolve.types {
        let name = definition.name.as_deref().unwrap_or("a nameless type");
        let refused = match &definition.kind {
            TypeDefKind::Resource => "a resource",
            TypeDefKind::Handle(Handle::Own(_) | Handle::Borrow(_)) => "a handle",
            TypeDefKind::Future(_) => "a future",
            TypeDefKind::Stream(_) => "a stream",
            _ => continue,
        };
        panic!("`{name}` is {refused}; a record does");
    }
}

#[test]
fn every_function_is_synchronous_and_free() {
    let (resolve, _) = contract();
    for (_, interface) in &resolve.interfaces {
        for function in interface.functions.values() {
            assert_eq!(function.kind, wit_parser::FunctionKind::Freestanding, "`{}`", function.name);
        }
    }
}
