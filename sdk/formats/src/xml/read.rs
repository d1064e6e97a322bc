//! Bytes become a tree, when they are XML that asks for nothing: no document type, no entity but the five of XML
//! itself, not deeper and not larger than a target's answer needs to be.

use std::{borrow::Cow, fmt};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};

use super::Element;
use crate::Charset;

/// Deeper than any target's answer. Bounds the recursion of those who walk the tree.
const MAX_DEPTH: usize = 64;

/// Elements and attributes of a tree; each takes far more memory than its text.
const MAX_NODES: usize = 100_000;

/// Attributes of one element, namespaces among them: each is compared with those before it.
const MAX_ATTRIBUTES: usize = 256;

/// Why bytes are not read as XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there, without repeating it.
    pub reason: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for Malformed {}

impl Element {
    /// Reads a document of at most `max_bytes`, in UTF-8 or in the encoding that it names.
    ///
    /// # Errors
    /// The line and what is wrong there: malformed, a document type, an entity, too deep, too large.
    pub fn parse(bytes: &[u8], max_bytes: usize) -> Result<Self, Malformed> {
        if bytes.len() > max_bytes {
            return Err(Malformed { line: 1, reason: format!("longer than {max_bytes} bytes") });
        }
        let text = text(bytes).map_err(|reason| Malformed { line: 1, reason: reason.into() })?;
        let mut reader = Reader::from_str(&text);
        reader.config_mut().expand_empty_elements = true;
        let mut tree = Tree::default();
        loop {
            let event = reader.read_event().map_err(|error| (reader.error_position(), error.to_string()));
            let event = event.and_then(|event| tree.take(event).map_err(|reason| (reader.buffer_position(), reason)));
            match event {
                Ok(true) => {}
                Ok(false) => break,
                Err((position, reason)) => return Err(Malformed { line: line(&text, position), reason }),
            }
        }
        tree.root.ok_or_else(|| Malformed { line: line(&text, text.len() as u64), reason: "no element".into() })
    }
}

/// What was read, and what is still open.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    nodes: usize,
}

impl Tree {
    /// Takes an event, and says whether there is more to come.
    fn take(&mut self, event: Event<'_>) -> Result<bool, String> {
        match event {
            Event::Start(start) => self.begin(&start)?,
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content())?,
            Event::CData(data) => self.text(&data.xml10_content())?,
            Event::GeneralRef(reference) => self.text(&resolve(&reference)?)?,
            Event::DocType(_) => return Err("a document type is not read".into()),
            Event::Empty(_) => return Err("an empty element that was not expanded".into()),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof if self.open.is_empty() => return Ok(false),
            Event::Eof => return Err("it ends before its elements do".into()),
        }
        Ok(true)
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.root.is_some() {
            return Err("a second element beside the first".into());
        }
        if self.open.len() == MAX_DEPTH {
            return Err(format!("deeper than {MAX_DEPTH} elements"));
        }
        self.count()?;
        let mut element = Element::new(start.local_name().into_inner());
        for (index, attribute) in start.attributes().enumerate() {
            // Before it is kept, whether or not it will be.
            self.count()?;
            if index == MAX_ATTRIBUTES {
                return Err(format!("more than {MAX_ATTRIBUTES} attributes of one element"));
            }
            let attribute = attribute.map_err(|_| "an attribute that is none, or stands twice")?;
            let name = attribute.key.into_inner();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let value = value.map_err(|_| "an attribute with an entity that XML does not have")?.into_owned();
            element.attributes.push((attribute.key.local_name().into_inner().to_owned(), value));
        }
        self.open.push(element);
        Ok(())
    }

    fn count(&mut self) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("more than {MAX_NODES} elements and attributes"));
        }
        Ok(())
    }

    /// The reader has seen to it that an element is open and has this name.
    fn end(&mut self) {
        let Some(mut element) = self.open.pop() else { return };
        element.text = element.text.trim().to_owned();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("text outside the element".into()),
        }
        Ok(())
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| "a character reference that is none")? {
        return Ok(Cow::Owned(character.to_string()));
    }
    let text = quick_xml::escape::resolve_predefined_entity(reference);
    text.map(Cow::Borrowed).ok_or_else(|| "an entity that XML does not have".into())
}

/// The document as text. XML says in its first line which encoding it has, in ASCII.
fn text(bytes: &[u8]) -> Result<Cow<'_, str>, &'static str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match declared(bytes) {
        Some(charset) => charset.decode(bytes).map(Cow::Owned),
        None => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
    }
    .ok_or("it is not in the encoding that it says, or in UTF-8 when it says none")
}

/// The single-byte encoding that the declaration names.
fn declared(bytes: &[u8]) -> Option<Charset> {
    let end = bytes.windows(2).take(200).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(&bytes[..end]).ok()?.to_ascii_lowercase();
    let (_, after) = declaration.strip_prefix("<?xml")?.split_once("encoding")?;
    let name = after.trim_start_matches([' ', '=', '"', '\'']).split(['"', '\'']).next()?;
    match name {
        "iso-8859-1" | "latin1" => Some(Charset::Iso88591),
        "windows-1252" => Some(Charset::Windows1252),
        _ => None,
    }
}

fn line(text: &str, position: u64) -> usize {
    let end = usize::try_from(position).unwrap_or(usize::MAX).min(text.len());
    text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Element, Malformed> {
        Element::parse(text.as_bytes(), 1 << 20)
    }

    #[track_caller]
    fn refused(text: &str, line: usize, reason: &str) {
        let malformed = read(text).expect_err("refused");
        assert!(malformed.reason.contains(reason) && malformed.line == line, "{malformed}");
    }

    #[test]
    fn a_soap_answer_is_read_by_its_local_names() {
        let answer = read(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"urn:soap\"><s:Body>\n\
             <sd:Svar xmlns:sd=\"urn:oio:sd\" sd:type=\"a&amp;b\"><sd:By>Ærøskøbing &amp; Omegn</sd:By><sd:Tom/></sd:Svar>\
             </s:Body></s:Envelope>",
        )
        .expect("read");
        assert_eq!(answer.text_at("Body/Svar/By"), Some("Ærøskøbing & Omegn"));
        assert_eq!(answer.text_at("Body/Svar/Tom"), Some(""));
        assert_eq!(answer.text_at("Body/Fault"), None);
        let svar = answer.find("Svar").expect("there");
        assert_eq!(svar.attributes, [("type".to_owned(), "a&b".to_owned())]);
        assert_eq!(svar.attribute_value("type"), Some("a&b"));
    }

    #[test]
    fn text_is_put_together_from_its_pieces() {
        let element = read("<a> x<![CDATA[<&>]]>&#230;&#xF8;<!-- no -->y <b>z</b> </a>").expect("read");
        assert_eq!((element.text.as_str(), element.text_at("b")), ("x<&>æøy", Some("z")));
    }

    #[test]
    fn entities_and_document_types_are_refused() {
        let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE l [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n<l>&b;</l>";
        refused(bomb, 2, "document type");
        refused("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", 1, "document type");
        refused("<a>&b;</a>", 1, "entity");
        refused("<a b=\"&c;\"/>", 1, "entity");
        refused("<a>&#0;</a>", 1, "character reference");
    }

    #[test]
    fn what_is_malformed_has_a_line() {
        refused("<a>\n<b>\n</a>", 3, "");
        refused("<a>\n<b>", 2, "ends");
        refused("<a/>\n<b/>", 2, "second");
        refused("<a/>\nx", 2, "outside");
        refused("", 1, "no element");
        refused("x", 1, "outside");
        refused("<a b=1/>", 1, "attribute");
        refused("<a b='1' b='2'/>", 1, "attribute");
        refused("<a", 1, "");
        refused("{\"a\":1}", 1, "outside");
    }

    #[test]
    fn depth_and_size_are_bounded() {
        refused(&"<a>".repeat(100), 1, "deeper");
        let deep = "<a>".repeat(MAX_DEPTH) + &"</a>".repeat(MAX_DEPTH);
        assert!(read(&deep).is_ok());
        refused(&format!("<a>{}</a>", "<b/>".repeat(MAX_NODES)), 1, "more than");
        assert!(Element::parse(b"<a>1234</a>", 8).is_err());
    }

    /// An element with so many attributes that begin like this.
    fn with_attributes(count: usize, prefix: &str) -> String {
        let attributes: String = (0..count).map(|number| format!(" {prefix}{number}=''")).collect();
        format!("<a{attributes}/>")
    }

    #[test]
    fn attributes_are_bounded_while_they_are_read() {
        for prefix in ["b", "xmlns:b"] {
            assert!(read(&with_attributes(MAX_ATTRIBUTES, prefix)).is_ok());
            refused(&with_attributes(MAX_ATTRIBUTES + 1, prefix), 1, "attributes of one element");
            let many = with_attributes(200, prefix).repeat(MAX_NODES / 200);
            let malformed = Element::parse(format!("<r>{many}</r>").as_bytes(), 16 << 20).expect_err("refused");
            assert_eq!(malformed.reason, format!("more than {MAX_NODES} elements and attributes"));
        }
        let text = with_attributes(60_000, "b").replace("/>", ">");
        let mut tree = Tree::default();
        let Ok(Event::Start(start)) = Reader::from_str(&text).read_event() else { panic!("a start") };
        tree.begin(&start).expect_err("refused");
        assert_eq!(tree.nodes, MAX_ATTRIBUTES + 2, "it was read on");
    }

    #[test]
    fn the_declared_encoding_is_believed() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe6\xf8\xe5</a>";
        assert_eq!(Element::parse(latin, 100).expect("read").text, "æøå");
        assert!(Element::parse(b"<a>\xe6\xf8\xe5</a>", 100).is_err());
        assert_eq!(Element::parse("\u{feff}<a>å</a>".as_bytes(), 100).expect("read").text, "å");
    }
}
