//! Applications and their keys.

use super::{JsonText, Name, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use crate::{applications::Plan, storage::Health};
use protocol::{
    ids::{AppKeyId, ApplicationId, OrgId, StorageId},
    names::DisplayName,
    skylink::KeySettings,
};

/// An application with what decides whether it may record.
#[derive(sqlx::FromRow)]
pub(crate) struct ApplicationRow {
    id: Text<ApplicationId>,
    name: Name<DisplayName>,
    pub relay: bool,
    pub recording: bool,
    pub revision: i64,
    pub max_duration_seconds: i64,
    pub idle_timeout_seconds: i64,
    pub retention_days: Option<i64>,
    pub link_validity_seconds: i64,
    allowed_origins: JsonText<Vec<String>>,
    pub created_at: i64,
    plan: Text<Plan>,
    storage_id: Option<Text<StorageId>>,
    own_storage_id: Option<Text<StorageId>>,
    pub storage_validated_at: Option<i64>,
    storage_degraded_at: Option<i64>,
    storage_degraded_reason: Option<String>,
}

impl ApplicationRow {
    pub(crate) fn id(&self) -> ApplicationId {
        self.id.0
    }

    pub(crate) fn name(&self) -> &DisplayName {
        &self.name.0
    }

    pub(crate) fn allowed_origins(&self) -> &[String] {
        &self.allowed_origins.0
    }

    /// Where its recordings go.
    pub(crate) fn storage(&self) -> Option<StorageId> {
        self.storage_id.map(|id| id.0)
    }

    /// The storage it names itself, instead of the primary one.
    pub(crate) fn own_storage(&self) -> Option<StorageId> {
        self.own_storage_id.map(|id| id.0)
    }

    pub(crate) fn storage_health(&self) -> Health {
        let degraded = self.storage_degraded_at.zip(self.storage_degraded_reason.clone());
        Health::of(self.storage_validated_at.is_some(), degraded)
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan.0
    }
}

/// A key of an application.
#[derive(sqlx::FromRow)]
pub(crate) struct KeyRow {
    id: Text<AppKeyId>,
    application_id: Text<ApplicationId>,
    pub created_at: i64,
    pub revoked_at: Option<i64>,
    privileged: bool,
    auto_introduce: bool,
    link_messages: bool,
}

impl KeyRow {
    pub(crate) fn id(&self) -> AppKeyId {
        self.id.0
    }

    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }

    pub(crate) fn settings(&self) -> KeySettings {
        let Self { privileged, auto_introduce, link_messages, .. } = *self;
        KeySettings { privileged, auto_introduce, link_messages }
    }
}

#[derive(sqlx::FromRow)]
struct KeyOwner {
    org_id: Text<OrgId>,
    application_id: Text<ApplicationId>,
}

#[derive(sqlx::FromRow)]
struct KeySecret {
    secret: String,
}

#[derive(sqlx::FromRow)]
struct Owner {
    org_id: Text<OrgId>,
}

macro_rules! select_application {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.name, a.relay, a.recording, a.revision, a.max_duration_seconds, a.idle_timeout_seconds,
                 a.retention_days, a.link_validity_seconds, a.allowed_origins, a.created_at, o.plan,
                 s.id AS storage_id, a.storage_id AS own_storage_id, s.validated_at AS storage_validated_at,
                 s.degraded_at AS storage_degraded_at, s.degraded_reason AS storage_degraded_reason
             FROM applications a JOIN orgs o ON o.id = a.org_id
             LEFT JOIN storages s ON s.org_id = a.org_id
                 AND (s.id = a.storage_id OR (a.storage_id IS NULL AND s.standing = 'primary'))
             WHERE a.org_id = $1 ",
            $rest
        )
    };
}

impl Tx {
    /// Whose key this is; `None` when unknown or revoked.
    pub(crate) async fn active_key_owner(&mut self, key: AppKeyId) -> sqlx::Result<Option<(OrgId, ApplicationId)>> {
        let row = fetch_optional!(
            self,
            KeyOwner,
            "SELECT org_id, application_id FROM app_keys WHERE id = $1 AND revoked_at IS NULL",
            Text(key),
        )?;
        Ok(row.map(|row| (row.org_id.0, row.application_id.0)))
    }

    pub(crate) async fn application_owner(&mut self, application: ApplicationId) -> sqlx::Result<Option<OrgId>> {
        let row = fetch_optional!(self, Owner, "SELECT org_id FROM applications WHERE id = $1", Text(application))?;
        Ok(row.map(|row| row.org_id.0))
    }
}

impl OrgTx<'_> {
    pub(crate) async fn applications(&mut self) -> sqlx::Result<Vec<ApplicationRow>> {
        let mut rows = fetch_all!(org self, ApplicationRow, select_application!("ORDER BY a.name, a.id"))?;
        rows.retain(|row| self.reaches(row.id()));
        Ok(rows)
    }

    pub(crate) async fn application(&mut self, id: ApplicationId) -> sqlx::Result<Option<ApplicationRow>> {
        if !self.reaches(id) {
            return Ok(None);
        }
        fetch_optional!(org self, ApplicationRow, select_application!("AND a.id = $2"), Text(id))
    }

    pub(crate) async fn insert_application(&mut self, application: &NewApplication<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO applications (org_id, id, name, relay, recording, revision, max_duration_seconds,
                 idle_timeout_seconds, allowed_origins, created_at)
             VALUES ($1, $2, $3, $4, $5, 1, $6, $7, '[]', $8)",
            Text(application.id),
            Text(application.name),
            application.relay,
            application.recording,
            i64::from(application.max_duration_seconds),
            i64::from(application.idle_timeout_seconds),
            signed(application.created_at),
        )
        .map(drop)
    }

    /// Counts the revision up and takes the row's lock, so that policies reach nodes in the order of revisions.
    pub(crate) async fn revise_application(&mut self, id: ApplicationId) -> sqlx::Result<bool> {
        if !self.reaches(id) {
            return Ok(false);
        }
        let rows = execute!(
            org self,
            "UPDATE applications SET revision = revision + 1 WHERE org_id = $1 AND id = $2",
            Text(id),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn set_switches(&mut self, id: ApplicationId, relay: bool, recording: bool) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE applications SET relay = $3, recording = $4 WHERE org_id = $1 AND id = $2",
            Text(id),
            relay,
            recording,
        )
        .map(drop)
    }

    pub(crate) async fn set_allowed_origins(&mut self, id: ApplicationId, origins: &[String]) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE applications SET allowed_origins = $3 WHERE org_id = $1 AND id = $2",
            Text(id),
            JsonText(origins),
        )
        .map(drop)
    }

    pub(crate) async fn set_retention(&mut self, id: ApplicationId, days: Option<u32>) -> sqlx::Result<bool> {
        if !self.reaches(id) {
            return Ok(false);
        }
        let rows = execute!(
            org self,
            "UPDATE applications SET retention_days = $3, revision = revision + 1 WHERE org_id = $1 AND id = $2",
            Text(id),
            days.map(i64::from),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn set_link_validity(&mut self, id: ApplicationId, seconds: u64) -> sqlx::Result<bool> {
        if !self.reaches(id) {
            return Ok(false);
        }
        let rows = execute!(
            org self,
            "UPDATE applications SET link_validity_seconds = $3, revision = revision + 1 WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(seconds),
        )?;
        Ok(rows == 1)
    }

    /// Keys of one application or of all, newest first.
    pub(crate) async fn keys(&mut self, application: Option<ApplicationId>) -> sqlx::Result<Vec<KeyRow>> {
        fetch_all!(
            org self,
            KeyRow,
            "SELECT id, application_id, created_at, revoked_at, privileged, auto_introduce, link_messages FROM app_keys
             WHERE org_id = $1 AND ($2 IS NULL OR application_id = $2) ORDER BY id DESC",
            application.map(Text),
        )
    }

    /// False when there is no such key, or it was revoked.
    pub(crate) async fn set_key(
        &mut self,
        id: AppKeyId,
        application: ApplicationId,
        settings: KeySettings,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE app_keys SET privileged = $4, auto_introduce = $5, link_messages = $6
             WHERE org_id = $1 AND id = $2 AND application_id = $3 AND revoked_at IS NULL",
            Text(id),
            Text(application),
            settings.privileged,
            settings.auto_introduce,
            settings.link_messages,
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn insert_key(
        &mut self,
        id: AppKeyId,
        application: ApplicationId,
        secret: &str,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO app_keys (org_id, id, application_id, secret, created_at) VALUES ($1, $2, $3, $4, $5)",
            Text(id),
            Text(application),
            secret,
            signed(now),
        )
        .map(drop)
    }

    /// The secret half of a working key.
    pub(crate) async fn key_secret(&mut self, id: AppKeyId) -> sqlx::Result<Option<String>> {
        let row = fetch_optional!(
            org self,
            KeySecret,
            "SELECT secret FROM app_keys WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL",
            Text(id),
        )?;
        Ok(row.map(|row| row.secret))
    }

    /// False when it was revoked before.
    pub(crate) async fn revoke_key(
        &mut self,
        id: AppKeyId,
        application: ApplicationId,
        now: u64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE app_keys SET revoked_at = $4
             WHERE org_id = $1 AND id = $2 AND application_id = $3 AND revoked_at IS NULL",
            Text(id),
            Text(application),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    /// Whether this application has a working key of this id.
    pub(crate) async fn key_is_active(&mut self, id: AppKeyId, application: ApplicationId) -> sqlx::Result<bool> {
        let row = fetch_optional!(
            org self,
            Owner,
            "SELECT org_id FROM app_keys
             WHERE org_id = $1 AND id = $2 AND application_id = $3 AND revoked_at IS NULL",
            Text(id),
            Text(application),
        )?;
        Ok(row.is_some())
    }
}

/// An application to be made.
pub(crate) struct NewApplication<'a> {
    pub id: ApplicationId,
    pub name: &'a DisplayName,
    pub relay: bool,
    pub recording: bool,
    pub max_duration_seconds: u32,
    pub idle_timeout_seconds: u32,
    pub created_at: u64,
}
