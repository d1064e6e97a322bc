//! A body looked through chunk by chunk, also across their borders.

use bytes::{Bytes, BytesMut};

use super::{REDACTED, Scrubber, replace};

/// What becomes of a body that holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    /// Text: the secret is replaced.
    No,
    /// Not text: nothing is altered, the body is refused.
    Yes,
}

/// One body's scan. Holds back only bytes in which a secret may have begun.
#[derive(Debug)]
pub(crate) struct Scan {
    scrubber: Scrubber,
    binary: Binary,
    held: BytesMut,
}

/// A binary body holds a known secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SecretInBinary;

impl Scan {
    pub(crate) fn new(scrubber: &Scrubber, binary: Binary) -> Self {
        Self { scrubber: scrubber.clone(), binary, held: BytesMut::new() }
    }

    pub(crate) fn scrubber(&self) -> &Scrubber {
        &self.scrubber
    }

    /// What may be handed on after this chunk; perhaps nothing yet.
    pub(crate) fn next(&mut self, chunk: Bytes) -> Result<Bytes, SecretInBinary> {
        self.pass(chunk, false)
    }

    /// What was held back, at the end of the body.
    pub(crate) fn end(&mut self) -> Result<Bytes, SecretInBinary> {
        self.pass(Bytes::new(), true)
    }

    fn pass(&mut self, chunk: Bytes, at_end: bool) -> Result<Bytes, SecretInBinary> {
        let Some(patterns) = self.scrubber.patterns.as_deref() else {
            return Ok(chunk);
        };
        let text = if self.held.is_empty() {
            chunk
        } else {
            self.held.extend_from_slice(&chunk);
            self.held.split().freeze()
        };
        let found = patterns.find(&text, at_end);
        self.held.extend_from_slice(&text[found.open..]);
        if found.secrets.is_empty() {
            return Ok(text.slice(..found.open));
        }
        if self.binary == Binary::Yes {
            return Err(SecretInBinary);
        }
        let mut clean = Vec::with_capacity(text.len() + REDACTED.len() * found.secrets.len());
        replace(&text[..found.open], &found.secrets, &mut clean);
        Ok(clean.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn scrubber(secrets: &[&str]) -> Scrubber {
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::from(*secret)).collect();
        Scrubber::new(&secrets)
    }

    fn passed(scrubber: &Scrubber, binary: Binary, chunks: &[&[u8]]) -> Result<Vec<u8>, SecretInBinary> {
        let mut scan = Scan::new(scrubber, binary);
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&scan.next(Bytes::copy_from_slice(chunk))?);
        }
        out.extend_from_slice(&scan.end()?);
        Ok(out)
    }

    /// Whatever the chunks, the result is that of the whole.
    #[track_caller]
    fn check(secrets: &[&str], text: &str) {
        let scrubber = scrubber(secrets);
        let whole = scrubber.scrub_text(text).into_owned();
        for size in 1..=text.len() {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let out = passed(&scrubber, Binary::No, &chunks).expect("text is altered, not refused");
            assert_eq!(String::from_utf8_lossy(&out), whole, "chunks of {size}");
        }
    }

    #[test]
    fn a_secret_across_borders_is_replaced() {
        check(&["hunter22"], "before hunter22 after hunter2 hunthunter22");
        check(&["aaaaaaab"], "aaaaaaaaaaaaaaab aaaaaaa");
        check(
            &["secret-a", "secret-a-longer", "a-longer-still"],
            "secret-a secret-a-longe secret-a-longer-still secret-",
        );
        check(
            &["Xabcdef-YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY", "abcdef"],
            "Xabcdef-YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY Xabcdef-YYY",
        );
    }

    #[test]
    fn a_long_secret_across_borders_is_replaced() {
        let token: String = (0..400).map(|number| format!("{number:x}.")).collect();
        check(&[&token], &format!("x {token} y {} z", &token[..300]));
    }

    #[test]
    fn a_chunk_without_a_hint_of_a_secret_is_not_copied() {
        let chunk = Bytes::from_static(b"nothing to see!");
        let out = Scan::new(&scrubber(&["hunter22"]), Binary::No).next(chunk.clone()).expect("text");
        assert_eq!(out.as_ptr(), chunk.as_ptr());
        assert_eq!(out, chunk);
    }

    #[test]
    fn a_binary_body_with_a_secret_is_refused() {
        let scrubber = scrubber(&["hunter22"]);
        assert_eq!(passed(&scrubber, Binary::Yes, &[b"\x89PNG hun", b"ter22"]), Err(SecretInBinary));
        assert_eq!(passed(&scrubber, Binary::Yes, &[b"\x89PNG hun", b"ter2"]).expect("no secret"), b"\x89PNG hunter2");
    }

    #[test]
    fn without_secrets_everything_passes() {
        assert_eq!(
            passed(&Scrubber::default(), Binary::Yes, &[b"hunter22", b"\0"]).expect("nothing known"),
            b"hunter22\0"
        );
    }
}
