//! Names become addresses here, and exactly these addresses are dialled: one that is denied refuses them
//! all. Nothing is remembered, so that no answer outlives the decision on it.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::grant::AddressRules;

/// Looks a host's name up. The system's resolver in production; a table in tests.
pub trait Lookup: Send + Sync {
    /// All addresses of `host`, as the operating system gives them.
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The resolver of one endpoint.
pub(crate) struct JudgedLookup {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) rules: Arc<AddressRules>,
}

impl Resolve for JudgedLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, rules) = (self.lookup.clone(), self.rules.clone());
        Box::pin(async move {
            let addresses = lookup.addresses(name.as_str().to_owned()).await?;
            if addresses.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            }
            for address in &addresses {
                rules.check(*address)?;
            }
            // Port 0 takes the URL's port.
            let dialled = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(dialled) as Addrs)
        })
    }
}
