//! The life of a recording: its states, why it stopped, why it failed, and what came out.

use crate::{
    ids::{ApplicationId, RecordingId},
    names::RoomName,
    wire_enum,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

wire_enum! {
    /// Where a recording is on its way. States only move forward; see [`RecordingState::can_become`].
    RecordingState {
        /// Accepted by the control plane; the node has not captured anything yet.
        Requested = "requested",
        /// The capture log is being written.
        Recording = "recording",
        /// Capture has ended; the mix has not begun.
        Stopping = "stopping",
        /// The capture is being turned into a file.
        Mixing = "mixing",
        /// All parts are in the bucket; the control plane completes and verifies the object.
        Uploading = "uploading",
        /// The object was verified in the bucket.
        Ready = "ready",
        /// It ended without an object; the cause says why.
        Failed = "failed",
    }
}

impl RecordingState {
    /// Whether a recording may move from this state to `next`. Forward steps may be skipped (a node that
    /// recovers after a crash reports the mix without having reported the stop), never retraced.
    #[must_use]
    pub fn can_become(self, next: Self) -> bool {
        !self.is_final() && (next == Self::Failed || next as u8 > self as u8)
    }

    /// Whether the recording has ended for good.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Ready | Self::Failed)
    }
}

wire_enum! {
    /// Why capture ended.
    StopCause {
        PeerRequest = "peer_request",
        ConsoleRequest = "console_request",
        ApiRequest = "api_request",
        /// Recording or Media Relay was switched off, or the application key was revoked.
        SwitchedOff = "switched_off",
        MaxDuration = "max_duration",
        RoomEmpty = "room_empty",
        /// No room left under the spool; what was captured before is delivered.
        SpoolFull = "spool_full",
        Shutdown = "shutdown",
        /// The media process ended without warning; what was captured before is delivered.
        NodeCrash = "node_crash",
    }
}

wire_enum! {
    /// Why a recording ended without an object.
    FailureCause {
        /// The node never wrote a capture log, or it is gone.
        CaptureLost = "capture_lost",
        /// The capture could not be turned into a file.
        MixFailed = "mix_failed",
        /// The bucket refused the parts or the completed object did not verify.
        UploadFailed = "upload_failed",
        /// The bucket did not take it for as long as recordings are held.
        StorageUnavailable = "storage_unavailable",
        /// The node did not come back.
        NodeLost = "node_lost",
    }
}

wire_enum! {
    /// Why a start was refused.
    StartRefusal {
        RelayRequired = "relay_required",
        RecordingOff = "recording_off",
        PlanRequired = "plan_required",
        StorageNotValidated = "storage_not_validated",
        AlreadyRecording = "already_recording",
        /// The node has no room under its spool.
        SpoolFull = "spool_full",
        /// The control plane could not be asked in time.
        ControlPlaneUnreachable = "control_plane_unreachable",
        /// The application or its key no longer exists.
        ApplicationGone = "application_gone",
        /// The session is over.
        SessionOver = "session_over",
        /// Files are not sent to such an address.
        DestinationNotAllowed = "destination_not_allowed",
    }
}

impl StartRefusal {
    /// One sentence for the person who pressed the button.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::RelayRequired => "Recording needs Media Relay, which is switched off for this application.",
            Self::RecordingOff => "Recording is switched off for this application.",
            Self::PlanRequired => "Recording needs the plan pro.",
            Self::StorageNotValidated => "Recording needs a validated storage.",
            Self::AlreadyRecording => "This room is already being recorded.",
            Self::SpoolFull => "The media node has no disk space left for recordings.",
            Self::ControlPlaneUnreachable => "The control plane could not be reached; try again.",
            Self::ApplicationGone => "The application or its key no longer exists.",
            Self::SessionOver => "The session is over.",
            Self::DestinationNotAllowed => "The upload address must be a public https address on port 443 or 8443.",
        }
    }
}

/// Key of one recording's capture log. Destroying every copy of it erases the capture.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct CaptureKey([u8; 32]);

impl CaptureKey {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CaptureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptureKey(redacted)")
    }
}

impl Serialize for CaptureKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            let _ = write!(text, "{byte:02x}");
        }
        let result = serializer.serialize_str(&text);
        text.zeroize();
        result
    }
}

impl<'de> Deserialize<'de> for CaptureKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
        text.zeroize();
        let mut digits = digits.filter(|d| d.len() == 64).ok_or_else(|| serde::de::Error::custom("not a key"))?;
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        digits.zeroize();
        Ok(Self(key))
    }
}

/// What the control plane decided about one recording: everything a node needs to know, and no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingSpec {
    pub id: RecordingId,
    pub application: ApplicationId,
    pub room: RoomName,
    pub capture_key: CaptureKey,
    pub max_duration_seconds: u32,
    pub idle_timeout_seconds: u32,
    #[serde(default)]
    pub delivery: Delivery,
}

impl RecordingSpec {
    /// Whether the capture goes as it is to an address of its client.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        matches!(self.delivery, Delivery::Direct { .. })
    }
}

/// What becomes of a capture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Delivery {
    /// Everybody in one picture, in the storage.
    #[default]
    Mixed,
    /// One stream of a StreamRec client as it is, to the address that the client chose. `stream` counts from 0; after
    /// `expires_at`, in Unix milliseconds, the address takes nothing, as far as it says itself.
    Direct { stream: u8, expires_at: Option<u64> },
}

/// The first picture of a file, in Unix milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstFrame {
    /// When it was written, by the clock of the node.
    pub written_at: Option<u64>,
    /// When it was captured, by the clock of the client, as far as the client said.
    pub captured_at: Option<u64>,
}

/// One part of the uploaded object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadedPart {
    /// 1 to 10 000.
    pub number: u16,
    /// As answered by the bucket, quotes included.
    pub etag: String,
    /// MD5 of the bytes the node sent, lower-case hexadecimal; what `etag` is on stores that use MD5.
    pub md5: String,
    pub bytes: u64,
}

/// The finished file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    pub bytes: u64,
    pub duration_ms: u64,
    /// Pixels; the mix always has a picture.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Lip sync rests on arrival times because some track sent no RTCP sender report.
    pub approximate_sync: bool,
    /// There is a picture of it, JPEG, beside it.
    pub poster: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_move_forward_only() {
        for &from in RecordingState::ALL {
            for &to in RecordingState::ALL {
                if from.can_become(to) {
                    assert!(!to.can_become(from), "{from} <-> {to}");
                    assert!(!from.is_final());
                }
            }
            assert!(from.is_final() || from.can_become(RecordingState::Failed));
            assert_eq!(from.as_str().parse(), Ok(from));
        }
    }

    #[test]
    fn keys_round_trip_and_stay_secret() {
        let key = CaptureKey::new(std::array::from_fn(|i| i as u8));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<CaptureKey>(&json).unwrap(), key);
        assert!(!format!("{key:?}").contains("01"));
        assert!(serde_json::from_str::<CaptureKey>("\"00\"").is_err());
    }
}
