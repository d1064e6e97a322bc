//! What must come out even: the postings of a file, per machine number and posting date. A payment that is tied to a
//! posting is its counter-entry, and counts as credit.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use sluse_formats::{Unfit, decimal};
use sluse_sdk::Failure;

/// Debit and credit in øre, by machine number and date.
#[derive(Default)]
pub(crate) struct Balance(BTreeMap<(String, String), (i64, i64)>);

/// What one machine number posts on one day.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Side {
    /// The machine number.
    maskinnr: String,
    /// The posting date.
    posteringsdato: String,
    /// The sum of debit, with a decimal comma.
    debet: String,
    /// The sum of credit, tied payments included, with a decimal comma.
    kredit: String,
}

impl Balance {
    /// Adds a posting: debit, credit, or one of them as zero.
    pub(crate) fn add(&mut self, maskinnr: &str, date: &str, (debit, credit): (i64, i64)) -> Result<(), Unfit> {
        let sums = self.0.entry((maskinnr.to_owned(), date.to_owned())).or_default();
        let added = sums.0.checked_add(debit).zip(sums.1.checked_add(credit));
        *sums = added.ok_or_else(|| Unfit {
            code: "number-too-large",
            message: "Posteringernes sum er for stor.".into(),
            detail: "the sum of the postings does not fit into 64 bits".into(),
        })?;
        Ok(())
    }

    /// The sides, when they are even.
    pub(crate) fn settle(self) -> Result<Vec<Side>, Failure> {
        let uneven = self.0.iter().find(|(_, (debit, credit))| debit != credit);
        if let Some(((maskinnr, date), (debit, credit))) = uneven {
            let (debit, credit) = (decimal::with_comma(*debit), decimal::with_comma(*credit));
            let message = format!(
                "Posteringerne balancerer ikke for maskinnr. {maskinnr} den {date}: debet {debit}, kredit {credit}."
            );
            return Err(Failure::invalid("postings-not-balanced", message)
                .detail("postings balance per machine number and posting date; a tied payment counts as credit"));
        }
        let sides = self.0.into_iter().map(|((maskinnr, posteringsdato), (debit, credit))| Side {
            maskinnr,
            posteringsdato,
            debet: decimal::with_comma(debit),
            kredit: decimal::with_comma(credit),
        });
        Ok(sides.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_machine_number_and_day_is_even_alone() {
        for credit in [("00482", "2026-03-22"), ("00483", "2026-03-21")] {
            let mut balance = Balance::default();
            balance.add("00482", "2026-03-21", (100, 0)).expect("fits");
            balance.add(credit.0, credit.1, (0, 100)).expect("fits");
            let failure = balance.settle().expect_err("uneven");
            assert_eq!(
                failure.problem().message,
                "Posteringerne balancerer ikke for maskinnr. 00482 den 2026-03-21: debet 1,00, kredit 0,00."
            );
        }
    }

    #[test]
    fn what_is_even_is_told() {
        let mut balance = Balance::default();
        for sides in [(123_450, 0), (0, 100_000), (0, 23_450)] {
            balance.add("00482", "2026-03-21", sides).expect("fits");
        }
        let sides = balance.settle().expect("even");
        assert_eq!((sides.len(), sides[0].debet.as_str(), sides[0].kredit.as_str()), (1, "1234,50", "1234,50"));
    }

    #[test]
    fn a_sum_that_does_not_fit_is_refused() {
        let mut balance = Balance::default();
        balance.add("1", "2026-03-21", (i64::MAX, 0)).expect("fits");
        assert!(balance.add("1", "2026-03-21", (1, 0)).is_err());
    }
}
