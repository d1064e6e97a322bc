//! What binds a sign-in to the TLS connection that it is made on: a digest of the server's certificate
//! (`tls-server-end-point`, RFC 5929). IIS with extended protection refuses one that was made for another server.

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256, Sha384, Sha512};

const PREFIX: &[u8] = b"tls-server-end-point:";

/// As they stand in a signature's algorithm, those of RSASSA-PSS among its parameters.
const SHA_384: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], // sha384WithRSAEncryption
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],       // ecdsa-with-SHA384
    &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], // id-sha384
];
const SHA_512: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], // sha512WithRSAEncryption
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],       // ecdsa-with-SHA512
    &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], // id-sha512
];

/// The binding to this certificate: its digest with the hash that it was signed with, and SHA-256 for the old ones
/// and for those that name none.
pub(super) fn of(certificate: &CertificateDer<'_>) -> Vec<u8> {
    let algorithm = signature_algorithm(certificate).unwrap_or_default();
    let names = |hashes: [&[u8]; 3]| hashes.iter().any(|hash| algorithm.windows(hash.len()).any(|part| part == *hash));
    let digest = if names(SHA_512) {
        Sha512::digest(certificate).to_vec()
    } else if names(SHA_384) {
        Sha384::digest(certificate).to_vec()
    } else {
        Sha256::digest(certificate).to_vec()
    };
    [PREFIX, &digest].concat()
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }`
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate)?;
    let (_, behind) = element(certificate)?;
    element(behind).map(|(algorithm, _)| algorithm)
}

/// The content of the first element of DER, and what stands behind it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = der.get(1..)?.split_first()?;
    let (size_bytes, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |size, digit| size << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(size_bytes)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    #[track_caller]
    fn check(algorithm: &'static rcgen::SignatureAlgorithm, digest: impl Fn(&[u8]) -> Vec<u8>) {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let certificate = certificate.self_signed(&key).expect("a certificate");
        assert_eq!(of(certificate.der()), [PREFIX, &digest(certificate.der())].concat());
    }

    #[test]
    fn the_certificate_s_own_hash_is_taken() {
        check(&PKCS_ECDSA_P256_SHA256, |der| Sha256::digest(der).to_vec());
        check(&PKCS_ECDSA_P384_SHA384, |der| Sha384::digest(der).to_vec());
        check(&PKCS_ED25519, |der| Sha256::digest(der).to_vec());
    }

    #[test]
    fn what_is_no_certificate_has_a_binding_too() {
        for der in
            [&b""[..], &[0x30], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x80]]
        {
            let binding = of(&CertificateDer::from(der.to_vec()));
            assert_eq!(binding, [PREFIX, &Sha256::digest(der)].concat());
        }
    }
}
