//! A WebRTC client made of the same sans-I/O core as the node, on a socket of its own.

use super::{Node, Person, room};
use media::{
    rtc::Tap,
    sfu::{RoomMessage, WorkerCommand},
};
use protocol::native::{ClientMessage, ServerMessage};
use rtc::{
    interceptor::{Attribute, Packet, Registry, Slot, TaggedPacket},
    media_stream::MediaStreamTrack,
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        configuration::{interceptor_registry::register_default_interceptors, media_engine::MediaEngine},
        event::{RTCPeerConnectionEvent, RTCTrackEvent},
        message::{RTCMessage, TaggedRTCMessage},
        sdp::RTCSessionDescription,
        state::RTCPeerConnectionState,
        transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate},
    },
    rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication,
    rtp::{Packet as RtpPacket, header::Header},
    rtp_transceiver::{
        RTCRtpReceiverId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit,
        rtp_sender::{
            RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
        },
    },
    sansio::Protocol,
    shared::{TaggedBytesMut, TransportContext, TransportProtocol},
};
use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

pub const AUDIO: u8 = 111;
pub const VIDEO: u8 = 96;

pub struct Client {
    pub person: Person,
    room: String,
    /// What it knows the node by.
    outside: Ipv4Addr,
    pc: RTCPeerConnection,
    /// Waits a little for datagrams in each step, unless made non-blocking.
    pub socket: UdpSocket,
    slots: usize,
    offered: bool,
    offer_again: bool,
    pub connected: bool,
    /// Encrypted media and its reports as they left, in order.
    pub sent: Vec<Vec<u8>>,
    /// Everything received, in order of arrival.
    pub received: Vec<RtpPacket>,
    video_receivers: Vec<(RTCRtpReceiverId, u32)>,
    keyframe_requests: Arc<AtomicUsize>,
    ssrc: u32,
    /// Of the next packet published; starts shortly before the numbers wrap.
    pub next_number: u16,
}

fn codec(kind: RtpCodecKind) -> RTCRtpCodec {
    let (mime_type, clock_rate, channels) =
        if kind == RtpCodecKind::Audio { ("audio/opus", 48_000, 2) } else { ("video/VP8", 90_000, 0) };
    RTCRtpCodec {
        mime_type: mime_type.into(),
        clock_rate,
        channels,
        sdp_fmtp_line: String::new(),
        rtcp_feedback: vec![],
    }
}

fn engine() -> MediaEngine {
    let mut engine = MediaEngine::default();
    for (kind, payload_type) in [(RtpCodecKind::Audio, AUDIO), (RtpCodecKind::Video, VIDEO)] {
        let parameters = RTCRtpCodecParameters { rtp_codec: codec(kind), payload_type };
        engine.register_codec(parameters, kind).unwrap();
    }
    engine
}

impl Client {
    /// Joins a room. With `ssrc`, publishes audio under it and video under the next one.
    pub async fn join(node: &Node, name: &str, n: u8, ssrc: Option<u32>) -> Self {
        let person = node.join(name, n).await;
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        let keyframe_requests = Arc::new(AtomicUsize::new(0));
        let count = keyframe_requests.clone();
        let tap = Tap::new(move |packet| count_requests(&count, packet));
        let mut engine = engine();
        let registry = Registry::new().with(Slot::from(500), tap);
        let registry = register_default_interceptors(registry, &mut engine).unwrap();
        let mut pc = RTCPeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .build(media::clock::now())
            .unwrap();
        let address = socket.local_addr().unwrap();
        let base_config = CandidateConfig {
            network: "udp".into(),
            address: address.ip().to_string(),
            port: address.port(),
            component: 1,
            ..Default::default()
        };
        let candidate = CandidateHostConfig { base_config, ..Default::default() }.new_candidate_host().unwrap();
        pc.add_local_candidate(RTCIceCandidate::from(&candidate).to_json().unwrap()).unwrap();
        if let Some(ssrc) = ssrc {
            for (kind, ssrc) in [(RtpCodecKind::Audio, ssrc), (RtpCodecKind::Video, ssrc + 1)] {
                let encoding = RTCRtpEncodingParameters {
                    rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
                    codec: codec(kind),
                    ..Default::default()
                };
                let track =
                    MediaStreamTrack::new("mine".into(), kind.to_string(), kind.to_string(), kind, vec![encoding]);
                let direction = RTCRtpTransceiverDirection::Sendonly;
                let init = RTCRtpTransceiverInit { direction, streams: vec!["mine".into()], send_encodings: vec![] };
                pc.add_transceiver_from_track(track, Some(init)).unwrap();
            }
        } else {
            pc.add_transceiver_from_kind(RtpCodecKind::Audio, None).unwrap();
        }
        let mut client = Self {
            person,
            room: name.to_owned(),
            outside: node.outside,
            pc,
            socket,
            slots: 0,
            offered: false,
            offer_again: false,
            connected: false,
            sent: Vec::new(),
            received: Vec::new(),
            video_receivers: Vec::new(),
            keyframe_requests,
            ssrc: ssrc.unwrap_or(0),
            next_number: 65_500,
        };
        client.offer(node).await;
        client
    }

    async fn offer(&mut self, node: &Node) {
        if self.offered {
            self.offer_again = true;
            return;
        }
        self.offered = true;
        let offer = self.pc.create_offer(None).unwrap();
        self.pc.set_local_description(media::clock::now(), offer).unwrap();
        let sdp = self.pc.local_description().unwrap().sdp;
        let room = room(&self.room);
        let message = ClientMessage::Offer { sdp };
        let command = WorkerCommand::Message { room: room.clone(), peer: self.person.id, message: message.into() };
        node.workers.to_room(&room, command).await;
    }

    async fn messages(&mut self, node: &Node) {
        while let Ok(RoomMessage::Client(message)) = self.person.messages.try_recv() {
            match message {
                ServerMessage::Answer { sdp } => {
                    let answer = RTCSessionDescription::answer(sdp).unwrap();
                    self.pc.set_remote_description(media::clock::now(), answer).unwrap();
                    self.offered = false;
                    if std::mem::take(&mut self.offer_again) {
                        self.offer(node).await;
                    }
                }
                ServerMessage::Negotiate { slots } => {
                    for _ in self.slots..slots {
                        self.pc.add_transceiver_from_kind(RtpCodecKind::Audio, None).unwrap();
                        self.pc.add_transceiver_from_kind(RtpCodecKind::Video, None).unwrap();
                    }
                    self.slots = slots;
                    self.offer(node).await;
                }
                _ => {}
            }
        }
    }

    /// Does everything there is to do now.
    pub async fn step(&mut self, node: &Node) {
        self.messages(node).await;
        let now = media::clock::now();
        if self.pc.poll_timeout().is_some_and(|at| at <= now) {
            self.pc.handle_timeout(now).unwrap();
        }
        self.flush();
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            self.take_in(from, &buffer[..length]);
        }
        while let Some(event) = self.pc.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(RTCPeerConnectionState::Connected) => {
                    self.connected = true;
                }
                RTCPeerConnectionEvent::OnTrack(RTCTrackEvent::OnOpen(init)) => {
                    let kind = self.pc.rtp_receiver(init.receiver_id).map(|receiver| receiver.track().kind());
                    if kind == Some(RtpCodecKind::Video) {
                        self.video_receivers.push((init.receiver_id, init.ssrc));
                    }
                }
                _ => {}
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.pc.poll_read() {
            if let RTCMessage::RtpPacket(_, packet) = message {
                self.received.push(packet);
            }
        }
        self.flush();
        // The node's threads and this test share few cores.
        tokio::task::yield_now().await;
    }

    fn take_in(&mut self, from: SocketAddr, datagram: &[u8]) {
        let transport = TransportContext {
            local_addr: self.socket.local_addr().unwrap(),
            peer_addr: SocketAddr::new(self.outside.into(), from.port()),
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        let message = TaggedBytesMut { now: media::clock::now(), transport, message: datagram.into() };
        let _ = self.pc.handle_read(message);
    }

    fn flush(&mut self) {
        while let Some(message) = self.pc.poll_write() {
            // The address translator of the node's network.
            let inside = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), message.transport.peer_addr.port());
            self.socket.send_to(&message.message, inside).unwrap();
            // RFC 7983: what begins like this is RTP or RTCP.
            if (128..192).contains(&message.message[0]) {
                self.sent.push(message.message.to_vec());
            }
        }
    }

    /// Publishes one packet. Payload types choose between audio and video.
    pub fn publish(&mut self, payload_type: u8, sequence_number: u16, timestamp: u32, payload: &[u8]) {
        let ssrc = if payload_type == AUDIO { self.ssrc } else { self.ssrc + 1 };
        let header =
            Header { version: 2, payload_type, sequence_number, timestamp, ssrc, marker: true, ..Default::default() };
        let packet = RtpPacket { header, payload: payload.to_vec().into() };
        let track = if payload_type == AUDIO { RtpCodecKind::Audio } else { RtpCodecKind::Video };
        let message = RTCMessage::RtpPacket(track.to_string(), packet);
        self.pc.handle_write(TaggedRTCMessage { now: media::clock::now(), message }).unwrap();
        self.flush();
    }

    pub fn request_keyframes(&mut self) {
        for (receiver, ssrc) in self.video_receivers.clone() {
            let pli = PictureLossIndication { sender_ssrc: 0, media_ssrc: ssrc };
            let mut receiver = self.pc.rtp_receiver(receiver).unwrap();
            receiver.write_rtcp(media::clock::now(), vec![Box::new(pli)]).unwrap();
        }
        self.flush();
    }

    /// How often this publisher was asked for a keyframe.
    pub fn keyframe_requests(&self) -> usize {
        self.keyframe_requests.load(Ordering::Relaxed)
    }

    /// Sends bytes that are no part of any protocol to the node's port, from this client's address.
    pub fn send_garbage(&self, to: SocketAddr, datagram: &[u8]) {
        self.socket.send_to(datagram, to).unwrap();
    }

    /// Payloads received with this payload type.
    pub fn payloads(&self, payload_type: u8) -> Vec<Vec<u8>> {
        let wanted = self.received.iter().filter(|packet| packet.header.payload_type == payload_type);
        wanted.map(|packet| packet.payload.to_vec()).collect()
    }
}

/// Steps all clients until `done` says so.
pub async fn run(node: &Node, clients: &mut [&mut Client], mut done: impl FnMut(&mut [&mut Client]) -> bool) {
    let patience = media::clock::now() + Duration::from_secs(30);
    while !done(clients) {
        assert!(media::clock::now() < patience, "nothing more happens");
        for client in clients.iter_mut() {
            client.step(node).await;
        }
    }
}

fn count_requests(count: &AtomicUsize, packet: &mut TaggedPacket) {
    if let Packet::Rtcp(packets) = &packet.message.packet {
        let requests = packets.iter().filter(|packet| packet.as_any().is::<PictureLossIndication>()).count();
        count.fetch_add(requests, Ordering::Relaxed);
        packet.message.add(Attribute::DeliverToApplication);
    }
}
