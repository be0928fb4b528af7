//! Where the objects of recordings lie, and what downloads are called. Pure.

use crate::{
    storage::{KeyParts, slug},
    store::StorageRow,
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, RecordingId},
    names::RoomName,
};

const EXTENSION: &str = "mp4";

/// The key of a recording in this storage.
pub(super) fn object_key(
    storage: &StorageRow,
    application: ApplicationId,
    room: &RoomName,
    at: DateTime<Utc>,
    recording: RecordingId,
) -> String {
    let options = storage.options();
    let parts = KeyParts { application, room, at, recording, extension: EXTENSION };
    format!("{}{}", options.prefix.as_str(), options.key_template.fill(&parts))
}

/// Safe in a header without any quoting.
pub(super) fn download_name(room: &RoomName, at: DateTime<Utc>) -> String {
    format!("{}-{}.{EXTENSION}", slug(room), at.format("%Y-%m-%d-%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_are_named_after_room_and_time() {
        let room = "../../etc".to_owned().try_into().unwrap();
        assert_eq!(download_name(&room, DateTime::UNIX_EPOCH), "etc-1970-01-01-000000.mp4");
    }
}
