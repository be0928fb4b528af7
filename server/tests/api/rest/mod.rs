//! The REST API, as programs with API keys see it.

mod every_operation;
mod mechanics;
mod resources;
mod schemathesis;
mod webhooks;

use crate::support::{Browser, Page, TestServer};
use domain::{
    Access,
    api_keys::{self, AllowedNetworks, NewApiKey, Scope},
};
use http::Method;
use protocol::names::DisplayName;
use secrecy::ExposeSecret as _;
use serde_json::Value;

/// A program with an API key.
pub struct Program {
    client: Browser,
    authorization: String,
}

impl Program {
    /// With a fresh key of the caller's org.
    pub async fn with(server: &TestServer, access: &Access, scopes: impl IntoIterator<Item = Scope>) -> Self {
        let new = NewApiKey {
            name: DisplayName::try_from("Backend".to_owned()).unwrap(),
            scopes: scopes.into_iter().collect(),
            application: None,
            allowed_networks: AllowedNetworks::default(),
            expires_at: None,
        };
        let token = api_keys::create(server.services(), access, new).await.unwrap().token;
        Self { client: server.browser(), authorization: format!("Bearer {}", token.expose_secret()) }
    }

    pub async fn ask(&self, method: Method, path: &str) -> Page {
        self.send_with(&[], method, path, "").await
    }

    /// Changes whatever is there by now, where a change says what it is meant for.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Page {
        self.send_as("application/json", method, path, &body.to_string()).await
    }

    async fn send_as(&self, media: &str, method: Method, path: &str, body: &str) -> Page {
        self.send_with(&[("content-type", media), ("if-match", "*")], method, path, body).await
    }

    async fn send_with(&self, headers: &[(&'static str, &str)], method: Method, path: &str, body: &str) -> Page {
        let headers = [&[("authorization", self.authorization.as_str())], headers].concat();
        self.client.request(method, path, &headers, body).await
    }
}
