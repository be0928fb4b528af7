//! Where objects lie in the bucket. Pure.

use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, RecordingId},
    names::RoomName,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The template of storages that name no other.
pub(crate) const DEFAULT_TEMPLATE: &str = "{app}/{room}/{date}/{recording}.{ext}";
const RECORDING: &str = "{recording}";
const PLACEHOLDERS: [&str; 6] = ["{app}", "{room}", "{date}", "{time}", RECORDING, "{ext}"];
/// With every placeholder filled in, a key stays below the 1024 bytes of S3.
const TEMPLATE_BYTES: usize = 256;
const PREFIX_BYTES: usize = 256;
const SLUG_CHARS: usize = 48;

/// What a recording's key is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyParts<'a> {
    pub application: ApplicationId,
    pub room: &'a RoomName,
    pub at: DateTime<Utc>,
    pub recording: RecordingId,
    /// Without the dot.
    pub extension: &'a str,
}

/// A key with placeholders. It names the recording, so no two recordings ever share a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyTemplate(String);

impl Default for KeyTemplate {
    fn default() -> Self {
        Self(DEFAULT_TEMPLATE.to_owned())
    }
}

impl KeyTemplate {
    /// The key of one recording, without the prefix.
    pub(crate) fn fill(&self, parts: &KeyParts<'_>) -> String {
        self.0
            .replace("{app}", &parts.application.to_string())
            .replace("{room}", &slug(parts.room))
            .replace("{date}", &parts.at.format("%Y-%m-%d").to_string())
            .replace("{time}", &parts.at.format("%H%M%S").to_string())
            .replace(RECORDING, &parts.recording.to_string())
            .replace("{ext}", parts.extension)
    }
}

impl FromStr for KeyTemplate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let plain = PLACEHOLDERS.iter().fold(text.to_owned(), |text, placeholder| text.replace(placeholder, "x"));
        if !text.contains(RECORDING) || text.len() > TEMPLATE_BYTES || !is_path(&plain) {
            return Err(Error::invalid(
                "key_template_invalid",
                "A template contains {recording}, may contain {app}, {room}, {date}, {time} and {ext}, and is a path \
                 of letters, digits and - _ . = ! ( ) without empty or dotted folders.",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for KeyTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What every key begins with: empty, or a path that ends with a slash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Prefix(String);

impl Prefix {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() && text.is_empty() {
            return Ok(Self::default());
        }
        if path.len() > PREFIX_BYTES || !is_path(path) {
            return Err(Error::invalid(
                "prefix_invalid",
                "A prefix is a path of letters, digits and - _ . = ! ( ) such as calls/2026, without empty or dotted folders.",
            ));
        }
        Ok(Self(format!("{path}/")))
    }
}

/// Whether every folder has a name that stays inside its parent, in every bucket and every file system.
fn is_path(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.=!()".contains(c);
    text.split('/').all(|name| !name.is_empty() && !name.starts_with('.') && name.chars().all(known))
}

/// Lower-case letters, digits and single dashes, so that no room name can leave its folder. Two rooms may share one.
pub(crate) fn slug(room: &RoomName) -> String {
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

/// Where the picture of a recording is.
pub(crate) fn poster_key(key: &str) -> String {
    format!("{key}.jpg")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(template: &str, room: &str, recording: u8) -> String {
        let parts = KeyParts {
            application: ApplicationId::from_parts(1, [1; 10]),
            room: &room.to_owned().try_into().unwrap(),
            at: DateTime::from_timestamp(3_723, 0).unwrap(),
            recording: RecordingId::from_parts(2, [recording; 10]),
            extension: "mp4",
        };
        template.parse::<KeyTemplate>().unwrap().fill(&parts)
    }

    #[test]
    fn keys_tell_what_they_hold() {
        let [app, recording] =
            [ApplicationId::from_parts(1, [1; 10]).to_string(), RecordingId::from_parts(2, [2; 10]).to_string()];
        assert_eq!(
            key(DEFAULT_TEMPLATE, "Weekly / Team call!", 2),
            format!("{app}/weekly-team-call/1970-01-01/{recording}.mp4")
        );
        assert_eq!(key("date={date}/{time}-{recording}", "x", 2), format!("date=1970-01-01/010203-{recording}"));
    }

    #[test]
    fn templates_that_collide_or_leave_their_folder_are_refused() {
        for text in [
            "",
            "{room}/{date}.mp4",
            "/{recording}",
            "{recording}/",
            "a//{recording}",
            "../{recording}",
            "./{recording}",
            "a/../{recording}",
            ".hidden/{recording}",
            "{recording}{other}",
            "a b/{recording}",
            "a\\{recording}",
            "ä/{recording}",
        ] {
            assert!(text.parse::<KeyTemplate>().is_err(), "{text}");
        }
        assert!(format!("{}{{recording}}", "a".repeat(TEMPLATE_BYTES)).parse::<KeyTemplate>().is_err());
    }

    #[test]
    fn prefixes_end_with_one_slash() {
        for (text, expected) in [("", ""), ("calls", "calls/"), ("calls/2026/", "calls/2026/")] {
            assert_eq!(text.parse::<Prefix>().unwrap().as_str(), expected);
        }
        for text in ["/", "//", "/calls", "calls//", "..", "a/../b", "a b"] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_room_is_called_keys_differ_and_stay_inside(name in "\\PC{1,128}") {
            prop_assume!(RoomName::try_from(name.clone()).is_ok());
            let key_a = key(DEFAULT_TEMPLATE, &name, 1);
            prop_assert!(is_path(&key_a), "{key_a}");
            prop_assert_eq!(key_a.split('/').count(), 4);
            prop_assert_ne!(&key_a, &key(DEFAULT_TEMPLATE, &name, 2));
            prop_assert!(key_a.len() < 1024 - PREFIX_BYTES);
        }

        #[test]
        fn foreign_text_never_panics(text in ".{0,300}") {
            let _ = text.parse::<KeyTemplate>();
            let _ = text.parse::<Prefix>();
        }
    }
}
