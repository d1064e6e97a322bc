//! The three messages of NTLMv2, with integrity check and channel binding. How they are made is `sspi`'s business.

use sspi::{
    AuthIdentityBuffers, BufferType, ClientRequestFlags, DataRepresentation, Ntlm, SecurityBuffer, Sspi, SspiImpl,
};
use tracing::subscriber::{NoSubscriber, with_default};

use super::User;

/// One handshake as the client has it.
pub(super) struct Negotiation {
    ntlm: Ntlm,
    identity: Option<AuthIdentityBuffers>,
}

impl Negotiation {
    /// `password` is the user's, as text.
    pub(super) fn new(user: &User<'_>, password: &str, binding: Option<&[u8]>) -> Self {
        let mut ntlm = Ntlm::new();
        if let Some(binding) = binding {
            ntlm.set_channel_bindings(binding);
        }
        Self { ntlm, identity: Some(AuthIdentityBuffers::from_utf8(user.name, user.domain, password)) }
    }

    /// What the client says first: nothing about the user.
    pub(super) fn begin(&mut self) -> sspi::Result<Vec<u8>> {
        self.step(Vec::new())
    }

    /// The proof that the client knows the password, for this challenge.
    pub(super) fn prove(mut self, challenge: Vec<u8>) -> sspi::Result<Vec<u8>> {
        self.step(challenge)
    }

    fn step(&mut self, heard: Vec<u8>) -> sspi::Result<Vec<u8>> {
        let mut heard = [SecurityBuffer::new(heard, BufferType::Token)];
        let mut said = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        // It traces the messages themselves, from which a password can be guessed at leisure.
        with_default(NoSubscriber::new(), || {
            let mut context = self
                .ntlm
                .initialize_security_context()
                .with_credentials_handle(&mut self.identity)
                .with_context_requirements(ClientRequestFlags::empty())
                .with_target_data_representation(DataRepresentation::Native)
                .with_input(&mut heard)
                .with_output(&mut said);
            self.ntlm.initialize_security_context_impl(&mut context)?.resolve_to_result()
        })?;
        let [said] = said;
        Ok(said.buffer)
    }
}
