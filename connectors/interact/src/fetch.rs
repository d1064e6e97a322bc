//! One submission with its files. Whatever cannot be had of it for good is noted on it; only what may be had later is a
//! failure, and then nothing of it is handed over yet.

use serde_json::Value;
use sluse_sdk::{
    Failure, Item,
    attachments::{self, Attachment},
    log, member,
};

use crate::{
    contacts, form,
    interact::{Asked, Interact, Listed},
    problem,
    settings::SeveralCases,
    submission::{Entry, File, Submission},
};

/// Files of one poll. The host keeps 200 for a call.
const MAX_FILES: usize = 190;

/// A piece of an attachment that is read at once.
const PIECE_BYTES: u32 = 1 << 20;

/// What became of a submission.
pub(crate) enum Fetched {
    /// It is handed over, read or not.
    Submission(Box<Item<Submission>>),
    /// Somebody else has taken it meanwhile.
    NotWaiting,
    /// There is no room left in this poll.
    NoRoom,
}

/// How much a poll has kept already.
#[derive(Debug, Default)]
pub(crate) struct Room {
    files: usize,
}

/// What a file is to the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Pdf,
    Xml,
    Attachment,
}

/// A file as the service describes it.
struct Described {
    kind: Kind,
    id: String,
    name: String,
    media_type: Option<String>,
    size_bytes: Option<u64>,
}

/// What became of a file.
enum Kept {
    File(Attachment),
    Without(Entry),
    NoRoom,
}

/// Fetches a submission that is listed.
pub(crate) fn fetch(interact: &Interact<'_>, listed: &Listed, room: &mut Room) -> Result<Fetched, Failure> {
    let mut submission = Submission {
        id: listed.id.clone(),
        form_id: listed.form_id.clone().unwrap_or_default(),
        received_at: listed.received_at.clone(),
        executing_user: interact.settings.executing_user.clone(),
        ..Submission::default()
    };
    let description = match describe(interact, &listed.id)? {
        Ok(description) => description,
        Err(reason) => {
            submission.cannot_be_mapped(Entry::new("submission-not-readable", reason));
            return Ok(handed_over(submission, Vec::new()));
        }
    };
    if !still_waits(interact, &description) {
        return Ok(Fetched::NotWaiting);
    }
    let names = &interact.settings.names;
    submission.form_id = member::text(&description, &names.form_id).unwrap_or(submission.form_id);
    submission.received_at = member::text(&description, &names.received_at).or(submission.received_at);
    let files = described_files(interact, &description, &mut submission);
    if room.files > 0 && room.files + files.len() > MAX_FILES {
        return Ok(Fetched::NoRoom);
    }
    keep_all(interact, submission, &files, room)
}

/// What the service says about a submission; the inner error is why it will never say anything.
fn describe(interact: &Interact<'_>, id: &str) -> Result<Result<Value, String>, Failure> {
    let response = interact.describe(id)?;
    if problem::is_refusal(response.status()) {
        return Ok(Err(format!("Interact udleverede ikke indsendelsen (svar {}).", response.status())));
    }
    if !response.is_success() {
        return Err(problem::of_answer(&response, "GET a submission"));
    }
    Ok(response.json().map_err(|_| "Interacts beskrivelse af indsendelsen kan ikke læses.".to_owned()))
}

fn keep_all(
    interact: &Interact<'_>,
    mut submission: Submission,
    files: &[Described],
    room: &mut Room,
) -> Result<Fetched, Failure> {
    let others = room.files;
    let mut kept = Vec::new();
    for file in files {
        match keep(interact, &submission.id, file)? {
            Kept::File(attachment) => {
                room.files += 1;
                kept.push(attachment.id.clone());
                take(interact, &mut submission, file.kind, attachment)?;
            }
            // What is too large together with others may well have room alone.
            Kept::NoRoom if others > 0 => return Ok(Fetched::NoRoom),
            Kept::NoRoom => submission.without(file.kind, too_large(&file.name)),
            Kept::Without(entry) => submission.without(file.kind, entry),
        }
    }
    submission.miss(files.iter().any(|file| file.kind == Kind::Pdf));
    Ok(handed_over(submission, kept))
}

/// Says of each thing that is missing or wrong what it is, without names of files, which may be those of persons.
fn handed_over(submission: Submission, attachments: Vec<String>) -> Fetched {
    for entry in &submission.errors {
        log::warn(format!("Indsendelsen {} er ikke hel: {}", submission.id, entry.code));
    }
    let item = Item { attachments, ..Item::new(submission.id.clone(), submission) };
    Fetched::Submission(Box::new(item))
}

/// Whether nobody has taken it since it was listed. A service that does not say lists what waits.
fn still_waits(interact: &Interact<'_>, description: &Value) -> bool {
    let status = member::text(description, &interact.settings.names.status);
    status.is_none_or(|status| status.eq_ignore_ascii_case(&interact.settings.statuses.delivered))
}

/// The files, the form's own first.
fn described_files(interact: &Interact<'_>, description: &Value, submission: &mut Submission) -> Vec<Described> {
    let names = &interact.settings.names;
    let entries = member::list(description, &names.files).unwrap_or_default();
    let mut files: Vec<_> = entries.iter().filter_map(|entry| described(interact, entry)).collect();
    if files.len() < entries.len() {
        submission.note(Entry::new("file-not-named", "Interact nævner en fil uden at sige, hvor den er."));
    }
    files.sort_by_key(|file| file.kind);
    for file in files.iter().skip(MAX_FILES) {
        submission.note(Entry::of_file("too-many-files", format!("Der hentes højst {MAX_FILES} filer."), &file.name));
    }
    files.truncate(MAX_FILES);
    files
}

fn described(interact: &Interact<'_>, entry: &Value) -> Option<Described> {
    let names = &interact.settings.names;
    let id = member::text(entry, &names.file_id)?;
    let kind = member::text(entry, &names.file_kind).unwrap_or_default();
    let (kind, usual_name, usual_type) = match kind.to_ascii_lowercase().as_str() {
        "pdf" => (Kind::Pdf, "formular.pdf".to_owned(), Some("application/pdf")),
        "xml" => (Kind::Xml, "formular.xml".to_owned(), Some("application/xml")),
        _ => (Kind::Attachment, format!("bilag-{id}"), None),
    };
    Some(Described {
        kind,
        name: member::text(entry, &names.file_name).unwrap_or(usual_name),
        media_type: member::text(entry, &names.file_media_type).or(usual_type.map(str::to_owned)),
        size_bytes: member::any(entry, &names.file_size).and_then(Value::as_u64),
        id,
    })
}

fn keep(interact: &Interact<'_>, id: &str, file: &Described) -> Result<Kept, Failure> {
    let limit_bytes = interact.settings.max_attachment_bytes;
    if file.size_bytes.is_some_and(|size_bytes| size_bytes > limit_bytes) {
        return Ok(Kept::Without(too_large(&file.name)));
    }
    let attachment = match interact.file(id, &file.id, &file.name, file.media_type.as_deref())? {
        Asked::Kept(attachment) => attachments::get(&attachment).map_err(problem::not_readable)?,
        Asked::Refused(status) => {
            let message = format!("Filen findes ikke i Interact (svar {status}).");
            return Ok(Kept::Without(Entry::of_file("attachment-missing", message, &file.name)));
        }
        Asked::TooLarge => return Ok(Kept::NoRoom),
    };
    if attachment.size_bytes > limit_bytes {
        return Ok(Kept::Without(too_large(&file.name)));
    }
    Ok(Kept::File(attachment))
}

fn too_large(name: &str) -> Entry {
    Entry::of_file("attachment-too-large", "Filen er større, end forbindelsen henter.", name)
}

/// Puts a kept file where it belongs. The second PDF and the second XML are attachments like any other.
fn take(
    interact: &Interact<'_>,
    submission: &mut Submission,
    kind: Kind,
    attachment: Attachment,
) -> Result<(), Failure> {
    let Attachment { id, name, media_type, size_bytes, .. } = attachment;
    match kind {
        Kind::Pdf if submission.pdf.is_none() => submission.pdf = Some(id),
        Kind::Xml if submission.xml.is_none() => {
            submission.read(interact, &id, size_bytes)?;
            submission.xml = Some(id);
        }
        _ => submission.attachments.push(File { attachment: id, name, media_type, size_bytes }),
    }
    Ok(())
}

impl Submission {
    /// A file that will not come.
    fn without(&mut self, kind: Kind, entry: Entry) {
        if kind == Kind::Xml && self.xml.is_none() { self.cannot_be_mapped(entry) } else { self.note(entry) }
    }

    /// A form without its own two files. Of a PDF that was described it has been noted why it did not come.
    fn miss(&mut self, has_pdf: bool) {
        if self.xml.is_none() && self.unmappable.is_none() {
            self.cannot_be_mapped(Entry::new("xml-missing", "Indsendelsen har ingen XML."));
        }
        if !has_pdf {
            self.note(Entry::new("pdf-missing", "Indsendelsen har ingen PDF."));
        }
    }

    /// WorkZone makes a case of each group; a flow makes one, and must not leave out the others unseen.
    fn count_cases(&mut self, count: usize, several: SeveralCases) {
        if count < 2 {
            return;
        }
        let message = format!("Formularen er til {count} sager (grupper `Files`). Opret de øvrige sager selv.");
        let entry = Entry::new("several-cases", message);
        match several {
            SeveralCases::ErrorCase => self.cannot_be_mapped(entry),
            SeveralCases::Flow => self.note(entry),
        }
    }

    /// Reads the form's data out of the attachment in which they are kept.
    fn read(&mut self, interact: &Interact<'_>, id: &str, size_bytes: u64) -> Result<(), Failure> {
        if size_bytes > form::MAX_XML_BYTES as u64 {
            self.cannot_be_mapped(Entry::new("xml-too-large", "Formularens XML er for stor."));
            return Ok(());
        }
        let mut bytes = Vec::new();
        loop {
            let piece = attachments::read(id, bytes.len() as u64, PIECE_BYTES).map_err(problem::not_readable)?;
            if piece.is_empty() {
                break;
            }
            bytes.extend(piece);
        }
        match form::read(&bytes).and_then(|root| Ok((form::fields(&root)?, root))) {
            Ok((fields, root)) => {
                let (contacts, entries) = contacts::of_form(&root, &interact.settings.contact_types);
                (self.fields, self.contacts) = (fields, contacts);
                entries.into_iter().for_each(|entry| self.note(entry));
                self.count_cases(form::cases(&root), interact.settings.several_cases);
            }
            Err(entry) => self.cannot_be_mapped(entry),
        }
        Ok(())
    }
}
