//! What a connection receives: tracks, as the peer's descriptions and packets tell of them.

use super::{
    codecs::MediaKind,
    connection::{Connection, Output, PublishedTrack},
};
use crate::payload::Codec;
use rtc::{peer_connection::event::RTCTrackEventInit, rtp_transceiver::RTCRtpReceiverId};
use std::collections::HashSet;

impl Connection {
    pub(super) fn track_opened(&mut self, init: RTCTrackEventInit) {
        let kind =
            self.inner.rtp_receiver(init.receiver_id).and_then(|receiver| MediaKind::of(receiver.track().kind()));
        let Some(kind) = kind else { return };
        let place = self.place_of(init.receiver_id, kind);
        let codec = match kind {
            MediaKind::Audio => Codec::Opus,
            MediaKind::Video => self.video.codec(),
        };
        let track = PublishedTrack { ssrc: init.ssrc, kind, codec, place };
        self.tracks.insert(init.track_id, (init.receiver_id, track));
        let stream = init.stream_ids.into_iter().next().unwrap_or_default();
        self.outputs.push_back(Output::TrackOpened { track, stream });
    }

    /// Ends tracks that the peer used to declare and does not any more. Who declares none keeps what it sends.
    pub(super) fn declared_anew(&mut self) {
        let description = self.inner.remote_description();
        let now = description.map(|description| declared_ssrcs(&description.sdp)).unwrap_or_default();
        let before = std::mem::replace(&mut self.declared, now);
        let ended = |ssrc: u32| before.contains(&ssrc) && !self.declared.contains(&ssrc);
        for (_, (_, track)) in self.tracks.extract_if(|_, (_, track)| ended(track.ssrc)) {
            self.outputs.push_back(Output::TrackEnded { ssrc: track.ssrc });
        }
    }

    fn place_of(&mut self, receiver: RTCRtpReceiverId, kind: MediaKind) -> usize {
        let before: Vec<_> = self.inner.get_receivers().take_while(|other| *other != receiver).collect();
        let same =
            |id| self.inner.rtp_receiver(id).and_then(|receiver| MediaKind::of(receiver.track().kind())) == Some(kind);
        before.into_iter().map(same).filter(|same| *same).count()
    }
}

/// The streams of lines that the peer sends on (RFC 5576 §4.1). Lines that it only receives on may go on naming those of
/// before.
fn declared_ssrcs(sdp: &str) -> HashSet<u32> {
    let mut declared = HashSet::new();
    for section in sdp.split("\nm=").skip(1) {
        if section.lines().any(|line| matches!(line.trim_end(), "a=recvonly" | "a=inactive")) {
            continue;
        }
        let lines = section.lines().filter_map(|line| line.strip_prefix("a=ssrc:"));
        declared.extend(lines.filter_map(|line| line.split(' ').next()?.trim().parse::<u32>().ok()));
    }
    declared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_are_sent_on_declare_streams() {
        let sdp = "v=0\r\na=ssrc:1 x\r\nm=audio 9 UDP 111\r\na=sendonly\r\na=ssrc:2 cname:a\r\na=ssrc:2 msid:b c\r\n\
            m=video 9 UDP 96\r\na=ssrc:3 cname:a\r\na=recvonly\r\nm=video 9 UDP 96\r\na=inactive\r\na=ssrc:4 cname:a\r\n\
            m=video 9 UDP 96\r\na=sendrecv\r\na=ssrc:5\r\na=ssrc:none\r\n";
        assert_eq!(declared_ssrcs(sdp), HashSet::from([2, 5]));
    }
}
