//! What sources and manifests look like: each file says what it owns, each dependency what it saves, and nothing
//! tells on whose machine it was written.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders with Rust sources of ours.
const SOURCES: [&str; 5] = ["host", "sdk", "connectors", "tests", "xtask"];

/// Files and folders whose text is read by others.
const TEXTS: [&str; 14] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "docs",
    "examples",
    "host",
    "sdk",
    "connectors",
    "wit",
    "tests",
];

/// What is not ours: products, and what other toolchains install.
const PASSED_OVER: [&str; 4] = ["target", "node_modules", "__pycache__", "cases"];

/// Texts, by the end of their names.
const TEXT_ENDINGS: [&str; 7] = ["rs", "toml", "md", "wit", "sql", "py", "js"];

/// Folders in which people keep their own files. In two pieces, so that this list is no finding itself.
const OWN_FOLDERS: [(&str, &str); 4] = [("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/"), ("C:\\Us", "ers\\")];

/// Every line under `[workspace.dependencies]` that does not say what the dependency saves.
pub(super) fn dependency_lines(manifest: &str) -> Vec<String> {
    let section =
        manifest.lines().enumerate().skip_while(|(_, line)| line.trim() != "[workspace.dependencies]").skip(1);
    section
        .take_while(|(_, line)| !line.starts_with('['))
        .filter(|(_, line)| line.contains('=') && !line.starts_with('#'))
        .filter(|(_, line)| !line.contains("path =") && !line.contains("# "))
        .map(|(index, line)| {
            let name = line.split('=').next().unwrap_or(line).trim();
            format!("Cargo.toml:{}: say what `{name}` saves us: `{name} = … # what it is for`", index + 1)
        })
        .collect()
}

/// Every file that does not say what it owns, or that names a folder of somebody's machine.
pub(super) fn sources(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for folder in SOURCES {
        for file in files(&root.join(folder))?.into_iter().filter(|file| has_ending(file, &["rs"])) {
            findings.extend(heading(&told(root, &file), &read(&file)?));
        }
    }
    for text in TEXTS {
        for file in files(&root.join(text))?.into_iter().filter(|file| has_ending(file, &TEXT_ENDINGS)) {
            findings.extend(own_folders(&told(root, &file), &read(&file)?));
        }
    }
    Ok(findings)
}

fn heading(file: &str, text: &str) -> Option<String> {
    let begins = text.starts_with("//!") || text.starts_with("#![doc = include_str!");
    (!begins).then(|| format!("{file}: begin with `//!`, saying what the file owns and what it leaves to others"))
}

fn own_folders(file: &str, text: &str) -> Vec<String> {
    let names = |line: &str| OWN_FOLDERS.iter().any(|(one, other)| line.contains(&format!("{one}{other}")));
    let lines = text.lines().enumerate().filter(|(_, line)| names(line));
    lines.map(|(index, _)| format!("{file}:{}: names a folder of somebody's own machine", index + 1)).collect()
}

/// The files below a folder, or the file itself; nothing when it is not there.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let entries = fs::read_dir(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let passed_over = name.to_str().is_none_or(|name| name.starts_with('.') || PASSED_OVER.contains(&name));
        if !passed_over {
            found.extend(files(&entry.path())?);
        }
    }
    Ok(found)
}

fn has_ending(file: &Path, endings: &[&str]) -> bool {
    file.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("failed to read `{}`", file.display()))
}

fn told(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_told_with_its_line() {
        let manifest = "[package]\nname = \"x\"\n[workspace.dependencies]\na = { path = \"a\" }\n# Each line.\n\
                        b = \"1\" # b\nc = \"2\"\n\n[profile.dev]\nd = 1\n";
        let findings = dependency_lines(manifest);
        assert_eq!(findings, ["Cargo.toml:7: say what `c` saves us: `c = … # what it is for`"]);
    }

    #[test]
    fn a_file_says_what_it_owns() {
        assert_eq!(heading("a.rs", "//! Time.\n"), None);
        assert_eq!(heading("lib.rs", "#![doc = include_str!(\"../README.md\")]\n"), None);
        assert!(heading("b.rs", "use std::fs;\n").is_some_and(|finding| finding.starts_with("b.rs: begin with")));
    }

    #[test]
    fn a_folder_of_somebody_is_told_with_its_line() {
        let text = format!("fine\nsee {}{}anna/notes\n", OWN_FOLDERS[0].0, OWN_FOLDERS[0].1);
        assert_eq!(own_folders("a.md", &text), ["a.md:2: names a folder of somebody's own machine"]);
    }
}
