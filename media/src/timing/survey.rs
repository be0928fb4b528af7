//! The first pass over a track: what its clock says and when it can be shown, without keeping a packet.

use super::clock::{Envelope, SenderClock, ntp_time};
use crate::capture::{CaptureError, Codec, Placement, Record, RtpHeader, TrackLog};

/// What the first pass found out about one RTP stream.
#[derive(Debug, Clone)]
pub struct StreamSurvey {
    pub clock: SenderClock,
    pub envelope: Envelope,
    /// Extended timestamp of the first packet, or of the first one that can be decoded without others.
    pub first_timestamp: Option<i64>,
}

#[derive(Debug)]
struct Stream {
    reports: Vec<(i64, i64)>,
    envelope: Envelope,
    first_timestamp: Option<i64>,
    first_key_timestamp: Option<i64>,
}

/// Reads a whole track; streams are in the order of [`crate::capture::Place::stream`].
///
/// # Errors
/// The log cannot be opened.
pub fn survey(track: &TrackLog) -> Result<Vec<StreamSurvey>, CaptureError> {
    let header = &track.header;
    let mut placement = Placement::new(header.payload_type);
    let mut streams: Vec<Stream> = Vec::new();
    for logged in track.records()? {
        match logged.record {
            Record::SenderReport { ssrc, ntp, rtp } => {
                if let Some((index, timestamp)) = placement.sender_report(ssrc, rtp) {
                    stream(&mut streams, index, header.clock_rate).reports.push((timestamp, ntp_time(ntp)));
                }
            }
            Record::Rtp(packet) => {
                let Some(place) = placement.packet(&packet) else { continue };
                let stream = stream(&mut streams, place.stream, header.clock_rate);
                stream.envelope.add(logged.arrival_us, place.timestamp);
                stream.first_timestamp.get_or_insert(place.timestamp);
                if stream.first_key_timestamp.is_none() && decodes_alone(header.codec, &packet) {
                    stream.first_key_timestamp = Some(place.timestamp);
                }
            }
        }
    }
    let surveyed = streams.into_iter().map(|stream| StreamSurvey {
        clock: SenderClock::new(header.clock_rate, stream.reports),
        envelope: stream.envelope,
        first_timestamp: stream.first_key_timestamp.or(stream.first_timestamp),
    });
    Ok(surveyed.collect())
}

fn stream(streams: &mut Vec<Stream>, index: usize, clock_rate: u32) -> &mut Stream {
    while streams.len() <= index {
        streams.push(Stream {
            reports: Vec::new(),
            envelope: Envelope::new(clock_rate),
            first_timestamp: None,
            first_key_timestamp: None,
        });
    }
    &mut streams[index]
}

fn decodes_alone(codec: Codec, packet: &[u8]) -> bool {
    RtpHeader::parse(packet).is_some_and(|header| codec.decodes_alone(header.payload(packet)))
}
