//! The words of webhooks: what can be told, how it is signed and how telling it went.

use crate::wire_enum;

wire_enum! {
    /// What happened; `type` of a message.
    EventType {
        RoomStarted = "room.started",
        RoomEnded = "room.ended",
        PeerJoined = "peer.joined",
        PeerLeft = "peer.left",
        RecordingStarted = "recording.started",
        RecordingStopped = "recording.stopped",
        RecordingMixing = "recording.mixing",
        RecordingReady = "recording.ready",
        RecordingFailed = "recording.failed",
        RecordingDeleted = "recording.deleted",
        StorageDegraded = "storage.degraded",
        StorageRecovered = "storage.recovered",
        /// The file of a StreamRec client is at the address it chose.
        UploadReady = "upload_ready",
        /// That address did not take the file.
        UploadFailed = "upload_failed",
        /// A StreamRec client's session ended.
        SessionFinished = "session_finished",
        /// That of somebody who watched one ended.
        SupervisorSessionFinished = "supervisor_session_finished",
        /// Somebody wants to see whether messages arrive.
        Test = "test",
    }
}

impl EventType {
    /// Whether an endpoint may want to hear of it. The others are told where the request that caused them says.
    #[must_use]
    pub fn is_offered(self) -> bool {
        !matches!(
            self,
            Self::UploadReady | Self::UploadFailed | Self::SessionFinished | Self::SupervisorSessionFinished
        )
    }
}

wire_enum! {
    /// How messages to an endpoint are signed (Standard Webhooks 1.0).
    Signing {
        /// HMAC-SHA256 with a secret that both sides have: `v1`.
        Hmac = "hmac",
        /// Ed25519: `v1a`; the receiver has the public key only.
        Ed25519 = "ed25519",
    }
}

wire_enum! {
    /// The form of the bodies that an endpoint gets.
    BodyFormat {
        Standard = "standard",
        /// What backends made for Temasys expect when a recording is ready.
        Temasys = "temasys",
    }
}

wire_enum! {
    /// Whether messages are sent to an endpoint.
    EndpointState {
        Active = "active",
        /// By its owner.
        Disabled = "disabled",
        /// By Mixdown, because it does not take messages any more.
        Suspended = "suspended",
    }
}

wire_enum! {
    /// Why Mixdown sends nothing to an endpoint any more.
    SuspensionCause {
        /// It answered 410.
        Gone = "gone",
        /// Nothing arrived for days.
        Failing = "failing",
    }
}

wire_enum! {
    /// How telling one endpoint one message stands.
    DeliveryState {
        /// An attempt is due, now or later.
        Waiting = "waiting",
        Delivered = "delivered",
        /// Given up; it can be replayed.
        Failed = "failed",
    }
}

wire_enum! {
    /// Why an attempt did not deliver.
    AttemptProblem {
        /// There was no answer.
        Unreachable = "unreachable",
        /// The answer was not complete in time.
        TimedOut = "timed_out",
        /// The answer points elsewhere, where messages do not follow.
        Redirected = "redirected",
        /// The answer is not a success.
        Refused = "refused",
        /// The answer says that the endpoint is gone for good.
        Gone = "gone",
    }
}
