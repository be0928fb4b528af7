//! What a job does, as it is stored.

use crate::store::RecordingRow;
use protocol::ids::{MailId, OrgId, RecordingId, StorageId, UserId, ValidationId};
use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr, str::FromStr};

/// Work that must not wait for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Trials of customers' buckets; may be slow.
    Validations,
    /// Conversations with the mail server; may be slow.
    Mails,
    /// Everything else.
    Internal,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::Validations, Self::Mails, Self::Internal];

    /// Whether it depends on somebody outside how long a job takes.
    #[must_use]
    pub fn is_outward(self) -> bool {
        self != Self::Internal
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Validations => "validations",
            Self::Mails => "mails",
            Self::Internal => "internal",
        })
    }
}

/// The text names no lane.
#[derive(Debug, thiserror::Error)]
#[error("unknown lane")]
pub struct UnknownLane;

impl FromStr for Lane {
    type Err = UnknownLane;

    fn from_str(text: &str) -> Result<Self, UnknownLane> {
        Self::ALL.into_iter().find(|lane| lane.to_string() == text).ok_or(UnknownLane)
    }
}

/// The payload of a job; its form is stored, so variants are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Complete the upload, verify the object, tell everyone.
    FinalizeUpload {
        org: OrgId,
        recording: RecordingId,
    },
    /// Give up an upload nobody will complete.
    AbortUpload {
        org: OrgId,
        recording: RecordingId,
        /// Where it was begun; the recording may have gone elsewhere since.
        storage: StorageId,
        key: String,
        upload: String,
        /// A picture was put beside it.
        #[serde(default)]
        poster: bool,
    },
    /// Delete the object, tell everyone.
    DeleteObject {
        org: OrgId,
        recording: RecordingId,
    },
    /// Run a validation that was begun.
    ValidateStorage {
        org: OrgId,
        storage: StorageId,
        validation: ValidationId,
    },
    SendMail {
        org: OrgId,
        mail: MailId,
    },
    /// Write a refused sign-in into the audit log; without a user there is none to write to.
    TellRefusal {
        user: Option<UserId>,
        address: IpAddr,
    },
    /// Send a link for a new password, if somebody has this address.
    RequestReset {
        email: String,
        address: IpAddr,
    },
    /// Periodic: find recordings whose lease ran out.
    ReconcileRecordings,
    /// Periodic: request the deletion of recordings that are kept no longer.
    ApplyRetention,
    /// Periodic: begin the validations of storages that are due.
    RevalidateStorages,
    /// Periodic: delete what has expired.
    SweepExpired,
}

impl Work {
    pub(crate) const PERIODIC: [Self; 4] =
        [Self::ReconcileRecordings, Self::ApplyRetention, Self::RevalidateStorages, Self::SweepExpired];

    /// Gives up the upload a recording has begun, if it has.
    pub(crate) fn abort_upload(org: OrgId, row: &RecordingRow) -> Option<Self> {
        let (storage, key) = (row.storage()?, row.object_key.clone());
        let poster = row.poster;
        row.upload_id.clone().map(|upload| Self::AbortUpload { org, recording: row.id(), storage, key, upload, poster })
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::FinalizeUpload { .. } => "finalize_upload",
            Self::AbortUpload { .. } => "abort_upload",
            Self::DeleteObject { .. } => "delete_object",
            Self::ValidateStorage { .. } => "validate_storage",
            Self::SendMail { .. } => "send_mail",
            Self::ReconcileRecordings => "reconcile_recordings",
            Self::ApplyRetention => "apply_retention",
            Self::RevalidateStorages => "revalidate_storages",
            Self::SweepExpired => "sweep_expired",
            Self::TellRefusal { .. } => "tell_refusal",
            Self::RequestReset { .. } => "request_reset",
        }
    }

    pub(crate) fn lane(&self) -> Lane {
        match self {
            Self::ValidateStorage { .. } => Lane::Validations,
            Self::SendMail { .. } => Lane::Mails,
            _ => Lane::Internal,
        }
    }

    pub(crate) fn org(&self) -> Option<OrgId> {
        match self {
            Self::FinalizeUpload { org, .. }
            | Self::AbortUpload { org, .. }
            | Self::DeleteObject { org, .. }
            | Self::ValidateStorage { org, .. }
            | Self::SendMail { org, .. } => Some(*org),
            Self::TellRefusal { .. }
            | Self::RequestReset { .. }
            | Self::ReconcileRecordings
            | Self::ApplyRetention
            | Self::RevalidateStorages
            | Self::SweepExpired => None,
        }
    }

    /// What there is at most one job of.
    pub(crate) fn unique_key(&self) -> Option<String> {
        match self {
            Self::FinalizeUpload { recording, .. } => Some(format!("finalize_upload/{recording}")),
            Self::DeleteObject { recording, .. } => Some(format!("delete_object/{recording}")),
            Self::ReconcileRecordings | Self::ApplyRetention | Self::RevalidateStorages | Self::SweepExpired => {
                Some(self.kind().to_owned())
            }
            Self::ValidateStorage { validation, .. } => Some(format!("validate_storage/{validation}")),
            Self::AbortUpload { .. } | Self::TellRefusal { .. } | Self::RequestReset { .. } | Self::SendMail { .. } => {
                None
            }
        }
    }
}
