//! How values of the model stand in columns. What this release cannot have written is an error, never a guess.

use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use serde::{
    Serialize,
    de::{
        DeserializeOwned,
        value::{Error as NameError, StrDeserializer},
    },
};
use sluse_model::{
    AttachmentId, BatchId, DeliveryId, Digest, Name, PublicationId, RunId, RunState, TickId, Timestamp, TokenId,
};

/// A value of the model as it is read from a column.
#[derive(Debug)]
pub(crate) struct Kept<T>(pub(crate) T);

/// JSON text in a column.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// One of a few words in a column: a variant without fields, named as everywhere else.
#[derive(Debug)]
pub(crate) struct Word<T>(pub(crate) T);

impl FromSql for Kept<Timestamp> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(Timestamp::from_millis(value.as_i64()?)))
    }
}

impl FromSql for Kept<u64> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl FromSql for Kept<Digest> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(Digest::from_bytes).map(Self)
    }
}

impl FromSql for Kept<Name> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Name::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

impl FromSql for Kept<RunState> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        RunState::ALL.into_iter().find(|state| state.as_str() == text).map(Self).ok_or(FromSqlError::InvalidType)
    }
}

macro_rules! id {
    ($($id:ty, $prefix:literal);+) => {$(
        impl FromSql for Kept<$id> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let number = u128::from_be_bytes(<[u8; 16]>::column_result(value)?);
                // Ids are made of text alone; their text is a prefix and 32 hex digits.
                format!(concat!($prefix, "{:032x}"), number).parse().map(Self).map_err(FromSqlError::other)
            }
        }
    )+};
}

id!(RunId, "run-"; DeliveryId, "del-"; AttachmentId, "att-"; TokenId, "tok-"; BatchId, "bat-"; TickId, "tick-"; PublicationId, "pub-");

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = StrDeserializer::<NameError>::new(value.as_str()?);
        T::deserialize(word).map(Self).map_err(FromSqlError::other)
    }
}

/// The JSON text of a value of the model.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("values of the model have names as keys, so JSON can hold them")
}

/// A number without sign as SQLite keeps it. What is kept counts bytes and changes, which never reach 2^63.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
