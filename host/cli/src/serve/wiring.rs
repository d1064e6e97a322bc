//! From settings to a running engine.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use sluse_egress::{Egress, Secret};
use sluse_engine::{Engine, EngineParts};
use sluse_model::{Clock, Dice};
use sluse_sandbox::{Compiler, CompilerProcess, Sandbox, SandboxSettings};
use sluse_store::Store;
use sluse_store_sqlite::{SqliteSettings, SqliteStore};
use sluse_vault::{KeySource, MasterKey, Vault};

use super::COMPILE_COMPONENT;
use crate::{
    settings::{DataSettings, KeyPlace, Settings},
    sources::{SystemClock, SystemDice},
};

/// A running engine, and what health asks after.
pub(super) struct Wired {
    pub(super) engine: Arc<Engine>,
    pub(super) sandbox: Sandbox,
}

pub(super) async fn wire(settings: &Settings) -> anyhow::Result<Wired> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let dice: Arc<dyn Dice> = Arc::new(SystemDice);
    let data = settings.data.clone();
    let opened = clock.clone();
    let store = tokio::task::spawn_blocking(move || SqliteStore::open(SqliteSettings::new(data.folder), opened));
    let store = Arc::new(store.await.context("the store did not open")??);
    let key = MasterKey::load(&key_source(&settings.data), &*dice)?;
    let vault = Arc::new(Vault::new(key, store.clone(), clock.clone(), dice.clone()));
    vault.check().await.context("to open the secrets")?;
    let max_instances = settings.engine.max_in_flight + settings.engine.max_calls();
    let sandbox = sandbox(&settings.data.folder.join("compiled"), max_instances, dice.clone())?;
    let engine = Engine::start(EngineParts {
        store: store as Arc<dyn Store>,
        loader: Arc::new(sandbox.clone()),
        egress: Arc::new(Egress::new(settings.egress.clone()).counting(vault.clone())),
        vault,
        clock,
        dice,
        settings: settings.engine.clone(),
    })
    .await?;
    Ok(Wired { engine, sandbox })
}

/// A sandbox that compiles in a child of this very program.
pub(crate) fn sandbox(cache_folder: &Path, max_instances: u32, dice: Arc<dyn Dice>) -> anyhow::Result<Sandbox> {
    let program = std::env::current_exe().context("to find this program")?;
    let compiler = Compiler::Child(CompilerProcess::new(program, [COMPILE_COMPONENT]));
    let settings = SandboxSettings { cache_folder: cache_folder.to_owned(), max_instances, compiler, dice };
    Ok(Sandbox::start(settings)?)
}

fn key_source(data: &DataSettings) -> KeySource {
    match &data.key {
        KeyPlace::DataFolder => KeySource::File { path: data.folder.join("master.key"), create: true },
        KeyPlace::File(path) => KeySource::File { path: path.clone(), create: false },
        KeyPlace::Environment => KeySource::Value {
            name: "SLUSE_MASTER_KEY".into(),
            text: Secret::from(std::env::var("SLUSE_MASTER_KEY").unwrap_or_default()),
        },
        KeyPlace::Systemd(folder) => KeySource::CredentialsDirectory(folder.clone()),
    }
}
