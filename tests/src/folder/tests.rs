//! The simulated consumer itself: what it complains of, what it lays back, and what its ledger counts.

use std::fs;
use std::io::Write;
use std::time::Duration;

use tempfile::TempDir;

use super::{Ledger, Manner, Refusal, Settings, SimulatedFolder};

const RECORD: &str = "DA60773125124849160310-4001234000000   1234567890210326";

const PAYMENT: &str = "000G6800023011&020151&0300&07000000000000000000&0800000234550&09+&1002&1100002512484916&1220260416\
                       &16202604150048200023&17XF-4711&40Befordring, Ærøskøbing Å";
const POSTING: &str = "000G6900023015101NORFLYD&10300482&1040000001&11020260415&111220010000017042&112000000234550 &113D\
                       &117202604150048200023&153Befordring april&250XF-4711";

struct Bench {
    place: TempDir,
    consumer: SimulatedFolder,
}

impl Bench {
    async fn start(manner: Manner, change: impl FnOnce(&mut Settings)) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        for name in ["ind", "kvit"] {
            fs::create_dir(place.path().join(name)).expect("a folder");
        }
        let receipts = Some(place.path().join("kvit"));
        let mut settings = Settings { receipts, ..Settings::new(manner, place.path().join("ind")) };
        change(&mut settings);
        Self { consumer: SimulatedFolder::start(settings).await.expect("a consumer"), place }
    }

    /// Lays a file there in one step, and gives the ledger once it was taken.
    async fn lay(&self, name: &str, bytes: &[u8]) -> Ledger {
        let taken = |ledger: &Ledger| ledger.files.values().map(|file| file.taken).sum::<u32>();
        let before = taken(&self.consumer.ledger());
        fs::write(self.place.path().join(name), bytes).expect("written");
        fs::rename(self.place.path().join(name), self.place.path().join("ind").join(name)).expect("renamed");
        for _ in 0..400 {
            let ledger = self.consumer.ledger();
            if taken(&ledger) > before {
                return ledger;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("`{name}` is never taken");
    }

    async fn complaints(&self, name: &str, text: &str) -> String {
        self.lay(name, text.as_bytes()).await.files[name].complaints.join(", ")
    }
}

fn prisme(records: &[&str]) -> String {
    records.iter().map(|record| format!("{record}\r\n")).collect()
}

#[tokio::test]
async fn a_whole_file_is_imported_under_its_key() {
    let bench = Bench::start(Manner::Sd, |_| {}).await;
    let ledger = bench.lay("sd-B-7.txt", format!("DRIVE\n{RECORD}\n{RECORD}\n").as_bytes()).await;
    assert_eq!((ledger.keys["B-7"].files.len(), ledger.keys["B-7"].records), (1, 2), "{ledger:?}");
    assert!(ledger.has_each_once(["B-7"]) && !ledger.has_each_once(["B-7", "B-8"]));
    let bench = Bench::start(Manner::Prisme, |_| {}).await;
    let ledger = bench.lay("prisme-1.txt", prisme(&[PAYMENT, POSTING]).as_bytes()).await;
    assert_eq!(ledger.files["prisme-1.txt"].imported, 2, "{ledger:?}");
    assert!(ledger.has_each_once(["XF-4711"]));
}

#[tokio::test]
async fn half_a_file_is_told() {
    let bench = Bench::start(Manner::Sd, |_| {}).await;
    assert!(bench.complaints("sd-1.txt", &format!("H\n{RECORD}\n{}", &RECORD[..20])).await.contains("half a file"));
    assert!(bench.complaints("sd-2.txt", &format!("H\n{RECORD}\n{}\n", &RECORD[..20])).await.contains("half a record"));
    assert!(bench.complaints("sd-3.txt", "").await.contains("half a file"));
    assert!(bench.complaints("sd-4.txt", &format!("KØRSEL\n{RECORD}\n")).await.contains("UTF-8"));
    assert!(bench.consumer.ledger().keys.is_empty());
    assert_eq!(bench.consumer.bytes("sd-3.txt").as_deref(), Some(b"".as_slice()));
    let bench = Bench::start(Manner::Prisme, |_| {}).await;
    assert!(bench.complaints("p-1.txt", &prisme(&[PAYMENT, POSTING])[..150]).await.contains("half a file"));
    let envelope = prisme(&["Z300 0151 6      0151", PAYMENT, POSTING]);
    assert!(bench.complaints("p-2.txt", &envelope).await.contains("half an envelope"));
    let whole = format!("{envelope}SLUTD00002\r\n");
    assert_eq!(bench.complaints("p-3.txt", &whole).await, "");
    assert!(!bench.lay("p-4.txt", b"000G69\xc3").await.files["p-4.txt"].complaints.is_empty());
}

#[tokio::test]
async fn a_writer_that_does_not_write_in_one_step_is_met_in_the_middle() {
    let bench = Bench::start(Manner::Sd, |_| {}).await;
    let path = bench.place.path().join("ind/sd-1.txt");
    let mut file = fs::File::create(path).expect("a file");
    for piece in ["DRIVE\n", RECORD, "\n"] {
        file.write_all(piece.as_bytes()).expect("written");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let ledger = bench.consumer.ledger();
    assert!(!ledger.complaints().is_empty() && !ledger.has_each_once(["1"]), "{ledger:?}");
}

#[tokio::test]
async fn a_name_counts_once() {
    let bench = Bench::start(Manner::Prisme, |_| {}).await;
    let text = prisme(&[PAYMENT, POSTING]);
    bench.lay("p.txt", text.as_bytes()).await;
    let ledger = bench.lay("p.txt", text.as_bytes()).await;
    assert_eq!((ledger.files["p.txt"].taken, ledger.keys["XF-4711"].records), (2, 1), "{ledger:?}");
    assert!(!ledger.has_each_once(["XF-4711"]) && ledger.complaints()[0].contains("before"));
    let ledger = bench.lay("q.txt", text.as_bytes()).await;
    assert_eq!(ledger.keys["XF-4711"].files.len(), 2, "the same under another name is a second effect");
}

#[tokio::test]
async fn what_is_not_even_or_out_of_order_is_refused_as_a_whole() {
    let bench = Bench::start(Manner::Prisme, |_| {}).await;
    assert!(bench.complaints("a.txt", &prisme(&[POSTING])).await.contains("not balanced"));
    let other =
        POSTING.replace("1040000001", "1040000000").replace("&113D", "&113K").replace("&117202604150048200023", "");
    assert!(bench.complaints("b.txt", &prisme(&[PAYMENT, POSTING, POSTING, &other])).await.contains("do not ascend"));
    let credit = POSTING.replace("&113D", "&113K").replace("1040000001", "1040000002");
    assert_eq!(bench.complaints("c.txt", &prisme(&[POSTING, &credit])).await, "");
    let later = credit.replace("20260415&111", "20260416&111");
    assert!(bench.complaints("d.txt", &prisme(&[POSTING, &later])).await.contains("20260415"));
}

#[tokio::test]
async fn a_line_that_does_not_fit_is_refused_in_the_receipt() {
    let bench = Bench::start(Manner::Prisme, |settings| settings.refuses_odd_cpr = true).await;
    for (number, (from, to, reason)) in [
        ("Befordring april", "Børn & Unge", "& er ikke tilladt"),
        ("Befordring april", "et alt for langt navn på en postering", "Felt 153"),
        ("&103", "&101", "Felt 103 mangler"),
        ("&113D", "&113X", "D eller K"),
        ("0234550 ", "0234550", "Felt 112"),
        ("FLYD", "FLOD", "begyndelse"),
        ("&153", "&001", "rækkefølge"),
        ("Ærøskøbing", "Ærøskøbing!", "! og"),
        ("&16", "&15", "Felt 16"),
        ("&11000025", "&110025", "Felt 11"),
        ("2512484916", "0101010101", "CPR-nummeret 00000101010101"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("p-{number}.txt");
        let ledger = bench.lay(&name, prisme(&[PAYMENT, POSTING]).replace(from, to).as_bytes()).await;
        let refused: Vec<&str> = ledger.files[&name].refused.values().map(String::as_str).collect();
        assert!(refused.join(", ").contains(reason), "{from}: {refused:?}");
    }
}

#[tokio::test]
async fn a_refusal_stands_in_the_receipt_of_its_file_alone() {
    let bench = Bench::start(Manner::Prisme, |_| {}).await;
    bench
        .consumer
        .refuse(Refusal { key: Some("XF-4712".into()), line: 1, reason: "Kontoen er spærret på Ærø".into() });
    let text = prisme(&[PAYMENT, POSTING]);
    bench.lay("p-1.txt", text.as_bytes()).await;
    bench.lay("p-2.txt", text.replace("XF-4711", "XF-4712").as_bytes()).await;
    let receipt = |name: &str| {
        let path = bench.place.path().join("kvit").join(name);
        (0..200).find_map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            fs::read_to_string(&path).ok()
        })
    };
    assert_eq!(receipt("p-1.kvit").as_deref(), Some("1;OK;\r\n2;OK;\r\n"));
    assert_eq!(receipt("p-2.kvit").as_deref(), Some("1;AFVIST;Kontoen er spærret på Ærø\r\n2;OK;\r\n"));
}

#[tokio::test]
async fn a_consumer_that_rests_leaves_files_and_a_folder_may_go_and_come_back() {
    let bench = Bench::start(Manner::Prisme, |_| {}).await;
    bench.consumer.takes(false);
    let share = bench.consumer.share();
    fs::write(share.folder().join("p.txt"), "x").expect("written");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(share.names().expect("names"), ["p.txt"]);
    share.remove().expect("removed");
    assert!(share.names().is_err());
    share.restore().expect("restored");
    share.refuse_renaming(true);
    fs::write(share.folder().join(".p.staged"), "x").expect("written");
    let is_locked = || fs::metadata(share.folder()).expect("there").permissions().readonly();
    let mut looked = 0;
    while !is_locked() && looked < 400 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        looked += 1;
    }
    assert!(is_locked());
}
