//! Refusals and the shapes in which WorkZone and IIS put them.
//! Each body but a 403's holds a server stack trace, and the trace holds something that looks like a secret.

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Stands in each stack trace. A host that lets it through to a log, a journal or an answer does not scrub.
pub const PLANTED_SECRET: &str = "Password=kV7-planted-9fQ2xZ";

/// A request that the service does not fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// `"{ErrorCode}.{SubCode};{TermId}"`.
    pub(super) code: String,
    /// For people, in Danish as the installation has it.
    pub(super) message: String,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    /// OData v4 JSON.
    V4,
    /// OData v3 JSON light.
    V3Light,
    /// OData v3 verbose JSON.
    V3Verbose,
    /// XML, as when the `Accept` header is lost.
    Xml,
    /// A page of IIS.
    Html,
    /// No body.
    Empty,
}

impl Refusal {
    /// A refusal with any status.
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Refusal {
        Refusal { status, code: code.to_owned(), message: message.into() }
    }

    /// 400: query or body not understood.
    pub(super) fn bad_request(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "20001.1;SOM_BAD_REQUEST", message)
    }

    /// 400: a mandatory property is missing or blank.
    pub(super) fn mandatory(set: &str, property: &str) -> Refusal {
        let message = format!("Feltet {property} på {set} skal udfyldes.");
        Refusal::new(StatusCode::BAD_REQUEST, "20003.1;SOM_MANDATORY", message)
    }

    /// 400: a text is too long.
    pub(super) fn too_long(property: &str, max_chars: usize) -> Refusal {
        let message = format!("Feltet {property} må højst være {max_chars} tegn.");
        Refusal::new(StatusCode::BAD_REQUEST, "20003.2;SOM_TOO_LONG", message)
    }

    /// 400: the set has no such property, or it cannot be written.
    pub(super) fn unknown_property(set: &str, property: &str) -> Refusal {
        let message = format!("Egenskaben '{property}' findes ikke eller kan ikke skrives på '{set}'.");
        Refusal::new(StatusCode::BAD_REQUEST, "20003.3;SOM_UNKNOWN_PROPERTY", message)
    }

    /// 400: the value does not fit the property.
    pub(super) fn bad_value(property: &str) -> Refusal {
        let message = format!("Værdien af '{property}' har ikke den rigtige type.");
        Refusal::new(StatusCode::BAD_REQUEST, "20003.4;SOM_BAD_VALUE", message)
    }

    /// 400: the Unique value is taken.
    pub(super) fn unique_violation(property: &str) -> Refusal {
        let message = format!("Værdien i det unikke felt {property} er allerede brugt.");
        Refusal::new(StatusCode::BAD_REQUEST, "20011.1;SOM_UNIQUE_VIOLATION", message)
    }

    /// 400: a reference names nothing.
    pub(super) fn unknown_reference(property: &str) -> Refusal {
        let message = format!("{property} peger på noget, der ikke findes.");
        Refusal::new(StatusCode::BAD_REQUEST, "20004.1;SOM_UNKNOWN_REFERENCE", message)
    }

    /// 400: something still points here.
    pub(super) fn still_referenced(set: &str) -> Refusal {
        let message = format!("Rækken bruges stadig fra {set}.");
        Refusal::new(StatusCode::BAD_REQUEST, "20004.7;SOM_STILL_REFERENCED", message)
    }

    /// 400: the case is closed.
    pub(super) fn case_closed() -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "20021.3;SOM_CASE_CLOSED", "Sagen er afsluttet og kan ikke ændres.")
    }

    /// 400: documents are not uploaded inside a batch.
    pub(super) fn media_in_batch() -> Refusal {
        let message = "Documents kan ikke indgå i et $batch-kald.";
        Refusal::new(StatusCode::BAD_REQUEST, "20050.2;SOM_MEDIA_IN_BATCH", message)
    }

    /// 403.
    pub(super) fn access_denied() -> Refusal {
        Refusal::new(StatusCode::FORBIDDEN, "20030.1;SOM_ACCESS_DENIED", "Adgang nægtet.")
    }

    /// 404.
    pub(super) fn not_found(what: &str) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "20002.1;SOM_NOT_FOUND", format!("{what} findes ikke."))
    }

    /// 405.
    pub(super) fn method_not_allowed() -> Refusal {
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "20001.5;SOM_METHOD", "Metoden er ikke tilladt her.")
    }

    /// 412.
    pub(super) fn etag_mismatch() -> Refusal {
        let message = "Rækken er ændret, siden den blev læst.";
        Refusal::new(StatusCode::PRECONDITION_FAILED, "20012.2;SOM_ETAG_MISMATCH", message)
    }

    /// 413.
    pub(super) fn too_large() -> Refusal {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "20050.1;SOM_TOO_LARGE", "Dokumentet er for stort.")
    }

    /// 501: OData has it, this simulation does not.
    pub(super) fn not_simulated(what: &str) -> Refusal {
        let message = format!("{what} er ikke simuleret.");
        Refusal::new(StatusCode::NOT_IMPLEMENTED, "20001.9;SOM_NOT_IMPLEMENTED", message)
    }

    /// Content type and body in the given shape.
    pub(super) fn render(&self, shape: Shape) -> (&'static str, Bytes) {
        match shape {
            Shape::V4 => ("application/json; odata.metadata=minimal", self.v4()),
            Shape::V3Light => ("application/json;odata=minimalmetadata;charset=utf-8", self.v3_light()),
            Shape::V3Verbose => ("application/json;odata=verbose;charset=utf-8", self.v3_verbose()),
            Shape::Xml => ("application/xml;charset=utf-8", self.xml()),
            Shape::Html => ("text/html; charset=utf-8", iis_page(self.status, "")),
            Shape::Empty => ("", Bytes::new()),
        }
    }

    fn v4(&self) -> Bytes {
        let mut error = json!({ "code": self.code, "message": self.message, "details": [] });
        self.add_trace(&mut error);
        json!({ "error": error }).to_string().into()
    }

    fn v3_light(&self) -> Bytes {
        let mut error = self.v3_error();
        self.add_trace(&mut error);
        json!({ "odata.error": error }).to_string().into()
    }

    fn v3_verbose(&self) -> Bytes {
        let mut error = self.v3_error();
        self.add_trace(&mut error);
        json!({ "error": error }).to_string().into()
    }

    fn v3_error(&self) -> serde_json::Value {
        json!({ "code": self.code, "message": { "lang": "da-DK", "value": self.message } })
    }

    fn add_trace(&self, error: &mut serde_json::Value) {
        if self.status != StatusCode::FORBIDDEN {
            error["innererror"] = json!({ "message": self.message, "type": "Som.Business.BusinessException", "stacktrace": stack_trace() });
        }
    }

    fn xml(&self) -> Bytes {
        let inner = if self.status == StatusCode::FORBIDDEN {
            String::new()
        } else {
            format!(
                "<m:innererror><m:type>Som.Business.BusinessException</m:type><m:stacktrace>{}</m:stacktrace></m:innererror>",
                xml_text(&stack_trace())
            )
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><m:error xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\"><m:code>{}</m:code><m:message xml:lang=\"da-DK\">{}</m:message>{inner}</m:error>",
            xml_text(&self.code),
            xml_text(&self.message)
        )
        .into()
    }
}

/// An error page of IIS; `sub_status` such as `.13`.
pub(super) fn iis_page(status: StatusCode, sub_status: &str) -> Bytes {
    let reason = status.canonical_reason().unwrap_or("Error");
    let trace = if status == StatusCode::FORBIDDEN {
        String::new()
    } else {
        format!("<pre>{}</pre>", xml_text(&stack_trace()))
    };
    format!(
        "<!DOCTYPE html>\r\n<html><head><title>IIS 10.0 Detailed Error - {code}{sub_status} - {reason}</title></head>\
         <body><h3>HTTP Error {code}{sub_status} - {reason}</h3>{trace}</body></html>",
        code = status.as_u16()
    )
    .into()
}

/// Text for XML and HTML.
pub(super) fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn stack_trace() -> String {
    format!(
        "   at Som.Data.OracleSession.Open(String connection) in D:\\agent\\src\\OracleSession.cs:line 214\r\n\
         --- Data Source=SOMPROD;User Id=sjsys;{PLANTED_SECRET} ---\r\n   at Som.OData.DataService.SaveChanges()"
    )
}
