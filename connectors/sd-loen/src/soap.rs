//! What an answer of SD's services means. An error comes as a SOAP envelope in place of the answer, with any status, 200
//! included: the body is looked at before the status.

use sluse_formats::xml::Element;
use sluse_sdk::{Failure, http::Response, text};

use crate::{problem, settings::ServerFaults};

/// More than SD answers.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// Longer reasons are cut.
const MAX_REASON_CHARS: usize = 300;

/// What was said.
#[derive(Debug)]
pub(crate) enum Said {
    /// What was asked for.
    Answer(Element),
    /// Nothing was done.
    Nothing(Failure),
    /// It may have been done.
    InDoubt(String),
}

/// What an answer of `service` says of a request that must happen once.
pub(crate) fn read(response: &Response, service: &str, server_faults: ServerFaults) -> Said {
    let status = response.status();
    let parsed = Element::parse(response.bytes(), MAX_ANSWER_BYTES);
    if let Some(fault) = parsed.as_ref().ok().and_then(|answer| answer.find("Fault")) {
        let fault = Fault::of(fault);
        return match (fault.is_callers, server_faults) {
            (true, _) => Said::Nothing(problem::refused(&fault.reason)),
            (false, ServerFaults::DidNothing) => Said::Nothing(problem::broken(&fault.reason)),
            (false, ServerFaults::InDoubt) => Said::InDoubt(format!("a fault of the service, {}", fault.reason)),
        };
    }
    match (status, parsed) {
        (200..=299, Ok(answer)) => match answer_of(answer, service) {
            Some(answer) => Said::Answer(answer),
            None => Said::InDoubt(format!("something else than an answer of {service}")),
        },
        (200..=299, Err(malformed)) => Said::InDoubt(format!("an answer that is no XML ({malformed})")),
        (408 | 500..=502 | 504..=599, _) => Said::InDoubt(format!("status {status}")),
        _ => Said::Nothing(problem::of_status(response)),
    }
}

/// The answer of a service, in an envelope or by itself. A page of a proxy is none, however well formed it is: answers
/// are called as the service is, perhaps with another date or with more behind it.
pub(crate) fn answer_of(answer: Element, service: &str) -> Option<Element> {
    let answer = match answer.name.as_str() {
        "Envelope" => answer.at("Body").and_then(|body| body.children.first()).cloned()?,
        _ => answer,
    };
    let stem = service.trim_end_matches(|digit: char| digit.is_ascii_digit());
    answer.name.starts_with(stem).then_some(answer)
}

/// A SOAP fault, of version 1.1 or 1.2.
pub(crate) struct Fault {
    /// The request cannot be right.
    pub(crate) is_callers: bool,
    /// In the words of the service, without personal numbers.
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn of(fault: &Element) -> Self {
        let code = fault.text_at("faultcode").or_else(|| fault.text_at("Code/Value")).unwrap_or_default();
        let code = code.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let reason = fault.text_at("faultstring").or_else(|| fault.text_at("Reason/Text")).unwrap_or_default();
        let reason: String = reason.chars().filter(|one| !one.is_control()).collect();
        let reason = text::without_personal_numbers(&reason).chars().take(MAX_REASON_CHARS).collect();
        Self { is_callers: matches!(code.split('.').next(), Some("client" | "sender")), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(xml: &str) -> Fault {
        Fault::of(&Element::parse(xml.as_bytes(), 1 << 10).expect("XML"))
    }

    #[test]
    fn a_fault_says_whose_it_is() {
        for (code, is_callers) in
            [("soap:Client", true), ("Client.Validation", true), ("S:Server", false), ("", false), ("Clientele", false)]
        {
            assert_eq!(fault(&format!("<F><faultcode>{code}</faultcode></F>")).is_callers, is_callers, "{code}");
        }
        assert!(fault("<F><Code><Value>env:Sender</Value></Code></F>").is_callers);
        assert!(!fault("<F><Code><Value>env:Receiver</Value></Code></F>").is_callers);
    }

    #[test]
    fn a_reason_holds_no_personal_number() {
        let fault = fault("<F><faultstring>CPR 2512484916 er ukendt</faultstring></F>");
        assert!(fault.reason.contains("er ukendt") && !fault.reason.contains("2512484916"), "{}", fault.reason);
    }
}
