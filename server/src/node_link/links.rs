//! Which nodes are linked to this process, and by which connection. A node has one: a new one ends the old, which
//! may be a dead peer that TCP has not given up yet.

use super::socket;
use crate::lifecycle::Lifecycle;
use axum::extract::ws::WebSocket;
use domain::Services;
use protocol::ids::NodeId;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::watch;

/// Tells connections of one node apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConnectionNumber(u64);

/// The linked nodes.
#[derive(Debug, Clone)]
pub struct Links {
    current: Arc<watch::Sender<HashMap<NodeId, ConnectionNumber>>>,
    opened: Arc<AtomicU64>,
    lifecycle: Lifecycle,
}

impl Links {
    #[must_use]
    pub fn new(lifecycle: Lifecycle) -> Self {
        Self { current: Arc::new(watch::Sender::new(HashMap::new())), opened: Arc::default(), lifecycle }
    }

    /// Resolves when at least one node is linked.
    pub async fn linked(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.current.subscribe().wait_for(|current| !current.is_empty()).await;
    }

    /// Resolves when this node is not linked.
    pub async fn unlinked(&self, node: NodeId) {
        let _ = self.current.subscribe().wait_for(|current| !current.contains_key(&node)).await;
    }

    /// Serves one connection until it ends or the process stops.
    pub(super) async fn serve(self, services: Services, socket: WebSocket) {
        let lifecycle = self.lifecycle.clone();
        lifecycle.track(socket::serve(socket, services, self, lifecycle.token())).await;
    }

    /// Makes a new connection the node's present one.
    pub(super) fn enter(&self, node: NodeId) -> ConnectionNumber {
        let number = ConnectionNumber(self.opened.fetch_add(1, Ordering::Relaxed));
        self.current.send_modify(|current| {
            current.insert(node, number);
        });
        number
    }

    /// Takes the connection out. Returns whether it was still the present one.
    pub(super) fn leave(&self, node: NodeId, number: ConnectionNumber) -> bool {
        self.current.send_if_modified(|current| {
            let present = current.get(&node) == Some(&number);
            if present {
                current.remove(&node);
            }
            present
        })
    }

    /// Resolves when another connection took this one's place.
    pub(super) async fn replaced(&self, node: NodeId, number: ConnectionNumber) {
        let _ = self.current.subscribe().wait_for(|current| current.get(&node) != Some(&number)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_connection_replaces_the_old() {
        let links = Links::new(Lifecycle::default());
        let node = NodeId::from_parts(1, [1; 10]);
        let old = links.enter(node);
        links.linked().await;
        let new = links.enter(node);
        links.replaced(node, old).await;
        assert!(!links.leave(node, old));
        assert!(links.leave(node, new));
        links.unlinked(node).await;
    }
}
