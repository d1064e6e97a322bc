//! What the target really holds, as its ledger says it: the only witness that counts.

use super::submissions::Expected;
use crate::demo::Manner;
use crate::demo::told::System;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the simulated WorkZone has committed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ledger {
    cases: u64,
    parties: u64,
    documents: u64,
    custom_tabs: u64,
    orphan_documents: u64,
    by_key: BTreeMap<String, Counts>,
    files: Vec<Case>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Counts {
    cases: u64,
    parties: u64,
    documents: u64,
    custom_tabs: u64,
}

#[derive(Debug, Deserialize)]
struct Case {
    user_key: String,
    key: String,
    title: String,
    parties: Vec<Party>,
    documents: Vec<Document>,
    custom_tabs: Vec<Tab>,
}

#[derive(Debug, Deserialize)]
struct Party {
    role: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Document {
    role: String,
    title: String,
    content_type: String,
    size_bytes: u64,
    contact_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Tab {
    table: String,
    fields: BTreeMap<String, serde_json::Value>,
}

impl Ledger {
    /// Whether a case was created for a submission.
    pub(super) fn has(&self, reference: &str) -> bool {
        self.by_key.get(reference).is_some_and(|counts| counts.cases > 0)
    }

    /// A case for each submission, and what stands on them.
    pub(super) fn system(&self, references: &[String]) -> System {
        System::count("workzone", references, |key| self.by_key.get(key).map_or(0, |counts| counts.cases))
            .with("cases", self.cases)
            .with("parties", self.parties)
            .with("documents", self.documents)
            .with("custom_tabs", self.custom_tabs)
    }

    /// Everything that is not as it should be after these submissions.
    pub(super) fn complaints(&self, references: &[String], expected: Expected) -> Vec<String> {
        let Expected { parties, documents, custom_tabs } = expected;
        let wanted = Counts { cases: 1, parties, documents, custom_tabs };
        let mut complaints = Vec::new();
        for reference in references {
            match self.by_key.get(reference) {
                None => complaints.push(format!("submission {reference} has no case at the target")),
                Some(found) if *found != wanted => {
                    complaints.push(format!("submission {reference}: the target holds {found}, and not {wanted}"));
                }
                Some(_) => {}
            }
        }
        for strange in self.by_key.keys().filter(|key| !references.contains(key)) {
            complaints.push(format!("the target holds a case under `{strange}`, which nobody submitted"));
        }
        for case in &self.files {
            let mains = case.documents.iter().filter(|document| document.role == "main").count();
            if mains != 1 {
                complaints.push(format!("case {} has {mains} main documents, and not one", case.user_key));
            }
        }
        if self.orphan_documents > 0 {
            complaints.push(format!("{} uploaded documents belong to no case", self.orphan_documents));
        }
        complaints
    }

    /// Shows it case by case, without the numbers that identify persons.
    pub(super) fn show(&self, manner: Manner) {
        for case in &self.files {
            manner.show(&format!("  case {}  {}  {}", case.user_key, case.key, case.title));
            for party in &case.parties {
                manner.show(&format!("    party     {}: {}", party.role, party.name));
            }
            for document in &case.documents {
                let kib = document.size_bytes.div_ceil(1024);
                let parties = document.contact_ids.len();
                let Document { role, title, content_type, .. } = document;
                manner.show(&format!("    document  {role}: {title}  {content_type}, {kib} KiB, {parties} parties"));
            }
            for tab in &case.custom_tabs {
                manner.show(&format!("    tab       {}: {} fields", tab.table, tab.fields.len()));
            }
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cases, parties, documents, custom_tabs } = self;
        write!(f, "cases {cases}, parties {parties}, documents {documents}, custom tabs {custom_tabs}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const EXPECTED: Expected = Expected { parties: 3, documents: 2, custom_tabs: 1 };

    fn ledger(by_key: serde_json::Value, roles: &[&str], orphan_documents: u64) -> Ledger {
        let documents: Vec<_> = roles
            .iter()
            .map(|role| json!({"role": role, "title": "t", "content_type": "c", "size_bytes": 1, "contact_ids": []}))
            .collect();
        let case = json!({
            "user_key": "S1", "key": "A-1", "title": "t", "parties": [], "documents": documents, "custom_tabs": [],
        });
        let totals = json!({
            "cases": 1, "parties": 3, "documents": 2, "custom_tabs": 1, "orphan_documents": orphan_documents,
            "by_key": by_key, "files": [case],
        });
        serde_json::from_value(totals).unwrap()
    }

    #[track_caller]
    fn complains(ledger: &Ledger, about: &str) {
        let complaints = ledger.complaints(&["A-1".to_owned()], EXPECTED);
        assert!(complaints.iter().any(|complaint| complaint.contains(about)), "{complaints:?}");
    }

    #[test]
    fn one_case_with_everything_is_no_reason_to_complain() {
        let by_key = json!({"A-1": {"cases": 1, "parties": 3, "documents": 2, "custom_tabs": 1}});
        let complaints = ledger(by_key, &["main", "annex"], 0).complaints(&["A-1".to_owned()], EXPECTED);
        assert_eq!(complaints, Vec::<String>::new());
    }

    #[test]
    fn a_second_case_is_told_with_its_reference() {
        let by_key = json!({"A-1": {"cases": 2, "parties": 3, "documents": 2, "custom_tabs": 1}});
        let ledger = ledger(by_key, &["main", "annex"], 0);
        complains(&ledger, "A-1: the target holds cases 2");
        assert!(!ledger.system(&["A-1".to_owned()]).complaints().is_empty());
    }

    #[test]
    fn a_case_that_is_not_there_is_told() {
        complains(&ledger(json!({}), &["main"], 0), "A-1 has no case");
    }

    #[test]
    fn a_case_that_nobody_submitted_is_told() {
        let by_key = json!({"B-2": {"cases": 1, "parties": 3, "documents": 2, "custom_tabs": 1}});
        complains(&ledger(by_key, &["main"], 0), "under `B-2`");
    }

    #[test]
    fn two_main_documents_are_told() {
        complains(&ledger(json!({}), &["main", "main"], 0), "2 main documents");
    }

    #[test]
    fn a_document_without_a_case_is_told() {
        complains(&ledger(json!({}), &["main"], 1), "1 uploaded documents");
    }
}
