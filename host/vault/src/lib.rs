//! Secrets at rest and in use: sealed in the store, opened in memory, given only to the origins that somebody
//! confirmed, exchanged for tokens where a target wants tokens. How a credential joins a request, and how its
//! value is found in an answer, is `sluse-egress`'s business; who may write secrets is `sluse-api`'s.

mod callback; // addresses at which targets answer
mod error; // what can go wrong, and what to do about it
mod key; // the one key that opens everything
mod origin; // where a value may go
mod reading; // what the store said when it was last asked
mod retired; // values that may still come back
mod seal; // a value at rest
mod tokens; // a secret's value exchanged for a token
mod vault; // all of it together

pub use error::VaultError;
pub use key::{KeyError, KeySource, MasterKey};
pub use origin::{SecretUse, Standing};
pub use seal::UnsealError;
pub use tokens::TokenEndpoint;
pub use vault::{IssuedCredential, MAX_SECRET_BYTES, SecretSummary, SignIn, Vault, Written};
