//! What a submission consists of: the form as PDF, its data as XML, and what was attached. Also the shapes in which it
//! comes out wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A form that somebody submits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Names it for good.
    pub id: String,
    /// The form.
    #[serde(default = "usual_form")]
    pub form_id: String,
    /// When it came in.
    #[serde(default = "usual_time")]
    pub received_at: String,
    /// What the case will be called.
    #[serde(default = "usual_title")]
    pub title: String,
    /// What the form maps to the group `Files` beside title, number, group and category.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The number of a case that is there, for a form that updates one.
    #[serde(default)]
    pub case_no: Option<String>,
    /// The CPR number of whoever submits it.
    #[serde(default = "usual_cpr")]
    pub cpr: String,
    /// How it comes out.
    #[serde(default)]
    pub shape: Shape,
    /// Bytes of what is attached, one file each.
    #[serde(default)]
    pub attachments: Vec<usize>,
}

/// How a submission comes out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// As it should.
    #[default]
    Whole,
    /// Its XML ends in the middle.
    MalformedXml,
    /// Its XML has entities that grow without end.
    EntityBomb,
    /// Its XML asks for a file of whoever reads it.
    ExternalEntity,
    /// Its XML is described and not there.
    MissingXml,
    /// Its last attachment is described and not there.
    MissingAttachment,
    /// Its title is one that no case can have: WorkZone refuses it.
    Unmappable,
}

fn usual_form() -> String {
    "800636".into()
}

fn usual_time() -> String {
    "2026-01-15T08:00:00Z".into()
}

fn usual_title() -> String {
    "Ansøgning om plads på Ærø Havn".into()
}

fn usual_cpr() -> String {
    "251248-4916".into()
}

impl Submission {
    /// A whole one without attachments.
    pub fn new(id: &str) -> Submission {
        Submission {
            id: id.into(),
            form_id: usual_form(),
            received_at: usual_time(),
            title: usual_title(),
            files: BTreeMap::new(),
            case_no: None,
            cpr: usual_cpr(),
            shape: Shape::Whole,
            attachments: Vec::new(),
        }
    }

    /// As it is listed, and described.
    pub(super) fn described(&self, status: &str) -> Value {
        let file = |id: &str, name: &str, kind: &str, media_type: &str, size: usize| json!({ "id": id, "name": name, "kind": kind, "mediaType": media_type, "sizeBytes": size });
        let mut files = vec![
            file("pdf", "formular.pdf", "pdf", "application/pdf", self.pdf().len()),
            file("xml", "formular.xml", "xml", "application/xml", self.xml().len()),
        ];
        for (index, size) in self.attachments.iter().enumerate() {
            files.push(file(&index.to_string(), &format!("bilag-æ{index}.txt"), "attachment", "text/plain", *size));
        }
        json!({ "id": self.id, "formId": self.form_id, "receivedAt": self.received_at, "status": status, "files": files })
    }

    /// The bytes of a file; `None` when it is not there.
    pub(super) fn file(&self, id: &str) -> Option<Vec<u8>> {
        match id {
            "pdf" => Some(self.pdf()),
            "xml" => (self.shape != Shape::MissingXml).then(|| self.xml()),
            number => {
                let index: usize = number.parse().ok()?;
                let is_gone = self.shape == Shape::MissingAttachment && index + 1 == self.attachments.len();
                self.attachments.get(index).filter(|_| !is_gone).map(|size| vec![b'a'; *size])
            }
        }
    }

    fn pdf(&self) -> Vec<u8> {
        format!("%PDF-1.7\n% {}\n%%EOF\n", self.id).into_bytes()
    }

    /// The mapping groups of WorkZone Interact.
    fn xml(&self) -> Vec<u8> {
        let title = match self.shape {
            Shape::Unmappable => "",
            _ => self.title.as_str(),
        };
        let title = title.replace('&', "&amp;").replace('<', "&lt;");
        let case_no = self.case_no.as_ref().map(|case_no| format!("<FileNo>{case_no}</FileNo>")).unwrap_or_default();
        let files: String = self.files.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        let body = format!(
            "<Files>{case_no}{files}<Title>{title}</Title><FileClass_Value>27.36.04</FileClass_Value><FileType_Value>EMNSAG</FileType_Value></Files>\
             <RecordTemplate><Title>{title}</Title></RecordTemplate>\
             <Contacts><NameType_Value>P</NameType_Value><NameCode>{}</NameCode><Name1>Åse Ærø</Name1>\
             <CustomLabel_Value>Ansøger</CustomLabel_Value><AddressMains><Address1>Nygade 3</Address1>\
             <Postcode>5970</Postcode></AddressMains></Contacts>",
            self.cpr
        );
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        match self.shape {
            Shape::MalformedXml => format!("{declaration}<Dialog>{body}").into_bytes(),
            Shape::EntityBomb => format!("{declaration}{}<Dialog>&h;{body}</Dialog>", bomb()).into_bytes(),
            Shape::ExternalEntity => {
                let doctype = "<!DOCTYPE Dialog [<!ENTITY h SYSTEM \"file:///etc/passwd\">]>";
                format!("{declaration}{doctype}<Dialog>&h;{body}</Dialog>").into_bytes()
            }
            _ => format!("{declaration}<Dialog>{body}</Dialog>").into_bytes(),
        }
    }
}

/// Entities that are ten of the one before, eight times.
fn bomb() -> String {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let grown =
        names.windows(2).map(|pair| format!("<!ENTITY {} \"{}\">", pair[1], format!("&{};", pair[0]).repeat(10)));
    format!("<!DOCTYPE Dialog [<!ENTITY a \"{}\">{}]>", "ha".repeat(10), grown.collect::<String>())
}
