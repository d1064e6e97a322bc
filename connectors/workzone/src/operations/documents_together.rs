//! The records of documents and their parties in one `$batch`: all of them, or none.

use serde_json::Value;
use sluse_sdk::Failure;

use super::add_documents::{Adding, Place};
use crate::{
    exchange::Together,
    identity::fingerprint,
    odata::{self, batch},
    settings::Settings,
};

impl Adding<'_> {
    /// All records that are missing, with their parties, in one change set.
    pub(super) fn records_together(&self, places: &mut [Place]) -> Result<(), Failure> {
        let missing: Vec<usize> =
            self.main_first().into_iter().filter(|index| places[*index].record.is_none()).collect();
        for place in places.iter().filter(|place| place.record.is_some()) {
            self.link(place)?;
        }
        if missing.is_empty() {
            return Ok(());
        }
        let look = || self.look_together(&missing, places);
        let made = self.workzone.create_together(&Together {
            creations: self.creations(&missing, places)?,
            intent_key: self.together_key(&missing),
            title: "dokumenterne",
            looked: self.has_looked(),
            look: &look,
        })?;
        for (index, made) in missing.into_iter().zip(made) {
            places[index].record = Some(made);
        }
        Ok(())
    }

    /// Records first, each with its number in `missing` as its `Content-ID`; then their parties.
    fn creations(&self, missing: &[usize], places: &[Place]) -> Result<Vec<batch::Creation>, Failure> {
        let Settings { names, .. } = self.workzone.settings;
        let version = self.workzone.version();
        let mut creations = Vec::new();
        for index in missing {
            let mut body = self.record(*index, &places[*index]);
            match self.main_of(*index, places)? {
                Some(main) => drop(body.insert(names.record_main.clone(), Value::from(main))),
                // The main document is the first of those that are missing.
                None if *index != self.main && self.input.as_annexes => {
                    body.extend([odata::reference(version, &names.record_main, 1)])
                }
                None => {}
            }
            creations.push(batch::Creation { target: "Records".into(), body: body.into() });
        }
        for number in 1..=missing.len() {
            for party in &self.parties {
                let mut body = self.link_body(party);
                body.extend([odata::reference(version, &names.record_party_record, number)]);
                creations.push(batch::Creation { target: names.record_parties.clone(), body: body.into() });
            }
        }
        Ok(creations)
    }

    fn look_together(&self, missing: &[usize], places: &[Place]) -> Result<Option<Vec<Value>>, Failure> {
        let asked = missing.iter().map(|index| self.finding(*index, places[*index].document_id.as_deref())).collect();
        let found = self.workzone.pages(asked)?;
        Ok(found.into_iter().map(|mut rows| rows.pop()).collect())
    }

    fn together_key(&self, missing: &[usize]) -> String {
        let digests: Vec<&str> = missing.iter().map(|index| self.files[*index].attachment.sha256.as_str()).collect();
        format!("create-records:{}:{}", missing.len(), fingerprint(&digests))
    }
}
