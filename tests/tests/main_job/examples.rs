//! The examples that ship: the commands of each one's README, typed in its folder against a real host. Addresses and
//! names stay as they are copied, so nothing is let out.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use sluse_tests::host::{Host, HostOptions};

/// Whatever kind of secret is meant, it is one that can be written.
const SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What `sluse call` ends with while nothing is let out; its input has been looked at before.
const LET_NOTHING_OUT: i32 = 13;

/// An example about things that its reader has: here a guest of the tests, and two flows.
const BROUGHT: (&str, &str, &str) = (
    "schedules",
    "inbox",
    r#"
[[connection]]
name = "inbox"
connector = "inbox"
[connection.endpoints.default]
url = "https://inbox.example.dk"
[[flow]]
name = "filing"
schema = true
[[flow.step]]
name = "file"
connection = "inbox"
operation = "file"
input = { key = "1", text = "æ" }
[[flow]]
name = "send-list"
schema = { type = "object", required = ["list", "to"] }
[[flow.step]]
name = "file"
connection = "inbox"
operation = "file"
input = { key = "1", text = "æ" }
"#,
);

/// A folder below `examples/`.
struct Example {
    folder: PathBuf,
    readme: String,
}

impl Example {
    fn all() -> anyhow::Result<Vec<Self>> {
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples"))? {
            folders.push(entry?.path());
        }
        folders.sort();
        let read = |folder: PathBuf| {
            let readme = std::fs::read_to_string(folder.join("README.md"));
            let readme = readme.with_context(|| format!("{} has no README.md", folder.display()))?;
            Ok(Self { folder, readme })
        };
        folders.into_iter().map(read).collect()
    }

    fn name(&self) -> &str {
        self.folder.file_name().and_then(|name| name.to_str()).expect("names of ours are text")
    }

    /// The commands that are to be typed, word by word, without what is said of them.
    fn commands(&self) -> Vec<Vec<String>> {
        let lines = self.readme.lines().map(|line| line.split(" #").next().unwrap_or(line));
        let typed = lines.filter_map(|line| line.rsplit(" | ").next()?.trim().strip_prefix("sluse "));
        typed.map(|line| line.split_whitespace().map(|word| self.located(word)).collect()).collect()
    }

    /// A file of the example by where it is; every other word as it is.
    fn located(&self, word: &str) -> String {
        let file = self.folder.join(word);
        if file.is_file() { file.display().to_string() } else { word.to_owned() }
    }

    /// Everything in the folder that can be applied is.
    fn forgets_nothing(&self) -> anyhow::Result<()> {
        let applied = self.commands().into_iter().filter(|words| words[0] == "apply").flatten().collect::<Vec<_>>();
        for entry in std::fs::read_dir(&self.folder)? {
            let file = entry?.path();
            let is_left =
                file.extension().is_some_and(|end| end == "toml") && !applied.contains(&file.display().to_string());
            ensure!(!is_left, "no `sluse apply` of its README names {}", file.display());
        }
        Ok(())
    }
}

/// Types a command of a README. What asks for an answer of the target is left out: there is none.
async fn typed(host: &Host, words: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "--wait").collect();
    match words[..] {
        ["connector", "install", component] => host.install(component.trim_end_matches(".wasm")).await,
        ["secret", "set", _] => host.done(&words, Some(SECRET)).await.map(drop),
        ["apply" | "submit", ..] => host.done(&words, None).await.map(drop),
        ["call", ..] => {
            let told = host.sluse(&words, None).await?;
            ensure!(
                told.code == LET_NOTHING_OUT,
                "`sluse {}` exited with {}: {}",
                words.join(" "),
                told.code,
                told.stderr
            );
            Ok(())
        }
        _ => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_does_what_its_readme_says() -> anyhow::Result<()> {
    let settings = "[egress]\nhosts = [\"*\"]\nfolders = [\"/srv\"]\n".to_owned();
    let host = Host::start(HostOptions { settings, ..HostOptions::default() }).await?;
    let host = host.kill().await?.start_paused().await?;
    for example in Example::all()? {
        let (name, guest, text) = BROUGHT;
        if example.name() == name {
            host.install(guest).await?;
            host.apply(text).await?;
        }
        example.forgets_nothing()?;
        for words in example.commands() {
            typed(&host, &words).await.with_context(|| format!("examples/{}", example.name()))?;
        }
    }
    Ok(())
}
