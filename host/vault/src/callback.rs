//! Addresses at which targets answer: each derives from the master key, the delivery and a number, so that it is the
//! same on every attempt, valid over restarts, and nobody's to guess.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use sluse_model::DeliveryId;

use crate::MasterKey;

const ID_BYTES: usize = 16;
const NUMBER_BYTES: usize = 4;
const MAC_BYTES: usize = 32;
const TOKEN_BYTES: usize = ID_BYTES + NUMBER_BYTES + MAC_BYTES;

/// The last part of an address: 70 letters, digits, dashes and underscores.
pub(crate) fn token(key: &MasterKey, delivery: DeliveryId, number: u32) -> String {
    let mac = mac(key, delivery, number).finalize().into_bytes();
    let bytes = [delivery.as_bytes().as_slice(), &number.to_be_bytes(), &mac].concat();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The delivery and the number of a token; `None` for one that this host never gave. Takes the same time wherever it
/// is wrong.
pub(crate) fn read(key: &MasterKey, token: &str) -> Option<(DeliveryId, u32)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let bytes: &[u8; TOKEN_BYTES] = bytes.as_slice().try_into().ok()?;
    let (id, rest) = bytes.split_first_chunk::<ID_BYTES>()?;
    let (number, tag) = rest.split_first_chunk::<NUMBER_BYTES>()?;
    let (delivery, number) = (DeliveryId::from_bytes(*id), u32::from_be_bytes(*number));
    mac(key, delivery, number).verify_slice(tag).ok()?;
    Some((delivery, number))
}

fn mac(key: &MasterKey, delivery: DeliveryId, number: u32) -> Hmac<Sha256> {
    key.mac(b"sluse callback\0", &[delivery.as_bytes(), &number.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use sluse_model::{Timestamp, fakes::SeededDice};

    use super::*;

    fn key(seed: u64) -> MasterKey {
        MasterKey::random(&SeededDice::new(seed))
    }

    fn delivery(seed: u64) -> DeliveryId {
        DeliveryId::new(Timestamp::from_millis(1), &SeededDice::new(seed))
    }

    #[test]
    fn a_token_names_its_delivery_and_number() {
        let token = token(&key(1), delivery(1), 7);
        assert_eq!(token.len(), 70);
        assert_eq!(read(&key(1), &token), Some((delivery(1), 7)));
    }

    #[test]
    fn a_token_is_the_same_each_time_and_another_for_everything_else() {
        let one = token(&key(1), delivery(1), 1);
        assert_eq!(one, token(&key(1), delivery(1), 1));
        for other in [token(&key(2), delivery(1), 1), token(&key(1), delivery(2), 1), token(&key(1), delivery(1), 2)] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn nothing_else_is_a_token() {
        let good = token(&key(1), delivery(1), 1);
        assert_eq!(read(&key(2), &good), None);
        for wrong in ["", "A", &good[1..], &format!("{good}A"), &good.replace(&good[60..61], "!")] {
            assert_eq!(read(&key(1), wrong), None, "{wrong}");
        }
        for at in 0..good.len() {
            let mut forged = good.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(read(&key(1), &forged), None, "{forged}");
        }
    }
}
