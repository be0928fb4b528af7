//! Console sessions: an identifier in a cookie, everything else in the database.
//!
//! A session ends after [`IDLE`] without a request and in any case [`ABSOLUTE`] after it began, by the clock of the
//! services. Signing in draws a new identifier, which begins a new session.

use app::server::SESSION_USER;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Services,
    session_store::{self as rows, StoredSession},
};
use serde_json::Value;
use tower_sessions::{
    Expiry, SessionManagerLayer, SessionStore,
    cookie::{
        SameSite,
        time::{Duration, OffsetDateTime},
    },
    session::{Id, Record},
    session_store::{Error, Result},
};

const COOKIE: &str = "__Host-mixdown";
/// Of backends that sign in at `/rest/login`.
const TEMASYS_COOKIE: &str = "__Secure-mixdown-rest";
const IDLE_MINUTES: i64 = 30;
/// A session without requests ends after this time.
const IDLE: TimeDelta = TimeDelta::minutes(IDLE_MINUTES);
/// Every session ends after this time.
const ABSOLUTE: TimeDelta = TimeDelta::hours(12);
/// Key in the session's data: Unix milliseconds at which it began.
const BEGAN: &str = "began";
/// Identifiers are 128 random bits; a second collision is a broken generator.
const ATTEMPTS: u32 = 3;

/// The session store over the services' database.
#[derive(Debug, Clone)]
pub struct Sessions {
    services: Services,
}

/// The middleware that reads and writes the session cookie.
#[must_use]
pub fn layer(sessions: Sessions) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(sessions)
        .with_name(COOKIE)
        .with_same_site(SameSite::Lax)
        .with_secure(true)
        .with_http_only(true)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(Duration::minutes(IDLE_MINUTES)))
        .with_always_save(true)
}

/// The same for backends made for Temasys, which call `/rest` only.
#[must_use]
pub fn temasys_layer(sessions: Sessions) -> SessionManagerLayer<Sessions> {
    layer(sessions)
        .with_name(TEMASYS_COOKIE)
        .with_same_site(SameSite::Strict)
        .with_path("/rest")
        .with_always_save(false)
}

impl Sessions {
    #[must_use]
    pub fn new(services: Services) -> Self {
        Self { services }
    }

    fn row(&self, record: &Record) -> Result<StoredSession> {
        let now = self.services.clock().now();
        let began =
            record.data.get(BEGAN).and_then(Value::as_i64).and_then(DateTime::from_timestamp_millis).unwrap_or(now);
        let user = record.data.get(SESSION_USER).and_then(Value::as_str).and_then(|user| user.parse().ok());
        Ok(StoredSession {
            user,
            data: serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?,
            expires_at: (now + IDLE).min(began + ABSOLUTE),
        })
    }
}

#[async_trait::async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let now = self.services.clock().now().timestamp_millis();
        record.data.insert(BEGAN.to_owned(), Value::from(now));
        let row = self.row(record)?;
        for _ in 0..ATTEMPTS {
            if rows::create(&self.services, &record.id.to_string(), &row).await.map_err(|error| failed(&error))? {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no free session identifier".to_owned()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        rows::save(&self.services, &record.id.to_string(), &self.row(record)?).await.map_err(|error| failed(&error))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(row) = rows::load(&self.services, &id.to_string()).await.map_err(|error| failed(&error))? else {
            return Ok(None);
        };
        let data = serde_json::from_str(&row.data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date: to_offset(row.expires_at) }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        rows::delete(&self.services, &id.to_string()).await.map_err(|error| failed(&error))
    }
}

fn to_offset(date: DateTime<Utc>) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(date.timestamp()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn failed(error: &domain::Error) -> Error {
    tracing::error!(?error, "the session store failed");
    Error::Backend(error.to_string())
}
