//! Lists in parts. A page token says after which row the page before ended; callers only hand it back.

use sluse_store::{Page, PageRequest, StoreError};

/// The largest page. A list is read by people and programs that come back for more.
const MAX_LIMIT: u32 = 1000;

/// Which list a token belongs to, so that it fits no other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum List {
    Runs,
    Deliveries,
    Batches,
    Ticks,
    Expiring,
}

impl List {
    fn letter(self) -> char {
        match self {
            Self::Runs => 'r',
            Self::Deliveries => 'd',
            Self::Batches => 'b',
            Self::Ticks => 't',
            Self::Expiring => 'e',
        }
    }
}

/// A part of a list, the latest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    list: List,
    /// How many items are wanted.
    limit: usize,
    /// Only rows with a smaller key.
    pub(crate) before_key: i64,
}

impl Part {
    /// What a request asks for. A token that this store did not give is refused.
    pub(crate) fn of(list: List, request: &PageRequest) -> Result<Self, StoreError> {
        let before_key = begins_at(list, request)?.unwrap_or(i64::MAX);
        Ok(Self { list, limit: limit(request), before_key })
    }

    /// The part below a key.
    pub(crate) fn below(list: List, before_key: i64, limit: u32) -> Self {
        Self { list, limit: limit.clamp(1, MAX_LIMIT) as usize, before_key }
    }

    /// How many rows to read: one more than wanted tells whether there is a next page.
    pub(crate) fn rows(self) -> i64 {
        i64::try_from(self.limit + 1).expect("a page has at most a thousand rows")
    }

    /// The page, of rows with their keys, where only those from `floor_key` on were looked at.
    pub(crate) fn page_above<T>(self, rows: Vec<(i64, T)>, floor_key: i64) -> Page<T> {
        let page = self.page(rows);
        Page { next: page.next.or_else(|| (floor_key > 1).then(|| token(self.list, floor_key))), items: page.items }
    }

    /// The page, of rows with their keys.
    pub(crate) fn page<T>(self, mut rows: Vec<(i64, T)>) -> Page<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last_key = rows.last().map(|(key, _)| *key).filter(|_| more);
        Page {
            next: last_key.map(|key| token(self.list, key)),
            items: rows.into_iter().map(|(_, item)| item).collect(),
        }
    }
}

/// A part of what is looked through from the oldest on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OldestFirst {
    /// How many rows are looked at.
    pub(crate) limit: usize,
    /// Only rows with a larger key.
    pub(crate) after_key: i64,
}

impl OldestFirst {
    /// What a request asks for. A token that this store did not give is refused.
    pub(crate) fn of(request: &PageRequest) -> Result<Self, StoreError> {
        let after_key = begins_at(List::Expiring, request)?.unwrap_or(0);
        Ok(Self { limit: limit(request), after_key })
    }

    /// Where the page behind this key begins.
    pub(crate) fn next(last_key: i64) -> String {
        token(List::Expiring, last_key)
    }
}

fn limit(request: &PageRequest) -> usize {
    request.limit.clamp(1, MAX_LIMIT) as usize
}

fn begins_at(list: List, request: &PageRequest) -> Result<Option<i64>, StoreError> {
    let Some(token) = &request.after else { return Ok(None) };
    let unknown = || StoreError::NoSuchPage(token.chars().take(40).collect());
    parse(list, token).map(Some).ok_or_else(unknown)
}

fn token(list: List, key: i64) -> String {
    format!("{}{key:016x}", list.letter())
}

fn parse(list: List, token: &str) -> Option<i64> {
    let digits = token.strip_prefix(list.letter())?;
    let plain = digits.len() == 16 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if plain { i64::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(after: Option<&str>) -> PageRequest {
        PageRequest { limit: 2, after: after.map(str::to_owned) }
    }

    #[test]
    fn a_page_continues_where_the_one_before_ended() {
        let part = Part::of(List::Runs, &request(None)).expect("a first page");
        let page = part.page(vec![(9, 'a'), (8, 'b'), (7, 'c')]);
        assert_eq!(page.items, ['a', 'b']);
        let next = Part::of(List::Runs, &request(page.next.as_deref())).expect("a next page");
        assert_eq!(next.before_key, 8);
    }

    #[test]
    fn the_last_page_says_so() {
        let part = Part::of(List::Runs, &request(None)).expect("a first page");
        assert_eq!(part.page(vec![(9, 'a'), (8, 'b')]).next, None);
    }

    #[test]
    fn a_made_up_token_is_refused() {
        for token in ["", "r", "r1", "d0000000000000008", "r000000000000000g", "r+00000000000008", "rffffffffffffffff"]
        {
            assert!(Part::of(List::Runs, &request(Some(token))).is_err(), "{token:?}");
        }
    }
}
