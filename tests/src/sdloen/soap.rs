//! Envelopes: what is read from a request, an answer, and a fault in place of one.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};

/// A fault in place of an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoapFault {
    /// Only for this claim, as the ledger names it; for the next one when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// `Client` or `Server`.
    pub code: String,
    /// In SD's words.
    pub reason: String,
    /// Whether the claim is registered all the same.
    #[serde(default)]
    pub commits: bool,
    /// The status that it comes with.
    #[serde(default = "ok")]
    pub status: u16,
}

fn ok() -> u16 {
    200
}

impl SoapFault {
    /// What the caller has done wrong, with 200 as SD does it.
    pub(super) fn of_caller(reason: &str) -> Self {
        Self { key: None, code: "Client".into(), reason: reason.into(), commits: false, status: ok() }
    }

    pub(super) fn written(&self) -> Response<Body> {
        let (code, reason) = (escaped(&self.code), escaped(&self.reason));
        let fault = format!("<S:Fault><faultcode>S:{code}</faultcode><faultstring>{reason}</faultstring></S:Fault>");
        let mut response = xml(enveloped(&fault));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}

/// An envelope around a body.
pub(super) fn enveloped(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <S:Body>{body}</S:Body></S:Envelope>"
    )
}

/// 200 with XML.
pub(super) fn xml(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml; charset=utf-8"));
    response
}

/// The elements within another one that hold text and nothing else, in order. Enough for flat structures.
pub(super) fn leaves(text: &str, within: &str) -> Option<Vec<(String, String)>> {
    let (_, inner) = text.split_once(&format!("<{within}>"))?;
    let (mut rest, _) = inner.split_once(&format!("</{within}>"))?;
    let mut leaves = Vec::new();
    while let Some(begun) = rest.strip_prefix('<') {
        let (name, behind) = begun.split_once('>')?;
        let Some(name) = name.strip_suffix('/') else {
            let (value, behind) = behind.split_once(&format!("</{name}>"))?;
            leaves.push((name.to_owned(), unescaped(value)));
            rest = behind;
            continue;
        };
        leaves.push((name.to_owned(), String::new()));
        rest = behind;
    }
    rest.is_empty().then_some(leaves)
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescaped(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    plain.replace("&amp;", "&")
}
