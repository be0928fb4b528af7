//! With what a bucket is opened: the embedded store's keys, the customer's stored keys, or a session of the customer's
//! role that reaches no further than the work at hand.

use super::{
    key_template::poster_key,
    settings::StorageKind,
    sts::{self, AssumeRole, Session, StsError},
};
use crate::{
    clock::to_date,
    error::Error,
    secrets::{SealedColumn, Unopened},
    services::Services,
    settings::EmbeddedStore,
    store::StorageRow,
};
use chrono::TimeDelta;
use protocol::ids::{RecordingId, StorageId};
use secrecy::SecretString;
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Every role allows sessions of one hour.
const SESSION_SECONDS: u32 = 3600;
/// A session is replaced this long before its end: longer than any request with it takes.
const SPARE: TimeDelta = TimeDelta::minutes(10);
/// Sessions kept; beyond that the ones that end first are forgotten.
const SESSIONS: usize = 1024;
/// Where validations write, under the storage's prefix.
pub(super) const VALIDATION_FOLDER: &str = "mixdown-validation";

/// An access key.
#[derive(Debug, Clone)]
pub struct Keys {
    pub id: String,
    pub secret: SecretString,
    pub token: Option<SecretString>,
}

/// What the requests are for. A session of a role allows nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// One recording's object, and the picture beside it.
    Recording { id: RecordingId, key: &'a str },
    /// Reading one recording's object, and the picture beside it.
    Playback { id: RecordingId, key: &'a str },
    /// The objects of a validation.
    Validation,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("the role could not be assumed: {0}")]
    Sts(#[from] StsError),
    #[error("the stored secret does not open: {0}")]
    Sealed(#[from] Unopened),
    #[error("the storage has no secret")]
    Missing,
    #[error("the embedded store is switched off")]
    EmbeddedOff,
    #[error("the storage was removed")]
    Removed,
}

impl CredentialsError {
    /// Whether asking again in a moment may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Sts(StsError::Outbound(_) | StsError::Malformed) => true,
            Self::Sts(StsError::Refused { status, .. }) => matches!(status, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// One sentence for the customer.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Sts(StsError::NoIdentity) => {
                "This installation has no AWS identity that could assume the role.".to_owned()
            }
            Self::Sts(StsError::Refused { status, code }) => {
                format!(
                    "The role could not be assumed ({}).",
                    if code.is_empty() { status.to_string() } else { code.clone() }
                )
            }
            Self::Sts(_) => "The role could not be assumed: AWS did not answer as it should.".to_owned(),
            Self::Removed => "The storage was removed here; use the bucket's own tools.".to_owned(),
            Self::EmbeddedOff => "The embedded store is switched off on this installation.".to_owned(),
            Self::Sealed(_) | Self::Missing => "The stored secret cannot be used; enter it again.".to_owned(),
        }
    }
}

impl From<CredentialsError> for Error {
    fn from(error: CredentialsError) -> Self {
        match error {
            CredentialsError::EmbeddedOff => {
                Error::unavailable("storage_unavailable", "The embedded store is switched off on this installation.")
            }
            CredentialsError::Removed => Error::conflict(
                "storage_removed",
                "The storage of this recording was removed here; use the bucket's own tools.",
            ),
            CredentialsError::Sts(error) => error.into(),
            CredentialsError::Sealed(_) | CredentialsError::Missing => Error::internal(error),
        }
    }
}

/// Keys that open this storage for this work.
pub(super) async fn resolve(
    services: &Services,
    storage: &StorageRow,
    scope: Scope<'_>,
) -> Result<Keys, CredentialsError> {
    if storage.removed_at.is_some() {
        return Err(CredentialsError::Removed);
    }
    match storage.kind() {
        StorageKind::Embedded => embedded(services),
        StorageKind::AwsKeys | StorageKind::S3Compatible => stored(services, storage),
        StorageKind::AwsRole => session(services, storage, scope).await,
    }
}

/// Keys of the store that runs inside Mixdown.
pub(super) fn embedded(services: &Services) -> Result<Keys, CredentialsError> {
    let store = embedded_store(services)?;
    Ok(Keys { id: store.access_key.clone(), secret: store.secret.clone(), token: None })
}

pub(super) fn embedded_store(services: &Services) -> Result<&EmbeddedStore, CredentialsError> {
    services.settings().embedded_store.as_ref().ok_or(CredentialsError::EmbeddedOff)
}

fn stored(services: &Services, storage: &StorageRow) -> Result<Keys, CredentialsError> {
    let sealed = storage.secret.as_deref().ok_or(CredentialsError::Missing)?;
    let id = storage.options().access_key_id.clone().ok_or(CredentialsError::Missing)?;
    let secret = services.envelope().open(SealedColumn::StorageSecret.of(storage.org()), storage.id(), sealed)?;
    let secret = std::str::from_utf8(&secret).map_err(|_| Unopened::Malformed)?;
    Ok(Keys { id, secret: SecretString::from(secret), token: None })
}

async fn session(services: &Services, storage: &StorageRow, scope: Scope<'_>) -> Result<Keys, CredentialsError> {
    let key = SessionKey::of(storage, scope);
    let now = to_date(services.now());
    if let Some(keys) = services.sessions().get(&key, |session| session.expires_at - SPARE > now) {
        return Ok(keys);
    }
    let policy = session_policy(storage, scope);
    let session = sts::assume_role(
        services,
        &storage.target().region,
        &AssumeRole {
            role_arn: storage.options().role_arn.as_deref().ok_or(CredentialsError::Missing)?,
            session_name: &session_name(scope),
            external_id: Some(&storage.external_id),
            policy: Some(&policy),
            seconds: SESSION_SECONDS,
        },
    )
    .await?;
    let keys = session.keys.clone();
    services.sessions().put(key, session);
    Ok(keys)
}

/// What the customer sees in their CloudTrail.
fn session_name(scope: Scope<'_>) -> String {
    match scope {
        Scope::Recording { id, .. } | Scope::Playback { id, .. } => format!("mixdown-{id}"),
        Scope::Validation => "mixdown-validation".to_owned(),
    }
}

/// Narrows the role to one recording, or to the folder of validations. Pure.
fn session_policy(storage: &StorageRow, scope: Scope<'_>) -> String {
    let partition = super::partition(&storage.target().region).name;
    let objects = match scope {
        Scope::Recording { key, .. } | Scope::Playback { key, .. } => vec![key.to_owned(), poster_key(key)],
        Scope::Validation => vec![format!("{}{VALIDATION_FOLDER}/*", storage.options().prefix.as_str())],
    };
    let bucket = &storage.target().bucket;
    let objects: Vec<_> = objects.iter().map(|key| format!("arn:{partition}:s3:::{bucket}/{key}")).collect();
    let writing = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject", "s3:AbortMultipartUpload"];
    let keys = ["kms:Decrypt", "kms:GenerateDataKey"];
    let (actions, keys) = match scope {
        Scope::Playback { .. } => (&writing[..1], &keys[..1]),
        Scope::Recording { .. } | Scope::Validation => (&writing[..], &keys[..]),
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": actions,
                "Resource": objects,
            },
            // Which keys may be used is the role's to say.
            { "Effect": "Allow", "Action": keys, "Resource": "*" },
        ],
    })
    .to_string()
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct SessionKey {
    storage: StorageId,
    /// A changed storage opens with a new session.
    revision: i64,
    recording: Option<RecordingId>,
    reads_only: bool,
}

impl SessionKey {
    fn of(storage: &StorageRow, scope: Scope<'_>) -> Self {
        let recording = match scope {
            Scope::Recording { id, .. } | Scope::Playback { id, .. } => Some(id),
            Scope::Validation => None,
        };
        let reads_only = matches!(scope, Scope::Playback { .. });
        Self { storage: storage.id(), revision: storage.revision, recording, reads_only }
    }
}

/// Sessions of customers' roles, in memory only.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<SessionKey, Session>>);

impl Sessions {
    fn get(&self, key: &SessionKey, usable: impl Fn(&Session) -> bool) -> Option<Keys> {
        self.lock().get(key).filter(|session| usable(session)).map(|session| session.keys.clone())
    }

    fn put(&self, key: SessionKey, session: Session) {
        let mut sessions = self.lock();
        if sessions.len() >= SESSIONS {
            let first = sessions.iter().min_by_key(|(_, session)| session.expires_at).map(|(key, _)| key.clone());
            first.and_then(|key| sessions.remove(&key));
        }
        sessions.insert(key, session);
    }

    /// Forgets the sessions of a storage, so that the next request proves itself anew.
    pub(crate) fn forget(&self, storage: StorageId) {
        self.lock().retain(|key, _| key.storage != storage);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
