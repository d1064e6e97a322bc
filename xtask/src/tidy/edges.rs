//! Who depends on whom, as cargo knows it, compared with what ARCHITECTURE.md says.

use super::architecture::{Architecture, Links};
use crate::programs::cargo;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What the packages of the workspace have before their crate's name.
const PREFIX: &str = "sluse-";

/// The workspace, as `cargo metadata` tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Workspace {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `None` for a dependency of the crate itself, else `dev` or `build`.
    kind: Option<String>,
}

impl Workspace {
    pub(super) fn read() -> Result<Self> {
        let output = cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output();
        let output = output.context("failed to run `cargo metadata`")?;
        ensure!(output.status.success(), "`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// How many crates there are.
    pub(super) fn len(&self) -> usize {
        self.packages.len()
    }

    /// Every line of ARCHITECTURE.md that is missing, wrong or too much.
    pub(super) fn compare(&self, architecture: &Architecture) -> Vec<String> {
        let edges = self.edges();
        let mut dev_edges = self.links(|package, dependency| {
            let again = edges.get(short(&package.name)).is_some_and(|own| own.contains(short(&dependency.name)));
            dependency.kind.is_some() && dependency.name != package.name && !again && self.is_ours(&dependency.name)
        });
        dev_edges.retain(|_, to| !to.is_empty());
        let homes = self.homes(architecture.homes.keys());
        let mut findings = differences("edges", &edges, &architecture.edges);
        findings.extend(differences("dev-edges", &dev_edges, &architecture.dev_edges));
        findings.extend(differences("homes", &homes, &architecture.homes));
        findings
    }

    fn edges(&self) -> Links {
        self.links(|_, dependency| dependency.kind.is_none() && self.is_ours(&dependency.name))
    }

    fn links(&self, counts: impl Fn(&Package, &Dependency) -> bool) -> Links {
        let of = |package: &Package| -> BTreeSet<String> {
            let ours = package.dependencies.iter().filter(|dependency| counts(package, dependency));
            ours.map(|dependency| short(&dependency.name).to_owned()).collect()
        };
        self.packages.iter().map(|package| (short(&package.name).to_owned(), of(package))).collect()
    }

    fn is_ours(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name == name)
    }

    /// Which crates name these dependencies, be it for their tests alone.
    fn homes<'a>(&self, dependencies: impl Iterator<Item = &'a String>) -> Links {
        let names =
            |package: &&Package, dependency: &str| package.dependencies.iter().any(|one| one.name == dependency);
        dependencies
            .map(|dependency| {
                let homes = self.packages.iter().filter(|package| names(package, dependency));
                (dependency.clone(), homes.map(|package| short(&package.name).to_owned()).collect())
            })
            .collect()
    }
}

/// The crate's name as the map has it.
fn short(package: &str) -> &str {
    package.strip_prefix(PREFIX).unwrap_or(package)
}

/// What to write into the block and what to remove from it, so that it says what is.
fn differences(block: &str, found: &Links, written: &Links) -> Vec<String> {
    let mut findings = Vec::new();
    for (from, to) in found {
        match written.get(from) {
            Some(same) if same == to => {}
            Some(other) => findings.push(format!(
                "ARCHITECTURE.md, block `{block}`: replace `{}` by `{}`, or undo the change in the manifest",
                line(from, other),
                line(from, to)
            )),
            None => findings.push(format!("ARCHITECTURE.md, block `{block}`: add `{}`", line(from, to))),
        }
    }
    let gone = written.iter().filter(|(from, _)| !found.contains_key(*from));
    findings.extend(gone.map(|(from, to)| format!("ARCHITECTURE.md, block `{block}`: remove `{}`", line(from, to))));
    findings
}

fn line(from: &str, to: &BTreeSet<String>) -> String {
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    format!("{from} → {}", to.join(", ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace() -> Workspace {
        let packages = json!({"packages": [
            {"name": "sluse-model", "dependencies": [{"name": "serde", "kind": null}]},
            {"name": "sluse-store", "dependencies": [
                {"name": "sluse-model", "kind": null}, {"name": "sluse-model", "kind": "dev"},
                {"name": "sluse-store", "kind": "dev"},
            ]},
            {"name": "sluse-api", "dependencies": [
                {"name": "sluse-store", "kind": null}, {"name": "axum", "kind": null},
                {"name": "sluse-model", "kind": "dev"},
            ]},
        ]});
        serde_json::from_value(packages).unwrap()
    }

    fn written(edges: &str, dev_edges: &str, homes: &str) -> Architecture {
        let text = format!("```edges\n{edges}\n```\n```dev-edges\n{dev_edges}\n```\n```homes\n{homes}\n```\n");
        Architecture::parse(&text).unwrap()
    }

    const EDGES: &str = "model →\nstore → model\napi → store";

    #[test]
    fn a_list_that_says_what_is_has_no_findings() {
        assert_eq!(workspace().compare(&written(EDGES, "api → model", "axum → api")), Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_is_not_listed_is_told_with_the_line_to_write() {
        let findings = workspace().compare(&written("model →\nstore →\napi → store", "api → model", ""));
        let told =
            "ARCHITECTURE.md, block `edges`: replace `store →` by `store → model`, or undo the change in the manifest";
        assert_eq!(findings, [told]);
    }

    #[test]
    fn a_crate_that_is_not_listed_is_told_with_its_line() {
        let findings = workspace().compare(&written("model →\nstore → model", "api → model", ""));
        assert_eq!(findings, ["ARCHITECTURE.md, block `edges`: add `api → store`"]);
    }

    #[test]
    fn a_line_of_a_crate_that_is_gone_is_told() {
        let edges = format!("{EDGES}\nqueue → model");
        let findings = workspace().compare(&written(&edges, "api → model", ""));
        assert_eq!(findings, ["ARCHITECTURE.md, block `edges`: remove `queue → model`"]);
    }

    #[test]
    fn an_edge_of_tests_alone_belongs_in_the_other_list() {
        let findings = workspace().compare(&written(EDGES, "", ""));
        assert_eq!(findings, ["ARCHITECTURE.md, block `dev-edges`: add `api → model`"]);
    }

    #[test]
    fn a_dependency_outside_its_home_is_told() {
        let findings = workspace().compare(&written(EDGES, "api → model", "axum → store"));
        let told = "ARCHITECTURE.md, block `homes`: replace `axum → store` by `axum → api`, or undo the change in the manifest";
        assert_eq!(findings, [told]);
    }
}
