//! What was built for the stories, and where one of them plays: a folder of its own, gone when it has ended.

use super::children::Children;
use super::host::{self, Host};
use super::story::Story;
use super::target::Target;
use super::{Manner, example};
use crate::guests;
use crate::programs::{self, Binaries};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The programs, and the connectors as components.
pub(super) struct Built {
    binaries: Binaries,
    components: BTreeMap<String, PathBuf>,
}

impl Built {
    pub(super) fn new(stories: &[Story]) -> Result<Self> {
        let mut names: Vec<String> =
            stories.iter().flat_map(|story| story.connectors()).map(|name| (*name).to_owned()).collect();
        names.sort();
        names.dedup();
        crate::say("step 1 of 2: the connectors, as components (a first build takes a minute or two)");
        let components = guests::build(&names, sluse_guest_build::Choice::Auto)?;
        let components = components.into_iter().map(|component| (component.name, component.path)).collect();
        crate::say("step 2 of 2: the host and the simulated targets (a first build takes several minutes)");
        Ok(Self { binaries: programs::build_binaries()?, components })
    }
}

/// Where a story plays.
pub(super) struct Stage<'b> {
    built: &'b Built,
    folder: tempfile::TempDir,
}

impl<'b> Stage<'b> {
    pub(super) fn new(built: &'b Built, story: Story) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("sluse-demo-{}-", story.name())).tempdir();
        let folder = folder.context("failed to make a temporary folder: set TMPDIR to one that can be written")?;
        crate::say(&format!("settings, database and logs are in {}", folder.path().display()));
        Ok(Self { built, folder })
    }

    /// Settings, database, logs, and whatever else the story lays out.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connector as a component.
    pub(super) fn component(&self, connector: &str) -> Result<&Path> {
        let component = self.built.components.get(connector);
        Ok(component.with_context(|| format!("the story does not name the connector `{connector}`"))?)
    }

    /// A secret that targets and host share: another one in each demo, and for each name.
    pub(super) fn secret(&self, name: &str) -> String {
        let digest = Sha256::new().chain_update(self.folder().as_os_str().as_encoded_bytes()).chain_update(name);
        let text: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("demo-{text}")
    }

    /// Starts the simulated target of this name (`workzone` of `simulated-workzone`), with more words of its own.
    pub(super) async fn target(&self, name: &'static str, words: &[&str], children: &mut Children) -> Result<Target> {
        self.target_called(name, name, words, children).await
    }

    /// The same under another name, for a program that is started more than once.
    pub(super) async fn target_called(
        &self,
        name: &'static str,
        program: &str,
        words: &[&str],
        children: &mut Children,
    ) -> Result<Target> {
        let program = self.built.binaries.simulated(program)?;
        let mut command = Command::new(&program);
        command.arg("serve").args(words);
        let log = self.folder().join(format!("{name}.log"));
        let announced = children.start(&format!("the simulated {name}"), command, &log).await?;
        Ok(Target::new(name, program, announced))
    }

    /// Starts the host, or starts it again on what it has.
    pub(super) async fn host(&self, manner: Manner, children: &mut Children) -> Result<Host> {
        self.host_with("", manner, children).await
    }

    /// The same, with more of `sluse.toml`.
    pub(super) async fn host_with(&self, settings: &str, manner: Manner, children: &mut Children) -> Result<Host> {
        let settings = example::settings(self.folder(), settings)?;
        let sluse = &self.built.binaries.sluse;
        let mut command = host::sluse(sluse, &settings);
        command.args(["serve", "--json"]);
        let ready = children.start("the host", command, &self.folder().join("host.log")).await?;
        let host = Host::announced(sluse.clone(), settings, &ready)?;
        manner.show(&format!("sluse serves at {}", host.url));
        Ok(host)
    }
}
