//! A submission with files as a form (`multipart/form-data`), streamed from disk with each file's SHA-256.

use std::{
    path::{Path, PathBuf},
    pin::Pin,
};

use anyhow::{Context, anyhow};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::{Body, RequestBuilder};
use sluse_model::Digester;
use tokio::{fs::File, io::AsyncReadExt};
use tokio_util::io::ReaderStream;

/// Pieces in which files are read.
const PIECE_BYTES: usize = 64 << 10;

/// A form that is about to be sent.
pub(crate) struct Form {
    boundary: String,
    size_bytes: u64,
    pieces: Vec<Piece>,
}

enum Piece {
    Text(String),
    File(PathBuf),
}

type Chunks = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

impl Form {
    /// A form with the submission as its first part.
    pub(crate) fn new(submission: &str) -> Self {
        // Derived from what is sent, so that what is sent cannot hold it but by design.
        let mut digester = Digester::default();
        digester.update(submission.as_bytes());
        let boundary = format!("sluse-{}", digester.finish());
        let mut form = Self { boundary, size_bytes: 0, pieces: Vec::new() };
        let head = "Content-Disposition: form-data; name=\"submission\"\r\nContent-Type: application/json";
        form.text(format!("--{}\r\n{head}\r\n\r\n{submission}\r\n", form.boundary));
        form
    }

    /// Adds a file under its own name.
    pub(crate) async fn add_file(&mut self, file: &Path) -> anyhow::Result<()> {
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| anyhow!("`{}` has no name that could be sent", file.display()))?;
        let (size_bytes, digest) =
            digest(file).await.with_context(|| format!("`{}` cannot be read", file.display()))?;
        let name = name.replace('"', "%22").replace(['\r', '\n'], " ");
        let media_type = media_type(file);
        self.text(format!(
            "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {media_type}\r\nContent-Digest: sha-256=:{digest}:\r\n\r\n",
            self.boundary
        ));
        self.pieces.push(Piece::File(file.to_owned()));
        self.size_bytes += size_bytes;
        self.text("\r\n".into());
        Ok(())
    }

    /// Makes it the body of a request.
    pub(crate) fn attach_to(mut self, request: RequestBuilder) -> RequestBuilder {
        self.text(format!("--{}--\r\n", self.boundary));
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        let size_bytes = self.size_bytes;
        let chunks = stream::iter(self.pieces).then(chunks).flatten();
        request
            .header("Content-Type", content_type)
            .header("Content-Length", size_bytes)
            .body(Body::wrap_stream(chunks))
    }

    fn text(&mut self, text: String) {
        self.size_bytes += text.len() as u64;
        self.pieces.push(Piece::Text(text));
    }
}

async fn chunks(piece: Piece) -> Chunks {
    match piece {
        Piece::Text(text) => Box::pin(stream::once(async { Ok(Bytes::from(text)) })),
        Piece::File(file) => match File::open(&file).await {
            Ok(file) => Box::pin(ReaderStream::with_capacity(file, PIECE_BYTES)),
            Err(error) => Box::pin(stream::once(async { Err(error) })),
        },
    }
}

async fn digest(file: &Path) -> std::io::Result<(u64, String)> {
    let mut reader = File::open(file).await?;
    let mut digester = Digester::default();
    let mut size_bytes = 0;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = reader.read(&mut piece).await?;
        if read == 0 {
            return Ok((size_bytes, BASE64_STANDARD.encode(digester.finish().as_bytes())));
        }
        digester.update(&piece[..read]);
        size_bytes += read as u64;
    }
}

/// The media types of what people attach to forms; anything else is bytes.
fn media_type(file: &Path) -> &'static str {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or("").to_ascii_lowercase();
    match extension.as_str() {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "txt" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "json" => "application/json",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}
