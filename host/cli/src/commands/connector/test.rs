//! `sluse connector test`: run a connector's cases against scripted targets. Needs no host and no network.

use std::path::{Path, PathBuf};

use serde_json::json;
use sluse_engine::counted;
use sluse_testbench::{Case, Verdict, find_cases, run as run_case};

use super::{build, inspect::load};
use crate::{arguments::Global, failure::Failure, output};

pub(super) async fn run(
    global: &Global,
    folder: &Path,
    component: Option<PathBuf>,
    only: Option<&str>,
) -> Result<(), Failure> {
    let component = match component {
        Some(component) => component,
        None => build::component_of(folder)?,
    };
    let connector = load(&component).await?;
    let (cases, mut verdicts) = (find_cases(&folder.join("cases"))?, Vec::new());
    for case in &cases {
        let case = Case::read(case)?;
        if only.is_none_or(|only| case.name.contains(only)) {
            let verdict = run_case(&case, &*connector).await;
            if !global.json {
                tell(&case, &verdict);
            }
            verdicts.push((case.name.clone(), verdict));
        }
    }
    if let Some(only) = only.filter(|_| verdicts.is_empty()) {
        return Err(anyhow::anyhow!(
            "no case's name contains `{only}`: {}",
            counted(cases.len() as u64, "case is there", "cases are there")
        )
        .into());
    }
    let failed = verdicts.iter().filter(|(_, verdict)| !verdict.passed()).count();
    let passed = verdicts.len() - failed;
    if global.json {
        let cases: Vec<_> = verdicts
            .iter()
            .map(
                |(name, verdict)| json!({"case": name, "passed": verdict.passed(), "differences": verdict.to_string()}),
            )
            .collect();
        output::json(&json!({"passed": passed, "failed": failed, "cases": cases}))?;
    } else {
        output::say(&format!("{passed} passed, {failed} failed"));
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure::NotPassed(differ(failed))),
    }
}

fn differ(failed: usize) -> String {
    format!("{} from what was expected", counted(failed as u64, "case differs", "cases differ"))
}

fn tell(case: &Case, verdict: &Verdict) {
    if verdict.passed() {
        return output::say(&format!("passed  {}", case.name));
    }
    output::say(&format!("FAILED  {}", case.name));
    for line in verdict.to_string().lines() {
        output::say(&format!("        {line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_case_differs_and_two_differ() {
        assert_eq!(differ(1), "1 case differs from what was expected");
        assert_eq!(differ(2), "2 cases differ from what was expected");
    }
}
