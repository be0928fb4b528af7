//! What one client sees of the others: which of its media lines carries whom.

use super::{
    card::{Card, MediaInfo},
    sdp::SlotLine,
};
use crate::{
    rtc::MediaKind,
    sfu::{self, Watched},
};
use protocol::{ids::PeerId, skylink::Generation};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The others in the room.
pub type Roster = BTreeMap<PeerId, Card>;

/// What a media line of the client carries.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    slot: usize,
    peer: PeerId,
    media: MediaInfo,
    /// Its peer's first of its kind.
    first: bool,
}

impl Shown {
    fn is_same(&self, other: &Self) -> bool {
        self.peer == other.peer && self.media.media_id == other.media.media_id
    }
}

type Lines = BTreeMap<String, Shown>;

/// What a client sees, by the names it has for its media lines.
#[derive(Debug)]
pub struct View {
    generation: Generation,
    wanted: Vec<Watched>,
    /// Agreed with the client.
    shown: Lines,
    /// In an offer that waits for its answer.
    offered: Option<Lines>,
}

impl View {
    #[must_use]
    pub fn new(generation: Generation) -> Self {
        Self { generation, wanted: Vec::new(), shown: Lines::new(), offered: None }
    }

    /// Replaces what the room wants this client to see.
    pub fn want(&mut self, watched: Vec<Watched>) {
        self.wanted = watched;
    }

    /// Decides what an offer shows. Returns whether another one has to follow: a line goes from one medium to the next
    /// by way of none, because browsers announce only what was not there before.
    pub fn offer(&mut self, lines: &[SlotLine], roster: &Roster) -> bool {
        let (mut offered, mut again) = (Lines::new(), false);
        for line in lines {
            let Some(wanted) = self.occupant(line, roster) else { continue };
            match self.shown.get(&line.mid) {
                Some(shown) if !shown.is_same(&wanted) => again = true,
                _ => drop(offered.insert(line.mid.clone(), wanted)),
            }
        }
        self.offered = Some(offered);
        again
    }

    /// The media of a peer that the client has heard of.
    #[must_use]
    pub fn media_of(&self, peer: PeerId) -> Vec<MediaInfo> {
        let lines = self.current().values().filter(|shown| shown.peer == peer);
        lines.map(|shown| shown.media.clone()).collect()
    }

    /// What the client knows whatever becomes of the offer.
    #[must_use]
    pub fn known(&self) -> Vec<sfu::Shown> {
        let offered = |mid: &String| self.offered.as_ref().is_none_or(|offered| offered.contains_key(mid));
        let known = self.shown.iter().filter(|(mid, _)| offered(mid)).map(|(_, shown)| shown);
        let kind = |media: &MediaInfo| if media.is_audio() { MediaKind::Audio } else { MediaKind::Video };
        known.map(|shown| sfu::Shown { slot: shown.slot, kind: kind(&shown.media), peer: shown.peer }).collect()
    }

    /// The client has taken the offer.
    pub fn taken(&mut self) {
        if let Some(offered) = self.offered.take() {
            self.shown = offered;
        }
    }

    /// Decides what an answer shows: what is there and still wanted. The client's offer makes ours void.
    pub fn answer(&mut self) {
        self.offered = None;
        let wanted: Vec<PeerId> = self.wanted.iter().map(|watched| watched.peer).collect();
        self.shown.retain(|_, shown| wanted.contains(&shown.peer));
    }

    /// Streams of the lines in the description that goes out now.
    #[must_use]
    pub fn streams(&self) -> BTreeMap<String, String> {
        let stream = |shown: &Shown| match self.generation {
            Generation::Modern => shown.media.stream().to_owned(),
            // With both tracks in one stream a page attaches either event's stream and has both.
            Generation::Early | Generation::Classic if shown.first => shown.peer.to_string(),
            Generation::Early | Generation::Classic => format!("{}-{}", shown.peer, shown.media.stream()),
        };
        self.current().iter().map(|(mid, shown)| (mid.clone(), stream(shown))).collect()
    }

    /// `transceiverIdPeerIdMap`, by which clients before 2.x find whose a track is.
    #[must_use]
    pub fn peers(&self) -> Value {
        let peer = |(mid, shown): (&String, &Shown)| (mid.clone(), Value::String(shown.peer.to_string()));
        Value::Object(self.current().iter().map(peer).collect::<Map<_, _>>())
    }

    /// `mediaInfoList`, by which 2.x clients do.
    #[must_use]
    pub fn media(&self, roster: &Roster) -> Value {
        let entry = |(mid, shown): (&String, &Shown)| {
            let listed = roster.get(&shown.peer).map(|card| card.media.as_slice()).unwrap_or_default();
            let state = listed.iter().find(|info| info.media_id == shown.media.media_id);
            json!({
                "publisherId": shown.peer, "mediaId": shown.media.media_id, "mediaType": shown.media.media_type,
                "mediaState": state.map_or("active", |info| info.media_state.as_str()),
                "transceiverMid": mid, "mediaMetaData": "", "simulcast": "",
            })
        };
        self.current().iter().map(entry).collect()
    }

    /// The media line that carries this medium.
    #[must_use]
    pub fn line(&self, peer: PeerId, media_id: &str) -> Option<String> {
        let mut lines = self.current().iter();
        let found = lines.find(|(_, shown)| shown.peer == peer && shown.media.media_id == media_id);
        found.map(|(mid, _)| mid.clone())
    }

    fn current(&self) -> &Lines {
        self.offered.as_ref().unwrap_or(&self.shown)
    }

    fn occupant(&self, line: &SlotLine, roster: &Roster) -> Option<Shown> {
        let watched = self.wanted.iter().find(|watched| watched.slot == line.slot)?;
        let audio = line.kind == MediaKind::Audio;
        let stream = if audio { &watched.audio } else { &watched.video }.as_ref()?;
        let card = roster.get(&watched.peer)?;
        let media = card.medium(audio, stream)?;
        Some(Shown { slot: line.slot, peer: watched.peer, media: media.clone(), first: card.is_first(media) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signaling::skylink::card::listed;
    use serde_json::json;

    fn peer(n: u8) -> PeerId {
        PeerId::from_parts(0, [n; 10])
    }

    fn roster() -> Roster {
        [1, 2].map(|n| (peer(n), Card::foreign(&format!("p{n}"), None))).into()
    }

    fn lines() -> Vec<SlotLine> {
        let line = |mid: &str, kind| SlotLine { mid: mid.into(), slot: 0, kind };
        vec![line("s0", MediaKind::Audio), line("s1", MediaKind::Video)]
    }

    fn two_pictures() -> Roster {
        let entry = |id: &str| json!({"mediaId": id, "mediaType": "video", "mediaState": "active"});
        let media = listed(&json!([entry("VIDEO_cam"), entry("VIDEO_screen")]));
        [(peer(1), Card { media, ..Card::entering(Generation::Modern, "p1", &Map::new()) })].into()
    }

    fn showing((slot, stream): (usize, &str)) -> Watched {
        Watched { slot, peer: peer(1), audio: None, video: Some(stream.into()) }
    }

    fn watched(n: u8) -> Watched {
        Watched { slot: 0, peer: peer(n), audio: Some("a".into()), video: (n == 1).then(|| "v".into()) }
    }

    #[test]
    fn each_generation_is_told_in_its_own_way_whose_a_line_is() {
        let mut view = View::new(Generation::Modern);
        view.want(vec![watched(1)]);
        assert!(!view.offer(&lines(), &roster()));
        assert_eq!(
            view.streams(),
            BTreeMap::from([("s0".into(), "p1-audio".into()), ("s1".into(), "p1-video".into())])
        );
        assert_eq!(view.peers(), json!({"s0": peer(1), "s1": peer(1)}));
        let media = view.media(&roster());
        assert_eq!((&media[1]["mediaId"], &media[1]["transceiverMid"]), (&json!("VIDEO_p1-video"), &json!("s1")));
        let mut view = View::new(Generation::Classic);
        view.want(vec![watched(1)]);
        view.offer(&lines(), &roster());
        assert!(view.streams().values().all(|stream| *stream == peer(1).to_string()));
    }

    #[test]
    fn a_line_changes_hands_by_way_of_nobody() {
        let mut view = View::new(Generation::Classic);
        view.want(vec![watched(1)]);
        view.offer(&lines(), &roster());
        view.taken();
        assert_eq!((view.known().len(), view.media_of(peer(1)).len(), view.media_of(peer(2)).len()), (2, 2, 0));
        view.want(vec![watched(2)]);
        assert!(view.offer(&lines(), &roster()));
        assert!(view.streams().is_empty() && view.known().is_empty());
        view.taken();
        assert!(!view.offer(&lines(), &roster()));
        assert_eq!(view.peers(), json!({"s0": peer(2)}));
        assert!(view.known().is_empty(), "not before the client has taken it");
        view.taken();
        assert_eq!(view.known(), [sfu::Shown { slot: 0, kind: MediaKind::Audio, peer: peer(2) }]);
    }

    #[test]
    fn a_line_goes_from_one_medium_of_a_peer_to_the_next_by_way_of_none() {
        let roster = two_pictures();
        let mut view = View::new(Generation::Modern);
        view.want(vec![showing((0, "cam"))]);
        assert!(!view.offer(&lines(), &roster));
        view.taken();
        view.want(vec![showing((0, "screen"))]);
        assert!(view.offer(&lines(), &roster));
        view.taken();
        assert!(!view.offer(&lines(), &roster));
        assert_eq!(view.media(&roster)[0]["mediaId"], "VIDEO_screen");
    }

    #[test]
    fn a_second_picture_is_no_part_of_the_first_ones_stream() {
        let mut view = View::new(Generation::Classic);
        view.want([(0, "cam"), (1, "screen")].map(showing).into());
        let line = |mid: &str, slot| SlotLine { mid: mid.into(), slot, kind: MediaKind::Video };
        view.offer(&[line("s1", 0), line("s3", 1)], &two_pictures());
        let streams: Vec<String> = view.streams().into_values().collect();
        assert_eq!(streams, [peer(1).to_string(), format!("{}-screen", peer(1))]);
    }

    #[test]
    fn an_answer_shows_nothing_new() {
        let mut view = View::new(Generation::Classic);
        view.want(vec![watched(1)]);
        view.offer(&lines(), &roster());
        view.answer();
        assert_eq!(view.peers(), json!({}));
        view.offer(&lines(), &roster());
        view.taken();
        view.answer();
        assert_eq!(view.peers(), json!({"s0": peer(1), "s1": peer(1)}));
        view.want(vec![]);
        view.answer();
        assert_eq!(view.peers(), json!({}));
    }
}
