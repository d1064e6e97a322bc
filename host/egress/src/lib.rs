//! Everything that leaves the host passes here: rules, addresses, credentials, limits, redaction.
//! Guests never hold a socket, and secrets are added after they let go of the request. This is the only
//! crate that builds an HTTP client; it keeps no state but its sockets and which sign-ins failed, decides nothing about
//! retries and knows no database.
//!
//! The order of the gate: the path's bytes, the URL built by appending, its authority compared, a literal
//! address, the grant, headers, the credential joined, the request sent, the answer capped and looked
//! through for known secrets, handed over. A refusal says which rule and what to write in which file.

mod accounts; // whose password was refused
mod addresses; // which addresses are not global
mod basic; // a password that goes with every request
mod body; // how a body leaves
mod certificate; // what is presented to a target
mod client; // the one client builder
mod credential; // what opens a target
mod dispatch; // the ways out
mod endpoint; // the gate, in order
mod error; // how a request fails
mod grant; // what may be reached
mod headers; // what a guest may set
mod hosts; // patterns of hosts
mod incoming; // how an answer arrives
mod multipart; // how parts are written
mod ntlm; // sockets that are signed in
mod outgoing; // what is asked
mod path; // where an endpoint is, and what is appended
mod refusal; // what a rule says
mod resolver; // which addresses are dialled
mod retry_after; // how long a server asks to be left alone
mod scrub; // known secrets taken out
mod secret; // values that keep quiet
mod signature; // requests signed with a shared key
mod sockets; // the clients of one endpoint
mod suffix; // hosts that an address from elsewhere may have
mod tls; // who is trusted

pub use accounts::{Account, Accounts, Held, LedgerError, SignInLedger, Trial, Turn};
pub use addresses::is_loopback;
pub use certificate::ClientCertificate;
pub use credential::Credential;
pub use endpoint::{Egress, Endpoint};
pub use error::SendError;
pub use grant::{Ceiling, EndpointRules, roots_from_pem};
pub use headers::is_free;
pub use hosts::{HostPattern, InvalidHostPattern};
pub use incoming::{Answer, Incoming};
pub use ipnet::IpNet;
pub use outgoing::{Body, Content, Outgoing, Part, Reader, boundary};
pub use path::origin_and_path;
pub use refusal::Refusal;
pub use resolver::{Lookup, SystemLookup};
pub use retry_after::retry_after;
pub use rustls::pki_types::CertificateDer;
pub use scrub::{MIN_SECRET_BYTES, REDACTED, Scrubber};
pub use secret::Secret;
pub use signature::{Message, ReceivedSignature};
pub use suffix::HostSuffix;
