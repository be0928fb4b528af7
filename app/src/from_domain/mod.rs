//! How the domain's things become what pages show: the one place where the two meet, on the server only.

mod api_keys;
mod mails;
mod notifications;
mod storage;
mod streamrec;
mod team;

pub use api_keys::new_api_key;
pub use notifications::{DeliveryQuery, deliveries, delivery, endpoint_update, endpoints, new_endpoint};
pub use streamrec::streamrec;

use crate::{
    pages::{
        application::view::{
            ApplicationView, DeletionView, KeyView, ManagedView, MissingCondition, RecordingList, RecordingView,
            RetentionPreview,
        },
        applications::ApplicationSummary,
        audit::AuditEntry,
    },
    server::unix_ms,
};
use domain::{
    Access,
    access::Permission,
    applications::{AppKey, Application, Condition},
    audit::Entry,
    recordings::{self, Deletion, DeletionCause, Page, Recording},
};

impl From<Application> for ApplicationSummary {
    fn from(application: Application) -> Self {
        Self {
            id: application.id,
            name: application.name.to_string(),
            relay: application.relay,
            recording: application.recording,
            live_keys: application.keys.iter().filter(|key| key.revoked_at.is_none()).count(),
        }
    }
}

impl ApplicationView {
    pub fn of(application: Application, access: &Access) -> Self {
        Self {
            id: application.id,
            name: application.name.to_string(),
            relay: application.relay,
            recording: application.recording,
            missing: application.missing.into_iter().map(Into::into).collect(),
            keys: application.keys.into_iter().map(Into::into).collect(),
            allowed_origins: application.allowed_origins,
            retention_days: application.retention_days,
            link_hours: application.link_validity.as_secs() / 3600,
            created_ms: unix_ms(application.created_at.timestamp_millis()),
            may_change: access.may(Permission::ConfigureApplications),
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
            settings: key.settings,
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
        let stream = recording.source.as_ref().map(|source| {
            let number = source.stream + 1;
            format!("StreamRec, stream {number} to {}", recording.bucket)
        });
        Self {
            id: recording.id,
            room: recording.source.map_or_else(|| recording.room.to_string(), |source| source.client.to_string()),
            stream,
            state: recording.state,
            started_ms: unix_ms(started_ms),
            duration_ms: recording.duration_ms.or(so_far),
            bytes: recording.bytes,
            picture: recording.width.zip(recording.height),
            poster: recording.poster,
            stop_cause: recording.stop_cause,
            failure_cause: recording.failure_cause,
            elsewhere: recording.elsewhere,
            on_hold: recording.legal_hold.is_some(),
            deletion: recording.deletion.map(Into::into),
        }
    }
}

impl From<Deletion> for DeletionView {
    fn from(deletion: Deletion) -> Self {
        let cause = match deletion.cause {
            DeletionCause::Requested => "because somebody asked for it",
            DeletionCause::Retention => "because it was kept for as long as the application says",
        };
        Self {
            cause: cause.to_owned(),
            problem: deletion.problem,
            deleted_ms: deletion.deleted_at.map(|at| unix_ms(at.timestamp_millis())),
        }
    }
}

impl ManagedView {
    pub fn of(recording: Recording, access: &Access, now_ms: u64) -> Self {
        Self {
            bucket: recording.bucket.clone(),
            object: recording.object_key.clone(),
            hold: recording.legal_hold.clone(),
            may_share: access.may(Permission::OperateRecordings),
            may_change: access.may(Permission::GovernRecordings),
            recording: RecordingView::of(recording, now_ms),
        }
    }
}

impl From<recordings::RetentionPreview> for RetentionPreview {
    fn from(preview: recordings::RetentionPreview) -> Self {
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Self { recordings: count(preview.recordings), bytes: preview.bytes, held: count(preview.held) }
    }
}

impl AuditEntry {
    /// Who looks reads their own address instead of their identifier.
    pub fn read_by(access: &Access, entry: Entry) -> Self {
        let at_ms = unix_ms(entry.at.timestamp_millis());
        let own = access.user().is_some_and(|user| user.to_string() == entry.actor);
        let actor = if own { access.name().to_owned() } else { entry.actor };
        Self { at_ms, actor, action: entry.action, object: entry.object, detail: entry.detail }
    }
}
