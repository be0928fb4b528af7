//! What the page of one application shows.

use protocol::{
    ids::{AppKeyId, ApplicationId, RecordingId},
    recording::{FailureCause, RecordingState, StopCause},
};
use serde::{Deserialize, Serialize};

/// One application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationView {
    pub id: ApplicationId,
    pub name: String,
    pub relay: bool,
    pub recording: bool,
    pub missing: Vec<MissingCondition>,
    pub keys: Vec<KeyView>,
    pub allowed_origins: Vec<String>,
    pub webhook: Option<String>,
    pub created_ms: u64,
}

/// Something Recording still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingCondition {
    pub code: String,
    pub sentence: String,
}

/// Credential of end-user SDKs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    pub id: AppKeyId,
    pub created_ms: u64,
    pub revoked: bool,
}

/// One recording as the list shows it. Equal views are the same row, so a refresh leaves unchanged rows alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordingView {
    pub id: RecordingId,
    pub room: String,
    pub state: RecordingState,
    pub started_ms: u64,
    /// Of the file when it is ready, of the call so far before.
    pub duration_ms: Option<u64>,
    pub bytes: Option<u64>,
    pub picture: Option<(u32, u32)>,
    pub stop_cause: Option<StopCause>,
    pub failure_cause: Option<FailureCause>,
}

/// Part of the list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingList {
    pub items: Vec<RecordingView>,
    /// Where the older ones begin.
    pub next: Option<String>,
}

impl RecordingList {
    /// How many have neither arrived nor failed.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.items.iter().filter(|recording| !recording.state.is_final()).count()
    }
}

/// A finished file, ready to be played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playback {
    pub room: String,
    pub started_ms: u64,
    pub url: String,
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::{ApplicationView, KeyView, MissingCondition, RecordingList, RecordingView};
    use crate::server::unix_ms;
    use domain::{
        applications::{AppKey, Application, Condition},
        recordings::{Page, Recording},
    };

    impl From<Application> for ApplicationView {
        fn from(application: Application) -> Self {
            Self {
                id: application.id,
                name: application.name.to_string(),
                relay: application.relay,
                recording: application.recording,
                missing: application.missing.into_iter().map(Into::into).collect(),
                keys: application.keys.into_iter().map(Into::into).collect(),
                allowed_origins: application.allowed_origins,
                webhook: application.webhook.map(|webhook| webhook.url.to_string()),
                created_ms: unix_ms(application.created_at.timestamp_millis()),
            }
        }
    }

    impl From<Condition> for MissingCondition {
        fn from(condition: Condition) -> Self {
            Self { code: condition.to_string(), sentence: condition.sentence().to_owned() }
        }
    }

    impl From<AppKey> for KeyView {
        fn from(key: AppKey) -> Self {
            Self {
                id: key.id,
                created_ms: unix_ms(key.created_at.timestamp_millis()),
                revoked: key.revoked_at.is_some(),
            }
        }
    }

    impl RecordingList {
        /// `now_ms` measures the recordings that still run.
        pub fn of(page: Page<Recording>, now_ms: u64) -> Self {
            let items = page.items.into_iter().map(|recording| RecordingView::of(recording, now_ms)).collect();
            Self { items, next: page.next.map(|cursor| cursor.to_string()) }
        }
    }

    impl RecordingView {
        fn of(recording: Recording, now_ms: u64) -> Self {
            let started_ms = recording.started_at.unwrap_or(recording.created_at).timestamp_millis();
            let stopped_ms = recording.stopped_at.map(|at| at.timestamp_millis());
            let so_far = recording.started_at.and_then(|_| match stopped_ms {
                Some(stopped_ms) => Some(unix_ms(stopped_ms - started_ms)),
                None => (!recording.state.is_final()).then(|| now_ms.saturating_sub(unix_ms(started_ms))),
            });
            Self {
                id: recording.id,
                room: recording.room.to_string(),
                state: recording.state,
                started_ms: unix_ms(started_ms),
                duration_ms: recording.duration_ms.or(so_far),
                bytes: recording.bytes,
                picture: recording.width.zip(recording.height),
                stop_cause: recording.stop_cause,
                failure_cause: recording.failure_cause,
            }
        }
    }
}
