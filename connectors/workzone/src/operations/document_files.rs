//! Which files become documents, and which of them is the main one. Their bytes stay with the host.

use schemars::JsonSchema;
use serde::Deserialize;
use sluse_sdk::{
    Failure,
    attachments::{self, Attachment, AttachmentError},
};

use crate::{
    fields::given,
    problem::{self, bad_input},
};

const MAX_DOCUMENTS: usize = 200;

/// The files, as a flow maps them: `"all"`, or `"{{ attachments }}"`, or a list of ids.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Documents {
    /// All attachments of the run.
    All(All),
    /// These, in this order.
    These(Vec<Document>),
}

/// `all`
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) enum All {
    #[serde(rename = "all")]
    All,
}

/// One file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Document {
    /// The id of an attachment.
    Id(String),
    /// An attachment, with what its document shall be.
    File(Box<File>),
}

/// An attachment, with what its document shall be. Members that the host knows better are ignored.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct File {
    /// The id of the attachment.
    id: Option<String>,
    /// Another word for `id`.
    content_ref: Option<String>,
    /// The file name, and the title unless there is one.
    name: Option<String>,
    /// The media type; the attachment's own unless given.
    media_type: Option<String>,
    /// The document's title.
    pub(crate) title: Option<String>,
    /// `RecordType_Value`; that of the call unless given.
    pub(crate) record_type: Option<String>,
    /// `State_Value`; that of the call unless given.
    pub(crate) state: Option<String>,
    /// Access code; that of the call unless given.
    pub(crate) access_code: Option<String>,
}

/// A file that is there, with what its document shall be.
pub(crate) struct Chosen {
    pub(crate) attachment: Attachment,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) wishes: File,
}

/// The files that the input means. All of them must be there and not too large.
pub(crate) fn choose(documents: Option<Documents>, max_bytes: u64) -> Result<Vec<Chosen>, Failure> {
    let chosen: Vec<Chosen> = match documents {
        None | Some(Documents::All(All::All)) => {
            let files = attachments::all().map_err(problem::no_files)?;
            files.into_iter().map(|found| chosen(found, File::default())).collect()
        }
        Some(Documents::These(documents)) => documents.into_iter().enumerate().map(find).collect::<Result<_, _>>()?,
    };
    if chosen.is_empty() || chosen.len() > MAX_DOCUMENTS {
        let message = format!("Der skal være mellem 1 og {MAX_DOCUMENTS} dokumenter, og der er {}.", chosen.len());
        return Err(bad_input("document-count", message, "the run has no such number of attachments"));
    }
    match chosen.iter().position(|chosen| chosen.attachment.size_bytes > max_bytes) {
        None => Ok(chosen),
        Some(index) => Err(bad_input(
            "document-too-large",
            format!("Dokument {} er for stort.", index + 1),
            format!(
                "{} bytes, and the setting `max_document_bytes` is {max_bytes}",
                chosen[index].attachment.size_bytes
            ),
        )),
    }
}

/// Gives a title to the files that have none of their own. No two get the same one: a document may be found by it.
pub(crate) fn entitle(files: &mut [Chosen], title: &str) {
    let is_one_of_several = files.len() > 1;
    for file in files.iter_mut().filter(|file| given(&file.wishes.title).is_none()) {
        let name = &file.name;
        file.wishes.title = Some(if is_one_of_several { format!("{title}: {name}") } else { title.to_owned() });
    }
}

fn find((index, document): (usize, Document)) -> Result<Chosen, Failure> {
    let wishes = match document {
        Document::Id(id) => File { id: Some(id), ..File::default() },
        Document::File(file) => *file,
    };
    let id = given(&wishes.id).or(given(&wishes.content_ref));
    match id.map_or(Err(AttachmentError::NotFound), attachments::get) {
        Ok(found) => Ok(chosen(found, wishes)),
        Err(AttachmentError::NotFound) => Err(bad_input(
            "attachment-not-found",
            format!("Dokument {} findes ikke blandt de vedhæftede filer.", index + 1),
            format!("`documents[{index}].id` must be the id of an attachment of this run"),
        )),
        Err(error) => Err(problem::no_files(error)),
    }
}

fn chosen(attachment: Attachment, wishes: File) -> Chosen {
    let name = given(&wishes.name).unwrap_or(&attachment.name).to_owned();
    let media_type = plain_media_type(given(&wishes.media_type).unwrap_or(&attachment.media_type)).to_owned();
    Chosen { attachment, name, media_type, wishes }
}

impl Chosen {
    pub(crate) fn title(&self) -> &str {
        given(&self.wishes.title).unwrap_or(&self.name)
    }

    /// The beginning of its digest: names it in an intent key.
    pub(crate) fn digest_mark(&self) -> &str {
        self.attachment.sha256.get(..12).unwrap_or(&self.attachment.sha256)
    }

    fn is_pdf(&self) -> bool {
        self.media_type.eq_ignore_ascii_case("application/pdf") || self.name.to_ascii_lowercase().ends_with(".pdf")
    }
}

/// A media type is a stranger's text and goes into a header.
fn plain_media_type(text: &str) -> &str {
    let text = text.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+/".contains(&byte);
    if text.matches('/').count() == 1 && text.len() <= 127 && text.bytes().all(plain) {
        text
    } else {
        "application/octet-stream"
    }
}

/// The main document: the one that is named, else the first PDF, else the first.
pub(crate) fn main_index(chosen: &[Chosen], named: Option<u32>) -> Result<usize, Failure> {
    match named {
        Some(named) => {
            let index = usize::try_from(named).unwrap_or(usize::MAX);
            if index < chosen.len() {
                return Ok(index);
            }
            let message = format!("Hoveddokumentet er nummer {named}, og der er {} dokumenter.", chosen.len());
            Err(bad_input("main-index", message, "`main_index` counts from 0"))
        }
        None => Ok(chosen.iter().position(Chosen::is_pdf).unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use sluse_sdk::testing;

    use super::*;

    fn file(name: &str, media_type: &str) -> Chosen {
        let attachment = Attachment {
            id: name.into(),
            name: name.into(),
            media_type: media_type.into(),
            size_bytes: 1,
            sha256: "0".repeat(64),
        };
        chosen(attachment, File::default())
    }

    #[test]
    fn a_host_that_cannot_tell_the_files_is_asked_again_later() {
        let host = testing::FakeHost::install(|_| testing::answer(500, "{}"));
        host.fail_attachments(AttachmentError::Unavailable("the database is busy".into()));
        for documents in [None, Some(Documents::These(vec![Document::Id("att-1".into())]))] {
            let failure = choose(documents, 1).err().expect("no files, no documents");
            assert!(matches!(failure, Failure::Unavailable(_)), "{failure:?}");
            assert_eq!(failure.problem().detail.as_deref(), Some("the database is busy"));
        }
    }

    #[test]
    fn the_main_document_is_the_first_pdf() {
        let files = [
            file("kort.png", "image/png"),
            file("ansøgning.PDF", "application/octet-stream"),
            file("b.pdf", "application/pdf"),
        ];
        assert_eq!(main_index(&files, None).expect("one"), 1);
        assert_eq!(main_index(&files, Some(2)).expect("one"), 2);
        assert_eq!(main_index(&files[..1], None).expect("one"), 0);
        assert_eq!(main_index(&files, Some(3)).expect_err("none").problem().code, "main-index");
    }

    #[test]
    fn a_title_is_for_those_that_have_none_and_is_never_that_of_two() {
        let titles = |mut files: Vec<Chosen>| {
            entitle(&mut files, "Ansøgning");
            files.iter().map(|file| file.title().to_owned()).collect::<Vec<_>>()
        };
        let own = File { title: Some("Kort".into()), ..File::default() };
        let entitled = chosen(file("c.png", "image/png").attachment, own);
        assert_eq!(titles(vec![file("a.pdf", "application/pdf")]), ["Ansøgning"]);
        let several = vec![file("a.pdf", "application/pdf"), file("b.txt", "text/plain"), entitled];
        assert_eq!(titles(several), ["Ansøgning: a.pdf", "Ansøgning: b.txt", "Kort"]);
    }

    #[test]
    fn a_media_type_that_is_none_is_bytes() {
        for text in ["", "pdf", "text/plain; charset=æ", "a/b/c", "text/plain\r\nX: 1"] {
            assert_eq!(plain_media_type(text), "application/octet-stream", "{text:?}");
        }
        assert_eq!(plain_media_type(" application/pdf "), "application/pdf");
    }

    #[test]
    fn documents_are_all_or_a_list() {
        let read = |json: &str| serde_json::from_str::<Documents>(json).expect("documents");
        assert!(matches!(read("\"all\""), Documents::All(All::All)));
        assert!(
            matches!(read("[\"att-1\"]"), Documents::These(list) if matches!(&list[0], Document::Id(id) if id == "att-1"))
        );
        let mapped = r#"[{"id":"att-1","name":"a.pdf","media_type":"application/pdf","size_bytes":4,"sha256":"00"}]"#;
        assert!(matches!(read(mapped), Documents::These(list) if matches!(&list[0], Document::File(_))));
        assert!(serde_json::from_str::<Documents>("\"none\"").is_err());
    }
}
