//! Real folders: a file is there whole or not at all, and what others do there is met.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

use sluse_folders::{Fate, FileName, Folder, FolderError, Place, Publishing};
use sluse_model::{Digest, PublicationId};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::create_dir(folder.path().join("ind")).expect("a folder");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ind")
    }

    fn place(&self) -> Place {
        let path = self.path();
        Place::find(path.to_str().expect("UTF-8"), false, &[self.folder.path().to_owned()]).expect("allowed")
    }

    fn open(&self) -> Folder {
        Folder::open(&self.place()).expect("it is there")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }
}

fn name(name: &str) -> FileName {
    FileName::parse(name).expect("a plain name")
}

fn id(number: u8) -> PublicationId {
    PublicationId::from_bytes([number; 16])
}

/// What the engine does with a file, when nothing goes wrong.
fn publish(folder: &Folder, file: &str, bytes: &[u8]) -> Result<Publishing, FolderError> {
    folder.stage(id(1), bytes)?;
    let published = folder.publish(id(1), &name(file), Digest::of(bytes));
    folder.discard(id(1))?;
    published
}

#[test]
fn a_file_appears_whole_and_leaves_nothing_beside_it() {
    let bench = Bench::new();
    let folder = bench.open();
    assert_eq!(publish(&folder, "a.txt", b"indhold"), Ok(Publishing::Published));
    assert_eq!(bench.names(), ["a.txt"]);
    assert_eq!(folder.read(&name("a.txt"), 7).expect("read").as_deref(), Some(b"indhold".as_slice()));
}

#[test]
fn the_same_file_again_is_no_second_one() {
    let bench = Bench::new();
    let folder = bench.open();
    publish(&folder, "a.txt", b"indhold").expect("published");
    assert_eq!(publish(&folder, "a.txt", b"indhold"), Ok(Publishing::WasThere));
    assert_eq!(bench.names(), ["a.txt"]);
}

#[test]
fn another_file_of_the_name_stays() {
    let bench = Bench::new();
    fs::write(bench.path().join("a.txt"), "andet").expect("a file");
    let refused = publish(&bench.open(), "a.txt", b"indhold");
    assert!(matches!(refused, Err(FolderError::Conflict(_))), "{refused:?}");
    assert_eq!(fs::read_to_string(bench.path().join("a.txt")).expect("a file"), "andet");
    assert_eq!(bench.names(), ["a.txt"]);
}

#[test]
fn a_publication_that_was_cut_off_can_be_told() {
    let bench = Bench::new();
    let (folder, digest, file) = (bench.open(), Digest::of(b"indhold"), name("a.txt"));
    folder.stage(id(1), b"indhold").expect("staged");
    assert_eq!(folder.look(id(1), &file, digest), Ok(Fate::Staged));
    folder.publish(id(1), &file, digest).expect("published");
    assert_eq!(folder.look(id(1), &file, digest), Ok(Fate::Published));
    // Whoever reads from the folder takes it.
    fs::remove_file(bench.path().join("a.txt")).expect("it was there");
    assert_eq!(folder.look(id(1), &file, digest), Ok(Fate::Published));
}

#[test]
fn in_a_folder_that_was_replaced_meanwhile_nobody_can_tell() {
    let bench = Bench::new();
    let (digest, file) = (Digest::of(b"indhold"), name("a.txt"));
    bench.open().stage(id(1), b"indhold").expect("staged");
    fs::remove_dir_all(bench.path()).expect("it was there");
    fs::create_dir(bench.path()).expect("a folder");
    let folder = bench.open();
    assert_eq!(folder.look(id(1), &file, digest), Ok(Fate::Unclear));
    fs::write(bench.path().join("a.txt"), "andet").expect("a file");
    assert_eq!(folder.look(id(1), &file, digest), Ok(Fate::Unclear), "that is another file");
    fs::write(bench.path().join("a.txt"), "indhold").expect("a file");
    assert_eq!(folder.look(id(1), &file, digest), Ok(Fate::Published), "that is it");
}

#[test]
fn what_an_attempt_leaves_can_be_taken_away() {
    let bench = Bench::new();
    let folder = bench.open();
    folder.stage(id(1), b"indhold").expect("staged");
    folder.stage(id(2), b"indhold").expect("another attempt has a file of its own");
    folder.discard(id(1)).expect("given up");
    folder.discard(id(1)).expect("it is gone already");
    folder.publish(id(2), &name("a.txt"), Digest::of(b"indhold")).expect("nobody has touched it");
    folder.discard(id(2)).expect("the witness goes");
    assert_eq!(bench.names(), ["a.txt"]);
}

#[test]
fn nothing_that_is_there_is_written_over_and_others_may_not_read() {
    let bench = Bench::new();
    let folder = bench.open();
    publish(&folder, "a.txt", b"indhold").expect("published");
    let mode = fs::metadata(bench.path().join("a.txt")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o717, 0o600, "{mode:o}");
    fs::write(bench.path().join(format!(".sluse-{}.staged", id(2))), "of somebody else").expect("a file");
    let refused = folder.stage(id(2), b"indhold");
    assert!(matches!(refused, Err(FolderError::Unavailable(_))), "{refused:?}");
}

#[test]
fn that_files_could_be_published_shows_without_one() {
    let bench = Bench::new();
    let folder = bench.open();
    folder.try_publishing(id(1)).expect("it can");
    folder.try_reading(id(1)).expect("it can");
    assert_eq!(bench.names(), [""; 0]);
    fs::remove_dir(bench.path()).expect("it was there");
    let refused = folder.try_publishing(id(1));
    assert!(matches!(&refused, Err(FolderError::Unavailable(reason)) if reason.contains("make it")), "{refused:?}");
}

#[test]
fn a_folder_that_is_gone_is_unavailable() {
    let bench = Bench::new();
    let folder = bench.open();
    fs::remove_dir(bench.path()).expect("it was there");
    let gone = Folder::open(&bench.place());
    assert!(matches!(&gone, Err(FolderError::Unavailable(reason)) if reason.contains("is not there")), "{gone:?}");
    let gone = publish(&folder, "a.txt", b"indhold");
    assert!(matches!(gone, Err(FolderError::Unavailable(_))), "{gone:?}");
}

#[test]
fn a_folder_where_nothing_is_mounted_is_unavailable_when_something_has_to_be() {
    let bench = Bench::new();
    let path = bench.path();
    let place = Place::find(path.to_str().expect("UTF-8"), true, &[bench.folder.path().to_owned()]).expect("allowed");
    let refused = Folder::open(&place);
    assert!(matches!(&refused, Err(FolderError::Unavailable(reason)) if reason.contains("mounted")), "{refused:?}");
    let mounted = Place::find("/proc", true, &["/proc".into()]).expect("allowed");
    Folder::open(&mounted).expect("something is mounted there");
}

#[test]
fn a_link_leads_nowhere() {
    let bench = Bench::new();
    let outside = TempDir::new().expect("a folder");
    symlink(outside.path(), bench.folder.path().join("ud")).expect("a link");
    let path = bench.folder.path().join("ud");
    let place = Place::find(path.to_str().expect("UTF-8"), false, &[bench.folder.path().to_owned()]).expect("allowed");
    let refused = Folder::open(&place);
    assert!(matches!(refused, Err(FolderError::Forbidden(_))), "{refused:?}");
    symlink(outside.path().join("a.txt"), bench.path().join("a.txt")).expect("a link");
    let folder = bench.open();
    let refused = folder.read(&name("a.txt"), 10);
    assert!(matches!(&refused, Err(FolderError::Conflict(reason)) if reason.contains("`a.txt`")), "{refused:?}");
    assert!(publish(&folder, "a.txt", b"indhold").is_err(), "and not replaced");
    assert!(fs::read_dir(outside.path()).expect("a folder").next().is_none(), "nothing is written through it");
}

#[test]
fn a_folder_in_place_of_a_file_is_a_conflict() {
    let bench = Bench::new();
    fs::create_dir(bench.path().join("a.txt")).expect("a folder");
    let refused = publish(&bench.open(), "a.txt", b"indhold");
    assert!(matches!(refused, Err(FolderError::Conflict(_))), "{refused:?}");
}

#[test]
fn what_is_not_there_is_not_read_and_what_is_too_long_is_refused() {
    let bench = Bench::new();
    let folder = bench.open();
    assert_eq!(folder.read(&name("a.txt"), 10), Ok(None));
    fs::write(bench.path().join("a.txt"), "elleve tegn").expect("a file");
    let refused = folder.read(&name("a.txt"), 10);
    assert!(matches!(refused, Err(FolderError::Invalid(_))), "{refused:?}");
}

#[test]
fn whoever_takes_files_at_any_moment_never_sees_half_of_one() {
    let bench = Bench::new();
    let (folder, path) = (bench.open(), bench.path());
    let bytes = vec![b'x'; 1 << 20];
    let taker = std::thread::spawn(move || {
        let mut taken = 0;
        while taken < 20 {
            for entry in fs::read_dir(&path).expect("a folder") {
                let entry = entry.expect("an entry").path();
                if entry.extension().is_some_and(|extension| extension == "txt") {
                    assert_eq!(fs::metadata(&entry).expect("it is there").len(), 1 << 20, "half a file");
                    fs::remove_file(entry).expect("it was there");
                    taken += 1;
                }
            }
        }
    });
    for number in 0..20 {
        assert_eq!(publish(&folder, &format!("{number}.txt"), &bytes), Ok(Publishing::Published));
    }
    taker.join().expect("every file was whole");
    assert_eq!(bench.names(), [""; 0]);
}
