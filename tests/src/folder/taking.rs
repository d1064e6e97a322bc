//! The loop that takes files: whatever fits the pattern, the moment that it is seen, with what it holds by then. Waiting
//! until a file is no longer written to is what careful programs do; this one finds those out who rely on that.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::state::Shared;
use super::verdict::Verdict;
use super::{Ledger, Manner, prisme, receipt, sd};

/// So short that a file which is written is met in the middle, and long enough that others have the processor too.
const PAUSE: Duration = Duration::from_micros(200);

/// What is taken.
const SUFFIX: &str = ".txt";

/// What a file is called that is written, and about to get its name.
const STAGED: &str = ".staged";

pub(super) fn until_stopped(shared: &Shared) {
    while !shared.is_stopped() {
        look(shared);
        thread::sleep(PAUSE);
    }
}

/// Takes everything that is there. A folder that cannot be read has nothing in it.
fn look(shared: &Shared) {
    shared.ledger().looked += 1;
    let Ok(entries) = fs::read_dir(&shared.settings.folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            if name.ends_with(STAGED) {
                shared.share.is_staged();
            }
        } else if name.ends_with(SUFFIX) && shared.is_taking() {
            take(shared, &name, &entry.path());
        }
    }
}

fn take(shared: &Shared, name: &str, path: &Path) {
    // What is not removed would be taken again.
    let Ok(bytes) = fs::read(path) else { return };
    if fs::remove_file(path).is_err() {
        return;
    }
    let mut verdict = match shared.settings.manner {
        Manner::Sd => sd::judge(name, &bytes),
        Manner::Prisme => prisme::judge(&bytes, shared.settings.refuses_odd_cpr),
    };
    receipt::apply(&mut shared.refusals(), &mut verdict);
    note(&mut shared.ledger(), name, &bytes, &mut verdict);
    shared.latest().insert(name.to_owned(), bytes);
    if let Some(folder) = &shared.settings.receipts {
        // Whoever waits for a receipt that could not be laid finds none.
        let _ = receipt::lay(folder, name, &verdict);
    }
}

/// Writes down what was taken, and imports what may be.
fn note(ledger: &mut Ledger, name: &str, bytes: &[u8], verdict: &mut Verdict) {
    let file = ledger.files.entry(name.to_owned()).or_default();
    file.taken += 1;
    if file.taken > 1 {
        verdict.complaints.push("a file of this name was taken before".to_owned());
    }
    file.size_bytes = bytes.len();
    file.sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    file.complaints.extend(verdict.complaints.iter().cloned());
    for (number, line) in (1..).zip(&verdict.lines) {
        file.refused.extend(line.refused.clone().map(|reason| (number, reason)));
        if line.is_record && line.refused.is_none() && verdict.complaints.is_empty() {
            file.imported += 1;
            if let Some(key) = &line.key {
                let key = ledger.keys.entry(key.clone()).or_default();
                key.files.insert(name.to_owned());
                key.records += 1;
            }
        }
    }
}
