//! Bodies of several parts (RFC 2046). The host chooses the boundary and streams attachments.

use crate::bindings::connector::sluse::connector::http as wire;

/// A body of several parts.
#[derive(Debug, Clone)]
pub struct Multipart(pub(super) wire::Multipart);

impl Multipart {
    /// `multipart/form-data`, as browsers send it.
    #[must_use]
    pub fn form_data() -> Self {
        Self::of("form-data")
    }

    /// `multipart/mixed`, as `$batch` wants it.
    #[must_use]
    pub fn mixed() -> Self {
        Self::of("mixed")
    }

    /// `multipart/related`: the first part describes the others.
    #[must_use]
    pub fn related() -> Self {
        Self::of("related")
    }

    fn of(subtype: &str) -> Self {
        Self(wire::Multipart { subtype: subtype.to_owned(), parts: Vec::new() })
    }

    /// Adds a part.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.0.parts.push(part.0);
        self
    }
}

/// One part of a [`Multipart`].
#[derive(Debug, Clone)]
pub struct Part(wire::Part);

impl Part {
    /// Bytes in hand.
    #[must_use]
    pub fn bytes(media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self(wire::Part { headers: Vec::new(), content: wire::Content::Bytes(bytes.into()) })
            .header("Content-Type", media_type)
    }

    /// An attachment by its id; the host streams it.
    #[must_use]
    pub fn attachment(media_type: &str, id: &str) -> Self {
        Self(wire::Part { headers: Vec::new(), content: wire::Content::Attachment(id.to_owned()) })
            .header("Content-Type", media_type)
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push(wire::Header { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// Names the form field that this part is.
    #[must_use]
    pub fn field(self, name: &str) -> Self {
        self.header("Content-Disposition", &format!("form-data; name=\"{}\"", quoted(name)))
    }

    /// Names the form field that this part is, and the file in it.
    #[must_use]
    pub fn file(self, name: &str, file_name: &str) -> Self {
        let disposition = format!("form-data; name=\"{}\"; filename=\"{}\"", quoted(name), quoted(file_name));
        self.header("Content-Disposition", &disposition)
    }
}

/// What HTML's form submission does with the characters that would end the quotes or the line.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
