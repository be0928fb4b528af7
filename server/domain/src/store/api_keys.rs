//! Keys of the REST API.

use super::{JsonText, Name, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed, unsigned};
use crate::api_keys::{AllowedNetworks, Scopes};
use protocol::{
    ids::{ApiKeyId, ApplicationId, OrgId},
    names::DisplayName,
};

/// A key as stored, with the name of its org.
#[derive(sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    org_id: Text<OrgId>,
    pub org_name: String,
    id: Text<ApiKeyId>,
    name: Name<DisplayName>,
    pub ending: String,
    scopes: JsonText<Scopes>,
    application_id: Option<Text<ApplicationId>>,
    allowed_networks: JsonText<AllowedNetworks>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub last_used_from: Option<String>,
    pub revoked_at: Option<i64>,
}

impl ApiKeyRow {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn id(&self) -> ApiKeyId {
        self.id.0
    }

    pub(crate) fn name(&self) -> &DisplayName {
        &self.name.0
    }

    pub(crate) fn scopes(&self) -> &Scopes {
        &self.scopes.0
    }

    pub(crate) fn application(&self) -> Option<ApplicationId> {
        self.application_id.map(|id| id.0)
    }

    pub(crate) fn allowed_networks(&self) -> &AllowedNetworks {
        &self.allowed_networks.0
    }

    /// Whether it works at this time.
    pub(crate) fn is_live(&self, now: u64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < unsigned(at))
    }
}

/// A key to be made.
pub(crate) struct NewApiKeyRow<'a> {
    pub id: ApiKeyId,
    pub name: &'a DisplayName,
    pub hash: &'a str,
    pub ending: &'a str,
    pub scopes: &'a Scopes,
    pub application: Option<ApplicationId>,
    pub allowed_networks: &'a AllowedNetworks,
    pub expires_at: Option<u64>,
    pub now: u64,
}

macro_rules! select_api_key {
    ($rest:literal) => {
        concat!(
            "SELECT k.org_id, o.name AS org_name, k.id, k.name, k.ending, k.scopes, k.application_id,
                 k.allowed_networks, k.created_at, k.expires_at, k.last_used_at, k.last_used_from, k.revoked_at
             FROM api_keys k JOIN orgs o ON o.id = k.org_id ",
            $rest
        )
    };
}

impl Tx {
    /// Whose key has this hash, live or not.
    pub(crate) async fn api_key_by_hash(&mut self, hash: &str) -> sqlx::Result<Option<ApiKeyRow>> {
        fetch_optional!(self, ApiKeyRow, select_api_key!("WHERE k.hash = $1"), hash)
    }
}

impl OrgTx<'_> {
    /// Newest first.
    pub(crate) async fn api_keys(&mut self) -> sqlx::Result<Vec<ApiKeyRow>> {
        fetch_all!(org self, ApiKeyRow, select_api_key!("WHERE k.org_id = $1 ORDER BY k.id DESC"))
    }

    pub(crate) async fn api_key(&mut self, id: ApiKeyId) -> sqlx::Result<Option<ApiKeyRow>> {
        fetch_optional!(org self, ApiKeyRow, select_api_key!("WHERE k.org_id = $1 AND k.id = $2"), Text(id))
    }

    pub(crate) async fn insert_api_key(&mut self, new: &NewApiKeyRow<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO api_keys (org_id, id, name, hash, ending, scopes, application_id, allowed_networks, created_at,
                 expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            Text(new.id),
            Text(new.name),
            new.hash,
            new.ending,
            JsonText(new.scopes),
            new.application.map(Text),
            JsonText(new.allowed_networks),
            signed(new.now),
            new.expires_at.map(signed),
        )
        .map(drop)
    }

    /// False when it was revoked before.
    pub(crate) async fn revoke_api_key(&mut self, id: ApiKeyId, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE api_keys SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL",
            Text(id),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn note_api_key_use(&mut self, id: ApiKeyId, address: &str, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE api_keys SET last_used_at = $3, last_used_from = $4 WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(now),
            address,
        )
        .map(drop)
    }
}
