//! Every case of every shipped connector, against the component as it ships: `cargo xtask guests` builds it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use sluse_connector::{Connector, Loader as _};
use sluse_sandbox::{Compiler, Sandbox, SandboxSettings};
use sluse_testbench::{Case, find_cases, run};

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

async fn load(sandbox: &Sandbox, name: &str) -> Arc<dyn Connector> {
    let path = components().join(format!("{name}.wasm"));
    let component = fs::read(&path).unwrap_or_else(|error| {
        panic!("cannot read `{}` ({error}): build it with `cargo xtask guests {name}`", path.display())
    });
    sandbox.load(component.into()).await.unwrap_or_else(|error| panic!("{name} does not load: {error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_passes_its_cases() {
    let cache = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::start(SandboxSettings {
        cache_folder: cache.path().to_owned(),
        max_instances: 4,
        compiler: Compiler::InProcess,
        dice: Arc::new(sluse_model::fakes::SeededDice::new(1)),
    })
    .expect("a sandbox");
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
