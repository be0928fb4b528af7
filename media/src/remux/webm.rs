//! A WebM file whose index comes first: a player that fetches the beginning can seek without asking for the end.

use super::{
    ebml::{Elements, Id},
    frames::Frame,
    groups::{Group, milliseconds},
    layout::{APPLICATION, CHANNELS, Layout, SAMPLE_RATE},
};
use crate::capture::{Codec, TrackKind};

/// The numbers of the tracks.
const VIDEO: u8 = 1;
const SOUND: u8 = 2;

/// From Unix time zero to 2001, where Matroska's dates begin.
const DATES_BEGIN_MS: u64 = 978_307_200_000;
/// Opus decoders need this much before a place to sound right there.
const SEEK_PREROLL: u64 = 80_000_000;
/// Of a block: that its frame can be decoded without others.
const KEY: u8 = 0x80;

const EBML: Id = 0x1a45_dfa3;
const SEGMENT: Id = 0x1853_8067;
const SEEK_HEAD: Id = 0x114d_9b74;
const INFO: Id = 0x1549_a966;
const TRACKS: Id = 0x1654_ae6b;
const CUES: Id = 0x1c53_bb6b;
const CLUSTER: Id = 0x1f43_b675;
const TIMESTAMP: Id = 0xe7;
const SIMPLE_BLOCK: Id = 0xa3;

/// The bytes of a group.
pub fn cluster(group: &Group) -> Vec<u8> {
    let mut content = Elements::default();
    content.unsigned(TIMESTAMP, group.start_ms);
    for (time, frame) in &group.frames {
        add_block(&mut content, frame, milliseconds(*time).saturating_sub(group.start_ms));
    }
    let mut cluster = Elements::default();
    cluster.binary(CLUSTER, &content.into_bytes());
    cluster.into_bytes()
}

fn add_block(content: &mut Elements, frame: &Frame, since_start_ms: u64) {
    let number = if frame.kind == TrackKind::Video { VIDEO } else { SOUND };
    // Within a group's length by construction.
    let [high, low] = i16::try_from(since_start_ms).unwrap_or(i16::MAX).to_be_bytes();
    let flags = if frame.is_key() { KEY } else { 0 };
    let header = [0x80 | number, high, low, flags];
    content.begin(SIMPLE_BLOCK, (header.len() + frame.data.len()) as u64);
    content.raw(&header);
    content.raw(&frame.data);
}

fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "A_OPUS",
        Codec::Vp8 => "V_VP8",
        Codec::Vp9 => "V_VP9",
        Codec::H264 => "V_MPEG4/ISO/AVC",
        Codec::Av1 => "V_AV1",
    }
}

/// What a first reading notes of every group.
#[derive(Debug, Default)]
pub struct Index {
    /// Of each group: the track it can be played from, its time, and where it is among the groups.
    cues: Vec<(Option<TrackKind>, u64, u64)>,
    bytes: u64,
}

impl Index {
    /// Notes a group, the next one of the file, which takes so many bytes.
    pub fn add(&mut self, group: &Group, bytes: u64) {
        self.cues.push((group.begins, group.start_ms, self.bytes));
        self.bytes += bytes;
    }

    /// The bytes before the first cluster.
    #[must_use]
    pub fn head(&self, layout: &Layout) -> Vec<u8> {
        let (info, tracks) = (info(layout), tracks(layout));
        let cued = if layout.video.is_some() { TrackKind::Video } else { TrackKind::Audio };
        // Positions are of fixed length, so that their values do not move what they point to.
        let seek_head_bytes = seek_head([0; 3]).len();
        let cues_at = seek_head_bytes + info.len() + tracks.len();
        let clusters_at = cues_at + self.cues(cued, 0).len();
        let mut head = Elements::default();
        head.master(EBML, |header| {
            header.unsigned(0x4286, 1); // EBMLVersion
            header.unsigned(0x42f7, 1); // EBMLReadVersion
            header.unsigned(0x42f2, 4); // EBMLMaxIDLength
            header.unsigned(0x42f3, 8); // EBMLMaxSizeLength
            header.text(0x4282, "webm"); // DocType
            header.unsigned(0x4287, 4); // DocTypeVersion
            header.unsigned(0x4285, 2); // DocTypeReadVersion
        });
        head.begin_long(SEGMENT, clusters_at as u64 + self.bytes);
        head.raw(&seek_head([seek_head_bytes, seek_head_bytes + info.len(), cues_at]).into_bytes());
        head.raw(&info.into_bytes());
        head.raw(&tracks.into_bytes());
        head.raw(&self.cues(cued, clusters_at as u64).into_bytes());
        head.into_bytes()
    }

    fn cues(&self, cued: TrackKind, clusters_at: u64) -> Elements {
        let number = if cued == TrackKind::Video { VIDEO } else { SOUND };
        let mut cues = Elements::default();
        cues.master(CUES, |cues| {
            for &(_, time_ms, distance) in self.cues.iter().filter(|(begins, ..)| *begins == Some(cued)) {
                cues.master(0xbb, |point| {
                    point.unsigned(0xb3, time_ms); // CueTime
                    point.master(0xb7, |place| {
                        place.unsigned(0xf7, number.into()); // CueTrack
                        place.unsigned_long(0xf1, clusters_at + distance); // CueClusterPosition
                    });
                });
            }
        });
        cues
    }
}

fn info(layout: &Layout) -> Elements {
    let mut info = Elements::default();
    info.master(INFO, |info| {
        info.unsigned(0x2a_d7b1, 1_000_000); // TimestampScale: milliseconds
        info.float(0x4489, layout.duration_ms as f64); // Duration
        let date = i128::from(layout.started_ms) - i128::from(DATES_BEGIN_MS);
        info.signed_long(0x4461, i64::try_from(date * 1_000_000).unwrap_or(0)); // DateUTC
        info.text(0x4d80, APPLICATION); // MuxingApp
        info.text(0x5741, APPLICATION); // WritingApp
    });
    info
}

fn tracks(layout: &Layout) -> Elements {
    let mut tracks = Elements::default();
    tracks.master(TRACKS, |tracks| {
        if let Some(video) = &layout.video {
            track(tracks, VIDEO, 1, codec_name(video.codec), |entry| {
                if !video.first.setup.is_empty() {
                    entry.binary(0x63a2, &video.first.setup); // CodecPrivate
                }
                entry.master(0xe0, |picture| {
                    picture.unsigned(0xb0, video.width.into()); // PixelWidth
                    picture.unsigned(0xba, video.height.into()); // PixelHeight
                });
            });
        }
        if layout.has_sound {
            track(tracks, SOUND, 2, codec_name(Codec::Opus), |entry| {
                entry.binary(0x63a2, &opus_head()); // CodecPrivate
                entry.unsigned(0x56aa, 0); // CodecDelay
                entry.unsigned(0x56bb, SEEK_PREROLL); // SeekPreRoll
                entry.master(0xe1, |sound| {
                    sound.float(0xb5, SAMPLE_RATE.into()); // SamplingFrequency
                    sound.unsigned(0x9f, CHANNELS.into()); // Channels
                });
            });
        }
    });
    tracks
}

/// Where info, tracks and cues are, from the beginning of the segment's content.
fn seek_head(positions: [usize; 3]) -> Elements {
    let mut head = Elements::default();
    head.master(SEEK_HEAD, |head| {
        for (id, position) in [INFO, TRACKS, CUES].into_iter().zip(positions) {
            head.master(0x4dbb, |seek| {
                seek.binary(0x53ab, &id.to_be_bytes()); // SeekID
                seek.unsigned_long(0x53ac, position as u64); // SeekPosition
            });
        }
    });
    head
}

fn track(tracks: &mut Elements, number: u8, kind: u64, codec: &str, rest: impl FnOnce(&mut Elements)) {
    tracks.master(0xae, |entry| {
        entry.unsigned(0xd7, number.into()); // TrackNumber
        entry.unsigned(0x73c5, number.into()); // TrackUID
        entry.unsigned(0x83, kind); // TrackType
        entry.unsigned(0x9c, 0); // FlagLacing
        entry.text(0x22_b59c, "und"); // Language
        entry.text(0x86, codec); // CodecID
        rest(entry);
    });
}

/// RFC 7845 §5.1. No samples are skipped: a recording begins in the middle of a stream.
fn opus_head() -> Vec<u8> {
    let (version, skip, gain, family) = (1, [0, 0], [0, 0], 0);
    [b"OpusHead", &[version, CHANNELS][..], &skip, &SAMPLE_RATE.to_le_bytes(), &gain, &[family]].concat()
}
