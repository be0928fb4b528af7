//! Identifiers: a UUIDv7 behind a type, written as a prefix and 32 hexadecimal digits, for example
//! `rec_019aa2c1…`. Time-ordered, so they also sort by creation.

use serde::{Deserialize, Serialize, de};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text was not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0} identifier")]
pub struct InvalidId(pub &'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Text before the digits.
            pub const PREFIX: &'static str = $prefix;

            /// Builds an identifier from the current time (Unix milliseconds) and ten random bytes (RFC 9562 §5.7).
            #[must_use]
            pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }

            /// Without the prefix, for protocols that have plain UUIDs.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }

            /// The identifier of this kind with these digits.
            #[must_use]
            pub fn of_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix)
                    .filter(|digits| digits.len() == 32 && !digits.bytes().any(|b| b.is_ascii_uppercase()))
                    .and_then(|digits| Uuid::try_parse(digits).ok())
                    .map(Self)
                    .ok_or(InvalidId(stringify!($name)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    OrgId = "org_";
    /// A person with a login.
    UserId = "usr_";
    /// A product of a tenant.
    ApplicationId = "app_";
    /// Public half of the credential used by end-user SDKs.
    AppKeyId = "key_";
    /// A key of the REST API, without its secret.
    ApiKeyId = "apikey_";
    /// Bucket configuration.
    StorageId = "sto_";
    /// One connected client.
    PeerId = "peer_";
    /// One published audio or video stream.
    TrackId = "trk_";
    /// One start-to-stop of a room.
    RecordingId = "rec_";
    /// One running media process, stable over its restarts.
    NodeId = "node_";
    /// One start of a media process.
    BootId = "boot_";
    /// One request of a peer to start recording; makes retries of the same request harmless.
    RequestId = "req_";
    /// One unit of background work.
    JobId = "job_";
    /// One notification; the `webhook-id` of every attempt to deliver it.
    MessageId = "msg_";
    /// Where messages of an application go.
    EndpointId = "ep_";
    /// One message on its way to one endpoint.
    DeliveryId = "dlv_";
    /// One mail in the outbox.
    MailId = "mail_";
    /// One address that mails about an application go to.
    MailAddressId = "addr_";
    /// Somebody who was asked to join an org.
    InvitationId = "inv_";
    /// A run through everything a recording needs of a storage.
    ValidationId = "val_";
    /// One stay of a StreamRec client or supervisor.
    SessionId = "ses_";
    /// One row of the audit log.
    AuditId = "aud_";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_form_round_trips(ms in 0u64..(1 << 48), random: [u8; 10]) {
            let id = RecordingId::from_parts(ms, random);
            prop_assert_eq!(id.to_string().parse::<RecordingId>(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<RecordingId>(&json).unwrap(), id);
        }

        #[test]
        fn foreign_text_never_panics(text in ".*") {
            let _ = text.parse::<OrgId>();
        }
    }

    #[test]
    fn another_kind_is_refused() {
        let id = RecordingId::from_parts(1, [7; 10]).to_string();
        assert!(id.parse::<PeerId>().is_err());
        assert!(id.to_uppercase().parse::<RecordingId>().is_err());
    }
}
