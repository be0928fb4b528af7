//! What a connection sends: slots, pairs of one audio and one video stream.

use super::{
    codecs,
    connection::{Connection, ConnectionError, step},
};
use rtc::{
    media_stream::MediaStreamTrack,
    rtp_transceiver::{
        RTCRtpSenderId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit,
        rtp_sender::{RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind},
    },
    shared::error::Error,
};

/// One outgoing stream of a slot.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) sender: RTCRtpSenderId,
    pub(super) ssrc: u32,
    pub(super) track_id: String,
    pub(super) payload_type: Option<u8>,
}

#[derive(Debug)]
pub(super) struct SlotSenders {
    pub(super) audio: Outgoing,
    pub(super) video: Outgoing,
}

impl Connection {
    /// Adds outgoing streams until there are `count` slots; they are negotiated by the peer's next offer.
    ///
    /// # Errors
    /// The connection is closed.
    pub fn ensure_slots(&mut self, count: usize) -> Result<(), ConnectionError> {
        while self.slots.len() < count {
            // Audio and video of a slot share a stream, so the browser keeps them in sync.
            let stream = format!("slot-{}", self.slots.len());
            let audio = self.add_outgoing(&stream, RtpCodecKind::Audio)?;
            let video = self.add_outgoing(&stream, RtpCodecKind::Video)?;
            self.slots.push(SlotSenders { audio, video });
        }
        Ok(())
    }

    fn add_outgoing(&mut self, stream: &str, kind: RtpCodecKind) -> Result<Outgoing, ConnectionError> {
        let ssrc = self.next_ssrc;
        self.next_ssrc = self.next_ssrc.wrapping_add(1);
        let codec = if kind == RtpCodecKind::Audio { codecs::opus() } else { self.video.rtp() };
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
            codec,
            ..Default::default()
        };
        let track_id = format!("{stream}-{kind}");
        let track = MediaStreamTrack::new(stream.to_owned(), track_id.clone(), track_id.clone(), kind, vec![encoding]);
        // Not `add_track`: that would take over a transceiver made for one of the peer's own tracks.
        let init = RTCRtpTransceiverInit {
            direction: if self.two_way_slots {
                RTCRtpTransceiverDirection::Sendrecv
            } else {
                RTCRtpTransceiverDirection::Sendonly
            },
            streams: vec![stream.to_owned()],
            send_encodings: vec![],
        };
        let transceiver = self.inner.add_transceiver_from_track(track, Some(init)).map_err(step("slot"))?;
        let sender = self.inner.rtp_transceiver(transceiver).and_then(|transceiver| transceiver.sender());
        let sender = sender.ok_or(ConnectionError { step: "slot", source: Error::ErrRTPSenderNotExisted })?;
        Ok(Outgoing { sender, ssrc, track_id, payload_type: None })
    }

    /// Notes under which payload types the peer takes what it is sent.
    pub(super) fn negotiated(&mut self) {
        for slot in &mut self.slots {
            for outgoing in [&mut slot.audio, &mut slot.video] {
                outgoing.payload_type = self.inner.rtp_sender(outgoing.sender).and_then(|mut sender| {
                    sender.get_parameters().rtp_parameters.codecs.first().map(|codec| codec.payload_type)
                });
            }
        }
    }
}
