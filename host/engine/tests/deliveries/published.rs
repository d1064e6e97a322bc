//! Publications that something has cut off: what the note and the folder say together, what nobody can say, and what is
//! left when nobody will take it up again.

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use serde_json::json;
use sluse_connector::{Ended, FolderError, fakes::FakeConnector};
use sluse_model::{
    Act as PersonAct, DeliveryState, Digest, Failure, Outcome, Problem, PublicationId, Reason, RunId, RunState,
};
use sluse_store::{Deliveries as _, NewPublication, Publications as _, PublishedName};
use sluse_store_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::{
    bench::{Bench, clerk, fake},
    granted::{grant, names},
    once::unavailable,
};

const BYTES: &[u8] = b"l\xf8n";

/// The attempt that was cut off.
fn id() -> PublicationId {
    PublicationId::from_bytes([7; 16])
}

/// A name in the folder that belongs to the attempt which was cut off.
fn left(kind: &str) -> String {
    format!(".sluse-{}.{kind}", id())
}

/// Up to where the first attempt came before it was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    BeforeItsNote,
    BehindItsNote,
    BehindItsEnd,
}

/// A host whose first attempt was cut off there, and published nothing.
struct Interrupted {
    bench: Bench,
    folder: TempDir,
    run: RunId,
}

impl Interrupted {
    /// With these of its files in the folder.
    async fn start(cut: Cut, kinds: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        for kind in kinds {
            fs::write(folder.path().join(left(kind)), if *kind == "staged" { BYTES } else { b"" }).expect("a file");
        }
        let store = Arc::new(OnceLock::new());
        let bench = Bench::of(publisher(cut, store.clone()), "http://127.0.0.1:1").await;
        store.set(bench.store.clone()).expect("set once");
        grant(&bench, folder.path()).await;
        let run = bench.submit_to("shelf").await;
        Self { bench, folder, run }
    }

    async fn settles(&self, state: RunState) {
        let settled = self.bench.settled(self.run).await;
        let attempts = self.bench.first_delivery(self.run).await.attempts;
        assert_eq!(settled.run.state, state, "{attempts:#?}");
    }

    async fn act(&self, act: PersonAct) {
        let delivery = self.bench.first_delivery(self.run).await.delivery.id;
        self.bench.engine.act(delivery, act, clerk(), Some("somebody looked".into()), None).await.expect("done");
    }

    /// Has another engine do what one does at its start.
    async fn start_again(&self) {
        let engine = self.bench.another_engine().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        engine.stop().await;
    }

    fn names(&self) -> Vec<String> {
        let mut names = names(self.folder.path());
        names.sort();
        names
    }
}

/// A connector whose first attempt is cut off, and whose later ones publish `loen.txt`.
fn publisher(cut: Cut, store: Arc<OnceLock<Arc<SqliteStore>>>) -> FakeConnector {
    fake(move |call, _, _, mut host| {
        let store = store.clone();
        async move {
            if call.attempt == 1 {
                note(store.get().expect("set"), &call.delivery, cut).await;
                return unavailable();
            }
            let put = host.put_file("outbox".into(), "loen.txt".into(), Bytes::from_static(BYTES)).await;
            ended(put)
        }
    })
}

fn ended(put: Result<(), FolderError>) -> Ended<Outcome> {
    let problem = |error: FolderError| Problem::new("file", error.to_string());
    Ok(match put {
        Ok(()) => Ok(Outcome::Done { output: json!({ "id": "published" }).to_string() }),
        Err(error @ FolderError::Unclear(_)) => Err(Failure::Unknown { problem: problem(error) }),
        Err(error @ FolderError::Unavailable(_)) => {
            Err(Failure::Unavailable { problem: problem(error), retry_after_ms: None })
        }
        Err(error) => Err(Failure::Rejected { problem: problem(error) }),
    })
}

async fn note(store: &SqliteStore, delivery: &str, cut: Cut) {
    let delivery = delivery.parse().expect("an id");
    let found = store.delivery(delivery).await.expect("read").expect("a delivery").delivery;
    let DeliveryState::Running { lease } = found.state else { panic!("not running: {:?}", found.state) };
    let name = |name: &str| name.parse().expect("a name");
    let file = PublishedName { connection: name("shelf"), folder: name("outbox"), name: "loen.txt".into() };
    let digest = Digest::of(BYTES);
    let new = NewPublication { id: id(), delivery, lease, now: found.accepted_at, file, digest, instead_of: None };
    store.stage_publication(new).await.expect("staged");
    if cut != Cut::BeforeItsNote {
        store.begin_publication(delivery, lease, id()).await.expect("begun");
    }
    if cut == Cut::BehindItsEnd {
        store.end_publication(id()).await.expect("ended");
    }
}

#[tokio::test]
async fn a_file_that_is_staged_still_was_not_published() {
    for cut in [Cut::BeforeItsNote, Cut::BehindItsNote] {
        let interrupted = Interrupted::start(cut, &["staged", "witness"]).await;
        interrupted.settles(RunState::Succeeded).await;
        assert_eq!(interrupted.names(), ["loen.txt"], "{cut:?}");
        assert_eq!(fs::read(interrupted.folder.path().join("loen.txt")).expect("a file"), BYTES);
    }
}

#[tokio::test]
async fn a_file_whose_witness_is_alone_was_published_and_taken() {
    let interrupted = Interrupted::start(Cut::BehindItsNote, &["witness"]).await;
    interrupted.settles(RunState::Succeeded).await;
    assert_eq!(interrupted.names(), [""; 0], "it is not published again");
}

#[tokio::test]
async fn in_a_folder_that_was_replaced_nothing_is_published_before_somebody_has_looked() {
    let interrupted = Interrupted::start(Cut::BehindItsNote, &[]).await;
    interrupted.settles(RunState::Attention).await;
    let detail = interrupted.bench.first_delivery(interrupted.run).await;
    let DeliveryState::Attention(attention) = &detail.delivery.state else { panic!("{:?}", detail.delivery.state) };
    assert_eq!(attention.reason, Reason::OutcomeUnknown);
    let told = format!("{attention:?}");
    assert!(told.contains("was replaced or emptied while `loen.txt` was about to be published"), "{told}");

    interrupted.act(PersonAct::Retry { did_not_happen: false }).await;
    interrupted.settles(RunState::Attention).await;
    assert_eq!(interrupted.names(), [""; 0], "nobody has said that it was not published");

    interrupted.act(PersonAct::Retry { did_not_happen: true }).await;
    interrupted.settles(RunState::Succeeded).await;
    assert_eq!(interrupted.names(), ["loen.txt"]);
}

#[tokio::test]
async fn a_folder_that_is_put_back_tells() {
    let interrupted = Interrupted::start(Cut::BehindItsNote, &[]).await;
    interrupted.settles(RunState::Attention).await;
    fs::write(interrupted.folder.path().join(left("witness")), "").expect("a file");
    interrupted.act(PersonAct::Retry { did_not_happen: false }).await;
    interrupted.settles(RunState::Succeeded).await;
    assert_eq!(interrupted.names(), [""; 0], "it was published, and the witness goes");
}

#[tokio::test]
async fn what_a_delivery_left_that_was_given_up_goes_and_nothing_else_does() {
    let interrupted = Interrupted::start(Cut::BehindItsNote, &[]).await;
    interrupted.settles(RunState::Attention).await;
    let others = [".sluse-pub-00000000000000000000000000000001.staged", ".anden", "andet.txt"];
    for name in others.into_iter().chain([left("staged").as_str(), left("witness").as_str()]) {
        fs::write(interrupted.folder.path().join(name), "x").expect("a file");
    }
    interrupted.start_again().await;
    assert_eq!(interrupted.names().len(), 5, "somebody may take it up again");
    interrupted.act(PersonAct::Close).await;
    interrupted.start_again().await;
    assert_eq!(interrupted.names(), [".anden", others[0], "andet.txt"]);
}

#[tokio::test]
async fn what_is_left_of_a_published_file_goes_with_the_next_start() {
    let interrupted = Interrupted::start(Cut::BehindItsEnd, &["witness"]).await;
    interrupted.settles(RunState::Succeeded).await;
    assert_eq!(interrupted.names(), [left("witness")], "it was published, and nobody has looked");
    interrupted.start_again().await;
    assert_eq!(interrupted.names(), [""; 0]);
}

fn finding_of(folder: &str, path: &Path, findings: &[sluse_connector::Finding]) -> (bool, String) {
    let subject = format!("folder `{folder}`");
    let found = findings.iter().find(|finding| finding.subject == subject);
    let found = found.unwrap_or_else(|| panic!("no finding of {} in {findings:?}", path.display()));
    (found.passed, found.message.clone())
}

#[tokio::test]
async fn a_check_says_whether_files_could_be_published() {
    let folder = TempDir::new().expect("a folder");
    let (outbox, receipts) = (folder.path().join("ud"), folder.path().join("ind"));
    let bench = Bench::start("http://127.0.0.1:1", |_, _, _, _| async { unavailable() }).await;
    let text = format!(
        "[[connection]]\nname = \"shelf\"\nconnector = \"fake\"\n[connection.grant]\ncidrs = [\"127.0.0.0/8\"]\n\
         [connection.grant.folders]\noutbox = {{ path = \"{}\" }}\nreceipts = {{ path = \"{}\" }}\n\
         [connection.endpoints.default]\nurl = \"http://127.0.0.1:1\"\nallow_plaintext = true\n",
        outbox.display(),
        receipts.display()
    );
    bench.apply(text).await;
    let name = "shelf".parse().expect("a name");
    let check = async || bench.engine.check_connection(&name).await.expect("read").expect("a connection").findings;

    let findings = check().await;
    let (passed, told) = finding_of("outbox", &outbox, &findings);
    assert!(!passed && told.contains("make it, or mount it again"), "{told}");

    fs::create_dir(&outbox).expect("a folder");
    fs::create_dir(&receipts).expect("a folder");
    let findings = check().await;
    let (passed, told) = finding_of("outbox", &outbox, &findings);
    assert!(passed && told.contains("files can be published into"), "{told}");
    let (passed, told) = finding_of("receipts", &receipts, &findings);
    assert!(passed && told.contains("files can be read from"), "{told}");
    assert_eq!((names(&outbox), names(&receipts)), (Vec::new(), Vec::new()), "nothing is left");
}

#[tokio::test]
async fn a_name_that_no_file_may_have_is_no_missing_right() {
    let folder = TempDir::new().expect("a folder");
    let connector = fake(|_, _, _, mut host| async move {
        let put = host.put_file("outbox".into(), "løn.txt".into(), Bytes::from_static(BYTES)).await;
        let Err(FolderError::Invalid(reason)) = put else { panic!("{put:?}") };
        Ok(Err(Failure::Invalid { problem: Problem::new("name", reason) }))
    });
    let bench = Bench::of(connector, "http://127.0.0.1:1").await;
    grant(&bench, folder.path()).await;
    let run = bench.submit_to("shelf").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    let told = format!("{:?}", bench.first_delivery(run).await.attempts[0].result);
    assert!(told.contains("letters from a to z, digits"), "{told}");
}
