//! What a peer shows to the others: how it entered and which media it says it has.

use protocol::{names::DisplayName, skylink::Generation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Fields of an entry that others get to see.
const SHOWN: [&str; 14] = [
    "agent",
    "version",
    "os",
    "userInfo",
    "weight",
    "receiveOnly",
    "enableIceTrickle",
    "enableDataChannel",
    "enableIceRestart",
    "temasysPluginVersion",
    "SMProtocolVersion",
    "DTProtocolVersion",
    "publishOnly",
    "parentId",
];
/// Media one peer can list.
const LISTED: usize = 16;
/// Longest id of a medium, in bytes.
const MEDIA_ID_BYTES: usize = 256;

/// Audio or video, as a client lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaInfo {
    pub media_id: String,
    pub media_type: String,
    pub media_state: String,
}

impl MediaInfo {
    #[must_use]
    pub fn is_audio(&self) -> bool {
        self.media_id.starts_with("AUDIO")
    }

    /// The stream it is part of, as the publisher calls it.
    #[must_use]
    pub fn stream(&self) -> &str {
        self.media_id.split_once('_').map_or(self.media_id.as_str(), |(_, stream)| stream)
    }

    fn is_plausible(&self) -> bool {
        let texts = [&self.media_id, &self.media_type, &self.media_state];
        let token = |text: &String| text.len() <= MEDIA_ID_BYTES && text.chars().all(|c| c.is_ascii_graphic());
        texts.into_iter().all(token)
    }
}

/// The media a message lists; what is not understood is left out.
#[must_use]
pub fn listed(value: &Value) -> Vec<MediaInfo> {
    let items = value.as_array().into_iter().flatten().take(LISTED);
    items.filter_map(|item| MediaInfo::deserialize(item).ok()).filter(MediaInfo::is_plausible).collect()
}

/// What one peer shows.
#[derive(Debug, Clone)]
pub struct Card {
    pub generation: Generation,
    /// Its `enter`, without what only the node knows.
    pub enter: Map<String, Value>,
    /// Its media in the order of its description. Those of clients before 2.x are made up.
    pub media: Vec<MediaInfo>,
}

impl Card {
    /// The card of a client that enters.
    #[must_use]
    pub fn entering(generation: Generation, peer: &str, fields: &Map<String, Value>) -> Self {
        let shown = |name: &str| Some((name.to_owned(), fields.get(name)?.clone()));
        let enter = SHOWN.iter().filter_map(|name| shown(name)).collect();
        Self { generation, enter, media: made_up(peer) }
    }

    /// The card of somebody who speaks another protocol.
    #[must_use]
    pub fn foreign(peer: &str, name: Option<&DisplayName>) -> Self {
        let user_data = name.map(ToString::to_string).unwrap_or_default();
        let enter = json!({
            "agent": "other", "version": "1.0.0", "os": "other", "weight": 0, "receiveOnly": false,
            "enableIceTrickle": true, "enableIceRestart": true, "enableDataChannel": false, "temasysPluginVersion": null,
            "SMProtocolVersion": "0.1.2.4", "DTProtocolVersion": "0.1.3",
            // Early clients ask nothing of a peer without settings.
            "userInfo": {"userData": user_data, "settings": {"audio": {}, "video": {}},
                "mediaStatus": {"audioMuted": false, "videoMuted": false}},
        });
        let Value::Object(enter) = enter else { unreachable!("an object was written") };
        Self { generation: Generation::Classic, enter, media: made_up(peer) }
    }

    /// A name for the console and the recording, if the user data is one.
    #[must_use]
    pub fn name(&self) -> Option<DisplayName> {
        let data = self.enter.get("userInfo")?.get("userData")?;
        let text = data.as_str().or_else(|| data.get("name")?.as_str())?;
        DisplayName::try_from(text.trim_matches('"').to_owned()).ok()
    }

    /// Replaces what users said about themselves.
    pub fn set_user_data(&mut self, data: Value) {
        if let Some(Value::Object(info)) = self.enter.get_mut("userInfo") {
            info.insert("userData".to_owned(), data);
        }
    }

    /// The audio or video of this stream. Made-up media have streams of their own, and there is one of each kind.
    #[must_use]
    pub fn medium(&self, audio: bool, stream: &str) -> Option<&MediaInfo> {
        let known = |info: &MediaInfo| self.generation != Generation::Modern || info.stream() == stream;
        let there = |info: &&MediaInfo| info.is_audio() == audio && info.media_state != "unavailable" && known(info);
        self.media.iter().find(there)
    }

    /// Whether it has no other audio or video before this one.
    #[must_use]
    pub fn is_first(&self, medium: &MediaInfo) -> bool {
        let alike = |info: &&MediaInfo| info.is_audio() == medium.is_audio() && info.media_state != "unavailable";
        self.media.iter().find(alike).is_some_and(|first| first.media_id == medium.media_id)
    }
}

fn made_up(peer: &str) -> Vec<MediaInfo> {
    // A stream of its own each: 2.x clients stumble when one of two tracks of a stream goes.
    [("AUDIO", "audio", "audioMic"), ("VIDEO", "video", "videoCamera")]
        .map(|(prefix, suffix, media_type)| MediaInfo {
            media_id: format!("{prefix}_{peer}-{suffix}"),
            media_type: media_type.to_owned(),
            media_state: "active".to_owned(),
        })
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_meant_for_others_is_shown() {
        let fields = json!({"type": "enter", "mid": "forged", "rid": "forged", "agent": "chrome", "weight": 4,
            "userInfo": {"userData": "Ann"}});
        let card = Card::entering(Generation::Classic, "p1", fields.as_object().unwrap());
        assert_eq!(
            Value::Object(card.enter.clone()),
            json!({"agent": "chrome", "weight": 4, "userInfo": {"userData": "Ann"}})
        );
        assert_eq!(card.name().unwrap().as_str(), "Ann");
        assert_eq!(card.medium(false, "whatever").unwrap().stream(), "p1-video");
    }

    #[test]
    fn media_that_could_break_a_description_are_left_out() {
        let entry =
            |id: &str| json!({"mediaId": id, "mediaType": "audioMic", "mediaState": "active", "transceiverMid": null});
        let list = listed(&json!([entry("AUDIO_a"), entry("AUDIO_a\r\na=evil"), 7, {"mediaId": "x"}]));
        assert_eq!(list.iter().map(|info| info.media_id.as_str()).collect::<Vec<_>>(), ["AUDIO_a"]);
        assert!(listed(&json!("none")).is_empty());
    }

    #[test]
    fn media_of_a_kind_are_told_apart_by_their_streams() {
        let entry = |id: &str, state: &str| json!({"mediaId": id, "mediaType": "video", "mediaState": state});
        let list =
            json!([entry("VIDEO_cam", "active"), entry("VIDEO_screen", "muted"), entry("VIDEO_old", "unavailable")]);
        let card = Card { media: listed(&list), ..Card::entering(Generation::Modern, "p1", &Map::new()) };
        let found = |stream| card.medium(false, stream).map(|info| info.media_id.as_str());
        assert_eq!([found("screen"), found("cam"), found("old")], [Some("VIDEO_screen"), Some("VIDEO_cam"), None]);
    }
}
