//! Everything of a WebM file that comes before its clusters.
//!
//! The index is at the front, so that a player that fetches the beginning can seek without asking for the end.

use super::ebml::{Elements, Id};

/// The numbers of the tracks.
pub const VIDEO: u8 = 1;
pub const SOUND: u8 = 2;

/// What this program calls itself in a file.
const APPLICATION: &str = concat!("Mixdown ", env!("CARGO_PKG_VERSION"));
/// From Unix time zero to 2001, where Matroska's dates begin.
const DATES_BEGIN_MS: u64 = 978_307_200_000;
/// Opus decoders need this much before a place to sound right there.
const SEEK_PREROLL: u64 = 80_000_000;
const SAMPLE_RATE: u32 = 48_000;
/// What RTP always announces; each packet says what it really has.
const CHANNELS: u8 = 2;

const EBML: Id = 0x1a45_dfa3;
const SEGMENT: Id = 0x1853_8067;
const SEEK_HEAD: Id = 0x114d_9b74;
const INFO: Id = 0x1549_a966;
const TRACKS: Id = 0x1654_ae6b;
const CUES: Id = 0x1c53_bb6b;

#[derive(Debug)]
pub struct VideoTrack {
    pub width: u16,
    pub height: u16,
}

#[derive(Debug)]
pub struct SoundTrack;

/// What the beginning of a file says about the rest.
#[derive(Debug)]
pub struct Layout {
    /// Unix milliseconds of the file's time zero.
    pub started_ms: u64,
    pub duration_ms: u64,
    pub video: Option<VideoTrack>,
    pub sound: Option<SoundTrack>,
    /// Time of each cluster that can be played from, and its distance from the first cluster.
    pub cues: Vec<(u64, u64)>,
    pub cluster_bytes: u64,
}

impl Layout {
    /// The bytes before the first cluster.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let (info, tracks) = (self.info(), self.tracks());
        // Positions are of fixed length, so that their values do not move what they point to.
        let seek_head_bytes = seek_head([0; 3]).len();
        let cues_at = seek_head_bytes + info.len() + tracks.len();
        let clusters_at = cues_at + self.cues(0).len();
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
        head.begin_long(SEGMENT, clusters_at as u64 + self.cluster_bytes);
        head.raw(&seek_head([seek_head_bytes, seek_head_bytes + info.len(), cues_at]).into_bytes());
        head.raw(&info.into_bytes());
        head.raw(&tracks.into_bytes());
        head.raw(&self.cues(clusters_at as u64).into_bytes());
        head.into_bytes()
    }

    fn info(&self) -> Elements {
        let mut info = Elements::default();
        info.master(INFO, |info| {
            info.unsigned(0x2a_d7b1, 1_000_000); // TimestampScale: milliseconds
            info.float(0x4489, self.duration_ms as f64); // Duration
            let date = i128::from(self.started_ms) - i128::from(DATES_BEGIN_MS);
            info.signed_long(0x4461, i64::try_from(date * 1_000_000).unwrap_or(0)); // DateUTC
            info.text(0x4d80, APPLICATION); // MuxingApp
            info.text(0x5741, APPLICATION); // WritingApp
        });
        info
    }

    fn tracks(&self) -> Elements {
        let mut tracks = Elements::default();
        tracks.master(TRACKS, |tracks| {
            if let Some(video) = &self.video {
                track(tracks, VIDEO, 1, "V_VP8", |entry| {
                    entry.master(0xe0, |picture| {
                        picture.unsigned(0xb0, video.width.into()); // PixelWidth
                        picture.unsigned(0xba, video.height.into()); // PixelHeight
                    });
                });
            }
            if self.sound.is_some() {
                track(tracks, SOUND, 2, "A_OPUS", |entry| {
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

    fn cues(&self, clusters_at: u64) -> Elements {
        let cued_track = if self.video.is_some() { VIDEO } else { SOUND };
        let mut cues = Elements::default();
        cues.master(CUES, |cues| {
            for &(time_ms, distance) in &self.cues {
                cues.master(0xbb, |point| {
                    point.unsigned(0xb3, time_ms); // CueTime
                    point.master(0xb7, |place| {
                        place.unsigned(0xf7, cued_track.into()); // CueTrack
                        place.unsigned_long(0xf1, clusters_at + distance); // CueClusterPosition
                    });
                });
            }
        });
        cues
    }
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
