//! Numbers that a call reserves.

use sluse_connector::NumberError;
use sluse_model::{Name, TimelineLevel};
use sluse_store::{Reservation, Reserved};

use super::DeliveryHost;

impl DeliveryHost {
    pub(super) async fn reserve(
        &self,
        sequence: &str,
        count: u32,
        purpose: Option<String>,
    ) -> Result<u64, NumberError> {
        let connection = self.connection.connection();
        let found = sequence.parse::<Name>().ok().and_then(|name| {
            let sequence = connection.sequences.get(&name)?;
            Some((name, *sequence))
        });
        let Some((name, range)) = found else {
            return Err(NumberError::Forbidden(format!(
                "sequence `{sequence}` is not granted to connection `{}`: write `[connection.sequences.{sequence}]` with \
                 `first` and `last`",
                connection.name
            )));
        };
        let Some((delivery, lease)) = self.held else {
            return Err(NumberError::Forbidden("only a delivery reserves numbers".into()));
        };
        let purpose = match purpose {
            Some(purpose) => format!("named {purpose}"),
            None => format!("{}.{}", self.phase, self.record.next_reservation()),
        };
        #[cfg(feature = "sabotage")]
        let purpose = if crate::sabotage::forgets_numbers() { format!("{purpose} {lease:?}") } else { purpose };
        let reservation = Reservation { delivery, lease, name, sequence: range, purpose, count };
        match self.engine.store.reserve(reservation).await {
            Ok(Reserved::From(first)) => {
                let last = first + u64::from(count) - 1;
                self.record.line(TimelineLevel::Info, format!("{first} to {last} of `{sequence}` are reserved"));
                Ok(first)
            }
            Ok(Reserved::TooFew(left)) => Err(NumberError::Forbidden(format!(
                "{count} numbers of `{sequence}` are needed and {left} are left: raise `last` in \
                 `[connection.sequences.{sequence}]` of connection `{}`",
                connection.name
            ))),
            Err(error) => Err(NumberError::Unavailable(format!("the host cannot reserve numbers now: {error}"))),
        }
    }
}
