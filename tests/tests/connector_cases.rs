//! Every case of every shipped connector, against the component as it ships: `cargo xtask guests` builds it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use sluse_connector::{Connector, Loader as _};
use sluse_engine::referred;
use sluse_sandbox::{Compiler, Sandbox, SandboxSettings};
use sluse_testbench::{Case, find_cases, run};
use wit_component::DecodedWasm;

/// Whoever writes a connector shows at least so much.
const MIN_CASES: usize = 20;

/// The classes of failures. A connector shows each of them, but for those of [`CANNOT_HAPPEN`].
const CLASSES: [&str; 5] = ["denied", "invalid", "rejected", "unavailable", "unknown"];

/// What a connector cannot end with, and why.
const CANNOT_HAPPEN: &[(&str, &str, &str)] = &[("interact", "unknown", "a status that is put again changes nothing")];

/// The case that shows something, or why there is none.
type Shown = Result<&'static str, &'static str>;

/// Of each connector: what is read in pages, and the same once more, which happens once.
const PAGES_AND_DUPLICATES: [(&str, Shown, Shown); 7] = [
    ("crm-workflow", Ok("workflows-in-pages"), Ok("a-record-that-is-there")),
    ("external-api", Ok("a-read-of-two-pages"), Ok("a-later-attempt-finds-it-done")),
    ("interact", Ok("a-list-of-several-pages"), Ok("what-was-handed-over-is-not-fetched-again")),
    ("prisme", Err("a file and a receipt are read whole"), Ok("the-same-batch-again")),
    ("sd-loen", Err("SD answers of one person at a time, and not in pages"), Ok("the-same-batch-again")),
    ("workzone", Ok("more-than-one-page-of-matches"), Ok("a-case-is-found-by-its-reference")),
    ("xflow", Ok("the-next-page-of-processes"), Ok("the-same-record-twice")),
];

/// A connector with the folder of its cases.
struct Shipped {
    name: String,
    cases: PathBuf,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests is a folder of the workspace").to_owned()
}

/// Wherever this build puts its products.
fn components() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    test.ancestors().nth(3).expect("<target>/<profile>/deps/<test>").join("guests/components")
}

fn shipped() -> Vec<Shipped> {
    let connectors = fs::read_dir(workspace().join("connectors")).expect("the connectors");
    let mut shipped: Vec<Shipped> = connectors
        .map(|entry| entry.expect("a connector"))
        .map(|entry| Shipped {
            name: entry.file_name().to_string_lossy().into_owned(),
            cases: entry.path().join("cases"),
        })
        .filter(|shipped| shipped.cases.is_dir())
        .collect();
    shipped.sort_by(|left, right| left.name.cmp(&right.name));
    shipped
}

fn component(name: &str) -> Vec<u8> {
    let path = components().join(format!("{name}.wasm"));
    fs::read(&path).unwrap_or_else(|error| {
        panic!("cannot read `{}` ({error}): build it with `cargo xtask guests {name}`", path.display())
    })
}

/// Whatever a component asks of its host.
fn imports(name: &str) -> Vec<String> {
    match wit_component::decode(&component(name)).expect("a component") {
        DecodedWasm::Component(resolve, world) => {
            resolve.worlds[world].imports.keys().map(|key| resolve.name_world_key(key)).collect()
        }
        DecodedWasm::WitPackage(..) => panic!("{name} is a package of interfaces"),
    }
}

async fn load(sandbox: &Sandbox, name: &str) -> Arc<dyn Connector> {
    sandbox.load(component(name).into()).await.unwrap_or_else(|error| panic!("{name} does not load: {error}"))
}

fn sandbox(cache: &Path) -> Sandbox {
    Sandbox::start(SandboxSettings {
        cache_folder: cache.to_owned(),
        max_instances: 4,
        compiler: Compiler::InProcess,
        dice: Arc::new(sluse_model::fakes::SeededDice::new(1)),
    })
    .expect("a sandbox")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_passes_its_cases() {
    let cache = tempfile::tempdir().expect("a folder");
    let sandbox = sandbox(cache.path());
    let shipped = shipped();
    assert!(!shipped.is_empty(), "no connector has cases");
    let mut differing = String::new();
    for Shipped { name, cases } in shipped {
        let connector = load(&sandbox, &name).await;
        for folder in find_cases(&cases).expect("cases") {
            let case = Case::read(&folder).unwrap_or_else(|error| panic!("{error}"));
            let verdict = run(&case, connector.as_ref()).await;
            if !verdict.passed() {
                differing.push_str(&format!("{name} {verdict}"));
            }
        }
    }
    assert!(differing.is_empty(), "\n{differing}");
}

/// The members of a schema that do not say what they are for, by their place in it.
fn without_words(schema: &Value, place: &str, root: &Value, found: &mut Vec<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        if !member["description"].is_string() && !referred(root, member)["description"].is_string() {
            found.push(place.clone());
        }
        without_words(member, &place, root, found);
    }
    for inner in ["items", "additionalProperties"].iter().filter_map(|keyword| schema.get(keyword)) {
        without_words(inner, &format!("{place}[]"), root, found);
    }
    for (name, shape) in schema["$defs"].as_object().into_iter().flatten() {
        without_words(shape, &format!("{place} {name}"), root, found);
    }
    for among in ["oneOf", "anyOf", "allOf"] {
        for shape in schema[among].as_array().into_iter().flatten() {
            without_words(shape, place, root, found);
        }
    }
}

/// They are what `sluse connector show` tells whoever writes a flow.
#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_every_connector_says_what_it_is_for() {
    let cache = tempfile::tempdir().expect("a folder");
    let sandbox = sandbox(cache.path());
    let mut silent = Vec::new();
    for Shipped { name, .. } in shipped() {
        let connector = load(&sandbox, &name).await;
        let description = connector.description();
        let of_operations = description.operations.iter().flat_map(|operation| {
            [("input", &operation.input_schema), ("output", &operation.output_schema)]
                .map(|(what, schema)| (format!("{} {what}", operation.name), schema))
        });
        let of_feeds = description.feeds.iter().map(|feed| (feed.name.clone(), &feed.item_schema));
        let settings = ("settings".to_owned(), &description.settings_schema);
        for (part, schema) in of_operations.chain(of_feeds).chain([settings]) {
            let schema: Value = serde_json::from_str(schema).expect("a schema");
            without_words(&schema, &format!("{name} {part}"), &schema, &mut silent);
        }
    }
    assert!(silent.is_empty(), "these say nothing of what they are for: {silent:#?}");
}

/// The texts of a file in each case, where it is there.
fn in_each_case(folders: &[PathBuf], file: &str) -> Vec<String> {
    folders.iter().filter_map(|folder| fs::read_to_string(folder.join(file)).ok()).collect()
}

/// The classes of failures that the cases end with.
fn classes(folders: &[PathBuf]) -> BTreeSet<String> {
    let outcomes = in_each_case(folders, "outcome.json");
    let outcomes = outcomes.iter().map(|text| serde_json::from_str::<Value>(text).expect("an outcome"));
    outcomes.filter_map(|outcome| outcome["failed"]["kind"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_connector_has_a_case_of_each_class_and_of_danish_letters() {
    for Shipped { name, cases } in shipped() {
        let folders = find_cases(&cases).expect("cases");
        assert!(folders.len() >= MIN_CASES, "{name} has {} cases, and {MIN_CASES} are the least", folders.len());
        let not_shown = |class: &&str| CANNOT_HAPPEN.iter().any(|(who, what, _)| *who == name && what == class);
        let wanted: BTreeSet<_> =
            CLASSES.iter().filter(|class| !not_shown(class)).map(|class| (*class).to_owned()).collect();
        assert_eq!(classes(&folders), wanted, "{name}");
        let sent = [in_each_case(&folders, "input.json"), in_each_case(&folders, "exchanges.json")].concat();
        let danish = |text: &String| text.contains(['æ', 'ø', 'å']);
        assert!(sent.iter().any(danish), "no case of {name} sends or reads Danish letters");
    }
}

#[test]
fn every_connector_has_a_case_of_pages_and_of_what_comes_twice() {
    let shipped = shipped();
    let names: Vec<_> = shipped.iter().map(|shipped| shipped.name.as_str()).collect();
    assert_eq!(names, PAGES_AND_DUPLICATES.map(|(name, ..)| name));
    for (Shipped { name, cases }, (_, pages, duplicates)) in shipped.iter().zip(PAGES_AND_DUPLICATES) {
        let folders = find_cases(cases).expect("cases");
        for case in [pages, duplicates].into_iter().flatten() {
            assert!(folders.contains(&cases.join(case)), "{name} has no case `{case}`");
        }
    }
}

#[test]
fn no_connector_imports_anything_but_the_contract() {
    for Shipped { name, .. } in shipped() {
        let imports = imports(&name);
        assert!(!imports.is_empty(), "{name} asks for nothing at all");
        let foreign: Vec<_> = imports.iter().filter(|import| !import.starts_with("sluse:connector/")).collect();
        assert!(foreign.is_empty(), "{name} imports {foreign:?}");
    }
}
