//! What the page of one application shows.

use crate::pages::storage::view::{Health, HeldView};
use protocol::{
    ids::{AppKeyId, ApplicationId, MailAddressId, RecordingId, StorageId},
    recording::{FailureCause, RecordingState, StopCause},
    skylink::KeySettings,
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
    /// Recordings are deleted so many days after they were ready; nothing keeps them.
    pub retention_days: Option<u32>,
    /// How long links to finished recordings work.
    pub link_hours: u64,
    pub created_ms: u64,
    pub may_change: bool,
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
    pub settings: KeySettings,
}

/// One recording as the list shows it. Equal views are the same row, so a refresh leaves unchanged rows alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordingView {
    pub id: RecordingId,
    /// The room; or the client whose stream it is.
    pub room: String,
    /// Which stream, and where it went.
    pub stream: Option<String>,
    pub state: RecordingState,
    pub started_ms: u64,
    /// Of the file when it is ready, of the call so far before.
    pub duration_ms: Option<u64>,
    pub bytes: Option<u64>,
    pub picture: Option<(u32, u32)>,
    /// There is a still of it.
    pub poster: bool,
    pub stop_cause: Option<StopCause>,
    pub failure_cause: Option<FailureCause>,
    /// It went to an address that its client chose; there is nothing to play.
    pub elsewhere: bool,
    /// A legal hold keeps it.
    pub on_hold: bool,
    pub deletion: Option<DeletionView>,
}

/// Where the browser finds the still of a recording.
pub fn poster_address(recording: RecordingId) -> String {
    format!("/api/console/poster?recording={recording}")
}

/// How far a recording's deletion is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeletionView {
    /// Who or what wanted it, to end a sentence.
    pub cause: String,
    /// Why the bucket still has the object.
    pub problem: Option<String>,
    pub deleted_ms: Option<u64>,
}

/// One recording with everything about its object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedView {
    pub recording: RecordingView,
    pub bucket: String,
    pub object: String,
    /// Why nothing may delete it.
    pub hold: Option<String>,
    pub may_share: bool,
    pub may_change: bool,
}

/// What a retention would delete at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionPreview {
    pub recordings: usize,
    pub bytes: u64,
    /// As old, but kept by a legal hold.
    pub held: usize,
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
    /// Where a still of it is shown, if there is one.
    pub poster: Option<String>,
}

/// Where recordings of an application go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationView {
    /// Nothing while the org has none.
    pub storage: Option<DestinationStorage>,
    /// The application names it itself instead of following the primary one.
    pub own: bool,
    /// Storages it may name: identifier and name.
    pub choices: Vec<(String, String)>,
    /// Recordings that wait because a bucket does not work.
    pub held: Option<HeldView>,
    pub may_change: bool,
}

/// A storage in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationStorage {
    pub id: StorageId,
    pub name: String,
    pub health: Health,
    pub validated_ms: Option<u64>,
}

/// Whom mails about the application's recordings go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailsView {
    /// In the order of the alphabet.
    pub addresses: Vec<MailAddressView>,
    pub may_change: bool,
}

/// One address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailAddressView {
    pub id: MailAddressId,
    pub email: String,
    /// Its reader wants no more mails.
    pub unsubscribed_ms: Option<u64>,
}
