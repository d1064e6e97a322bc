//! docs/systems.md names the tests that show what the integration documents ask for: each of them is there and runs, and
//! no sentence is without one. Whether a test shows its sentence is for people to judge.

use std::{fs, path::Path};

/// How many documents there are, each with a table of its own.
const DOCUMENTS: usize = 5;

/// Gives the text of a file by its path in the workspace, when it is there.
type Read<'r> = &'r dyn Fn(&str) -> Option<String>;

#[test]
fn every_sentence_has_tests_that_run() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests is a folder of the workspace");
    let read = |path: &str| fs::read_to_string(workspace.join(path)).ok();
    let page = read("docs/systems.md").expect("the page is there");
    let faults = faults(&page, &read);
    assert!(faults.is_empty(), "in docs/systems.md:\n{}", faults.join("\n"));
}

/// Everything that is missing, with the lines where it is.
fn faults(page: &str, read: Read) -> Vec<String> {
    let tables = tables(page);
    let mut faults = Vec::new();
    if tables.len() < DOCUMENTS {
        faults.push(format!("{} tables for {DOCUMENTS} documents", tables.len()));
    }
    for table in tables {
        for (line, row) in &table[2..] {
            faults.extend(row_faults(table[0].1, row, read).into_iter().map(|fault| format!("line {line}: {fault}")));
        }
    }
    faults
}

/// The lines of each table with their numbers: the heading, the line below it, and at least one row.
fn tables(page: &str) -> Vec<Vec<(usize, &str)>> {
    let lines: Vec<_> = page.lines().enumerate().map(|(index, line)| (index + 1, line.trim())).collect();
    let tables = lines.split(|(_, line)| !line.starts_with('|'));
    tables.filter(|table| table.len() > 2).map(<[_]>::to_vec).collect()
}

/// The tests of a row stand in its last cell, each between backticks, with commas between them and nothing else.
fn row_faults(heading: &str, row: &str, read: Read) -> Vec<String> {
    let bars = |line: &str| line.matches('|').count();
    if bars(row) != bars(heading) || !row.ends_with('|') {
        return vec!["the row has not as many cells as the heading".into()];
    }
    let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    let (between, names): (Vec<_>, Vec<_>) = cell.split('`').enumerate().partition(|(index, _)| index % 2 == 0);
    if names.is_empty() {
        return vec!["no test shows it".into()];
    }
    let remarks = between.iter().map(|(_, text)| text.trim()).filter(|text| !matches!(*text, "" | ","));
    let mut faults: Vec<_> = remarks.map(|remark| format!("`{remark}` is no test")).collect();
    faults.extend(names.iter().filter_map(|(_, name)| Some(format!("`{name}` {}", fault(name, read)?))));
    faults
}

/// What is wrong with a named test, as the end of a sentence.
fn fault(name: &str, read: Read) -> Option<&'static str> {
    let Some((file, function)) = name.split_once("::") else {
        let is_case = name.starts_with("connectors/") && name.contains("/cases/");
        let is_there = is_case && read(&format!("{name}/case.toml")).is_some();
        return (!is_there).then_some("is no folder of a case (connectors/NAME/cases/CASE)");
    };
    match read(file) {
        Some(source) => why_file_not_run(file, &source, read).or_else(|| why_not_run(&source, function)),
        None => Some("is in a file that is not there"),
    }
}

/// Features for which whole files wait; `cargo xtask test --with …` runs them.
const FEATURES: [&str; 1] = ["ntlm"];

/// Why nothing in this file runs.
fn why_file_not_run(file: &str, source: &str, read: Read) -> Option<&'static str> {
    let waits = source.lines().find_map(|line| line.trim().strip_prefix("#![cfg("));
    let is_known = |condition: &str| FEATURES.iter().any(|feature| condition == format!("feature = \"{feature}\")]"));
    if waits.is_some_and(|condition| !is_known(condition)) {
        return Some("is in a file that is not built");
    }
    // A folder of tests is one program, which lists its files.
    let (program, module) = file.strip_suffix(".rs")?.rsplit_once('/')?;
    let program = read(&format!("{program}.rs")).filter(|_| program.contains("/tests/"))?;
    let listed = [format!("mod {module};"), format!("mod {module}; //")];
    let is_listed = program.lines().any(|line| line == listed[0] || line.starts_with(&listed[1]));
    (!is_listed).then_some("is in a file that no test program lists")
}

/// Why no test of this name runs.
fn why_not_run(source: &str, name: &str) -> Option<&'static str> {
    let mut attributes: Vec<String> = Vec::new();
    let (mut goes_on, mut is_comment) = (false, false);
    let mut why = "is no function there";
    for line in source.lines().map(str::trim) {
        let line = line.split(" //").next().unwrap_or(line);
        if is_comment || line.starts_with("/*") {
            is_comment = !line.contains("*/");
        } else if line.starts_with("#[") || goes_on {
            match attributes.last_mut() {
                Some(last) if goes_on => last.push_str(line),
                _ => attributes.push(line.to_owned()),
            }
            goes_on = !line.ends_with(']');
        } else if function(line) == Some(name) {
            why = verdict(&attributes)?;
            attributes.clear();
        } else if !line.is_empty() && !line.starts_with("//") {
            attributes.clear();
        }
    }
    Some(why)
}

/// The name of the function that begins on this line.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_one = before.split_whitespace().all(|word| word == "async" || word.starts_with("pub"));
    is_one.then(|| after.split(['(', '<']).next()).flatten()
}

/// Why a function with these attributes does not run.
fn verdict(attributes: &[String]) -> Option<&'static str> {
    let path = |attribute: &str| attribute[2..].split(['(', ']', ' ']).next().unwrap_or_default().to_owned();
    let is_ignored = |attribute: &String| match path(attribute).as_str() {
        "cfg_attr" => attribute.contains("ignore"),
        path => path == "ignore",
    };
    if !attributes.iter().any(|attribute| path(attribute).ends_with("test")) {
        return Some("is a function and no test");
    }
    attributes.iter().any(is_ignored).then_some("is ignored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: Option<&str>) {
        assert_eq!(why_not_run(source, "it_holds"), expected, "{source}");
    }

    #[test]
    fn a_test_is_known_by_its_attributes() {
        check("#[test]\nfn it_holds() {", None);
        check("    #[tokio::test(flavor = \"multi_thread\")]\n    async fn it_holds() -> Result<()> {", None);
        check("#[test] // x\n#[expect(\n    dead_code,\n    reason = \"\"\n)]\n/// Why.\nfn it_holds() {", None);
        check("#[test]\nfn it_holds(changes in proptest::collection::vec(0..4_i64, 1..12)) {", None);
        check("fn it_holds() {}\n#[test]\nfn it_holds() {}", None);
    }

    #[test]
    fn what_does_not_run_is_told() {
        let (gone, plain, ignored) =
            (Some("is no function there"), Some("is a function and no test"), Some("is ignored"));
        check("#[test]\nfn it_holds_now() {", gone);
        check("// #[test]\n// fn it_holds() {", gone);
        check("/*\n#[test]\nfn it_holds() {\n*/", gone);
        check("#[test]\nfn other() {\n    it_holds();\n    let text = \"fn it_holds()\";", gone);
        check("fn it_holds() {", plain);
        check("#[cfg(\n    test\n)]\nfn it_holds() {", plain);
        check("#[test]\nfn other() {}\n\nfn it_holds() {", plain);
        check("// #[test]\nfn it_holds() {", plain);
        check("#[test]\n#[ignore = \"slow\"]\nfn it_holds() {", ignored);
        check("#[ignore]\n#[tokio::test]\nasync fn it_holds() {", ignored);
        check("#[cfg_attr(miri, ignore)]\n#[test]\nfn it_holds() {", ignored);
    }

    /// What is found in five tables with one row each, of which the last one ends so, on line 20.
    fn found(last_cell: &str) -> Vec<String> {
        let table = |cell: &str| format!("| Says | Shown by |\n|---|---|\n| x | {cell} |\n\n");
        let page = table("`a.rs::it_holds`").repeat(4) + "\n" + &table(last_cell);
        faults(&page, &|path| match path {
            "a.rs" => Some("#[test]\nfn it_holds() {}".into()),
            "connectors/x/cases/one/case.toml" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn tests_and_cases_that_are_there_are_fine() {
        assert_eq!(found("`a.rs::it_holds`, `connectors/x/cases/one`"), [""; 0]);
    }

    #[test]
    fn everything_that_is_missing_is_told_with_its_line() {
        let all = found("`a.rs::it_held`, `b.rs::it_holds`, `connectors/x/cases/two`, `one` and more");
        assert_eq!(all.len(), 5, "{all:#?}");
        assert!(all.iter().all(|fault| fault.starts_with("line 20: `")), "{all:#?}");
        assert_eq!(found(""), ["line 20: no test shows it"]);
        assert_eq!(found("— missing"), found(""));
        assert_eq!(found("`a.rs::it_holds` | more"), ["line 20: the row has not as many cells as the heading"]);
    }

    #[test]
    fn a_file_that_is_not_built_is_told() {
        let read = |path: &str| (path == "tests/tests/main.rs").then(|| "mod one; // why\n// mod two;".to_owned());
        let why = |file: &str, source: &str| why_file_not_run(file, source, &read);
        assert_eq!(why("tests/tests/main/one.rs", ""), None);
        assert_eq!(why("tests/tests/main/two.rs", ""), Some("is in a file that no test program lists"));
        assert_eq!(why("tests/tests/other.rs", "//! x\n#![cfg(feature = \"ntlm\")]\n"), None);
        assert_eq!(why("a.rs", "#![cfg(feature = \"never\")]"), Some("is in a file that is not built"));
    }

    #[test]
    fn a_document_without_a_table_is_told() {
        let empty = "| Says | Shown by |\n|---|---|\n\n".repeat(5);
        assert_eq!(faults(&empty, &|_| None), ["0 tables for 5 documents"]);
    }
}
