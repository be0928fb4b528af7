//! Where objects lie in the bucket, and what downloads are called. Pure.

use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, RecordingId},
    names::RoomName,
};

const SLUG_CHARS: usize = 48;

/// `{application}/{room}/{yyyy-mm-dd}/{recording}.mp4`
pub(super) fn object_key(
    application: ApplicationId,
    room: &RoomName,
    at: DateTime<Utc>,
    recording: RecordingId,
) -> String {
    format!("{application}/{}/{}/{recording}.mp4", slug(room), at.format("%Y-%m-%d"))
}

/// Safe in a header without any quoting.
pub(super) fn download_name(room: &RoomName, at: DateTime<Utc>) -> String {
    format!("{}-{}.mp4", slug(room), at.format("%Y-%m-%d-%H%M%S"))
}

/// Lower-case letters, digits and single dashes, so that no room name can leave its folder. Two rooms may share one.
fn slug(room: &RoomName) -> String {
    let mut slug = String::new();
    for c in room.as_str().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == SLUG_CHARS {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "room".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn room(name: &str) -> RoomName {
        name.to_owned().try_into().unwrap()
    }

    #[test]
    fn keys_tell_what_they_hold() {
        let key = object_key(
            ApplicationId::from_parts(1, [1; 10]),
            &room("Weekly / Team call!"),
            DateTime::UNIX_EPOCH,
            RecordingId::from_parts(2, [2; 10]),
        );
        let [application, slug, date, file] = key.split('/').collect::<Vec<_>>()[..] else { panic!("{key}") };
        assert!(application.starts_with("app_"));
        assert_eq!((slug, date), ("weekly-team-call", "1970-01-01"));
        assert!(file.starts_with("rec_") && file.ends_with(".mp4"));
        assert_eq!(download_name(&room("../../etc"), DateTime::UNIX_EPOCH), "etc-1970-01-01-000000.mp4");
        assert_eq!(slug_of("日本"), "room");
    }

    fn slug_of(name: &str) -> String {
        slug(&room(name))
    }

    proptest! {
        #[test]
        fn no_room_name_leaves_its_folder(name in "\\PC{1,128}") {
            if let Ok(room) = RoomName::try_from(name) {
                let slug = slug(&room);
                prop_assert!(!slug.is_empty() && slug.len() <= SLUG_CHARS);
                prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!(!slug.starts_with('-') && !slug.ends_with('-'));
            }
        }
    }
}
