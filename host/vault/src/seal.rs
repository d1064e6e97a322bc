//! A value at rest: XChaCha20-Poly1305 under the master key, bound to its name and version.
//!
//! `format (1) | key id (8) | nonce (24) | ciphertext and tag`. Nonces are random: 24 bytes are enough for
//! that, and a counter would have to survive restored backups.

use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305, XNonce};
use sluse_egress::Secret;
use sluse_model::{DeliveryId, Dice, Name};
use zeroize::Zeroizing;

use crate::{MasterKey, key::KeyId};

/// The first byte of everything sealed this way.
const FORMAT: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// Why a sealed value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// Another key sealed it.
    #[error(
        "it was sealed under another master key (`{sealed_under}`, and this host has `{present}`): start the host with the key that belongs to this database, or write the secret again"
    )]
    OtherKey {
        /// Names the key that sealed it.
        sealed_under: String,
        /// Names the key at hand.
        present: String,
    },
    /// A later release sealed it, or nobody did.
    #[error("its seal has the unknown format {0}: start the release that wrote it, or write the secret again")]
    UnknownFormat(u8),
    /// The right key, and the bytes do not belong to this name and version.
    #[error(
        "its seal is broken: the row was changed, moved or cut off; restore it from a backup, or write the secret again"
    )]
    Broken,
}

/// What sealed bytes belong to, so that a row copied over another one does not open.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// A version of a secret.
    Secret { name: &'a Name, version: u64 },
    /// The answer to a request in the journal of a delivery.
    Answer { delivery: DeliveryId, number: u32 },
    /// What a target answered at an address of a delivery.
    Callback { delivery: DeliveryId, number: u32 },
}

/// Seals bytes for their owner.
pub(crate) fn seal(key: &MasterKey, dice: &dyn Dice, owner: Owner<'_>, value: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    dice.fill(&mut nonce);
    let mut body = Zeroizing::new(Vec::with_capacity(value.len() + TAG_BYTES));
    body.extend_from_slice(value);
    cipher(key)
        .encrypt_in_place(&XNonce::from(nonce), &bound_to(key.id(), owner), &mut *body)
        .expect("values are far smaller than 256 GiB");
    [&[FORMAT], key.id().0.as_slice(), &nonce, &body].concat()
}

/// Opens bytes that were sealed for this owner.
pub(crate) fn unseal(key: &MasterKey, owner: Owner<'_>, sealed: &[u8]) -> Result<Secret, UnsealError> {
    let format = *sealed.first().ok_or(UnsealError::Broken)?;
    if format != FORMAT {
        return Err(UnsealError::UnknownFormat(format));
    }
    let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or(UnsealError::Broken)?;
    let sealed_under = KeyId(header[1..=KEY_ID_BYTES].try_into().expect("eight bytes of the header"));
    if sealed_under != key.id() {
        return Err(UnsealError::OtherKey { sealed_under: sealed_under.to_string(), present: key.id().to_string() });
    }
    let nonce = <[u8; NONCE_BYTES]>::try_from(&header[1 + KEY_ID_BYTES..]).expect("the rest of the header");
    let mut value = Zeroizing::new(body.to_vec());
    cipher(key)
        .decrypt_in_place(&XNonce::from(nonce), &bound_to(key.id(), owner), &mut *value)
        .map_err(|_| UnsealError::Broken)?;
    Ok(Secret::new(std::mem::take(&mut *value)))
}

/// Whether this key sealed it.
pub(crate) fn is_under(key: &MasterKey, sealed: &[u8]) -> bool {
    sealed.first() == Some(&FORMAT) && sealed.get(1..=KEY_ID_BYTES) == Some(&key.id().0)
}

fn cipher(key: &MasterKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// What the seal vouches for beside the bytes.
fn bound_to(id: KeyId, owner: Owner<'_>) -> Vec<u8> {
    match owner {
        Owner::Secret { name, version } => {
            let name = name.as_str().as_bytes();
            let length = u8::try_from(name.len()).expect("a name has at most 64 bytes");
            [b"sluse secret\0".as_slice(), &[FORMAT], &id.0, &[length], name, &version.to_be_bytes()].concat()
        }
        Owner::Answer { delivery, number } => of_delivery(b"sluse answer\0", id, delivery, number),
        Owner::Callback { delivery, number } => of_delivery(b"sluse callback\0", id, delivery, number),
    }
}

fn of_delivery(kind: &[u8], id: KeyId, delivery: DeliveryId, number: u32) -> Vec<u8> {
    [kind, &[FORMAT], &id.0, delivery.as_bytes(), &number.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use sluse_model::{Timestamp, fakes::SeededDice};

    use super::*;

    const VALUE: &str = "hunter22-hunter22";

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn key(seed: u64) -> MasterKey {
        MasterKey::random(&SeededDice::new(seed))
    }

    fn sealed() -> Vec<u8> {
        seal(&key(1), &SeededDice::new(9), Owner::Secret { name: &name("api"), version: 3 }, VALUE.as_bytes())
    }

    #[test]
    fn a_sealed_value_opens_under_its_name_and_version() {
        let opened = unseal(&key(1), Owner::Secret { name: &name("api"), version: 3 }, &sealed()).expect("opened");
        assert_eq!(opened.expose(), VALUE.as_bytes());
    }

    #[test]
    fn the_value_is_not_in_the_sealed_bytes() {
        let sealed = sealed();
        assert!(!sealed.windows(4).any(|window| VALUE.as_bytes().windows(4).any(|part| part == window)));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let dice = SeededDice::new(9);
        let again = || seal(&key(1), &dice, Owner::Secret { name: &name("api"), version: 3 }, VALUE.as_bytes());
        let (one, other) = (again(), again());
        assert_ne!(one[9..33], other[9..33], "nonces");
        assert_ne!(one[33..], other[33..]);
    }

    #[test]
    fn another_name_or_version_does_not_open_it() {
        assert_eq!(
            unseal(&key(1), Owner::Secret { name: &name("apo"), version: 3 }, &sealed()).expect_err("refused"),
            UnsealError::Broken
        );
        assert_eq!(
            unseal(&key(1), Owner::Secret { name: &name("api"), version: 2 }, &sealed()).expect_err("refused"),
            UnsealError::Broken
        );
    }

    #[test]
    fn an_answer_opens_in_its_place_in_its_journal_alone() {
        let delivery = |seed| DeliveryId::new(Timestamp::from_millis(1), &SeededDice::new(seed));
        let owner = Owner::Answer { delivery: delivery(1), number: 2 };
        let sealed = seal(&key(1), &SeededDice::new(9), owner, VALUE.as_bytes());
        assert_eq!(unseal(&key(1), owner, &sealed).expect("opened").expose(), VALUE.as_bytes());
        let answer = |delivery, number| Owner::Answer { delivery, number };
        let callback = Owner::Callback { delivery: delivery(1), number: 2 };
        for owner in [answer(delivery(1), 3), answer(delivery(2), 2), callback] {
            assert_eq!(unseal(&key(1), owner, &sealed).expect_err("refused"), UnsealError::Broken);
        }
    }

    #[test]
    fn another_key_is_told_as_such() {
        let error = unseal(&key(2), Owner::Secret { name: &name("api"), version: 3 }, &sealed()).expect_err("refused");
        let expected =
            UnsealError::OtherKey { sealed_under: key(1).id().to_string(), present: key(2).id().to_string() };
        assert_eq!(error, expected);
        assert!(error.to_string().contains("sealed under another master key"));
        assert!(is_under(&key(1), &sealed()) && !is_under(&key(2), &sealed()));
    }

    #[test]
    fn every_changed_byte_breaks_it() {
        for at in 0..sealed().len() {
            let mut changed = sealed();
            changed[at] ^= 1;
            assert!(unseal(&key(1), Owner::Secret { name: &name("api"), version: 3 }, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn every_cut_breaks_it() {
        for length in 0..sealed().len() {
            assert!(
                unseal(&key(1), Owner::Secret { name: &name("api"), version: 3 }, &sealed()[..length]).is_err(),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn a_later_format_is_told_as_such() {
        let mut later = sealed();
        later[0] = 2;
        assert_eq!(
            unseal(&key(1), Owner::Secret { name: &name("api"), version: 3 }, &later).expect_err("refused"),
            UnsealError::UnknownFormat(2)
        );
    }
}
