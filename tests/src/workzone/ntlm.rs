//! A user of the directory, whom IIS lets in with NTLM: it is the TCP connection that is signed in, and a proof that
//! comes on another one proves nothing. What whoever is let in may do is `access`'s business.

use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sspi::{
    AuthIdentityBuffers, BufferType, DataRepresentation, Ntlm, SecurityBuffer, ServerRequestFlags, Sspi, SspiImpl,
};

use super::settings::DirectoryUser;

/// What was said of its user on one TCP connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Connection(Arc<Mutex<SignIn>>);

#[derive(Debug, Default)]
enum SignIn {
    #[default]
    Unknown,
    Challenged(Box<Ntlm>),
    Done,
}

/// How the user's password was used so far.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Proofs {
    pub(super) all: u64,
    /// Wrong ones since the last right one.
    wrong: u32,
}

/// What a message of NTLM came to.
pub(super) enum Step {
    /// What to answer, as it stands in `WWW-Authenticate`.
    Challenge(String),
    LetIn,
    Refused,
}

impl Connection {
    /// Whether its user is known.
    pub(super) fn is_signed_in(&self) -> bool {
        matches!(*self.lock(), SignIn::Done)
    }

    /// Takes a message that came as `scheme` and `token` on this connection.
    pub(super) fn step(&self, user: &DirectoryUser, proofs: &mut Proofs, scheme: &str, token: &str) -> Step {
        let mut sign_in = self.lock();
        let message = STANDARD.decode(token).unwrap_or_default();
        let before = std::mem::take(&mut *sign_in);
        if message.get(8) == Some(&1) {
            let mut ntlm = Box::new(Ntlm::new());
            let Some(challenge) = exchange(&mut ntlm, None, message) else { return Step::Refused };
            *sign_in = SignIn::Challenged(ntlm);
            return Step::Challenge(format!("{scheme} {}", STANDARD.encode(challenge)));
        }
        proofs.all += 1;
        let is_right = match before {
            SignIn::Challenged(ntlm) => proves(*ntlm, user, message),
            SignIn::Unknown | SignIn::Done => false,
        };
        let is_locked = user.lock_after.is_some_and(|limit| proofs.wrong >= limit);
        if is_locked || !is_right {
            proofs.wrong += 1;
            return Step::Refused;
        }
        proofs.wrong = 0;
        *sign_in = SignIn::Done;
        Step::LetIn
    }

    fn lock(&self) -> MutexGuard<'_, SignIn> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

/// Whether `message` shows that its sender knows the password of this user of this domain.
fn proves(mut ntlm: Ntlm, user: &DirectoryUser, message: Vec<u8>) -> bool {
    let is_user =
        |at, name: &str| text_field(&message, at).is_some_and(|said| said.to_uppercase() == name.to_uppercase());
    if !is_user(28, &user.domain) || !is_user(36, &user.user) {
        return false;
    }
    let identity = AuthIdentityBuffers::from_utf8(&user.user, &user.domain, &user.password);
    exchange(&mut ntlm, Some(identity), message).is_some() && ntlm.complete_auth_token(&mut []).is_ok()
}

fn exchange(ntlm: &mut Ntlm, mut identity: Option<AuthIdentityBuffers>, heard: Vec<u8>) -> Option<Vec<u8>> {
    let mut heard = [SecurityBuffer::new(heard, BufferType::Token)];
    let mut said = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let context = ntlm
        .accept_security_context()
        .with_credentials_handle(&mut identity)
        .with_context_requirements(ServerRequestFlags::empty())
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut heard)
        .with_output(&mut said);
    ntlm.accept_security_context_impl(context).ok()?.resolve_to_result().ok()?;
    let [said] = said;
    Some(said.buffer)
}

/// A text of the third message: its length and its offset stand at `at`.
fn text_field(message: &[u8], at: usize) -> Option<String> {
    let size_bytes = usize::from(u16::from_le_bytes(message.get(at..at + 2)?.try_into().ok()?));
    let offset = u32::from_le_bytes(message.get(at + 4..at + 8)?.try_into().ok()?) as usize;
    let units = message.get(offset..offset.checked_add(size_bytes)?)?.chunks_exact(2);
    String::from_utf16(&units.map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect::<Vec<_>>()).ok()
}
