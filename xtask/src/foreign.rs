//! Guests in other languages, built with their own toolchains: the proof that the contract can be spoken
//! from there. They need node or python on the machine; everything else goes into the target folder.

use crate::guests;
use crate::programs::root;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use sluse_guest_build::{Component, Workspace};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A language that is not Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// componentize-js: the engine is a part of the component, which imports no WASI when its features are off.
    Javascript,
    /// componentize-py: the interpreter is a part of the component, which imports WASI 0.2.
    Python,
}

/// What the JavaScript engine would otherwise ask of a host.
const JAVASCRIPT_FEATURES: [&str; 5] = ["stdio", "random", "clocks", "http", "fetch-event"];

/// Builds the guest of each language, and says how far it is.
///
/// # Errors
/// A program that is missing, with the fix, or a guest that does not build.
pub(crate) fn build(languages: &[Language]) -> Result<Vec<Component>> {
    if languages.is_empty() {
        return Ok(Vec::new());
    }
    let workspace = Workspace::read(root())?;
    languages.iter().map(|language| Guest::of(*language, &workspace).build(&workspace)).collect()
}

struct Guest {
    language: Language,
    sources: PathBuf,
    contract: PathBuf,
    /// Where its toolchain is installed.
    tools: PathBuf,
}

impl Guest {
    fn of(language: Language, workspace: &Workspace) -> Self {
        let name = language.name();
        Self {
            language,
            sources: workspace.root.join("tests/guests").join(name),
            contract: workspace.root.join("wit/v0.1"),
            tools: workspace.folder.join(name),
        }
    }

    fn build(&self, workspace: &Workspace) -> Result<Component> {
        let began = Instant::now();
        let name = self.language.name();
        let inputs = self.inputs()?;
        let component = workspace.keep(name, &inputs, |path| {
            self.install()?;
            crate::say(&format!("{name}: building, which takes about a minute"));
            let command = match self.language {
                Language::Javascript => self.componentize_javascript(path),
                Language::Python => self.componentize_python(path),
            };
            run(command, "see the messages above")
        })?;
        guests::announce(&component, began);
        Ok(component)
    }

    /// Everything that the component is made of: when none of it changed, neither does the component.
    fn inputs(&self) -> Result<Vec<u8>> {
        let mut inputs = Vec::new();
        for folder in [&self.sources, &self.contract] {
            let unreadable = || format!("failed to read `{}`", folder.display());
            let mut files = fs::read_dir(folder)
                .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>())
                .with_context(unreadable)?;
            files.retain(|file| file.is_file());
            files.sort();
            for file in files {
                inputs.extend(fs::read(&file).with_context(unreadable)?);
            }
        }
        Ok(inputs)
    }

    fn install(&self) -> Result<()> {
        let tools = self.tools.display();
        fs::create_dir_all(&self.tools).with_context(|| format!("failed to create `{tools}`"))?;
        match self.language {
            Language::Javascript => {
                crate::say(&format!("javascript: installing componentize-js into `{tools}` (about 210 MB)"));
                for file in ["package.json", "package-lock.json"] {
                    fs::copy(self.sources.join(file), self.tools.join(file))
                        .with_context(|| format!("failed to copy `{file}` to `{tools}`"))?;
                }
                let mut npm = Command::new("npm");
                npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&self.tools);
                run(npm, "install Node.js 20 or newer with npm")
            }
            Language::Python => {
                crate::say(&format!("python: installing componentize-py into `{tools}` (about 80 MB)"));
                virtual_environment(&self.tools, &self.sources.join("requirements.txt"))
            }
        }
    }

    fn componentize_javascript(&self, path: &Path) -> Command {
        let mut command = Command::new(self.tools.join("node_modules/.bin/componentize-js"));
        command.arg(self.sources.join("connector.js")).arg("--wit").arg(&self.contract);
        command.args(["--world-name", "target"]).arg("--out").arg(path);
        command.arg("--disable").args(JAVASCRIPT_FEATURES);
        command
    }

    fn componentize_python(&self, path: &Path) -> Command {
        let mut command = Command::new(self.tools.join("bin/componentize-py"));
        command.arg("--quiet").arg("--wit-path").arg(&self.contract).args(["--world", "target"]);
        command.arg("componentize").arg("--python-path").arg(&self.sources);
        command.args(["connector", "--output"]).arg(path);
        // Otherwise the interpreter would leave its byte code beside the sources.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::Javascript => "javascript",
            Self::Python => "python",
        }
    }
}

/// Makes a folder with an interpreter of Python and what `requirements` names.
///
/// # Errors
/// When Python is missing or the package index is not reachable.
pub(crate) fn virtual_environment(folder: &Path, requirements: &Path) -> Result<()> {
    let mut venv = Command::new("python3");
    // Anew: the scripts of one that was moved here name the place where it was.
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    run(venv, "install Python 3.10 or newer with its venv module (`sudo apt-get install python3-venv`)")?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    run(pip, "the package index must be reachable")
}

fn run(mut command: Command, fix: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("failed to run `{program}`: {fix}"))?;
    ensure!(status.success(), "`{program}` failed ({status}): {fix}");
    Ok(())
}
