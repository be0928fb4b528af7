//! What the room server and the nodes agree on for Skylink clients.

use crate::token::JoinClaims;
use serde::{Deserialize, Serialize};

/// Seconds a Skylink client may take from its API request to joining. Clients ask their user for the camera in between.
pub const SKYLINK_TOKEN_SECONDS: u64 = 600;
/// Stands for the relay among peer ids.
pub const MCU: &str = "MCU";

/// Clients that have to be spoken to in the same way. Which one it is says only the request to the room server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// Before 0.9: one connection for each peer that is watched.
    Early,
    /// 0.9 and 1.x.
    Classic,
    /// 2.x.
    Modern,
}

impl Generation {
    /// By the version a client states, for example `0.9.3`; one that states none is [`Self::Classic`].
    #[must_use]
    pub fn of(version: Option<&str>) -> Self {
        let mut numbers = version.unwrap_or("").split('.').map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(0)), Some(Ok(minor))) if minor < 9 => Self::Early,
            (Some(Ok(major)), _) if major >= 2 => Self::Modern,
            _ => Self::Classic,
        }
    }
}

/// What an app key lets its peers do, beside joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeySettings {
    /// They may list the peers in all rooms of the application, and introduce peers to each other.
    pub privileged: bool,
    /// They meet everybody in their room whose key says so too; otherwise only whom they are introduced to.
    pub auto_introduce: bool,
    /// Clients that have no other way are told by a message where a finished recording is.
    pub link_messages: bool,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self { privileged: false, auto_introduce: true, link_messages: false }
    }
}

/// What is agreed about one stay in a room, beside what every join token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkylinkStay {
    pub generation: Generation,
    /// Names the room in messages.
    pub room_key: String,
    /// Unix seconds; the stay ends then. Only with credentials.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends: Option<u64>,
    #[serde(default)]
    pub key: KeySettings,
}

/// Claims of a Skylink client's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkylinkClaims {
    #[serde(flatten)]
    pub join: JoinClaims,
    pub skylink: SkylinkStay,
}

impl AsRef<JoinClaims> for SkylinkClaims {
    fn as_ref(&self) -> &JoinClaims {
        &self.join
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_known_by_their_versions() {
        for (version, generation) in [
            (Some("0.6.37"), Generation::Early),
            (Some("0.9.3"), Generation::Classic),
            (Some("1.0.0"), Generation::Classic),
            (Some("2.7.2"), Generation::Modern),
            (Some("latest"), Generation::Classic),
            (None, Generation::Classic),
        ] {
            assert_eq!(Generation::of(version), generation, "{version:?}");
        }
    }
}
