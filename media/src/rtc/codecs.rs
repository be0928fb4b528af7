//! What a node negotiates: Opus, and VP8, which every WebRTC client speaks, so any peer can watch any other without
//! transcoding. Who is recorded and watched alone may choose another codec.

use crate::payload::Codec;
use rtc::{
    interceptor::Registry,
    peer_connection::configuration::{
        interceptor_registry::{configure_nack, configure_rtcp_reports, configure_twcc_receiver_only},
        media_engine::{MIME_TYPE_AV1, MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_VP8, MIME_TYPE_VP9, MediaEngine},
    },
    rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind},
    shared::error::Error,
};

/// Formats of one line that are looked at; browsers name about forty.
const MAX_FORMATS: usize = 128;

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

/// What the pictures of a connection are: one codec, so that nothing that was agreed on can be exchanged for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoFormat {
    codec: Codec,
    /// Its parameters as descriptions have them (RFC 8866 §6.15).
    parameters: String,
}

impl Default for VideoFormat {
    fn default() -> Self {
        Self { codec: Codec::Vp8, parameters: String::new() }
    }
}

impl VideoFormat {
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The one a client's offer names first of those that can be recorded as they are. Whoever offers none of them, or no
    /// pictures, gets the usual one.
    #[must_use]
    pub fn preferred(offer: &str) -> Self {
        video_section(offer).and_then(|section| formats(section).next()).unwrap_or_default()
    }

    /// Whether an offer is of pictures, and of none that are coded like this.
    #[must_use]
    pub fn is_lacking_in(&self, offer: &str) -> bool {
        video_section(offer).is_some_and(|section| !formats(section).any(|format| format.codec == self.codec))
    }

    pub(super) fn rtp(&self) -> RTCRtpCodec {
        let mime_type = match self.codec {
            Codec::Vp9 => MIME_TYPE_VP9,
            Codec::H264 => MIME_TYPE_H264,
            Codec::Av1 => MIME_TYPE_AV1,
            Codec::Vp8 | Codec::Opus => MIME_TYPE_VP8,
        };
        RTCRtpCodec {
            mime_type: mime_type.to_owned(),
            clock_rate: self.codec.clock_rate(),
            channels: 0,
            sdp_fmtp_line: self.parameters.clone(),
            rtcp_feedback: vec![RTCPFeedback { typ: "ccm".to_owned(), parameter: "fir".to_owned() }],
        }
    }
}

fn video_section(offer: &str) -> Option<&str> {
    offer.split("\nm=").find(|section| section.starts_with("video "))
}

/// Those of a section that can be recorded as they are, in its order.
fn formats(section: &str) -> impl Iterator<Item = VideoFormat> {
    let mut lines = section.lines().map(str::trim_end);
    let payload_types = lines.next().unwrap_or_default().split(' ').skip(3).take(MAX_FORMATS);
    let attributes: Vec<&str> = lines.collect();
    payload_types.filter_map(move |payload_type| {
        let value = |name: &str| {
            let line = attributes.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(payload_type));
            line.and_then(|rest| rest.strip_prefix(' '))
        };
        let parameters = value("a=fmtp:").unwrap_or_default();
        let codec = recordable(value("a=rtpmap:")?, parameters)?;
        Some(VideoFormat { codec, parameters: parameters.to_owned() })
    })
}

/// The codec of an encoding if files can hold what it sends: with the profiles whose headers `payload` reads.
fn recordable(encoding: &str, parameters: &str) -> Option<Codec> {
    let (name, _clock) = encoding.split_once('/')?;
    let parameter = |name: &str| {
        let mut pairs = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    match name.to_ascii_uppercase().as_str() {
        "VP8" => Some(Codec::Vp8),
        "VP9" if matches!(parameter("profile-id"), None | Some("0")) => Some(Codec::Vp9),
        "H264" if parameter("packetization-mode") == Some("1") => Some(Codec::H264),
        "AV1" if matches!(parameter("profile"), None | Some("0")) => Some(Codec::Av1),
        _ => None,
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

/// Codecs, header extensions and the interceptors that repair loss, report reception and feed the sender's
/// bandwidth estimate (transport-cc).
pub(super) fn media_engine(video: &VideoFormat, registry: Registry) -> Result<(MediaEngine, Registry), Error> {
    let mut engine = MediaEngine::default();
    let opus = RTCRtpCodecParameters { rtp_codec: opus(), payload_type: Codec::Opus.payload_type() };
    engine.register_codec(opus, RtpCodecKind::Audio)?;
    let video = RTCRtpCodecParameters { rtp_codec: video.rtp(), payload_type: video.codec.payload_type() };
    engine.register_codec(video, RtpCodecKind::Video)?;
    let registry = configure_nack(registry, &mut engine);
    let registry = configure_twcc_receiver_only(registry, &mut engine)?;
    Ok((engine, configure_rtcp_reports(registry)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An offer with these formats of pictures, in this order.
    fn offer(formats: &[(&str, &str)]) -> String {
        let types: Vec<String> = (96..).take(formats.len()).map(|number| number.to_string()).collect();
        let mut sdp =
            format!("v=0\r\nm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\nm=video 9 X {}\r\n", types.join(" "));
        for (number, (encoding, parameters)) in types.iter().zip(formats) {
            sdp += &format!("a=rtpmap:{number} {encoding}/90000\r\n");
            if !parameters.is_empty() {
                sdp += &format!("a=fmtp:{number} {parameters}\r\n");
            }
        }
        sdp
    }

    #[test]
    fn the_first_format_that_can_be_recorded_is_preferred() {
        let h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
        let others = [("red", ""), ("rtx", "apt=96"), ("H264", "packetization-mode=0"), ("VP9", "profile-id=2")];
        for (encoding, parameters, codec) in [
            ("VP8", "", Codec::Vp8),
            ("VP9", "profile-id=0", Codec::Vp9),
            ("H264", h264, Codec::H264),
            ("AV1", "level-idx=5;profile=0;tier=0", Codec::Av1),
        ] {
            let sdp = offer(&[&others[..], &[(encoding, parameters), ("VP8", ""), ("H264", h264)]].concat());
            let parameters = parameters.to_owned();
            assert_eq!(VideoFormat::preferred(&sdp), VideoFormat { codec, parameters }, "{encoding}");
        }
        for sdp in [offer(&others), offer(&[]), "v=0".to_owned(), String::new()] {
            assert_eq!(VideoFormat::preferred(&sdp), VideoFormat::default(), "{sdp}");
        }
    }

    #[test]
    fn what_cannot_be_shown_is_known_from_the_offer() {
        let av1 = VideoFormat::preferred(&offer(&[("AV1", "profile=0")]));
        assert!(!av1.is_lacking_in(&offer(&[("VP8", ""), ("AV1", "")])));
        assert!(av1.is_lacking_in(&offer(&[("VP8", ""), ("AV1", "profile=1")])));
        assert!(!av1.is_lacking_in("v=0\r\nm=audio 9 X 111\r\n"), "no pictures are wanted");
    }

    proptest! {
        #[test]
        fn any_offer_is_survived(offer in "(v=0\n|m=video |a=rtpmap:9[0-9] ?|a=fmtp:|H264/|packetization-mode=1;|.|\n)*") {
            let _ = VideoFormat::preferred(&offer).is_lacking_in(&offer);
        }
    }
}
