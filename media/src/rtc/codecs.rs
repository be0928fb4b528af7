//! What a node negotiates: Opus and VP8, which every WebRTC client speaks, so any peer can watch any other without
//! transcoding.

use rtc::{
    interceptor::Registry,
    peer_connection::configuration::{
        interceptor_registry::{configure_nack, configure_rtcp_reports, configure_twcc_receiver_only},
        media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8, MediaEngine},
    },
    rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind},
    shared::error::Error,
};

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MediaKind {
    Audio,
    Video,
}

impl MediaKind {
    pub(super) fn of(kind: RtpCodecKind) -> Option<Self> {
        match kind {
            RtpCodecKind::Audio => Some(Self::Audio),
            RtpCodecKind::Video => Some(Self::Video),
            _ => None,
        }
    }
}

/// A negotiated codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    Opus,
    Vp8,
}

impl Codec {
    /// RTP clock, in Hz.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 => 90_000,
        }
    }

    /// The number captured packets carry, whatever the publisher negotiated.
    #[must_use]
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Opus => 111,
            Self::Vp8 => 96,
        }
    }

    pub(super) fn of(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Audio => Self::Opus,
            MediaKind::Video => Self::Vp8,
        }
    }
}

pub(super) fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: Codec::Opus.clock_rate(),
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: vec![],
    }
}

pub(super) fn vp8() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_VP8.to_owned(),
        clock_rate: Codec::Vp8.clock_rate(),
        channels: 0,
        sdp_fmtp_line: String::new(),
        rtcp_feedback: vec![RTCPFeedback { typ: "ccm".to_owned(), parameter: "fir".to_owned() }],
    }
}

/// Codecs, header extensions and the interceptors that repair loss, report reception and feed the sender's
/// bandwidth estimate (transport-cc).
pub(super) fn media_engine(registry: Registry) -> Result<(MediaEngine, Registry), Error> {
    let mut engine = MediaEngine::default();
    let opus = RTCRtpCodecParameters { rtp_codec: opus(), payload_type: Codec::Opus.payload_type() };
    engine.register_codec(opus, RtpCodecKind::Audio)?;
    let vp8 = RTCRtpCodecParameters { rtp_codec: vp8(), payload_type: Codec::Vp8.payload_type() };
    engine.register_codec(vp8, RtpCodecKind::Video)?;
    let registry = configure_nack(registry, &mut engine);
    let registry = configure_twcc_receiver_only(registry, &mut engine)?;
    Ok((engine, configure_rtcp_reports(registry)))
}
