//! RTCP that the relay and the capture need to see. `rtc` consumes inbound RTCP inside its interceptor chain and
//! routes what it does deliver by the first destination SSRC only, which loses sender reports that carry reception
//! reports; so this interceptor copies what matters while it passes.

use rtc::{
    interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket},
    rtcp::{
        payload_feedbacks::{full_intra_request::FullIntraRequest, picture_loss_indication::PictureLossIndication},
        sender_report::SenderReport as RtcpSenderReport,
    },
    sansio::Protocol,
    shared::error::Error,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// Feedback a peer may make us remember between two polls; more is dropped, oldest first.
const REMEMBERED: usize = 256;

/// RFC 3550 §6.4.1: a sender's wall clock and its RTP clock at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    pub ssrc: u32,
    /// 64-bit NTP time of the sender's own clock.
    pub ntp: u64,
    pub rtp: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feedback {
    SenderReport(SenderReport),
    /// The receiver of this outgoing stream needs a keyframe (PLI or FIR).
    KeyframeRequest {
        ssrc: u32,
    },
}

/// What was seen and not yet taken.
#[derive(Debug, Clone, Default)]
pub(super) struct FeedbackQueue(Arc<Mutex<VecDeque<Feedback>>>);

impl FeedbackQueue {
    pub(super) fn take(&self) -> Option<Feedback> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn put(&self, feedback: Feedback) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() == REMEMBERED {
            queue.pop_front();
        }
        queue.push_back(feedback);
    }
}

#[derive(Default)]
pub(super) struct FeedbackTap {
    queue: FeedbackQueue,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl FeedbackTap {
    pub(super) fn new(queue: FeedbackQueue) -> Self {
        Self { queue, ..Self::default() }
    }

    fn look(&self, packet: &dyn rtc::rtcp::Packet) {
        let packet = packet.as_any();
        if let Some(report) = packet.downcast_ref::<RtcpSenderReport>() {
            let report = SenderReport { ssrc: report.ssrc, ntp: report.ntp_time, rtp: report.rtp_time };
            self.queue.put(Feedback::SenderReport(report));
        } else if let Some(pli) = packet.downcast_ref::<PictureLossIndication>() {
            self.queue.put(Feedback::KeyframeRequest { ssrc: pli.media_ssrc });
        } else if let Some(fir) = packet.downcast_ref::<FullIntraRequest>() {
            for entry in &fir.fir {
                self.queue.put(Feedback::KeyframeRequest { ssrc: entry.ssrc });
            }
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for FeedbackTap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            for packet in packets {
                self.look(packet.as_ref());
            }
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<(), Error> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        None
    }
}

impl Interceptor for FeedbackTap {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
