//! What must come out even: debit and credit per maskinnr and posting date. A payment counts as credit where the posting
//! is that it is tied to.

use std::collections::BTreeMap;

use super::record::{Kind, Record};

/// Debit less credit in øre, by maskinnr and posting date.
#[derive(Default)]
pub(super) struct Balance(BTreeMap<(String, String), i64>);

impl Balance {
    pub(super) fn of<'r>(records: impl Iterator<Item = &'r Record<'r>>) -> Self {
        let (payments, postings): (Vec<_>, Vec<_>) = records.partition(|record| record.kind == Kind::G68);
        let (mut balance, mut places) = (Self::default(), BTreeMap::new());
        for posting in postings {
            let text = |number| posting.field(number).unwrap_or_default().to_owned();
            let place = (text(103), text(110));
            places.entry(posting.field(117)).or_insert_with(|| place.clone());
            let ore = posting.ore().unwrap_or_default();
            *balance.0.entry(place).or_default() += if posting.field(113) == Some("D") { ore } else { -ore };
        }
        for payment in payments {
            if let Some(place) = places.get(&payment.field(16)) {
                *balance.0.entry(place.clone()).or_default() -= payment.ore().unwrap_or_default();
            }
        }
        balance
    }

    /// What is not even.
    pub(super) fn uneven(&self) -> Option<String> {
        let ((maskinnr, date), ore) = self.0.iter().find(|(_, ore)| **ore != 0)?;
        Some(format!("not balanced: maskinnr {maskinnr} on {date} is {ore} øre off"))
    }
}
