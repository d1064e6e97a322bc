//! The lists in ARCHITECTURE.md: fenced blocks that people read and this check compares.
//!
//! - `edges`: `crate → crate, crate`, what a crate depends on;
//! - `dev-edges`: the same for its tests alone;
//! - `homes`: `dependency → crate, crate`, the only crates that may name it.
//!
//! What stands in round brackets is for people.

use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// From a name to the names that it points to.
pub(super) type Links = BTreeMap<String, BTreeSet<String>>;

/// What ARCHITECTURE.md says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Architecture {
    pub(super) edges: Links,
    pub(super) dev_edges: Links,
    pub(super) homes: Links,
}

impl Architecture {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let block = |name: &str| links(&fenced(text, name)?).with_context(|| format!("block `{name}`"));
        Ok(Self { edges: block("edges")?, dev_edges: block("dev-edges")?, homes: block("homes")? })
    }
}

/// The lines of the block that begins with three backticks and its name.
fn fenced(text: &str, name: &str) -> Result<Vec<String>> {
    let opening = format!("```{name}");
    let mut lines = text.lines().skip_while(|line| line.trim_end() != opening);
    lines.next().with_context(|| format!("there is no block that begins with `{opening}`"))?;
    Ok(lines.take_while(|line| line.trim_end() != "```").map(str::to_owned).collect())
}

fn links(lines: &[String]) -> Result<Links> {
    let mut links = Links::new();
    for line in lines.iter().map(|line| without_brackets(line)).filter(|line| !line.trim().is_empty()) {
        let (from, to) = line.split_once('→').with_context(|| format!("`{line}`: write `name → name, name`"))?;
        let to = to.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let before = links.insert(from.trim().to_owned(), to);
        ensure!(before.is_none(), "`{}` has two lines", from.trim());
    }
    Ok(links)
}

fn without_brackets(line: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::new();
    for letter in line.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Map\n\n```edges\napi → model, store\nmodel →\n```\n\n```dev-edges\n```\n\n```homes\n\
                        reqwest → egress, cli (asks our own API)\n```\n";

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn lists_are_read_and_remarks_passed_over() {
        let architecture = Architecture::parse(TEXT).unwrap();
        assert_eq!(architecture.edges["api"], set(&["model", "store"]));
        assert_eq!(architecture.edges["model"], set(&[]));
        assert_eq!(architecture.homes["reqwest"], set(&["egress", "cli"]));
        assert!(architecture.dev_edges.is_empty());
    }

    #[test]
    fn a_list_that_is_not_there_is_told() {
        let error = Architecture::parse("# Map\n").unwrap_err();
        assert!(format!("{error:#}").contains("```edges"), "{error:#}");
    }

    #[test]
    fn a_crate_with_two_lines_is_told() {
        let twice = TEXT.replace("model →", "api → model");
        assert!(Architecture::parse(&twice).is_err());
    }
}
