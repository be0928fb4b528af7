//! Resolves names to public addresses only.

use crate::addresses::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    fmt::Debug,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

/// Says where names lead to.
pub trait Names: Debug + Send + Sync + 'static {
    /// Every address of a name.
    fn look_up(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// What the system says.
#[derive(Debug)]
pub(crate) struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// One address of the answer was not public.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not public")]
pub(crate) struct NotPublic;

/// Refuses the whole answer when any address in it is not public. The connector dials exactly what is returned, so
/// there is no second look-up that could say something else.
#[derive(Debug, Clone)]
pub(crate) struct PublicOnly(pub Arc<dyn Names>);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.look_up(name.as_str());
        Box::pin(async move {
            let addresses = found.await?;
            if addresses.iter().all(|address| is_public(*address)) {
                Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
            } else {
                Err(NotPublic.into())
            }
        })
    }
}
