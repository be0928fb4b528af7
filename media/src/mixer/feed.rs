//! Reads a track in the order of sending and hands its packets to the pipeline, timed.

use super::plan::PlannedTrack;
use crate::{
    capture::{OrderedPacket, TrackKind},
    timing::Nanoseconds,
};
use gstreamer::{self as gst, prelude::ElementExtManual as _};
use gstreamer_app::AppSrc;

/// Longest gap that the decoder is asked to conceal; a longer one is silence.
const MAX_CONCEALED: Nanoseconds = 200_000_000;

/// Feeds the whole track, waiting whenever the pipeline has enough, and ends its source.
pub fn feed(track: &PlannedTrack, source: &AppSrc, duration: Nanoseconds, advance: Nanoseconds) {
    match track.timed.log.packets() {
        Ok(packets) => {
            let mut feeder = Feeder { track, source, previous: None };
            // A refused buffer means that the pipeline has failed or ended; its bus says why.
            let _ = packets.into_iter().try_for_each(|packet| feeder.push(packet, duration, advance));
        }
        Err(error) => {
            tracing::error!(%error, track = %track.timed.log.header.track, "a track's log disappeared during its mix");
        }
    }
    let _ = source.end_of_stream();
}

struct Feeder<'a> {
    track: &'a PlannedTrack,
    source: &'a AppSrc,
    previous: Option<Nanoseconds>,
}

impl Feeder<'_> {
    fn push(
        &mut self,
        packet: OrderedPacket,
        duration: Nanoseconds,
        advance: Nanoseconds,
    ) -> Result<(), gst::FlowError> {
        let is_audio = self.track.timed.log.header.kind == TrackKind::Audio;
        let time = self.track.timed.time(packet.place).map(|time| time.saturating_sub(advance));
        let Some(time) = time else { return Ok(()) };
        if time >= duration || (is_audio && time < 0) {
            return Ok(());
        }
        let time = time.max(0);
        if is_audio {
            self.announce_loss(&packet, time);
        }
        self.previous = Some(time);
        let mut buffer = gst::Buffer::from_slice(packet.packet);
        if let Some(buffer) = buffer.get_mut() {
            let time = clock_time(time);
            buffer.set_pts(time);
            buffer.set_dts(time);
            if packet.lost_before > 0 || packet.starts_stream {
                buffer.set_flags(gst::BufferFlags::DISCONT);
            }
        }
        self.source.push_buffer(buffer).map(|_| ())
    }

    /// Tells the decoder about a short gap, so that it fills it from the next packet's redundancy or its own memory.
    fn announce_loss(&self, packet: &OrderedPacket, time: Nanoseconds) {
        let Some(previous) = self.previous.filter(|_| packet.lost_before > 0) else { return };
        let Ok(lost) = i64::try_from(packet.lost_before) else { return };
        let step = (time - previous) / lost.saturating_add(1);
        let gap = step.saturating_mul(lost);
        if !(1..=MAX_CONCEALED).contains(&gap) {
            return;
        }
        let first_lost = (packet.place.sequence - lost) as u16;
        let structure = gst::Structure::builder("GstRTPPacketLost")
            .field("seqnum", u32::from(first_lost))
            .field("timestamp", clock_time(previous + step).nseconds())
            .field("duration", clock_time(gap).nseconds())
            .field("might-have-been-fec", false)
            .field("no-packet", false)
            .build();
        self.source.send_event(gst::event::CustomDownstream::new(structure));
    }
}

fn clock_time(time: Nanoseconds) -> gst::ClockTime {
    gst::ClockTime::from_nseconds(u64::try_from(time).unwrap_or(0))
}
