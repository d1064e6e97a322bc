//! Days on which nothing is paid, and what becomes of a payment that falls on one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::Date;

/// Closed days.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// Whether Saturdays and Sundays are closed.
    pub weekends: bool,
    /// Further closed days, as `2026-12-24`.
    pub closed: Vec<String>,
    /// What becomes of a payment on a closed day.
    pub on_closed: OnClosed,
}

/// What becomes of a payment on a closed day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnClosed {
    /// It keeps its date; Prisme decides.
    Keep,
    /// It is paid on the next open day, and that is reported.
    NextOpenDay,
    /// It is paid on the open day before, and that is reported.
    OpenDayBefore,
    /// It is refused.
    Refuse,
}

/// Longer than any row of closed days; then the settings are wrong.
const MAX_CLOSED_DAYS: usize = 30;

impl Default for Calendar {
    fn default() -> Self {
        Self { weekends: true, closed: Vec::new(), on_closed: OnClosed::Keep }
    }
}

impl Calendar {
    pub(super) fn verify(&self) -> Result<(), &'static str> {
        let dates = self.closed.iter().all(|day| Date::read(day, "").is_ok());
        if dates { Ok(()) } else { Err("dates that exist, such as `2026-12-24`") }
    }

    /// The day on which a payment for `date` is made; `None` when it is not.
    pub(crate) fn payment_day(&self, date: Date) -> Option<Date> {
        let open = |day: &Date| !self.is_closed(*day);
        match self.on_closed {
            OnClosed::Keep => Some(date),
            OnClosed::Refuse => Some(date).filter(open),
            OnClosed::NextOpenDay => days(date, Date::next).find(open),
            OnClosed::OpenDayBefore => days(date, Date::previous).find(open),
        }
    }

    fn is_closed(&self, day: Date) -> bool {
        let named = |closed: &String| Date::read(closed, "").is_ok_and(|closed| closed == day);
        self.weekends && day.weekday() >= 6 || self.closed.iter().any(named)
    }
}

fn days(from: Date, step: fn(Date) -> Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), move |day| Some(step(*day))).take(MAX_CLOSED_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(on_closed: OnClosed, date: &str, expected: Option<&str>) {
        let calendar = Calendar { weekends: true, closed: vec!["2026-12-24".into(), "25-12-2026".into()], on_closed };
        let day = calendar.payment_day(Date::read(date, "").expect("a date"));
        assert_eq!(day.map(|day| day.to_string()).as_deref(), expected);
    }

    #[test]
    fn a_payment_moves_over_closed_days() {
        check(OnClosed::Keep, "2026-12-24", Some("2026-12-24"));
        check(OnClosed::Refuse, "2026-12-24", None);
        check(OnClosed::Refuse, "2026-12-23", Some("2026-12-23"));
        // Thursday and Friday are named, then comes a weekend.
        check(OnClosed::NextOpenDay, "2026-12-24", Some("2026-12-28"));
        check(OnClosed::OpenDayBefore, "2026-12-27", Some("2026-12-23"));
        check(OnClosed::NextOpenDay, "2026-12-23", Some("2026-12-23"));
    }
}
