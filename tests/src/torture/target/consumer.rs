//! Who takes files out of the folder that the host publishes into: at any moment, as soon as one is there. Each counts,
//! and is to be whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::sleep;

use super::Shared;
use crate::torture::{dice::Dice, flows::file_of, tripwire::Moment};

/// It looks again after this time at most.
const LOOKS_EACH: Duration = Duration::from_millis(4);

/// Of so many looks, one is followed by a pause, so that what is published also finds itself there.
const PAUSES_EACH: u64 = 40;
const PAUSE: Duration = Duration::from_millis(150);

/// Whoever reads from the folder.
#[derive(Debug)]
pub(super) struct Consumer {
    out: PathBuf,
    /// Where a file is read that nobody else sees any more.
    taken: PathBuf,
}

impl Consumer {
    pub(super) fn new(out: PathBuf) -> io::Result<Self> {
        let taken = out.with_file_name("taken");
        fs::create_dir_all(&taken)?;
        Ok(Self { out, taken })
    }

    /// Takes files, until the target ends.
    pub(super) async fn take_on_and_on(shared: Arc<Shared>) {
        for number in 0.. {
            shared.take_files();
            let mut dice = Dice::of(shared.seed, "consumer", number);
            let pauses = shared.misbehaves() && dice.below(PAUSES_EACH) == 0;
            sleep(if pauses { dice.duration(PAUSE) } else { dice.duration(LOOKS_EACH) }).await;
        }
    }

    /// Takes what is there, and says what it was called and what was in it.
    fn take(&self, mut taken: impl FnMut(&str, &[u8])) -> io::Result<()> {
        for entry in fs::read_dir(&self.out)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let own = self.taken.join(name);
            fs::rename(self.out.join(name), &own)?;
            taken(name, &read_and_remove(&own)?);
        }
        Ok(())
    }
}

fn read_and_remove(file: &Path) -> io::Result<Vec<u8>> {
    let bytes = fs::read(file)?;
    fs::remove_file(file)?;
    Ok(bytes)
}

impl Shared {
    /// Takes what the host has published up to now.
    pub(super) fn take_files(&self) {
        // One at a time: what another one has taken is not there any more.
        let mut ledger = self.ledger();
        let mut has_taken = false;
        let taking = self.consumer.take(|name, bytes| {
            has_taken = true;
            let Some(key) = name.strip_suffix(".txt") else {
                return ledger.complain(format!("a file `{name}` is in the folder, and nobody publishes one"));
            };
            ledger.add_effect(key);
            if bytes != file_of(key) {
                ledger.complain(format!("`{name}` was taken with {} bytes that are not its own", bytes.len()));
            }
        });
        if let Err(error) = taking {
            ledger.complain(format!("files could not be taken: {error}"));
        }
        drop(ledger);
        if has_taken {
            self.tripwire.pass(Moment::Taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_taken_once_and_what_is_hidden_is_left() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let out = folder.path().join("out");
        fs::create_dir(&out)?;
        fs::write(out.join("a.txt"), "whole")?;
        fs::write(out.join(".staged"), "half")?;
        let consumer = Consumer::new(out.clone())?;
        let mut taken = Vec::new();
        for _ in 0..2 {
            consumer.take(|name, bytes| taken.push((name.to_owned(), bytes.to_vec())))?;
        }
        assert_eq!(taken, [("a.txt".to_owned(), b"whole".to_vec())]);
        assert!(out.join(".staged").exists() && !out.join("a.txt").exists());
        Ok(())
    }
}
