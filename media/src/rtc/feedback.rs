//! RTCP that the relay and the capture need to see. `rtc` consumes inbound RTCP inside its interceptor chain and
//! routes what it does deliver by the first destination SSRC only, which loses sender reports that carry reception
//! reports; so what matters is copied while it passes a [`Tap`](super::Tap).

use rtc::{
    interceptor::{Packet, TaggedPacket},
    rtcp::{
        payload_feedbacks::{full_intra_request::FullIntraRequest, picture_loss_indication::PictureLossIndication},
        sender_report::SenderReport as RtcpSenderReport,
    },
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
pub(super) struct FeedbackQueue(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    feedback: VecDeque<Feedback>,
    /// Any RTCP at all.
    rtcp: bool,
}

impl FeedbackQueue {
    pub(super) fn take(&self) -> Option<Feedback> {
        self.seen().feedback.pop_front()
    }

    /// Whether RTCP has come since this was last asked.
    pub(super) fn take_rtcp(&self) -> bool {
        std::mem::take(&mut self.seen().rtcp)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn put(&mut self, feedback: Feedback) {
        if self.feedback.len() == REMEMBERED {
            self.feedback.pop_front();
        }
        self.feedback.push_back(feedback);
    }
}

/// Takes what matters out of an incoming packet.
pub(super) fn look(queue: &FeedbackQueue, packet: &TaggedPacket) {
    let Packet::Rtcp(packets) = &packet.message.packet else { return };
    let mut seen = queue.seen();
    seen.rtcp = true;
    for packet in packets {
        let packet = packet.as_any();
        if let Some(report) = packet.downcast_ref::<RtcpSenderReport>() {
            let report = SenderReport { ssrc: report.ssrc, ntp: report.ntp_time, rtp: report.rtp_time };
            seen.put(Feedback::SenderReport(report));
        } else if let Some(pli) = packet.downcast_ref::<PictureLossIndication>() {
            seen.put(Feedback::KeyframeRequest { ssrc: pli.media_ssrc });
        } else if let Some(fir) = packet.downcast_ref::<FullIntraRequest>() {
            for entry in &fir.fir {
                seen.put(Feedback::KeyframeRequest { ssrc: entry.ssrc });
            }
        }
    }
}
