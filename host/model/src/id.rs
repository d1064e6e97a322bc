//! What programs call things: ids that sort by the time they were made at.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Dice, Digest, Timestamp};

/// The text is not an id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind} id: it begins with `{prefix}` and a UUID without dashes follows")]
pub struct InvalidId {
    kind: &'static str,
    prefix: &'static str,
    text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new id (UUID version 7) for something that comes into being at `now`.
            pub fn new(now: Timestamp, dice: &dyn Dice) -> Self {
                let mut random = [0; 10];
                dice.fill(&mut random);
                let millis = u64::try_from(now.as_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The id of something that comes into being at `now` and follows from `cause`: the same for the same cause.
            pub fn derived(now: Timestamp, cause: &Digest) -> Self {
                Self::new(now, &Fixed(cause))
            }

            /// The id with these sixteen bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The sixteen bytes of the UUID.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix)
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or_else(|| InvalidId { kind: $kind, prefix: $prefix, text: text.chars().take(80).collect() })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// Names a run: `run-` and 32 hex digits.
    RunId, "run-", "run"
);
id!(
    /// Names a delivery: `del-` and 32 hex digits. Given to connectors.
    DeliveryId, "del-", "delivery"
);
id!(
    /// Names a file within a run: `att-` and 32 hex digits. Given to connectors.
    AttachmentId, "att-", "attachment"
);
id!(
    /// Names an API token: `tok-` and 32 hex digits. Not secret.
    TokenId, "tok-", "token"
);

id!(
    /// Names an act on many deliveries: `bat-` and 32 hex digits.
    BatchId, "bat-", "batch"
);
id!(
    /// Names a tick of a schedule: `tick-` and 32 hex digits. Given to connectors that are polled.
    TickId, "tick-", "tick"
);
id!(
    /// Names one attempt at publishing a file: `pub-` and 32 hex digits. What it leaves in the folder is called so.
    PublicationId, "pub-", "publication"
);

/// Chance that a digest decides.
struct Fixed<'a>(&'a Digest);

impl Dice for Fixed<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(self.0.as_bytes()).for_each(|(byte, fixed)| *byte = *fixed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Dice for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn an_id_survives_being_written_and_read() {
        let id = RunId::new(Timestamp::from_millis(1_700_000_000_000), &Sevens);
        assert_eq!(id.to_string().parse::<RunId>(), Ok(id));
    }

    #[test]
    fn ids_sort_by_time() {
        let early = RunId::new(Timestamp::from_millis(1), &Sevens);
        let late = RunId::new(Timestamp::from_millis(2), &Sevens);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = RunId::new(Timestamp::from_millis(1), &Sevens).to_string();
        assert!(id.parse::<DeliveryId>().is_err());
    }
}
