//! One peer's connection to the node, driven from outside: datagrams, offers and the time go in, outputs come out.

use super::{
    codecs::{self, MediaKind, VideoFormat},
    datagram::{Datagram, Transmit, Transport},
    feedback::{self, Feedback, FeedbackQueue, SenderReport},
    outgoing::SlotSenders,
    tap::Tap,
};
use crate::payload::Codec;
use bytes::BytesMut;
use rtc::{
    ice::{mdns::MulticastDnsMode, tcp_type::TcpType},
    interceptor::{Registry, Slot},
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        configuration::{RTCConfigurationBuilder, setting_engine::SettingEngineBuilder},
        event::{RTCPeerConnectionEvent, RTCTrackEvent},
        message::{RTCMessage, TaggedRTCMessage},
        sdp::RTCSessionDescription,
        state::RTCPeerConnectionState,
        transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate},
    },
    rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication,
    rtp_transceiver::RTCRtpReceiverId,
    sansio::Protocol,
    shared::{TaggedBytesMut, TransportContext, error::Error},
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

pub use rtc::rtp::Packet as RtpPacket;

/// Time without a sign of the peer after which the connection is in doubt.
const DISCONNECTED: Duration = Duration::from_secs(5);

/// A step of the connection failed; the text is for the log, not for the peer.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {source}")]
pub struct ConnectionError {
    pub(super) step: &'static str,
    pub(super) source: Error,
}

pub(super) fn step(step: &'static str) -> impl FnOnce(Error) -> ConnectionError {
    move |source| ConnectionError { step, source }
}

/// What a connection needs to know about the node.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// Where peers can reach the node's media ports; sent as host candidates. The node is ICE-lite.
    pub candidates: Vec<(Transport, SocketAddr)>,
    pub ufrag: String,
    pub password: String,
    /// First of the SSRCs this connection may use for what it sends.
    pub first_ssrc: u32,
    /// Whether the peer may send on the media lines of its slots, too. Browsers do when a page adds a track: they take
    /// a line on which they have not sent yet.
    pub two_way_slots: bool,
    pub video: VideoFormat,
    /// Time without a sign of the peer after which the connection has failed.
    pub lost_after: Duration,
}

/// A track the peer publishes. `ssrc` names it within the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedTrack {
    pub ssrc: u32,
    pub kind: MediaKind,
    pub codec: Codec,
    /// How many of its kind the peer's description has before it.
    pub place: usize,
}

/// What happened, in order.
#[derive(Debug)]
pub enum Output {
    /// Media can be sent.
    Connected,
    /// The connection is dead and will not come back.
    Failed,
    TrackOpened {
        track: PublishedTrack,
        /// The stream it is part of, as the peer calls it.
        stream: String,
    },
    /// The peer has taken back the track with this SSRC.
    TrackEnded {
        ssrc: u32,
    },
    /// From the published track with this SSRC; repaired packets come late.
    Rtp {
        ssrc: u32,
        packet: RtpPacket,
    },
    SenderReport(SenderReport),
    /// The peer cannot decode what this slot carries.
    KeyframeRequested {
        slot: usize,
    },
}

/// A peer's connection. Slots are pairs of outgoing audio and video; see `protocol::native`.
pub struct Connection {
    pub(super) inner: RTCPeerConnection,
    feedback: FeedbackQueue,
    pub(super) slots: Vec<SlotSenders>,
    /// Published tracks by the identifier `rtc` gives them.
    pub(super) tracks: HashMap<String, (RTCRtpReceiverId, PublishedTrack)>,
    pub(super) next_ssrc: u32,
    pub(super) two_way_slots: bool,
    pub(super) video: VideoFormat,
    /// What the peer's latest description says it sends, by SSRC.
    pub(super) declared: HashSet<u32>,
    /// The node's offer that waits for its answer.
    offered: Option<RTCSessionDescription>,
    connected: bool,
    /// When something last came that only the peer can have sent: encrypted media, or a report on it.
    pub heard_at: Option<Instant>,
    pub(super) outputs: VecDeque<Output>,
}

impl Connection {
    /// # Errors
    /// The settings do not make a connection.
    pub fn new(now: Instant, settings: ConnectionSettings) -> Result<Self, ConnectionError> {
        let feedback = FeedbackQueue::default();
        // Before every other interceptor on the way in, so nothing has consumed the packet yet.
        let queue = feedback.clone();
        let registry = Registry::new().with(Slot::Custom(500), Tap::new(move |packet| feedback::look(&queue, packet)));
        let (engine, registry) = codecs::media_engine(&settings.video, registry).map_err(step("codecs"))?;
        let setting_engine = SettingEngineBuilder::new()
            .with_lite(true)
            .with_ice_credentials(settings.ufrag, settings.password)
            .with_include_loopback_candidate(true)
            // An ICE-lite node answers checks; it has no use for the names browsers hide their addresses behind.
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            // The second counts from when the first is over.
            .with_ice_timeouts(Some(DISCONNECTED), Some(settings.lost_after.saturating_sub(DISCONNECTED)), None)
            .build();
        let mut inner = RTCPeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_setting_engine(setting_engine)
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .build(now)
            .map_err(step("connection"))?;
        for (transport, address) in settings.candidates {
            add_candidate(&mut inner, transport, address).map_err(step("candidate"))?;
        }
        Ok(Self {
            inner,
            feedback,
            slots: Vec::new(),
            tracks: HashMap::new(),
            next_ssrc: settings.first_ssrc,
            two_way_slots: settings.two_way_slots,
            video: settings.video,
            declared: HashSet::new(),
            offered: None,
            connected: false,
            heard_at: None,
            outputs: VecDeque::new(),
        })
    }

    /// Applies the peer's offer and returns the answer.
    ///
    /// # Errors
    /// The description is malformed or does not fit the connection.
    pub fn answer(&mut self, now: Instant, offer: String) -> Result<String, ConnectionError> {
        self.offered = None;
        let offer = RTCSessionDescription::offer(offer).map_err(step("parse offer"))?;
        self.inner.set_remote_description(now, offer).map_err(step("apply offer"))?;
        let answer = self.inner.create_answer(None).map_err(step("create answer"))?;
        self.inner.set_local_description(now, answer).map_err(step("apply answer"))?;
        self.negotiated();
        self.declared_anew();
        self.collect();
        let description = self
            .inner
            .local_description()
            .ok_or(ConnectionError { step: "answer", source: Error::ErrNoRemoteDescription })?;
        Ok(description.sdp)
    }

    /// An offer of the node. It changes nothing until [`Self::accept`], so an offer of the peer makes it void.
    ///
    /// # Errors
    /// The connection is closed.
    pub fn offer(&mut self) -> Result<String, ConnectionError> {
        let offer = self.inner.create_offer(None).map_err(step("create offer"))?;
        let sdp = offer.sdp.clone();
        self.offered = Some(offer);
        Ok(sdp)
    }

    /// Puts the latest offer of the node and the peer's answer to it into force.
    ///
    /// # Errors
    /// There is no offer, or the answer does not fit it.
    pub fn accept(&mut self, now: Instant, answer: String) -> Result<(), ConnectionError> {
        let offer = self.offered.take();
        let offer = offer.ok_or(ConnectionError { step: "answer", source: Error::ErrIncorrectSignalingState })?;
        let answer = RTCSessionDescription::answer(answer).map_err(step("parse answer"))?;
        self.inner.set_local_description(now, offer).map_err(step("apply own offer"))?;
        self.inner.set_remote_description(now, answer).map_err(step("apply answer"))?;
        self.negotiated();
        self.declared_anew();
        self.collect();
        Ok(())
    }

    /// Takes in one datagram. Garbage changes nothing.
    pub fn receive(&mut self, now: Instant, datagram: Datagram<'_>) {
        let transport = TransportContext {
            local_addr: datagram.local,
            peer_addr: datagram.from,
            ecn: None,
            transport_protocol: datagram.transport.protocol(),
        };
        let message = TaggedBytesMut { now, transport, message: BytesMut::from(datagram.bytes) };
        if let Err(error) = self.inner.handle_read(message) {
            tracing::debug!(%error, "datagram not accepted");
        }
        if self.collect() {
            self.heard_at = Some(now);
        }
    }

    /// Sends a packet on a slot; SSRC and payload type are set here. Dropped while the stream is not negotiated.
    pub fn send(&mut self, now: Instant, slot: usize, kind: MediaKind, mut packet: RtpPacket) {
        if !self.connected {
            return;
        }
        let Some(slot) = self.slots.get(slot) else { return };
        let outgoing = match kind {
            MediaKind::Audio => &slot.audio,
            MediaKind::Video => &slot.video,
        };
        let Some(payload_type) = outgoing.payload_type else { return };
        packet.header.ssrc = outgoing.ssrc;
        packet.header.payload_type = payload_type;
        let message = RTCMessage::RtpPacket(outgoing.track_id.clone(), packet);
        if let Err(error) = self.inner.handle_write(TaggedRTCMessage { now, message }) {
            tracing::debug!(%error, "packet not sent");
        }
    }

    /// Asks the peer for a keyframe of one of its tracks.
    pub fn request_keyframe(&mut self, now: Instant, ssrc: u32) {
        let Some(receiver) = self.tracks.values().find(|(_, track)| track.ssrc == ssrc).map(|(id, _)| *id) else {
            return;
        };
        let pli = PictureLossIndication { sender_ssrc: 0, media_ssrc: ssrc };
        if let Some(mut receiver) = self.inner.rtp_receiver(receiver)
            && let Err(error) = receiver.write_rtcp(now, vec![Box::new(pli)])
        {
            tracing::debug!(%error, "keyframe not requested");
        }
    }

    /// When [`Self::timeout`] wants to be called.
    pub fn deadline(&mut self) -> Option<Instant> {
        self.inner.poll_timeout()
    }

    pub fn timeout(&mut self, now: Instant) {
        if let Err(error) = self.inner.handle_timeout(now) {
            tracing::debug!(%error, "timeout not handled");
        }
        self.collect();
    }

    /// The next datagram to send.
    pub fn transmit(&mut self) -> Option<Transmit> {
        let message = self.inner.poll_write()?;
        let TransportContext { local_addr: from, peer_addr: to, transport_protocol, .. } = message.transport;
        Some(Transmit { from, to, transport: Transport::of(transport_protocol), bytes: message.message })
    }

    /// What happened next.
    pub fn output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns whether media or reports have come.
    fn collect(&mut self) -> bool {
        let mut heard = self.feedback.take_rtcp();
        while let Some(event) = self.inner.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => self.state_changed(state),
                RTCPeerConnectionEvent::OnTrack(RTCTrackEvent::OnOpen(init)) => self.track_opened(init),
                _ => {}
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.inner.poll_read() {
            heard = true;
            if let RTCMessage::RtpPacket(track_id, packet) = message
                && let Some((_, track)) = self.tracks.get(&track_id)
            {
                self.outputs.push_back(Output::Rtp { ssrc: track.ssrc, packet });
            }
        }
        while let Some(feedback) = self.feedback.take() {
            match feedback {
                Feedback::SenderReport(report) => self.outputs.push_back(Output::SenderReport(report)),
                Feedback::KeyframeRequest { ssrc } => {
                    if let Some(slot) = self.slots.iter().position(|slot| slot.video.ssrc == ssrc) {
                        self.outputs.push_back(Output::KeyframeRequested { slot });
                    }
                }
            }
        }
        heard
    }

    fn state_changed(&mut self, state: RTCPeerConnectionState) {
        match state {
            RTCPeerConnectionState::Connected => {
                self.connected = true;
                self.outputs.push_back(Output::Connected);
            }
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => {
                self.connected = false;
                self.outputs.push_back(Output::Failed);
            }
            _ => {}
        }
    }
}

/// Clients open TCP connections to the node, never the other way round.
fn add_candidate(inner: &mut RTCPeerConnection, transport: Transport, address: SocketAddr) -> Result<(), Error> {
    let (network, tcp_type) = match transport {
        Transport::Udp => ("udp", TcpType::Unspecified),
        Transport::Tcp => ("tcp", TcpType::Passive),
    };
    let base_config = CandidateConfig {
        network: network.to_owned(),
        address: address.ip().to_string(),
        port: address.port(),
        component: 1,
        ..Default::default()
    };
    let candidate = CandidateHostConfig { base_config, tcp_type }.new_candidate_host()?;
    inner.add_local_candidate(RTCIceCandidate::from(&candidate).to_json()?)
}

/// The packet as it goes on the wire, without encryption.
#[must_use]
pub fn packet_bytes(packet: &RtpPacket) -> Option<bytes::Bytes> {
    use rtc::shared::marshal::Marshal as _;
    packet.marshal().ok().map(BytesMut::freeze)
}

/// Removes header extensions: their numbering is an agreement between one peer and the node.
pub fn strip_extensions(packet: &mut RtpPacket) {
    packet.header.extension = false;
    packet.header.extensions.clear();
    packet.header.extensions_padding = 0;
}
