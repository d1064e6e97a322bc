//! Everything in the contract that has a name, in a flat list.

use std::path::Path;
use wit_parser::{Docs, Function, Interface, PackageId, Resolve, TypeDef, TypeDefKind};

/// One named thing of the contract.
pub(crate) struct Item {
    /// Where it is: `http.request.timeout-ms`.
    pub(crate) path: String,
    /// Its own name: `timeout-ms`.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) documented: bool,
}

/// What it is, as far as generators treat it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A package, world, interface, type, function, field or parameter: an identifier in every language.
    Identifier,
    /// A case of an enum or a variant.
    Case,
}

/// The contract, parsed and resolved.
pub(crate) fn contract() -> (Resolve, PackageId) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/v0.1");
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_path(&folder).unwrap_or_else(|error| panic!("`{}` is not valid WIT: {error:#}", folder.display()));
    (resolve, package)
}

/// All items of the contract.
pub(crate) fn items() -> Vec<Item> {
    let (resolve, package) = contract();
    let package = &resolve.packages[package];
    let mut list = List::default();
    list.undocumentable("package", &package.name.namespace);
    list.undocumentable("package", &package.name.name);
    for (name, world) in &package.worlds {
        list.add("world", name, Role::Identifier, &resolve.worlds[*world].docs);
    }
    for (name, interface) in &package.interfaces {
        list.interface(&resolve, name, &resolve.interfaces[*interface]);
    }
    list.items
}

#[derive(Default)]
struct List {
    items: Vec<Item>,
}

impl List {
    fn add(&mut self, scope: &str, name: &str, role: Role, docs: &Docs) {
        let documented = docs.contents.as_deref().is_some_and(|text| !text.trim().is_empty());
        self.items.push(Item { path: format!("{scope}.{name}"), name: name.to_owned(), role, documented });
    }

    /// WIT has no place for a comment on these.
    fn undocumentable(&mut self, scope: &str, name: &str) {
        let path = format!("{scope}.{name}");
        self.items.push(Item { path, name: name.to_owned(), role: Role::Identifier, documented: true });
    }

    fn interface(&mut self, resolve: &Resolve, name: &str, interface: &Interface) {
        self.add("interface", name, Role::Identifier, &interface.docs);
        for (type_name, definition) in &interface.types {
            self.definition(&format!("{name}.{type_name}"), type_name, &resolve.types[*definition]);
        }
        for function in interface.functions.values() {
            self.function(name, function);
        }
    }

    fn definition(&mut self, path: &str, name: &str, definition: &TypeDef) {
        // A `use` brings a type of another interface, which is documented there.
        if matches!(definition.kind, TypeDefKind::Type(wit_parser::Type::Id(_))) {
            return;
        }
        let scope = path.split('.').next().expect("a path begins with its interface");
        self.add(scope, name, Role::Identifier, &definition.docs);
        match &definition.kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().for_each(|field| self.add(path, &field.name, Role::Identifier, &field.docs));
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().for_each(|case| self.add(path, &case.name, Role::Case, &case.docs));
            }
            TypeDefKind::Enum(cases) => {
                cases.cases.iter().for_each(|case| self.add(path, &case.name, Role::Case, &case.docs));
            }
            _ => {}
        }
    }

    fn function(&mut self, interface: &str, function: &Function) {
        self.add(interface, &function.name, Role::Identifier, &function.docs);
        for parameter in &function.params {
            self.undocumentable(&format!("{interface}.{}", function.name), &parameter.name);
        }
    }
}
