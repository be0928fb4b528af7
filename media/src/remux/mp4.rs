//! An MP4 file whose index comes first (ISO/IEC 14496-12): what players need to begin and to seek is at the front.
//!
//! Each group is two chunks: its pictures, then its sounds.

use super::{
    groups::Group,
    layout::{APPLICATION, CHANNELS, Layout, SAMPLE_RATE},
};
use crate::{capture::TrackKind, payload::KeyPicture, timing::Nanoseconds};
use mp4_atom::{
    Atom as _, Audio, Avc1, Avc3, Avcc, Co64, Codec as SampleEntry, Dinf, Dops, Dref, DrefEntry, Edts, Elst, ElstEntry,
    Encode as _, Ftyp, Hdlr, Mdhd, Mdia, Minf, Moov, Mvhd, Opus, Smhd, Stbl, Stco, Stsc, StscEntry, Stsd, Stss, Stsz,
    StszSamples, Stts, SttsEntry, Tkhd, Trak, Url, Visual, Vmhd,
};
use std::iter::once;

/// Ticks a second of the whole file, and of its pictures.
const MOVIE_SCALE: u32 = 1000;
const PICTURE_SCALE: u32 = 90_000;

/// The bytes of a group.
pub fn chunks(group: &Group) -> Vec<u8> {
    let of = |kind| group.frames.iter().filter(move |(_, frame)| frame.kind == kind);
    of(TrackKind::Video).chain(of(TrackKind::Audio)).flat_map(|(_, frame)| frame.data.iter().copied()).collect()
}

/// What a first reading notes of every frame.
#[derive(Debug)]
pub struct Index {
    pictures: Samples,
    sounds: Samples,
    /// Parameters of the pictures, as often as they changed.
    setups: Vec<KeyPicture>,
    bytes: u64,
}

#[derive(Debug)]
struct Samples {
    scale: u32,
    /// When each begins, in ticks, and its size.
    samples: Vec<(u64, u32)>,
    /// Numbers of those that can be decoded without others, from one.
    keys: Vec<u32>,
    /// Where each chunk begins among the media, and how many samples it has.
    chunks: Vec<(u64, u32)>,
    /// When the last one ends, in ticks.
    end: u64,
}

impl Default for Index {
    fn default() -> Self {
        let samples = |scale| Samples { scale, samples: Vec::new(), keys: Vec::new(), chunks: Vec::new(), end: 0 };
        Self { pictures: samples(PICTURE_SCALE), sounds: samples(SAMPLE_RATE), setups: Vec::new(), bytes: 0 }
    }
}

fn ticks(time: Nanoseconds, scale: u32) -> u64 {
    u64::try_from(i128::from(time) * i128::from(scale) / 1_000_000_000).unwrap_or(0)
}

impl Index {
    /// Notes a group, the next one of the file.
    pub fn add(&mut self, group: &Group) {
        for (kind, track) in [(TrackKind::Video, &mut self.pictures), (TrackKind::Audio, &mut self.sounds)] {
            let (begins, mut count) = (self.bytes, 0);
            for (time, frame) in group.frames.iter().filter(|(_, frame)| frame.kind == kind) {
                // Of pictures the end of the last one is not known yet; see `head`.
                track.end = ticks(time + frame.lasts, track.scale);
                track.samples.push((ticks(*time, track.scale), u32::try_from(frame.data.len()).unwrap_or(u32::MAX)));
                count += 1;
                self.bytes += frame.data.len() as u64;
                if let Some(key) = &frame.key {
                    track.keys.push(u32::try_from(track.samples.len()).unwrap_or(u32::MAX));
                    if self.setups.last().is_none_or(|last| last.setup != key.setup) {
                        self.setups.push(key.clone());
                    }
                }
            }
            if count > 0 {
                track.chunks.push((begins, count));
            }
        }
    }

    /// The bytes before the media; none when there is nothing a player could be told.
    pub fn head(&self, layout: &Layout) -> Option<Vec<u8>> {
        let mut head = Vec::new();
        let brands = [b"isom", b"iso2", b"avc1", b"mp41"];
        let brands = Ftyp {
            major_brand: b"isom".into(),
            minor_version: 512,
            compatible_brands: brands.into_iter().map(Into::into).collect(),
        };
        brands.encode(&mut head).ok()?;
        // The index has the same size wherever the media begins.
        let mut index = Vec::new();
        self.moov(layout, 0)?.encode(&mut index).ok()?;
        let mut begin = Vec::new();
        match u32::try_from(self.bytes + 8) {
            Ok(bytes) => begin.extend([bytes.to_be_bytes(), *b"mdat"].concat()),
            Err(_) => begin.extend([&[0, 0, 0, 1][..], b"mdat", &(self.bytes + 16).to_be_bytes()].concat()),
        }
        let media_at = (head.len() + index.len() + begin.len()) as u64;
        self.moov(layout, media_at)?.encode(&mut head).ok()?;
        head.extend(begin);
        Some(head)
    }

    fn moov(&self, layout: &Layout, media_at: u64) -> Option<Moov> {
        let mut trak = Vec::new();
        if let (Some(video), Some(first)) = (&layout.video, self.setups.first()) {
            let visual =
                Visual { data_reference_index: 1, width: video.width, height: video.height, ..Default::default() };
            let avcc = Avcc::decode_body(&mut &first.setup[..]).ok()?;
            // With one set of parameters in the sample entry, those among the pictures are only repetitions.
            let entry: SampleEntry = if self.setups.len() == 1 {
                Avc1 { visual, avcc, ..Default::default() }.into()
            } else {
                Avc3 { visual, avcc, ..Default::default() }.into()
            };
            let mut track = self.pictures.trak(layout, 1, b"vide", entry, media_at);
            (track.tkhd.width, track.tkhd.height) = (video.width.into(), video.height.into());
            track.mdia.minf.vmhd = Some(Vmhd::default());
            trak.push(track);
        }
        if !self.sounds.samples.is_empty() {
            let mut track = self.sounds.trak(layout, 2, b"soun", sound_entry(), media_at);
            track.tkhd.volume = 1.into();
            track.mdia.minf.smhd = Some(Smhd::default());
            trak.push(track);
        }
        let mvhd = Mvhd {
            timescale: MOVIE_SCALE,
            duration: layout.duration_ms,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: 3,
            ..Default::default()
        };
        Some(Moov { mvhd, trak, ..Default::default() })
    }
}

/// Opus in ISO base media files: https://opus-codec.org/docs/opus_in_isobmff.html.
fn sound_entry() -> SampleEntry {
    let audio = Audio {
        data_reference_index: 1,
        channel_count: CHANNELS.into(),
        sample_size: 16,
        sample_rate: u16::try_from(SAMPLE_RATE).unwrap_or(u16::MAX).into(),
    };
    let dops = Dops {
        output_channel_count: CHANNELS,
        // Nothing is skipped: a recording begins in the middle of a stream.
        pre_skip: 0,
        input_sample_rate: SAMPLE_RATE,
        output_gain: 0,
        channel_mapping: None,
    };
    Opus { audio, dops, btrt: None }.into()
}

impl Samples {
    fn trak(&self, layout: &Layout, number: u32, handler: &[u8; 4], entry: SampleEntry, media_at: u64) -> Trak {
        let file_end = layout.duration_ms * u64::from(self.scale) / u64::from(MOVIE_SCALE);
        let begin = self.samples.first().map_or(0, |(at, _)| *at);
        let end = if handler == b"vide" { file_end } else { self.end };
        let lasts = end.saturating_sub(begin);
        let in_movie = |ticks: u64| ticks * u64::from(MOVIE_SCALE) / u64::from(self.scale);
        let edit =
            |duration, media_time| ElstEntry { segment_duration: in_movie(duration), media_time, media_rate: 1.into() };
        let mut entries = vec![edit(lasts, Some(0))];
        if begin > 0 {
            entries.insert(0, edit(begin, None));
        }
        let tkhd =
            Tkhd { track_id: number, duration: in_movie(end), enabled: true, in_movie: true, ..Default::default() };
        let mdhd = Mdhd { timescale: self.scale, duration: lasts, language: "und".to_owned(), ..Default::default() };
        let itself = DrefEntry::Url(Url::default());
        let minf = Minf {
            dinf: Dinf { dref: Dref { entries: vec![itself] } },
            stbl: self.stbl(entry, end, media_at),
            ..Default::default()
        };
        let hdlr = Hdlr { handler: handler.into(), name: APPLICATION.to_owned() };
        Trak {
            tkhd,
            edts: Some(Edts { elst: Some(Elst { entries }) }),
            mdia: Mdia { mdhd, hdlr, minf },
            ..Default::default()
        }
    }

    fn stbl(&self, entry: SampleEntry, end: u64, media_at: u64) -> Stbl {
        let mut durations: Vec<SttsEntry> = Vec::new();
        let begins = self.samples.iter().map(|(at, _)| *at);
        for (at, next) in begins.clone().zip(begins.skip(1).chain(once(end))) {
            let sample_delta = u32::try_from(next.saturating_sub(at)).unwrap_or(u32::MAX);
            match durations.last_mut() {
                Some(last) if last.sample_delta == sample_delta => last.sample_count += 1,
                _ => durations.push(SttsEntry { sample_count: 1, sample_delta }),
            }
        }
        let mut chunk_sizes: Vec<StscEntry> = Vec::new();
        for (number, (_, samples)) in (1..).zip(&self.chunks) {
            if chunk_sizes.last().is_none_or(|last| last.samples_per_chunk != *samples) {
                let (first_chunk, samples_per_chunk) = (number, *samples);
                chunk_sizes.push(StscEntry { first_chunk, samples_per_chunk, sample_description_index: 1 });
            }
        }
        let offsets = self.chunks.iter().map(|(at, _)| at + media_at);
        let short: Result<Vec<u32>, _> = offsets.clone().map(u32::try_from).collect();
        // Which table it is must not depend on where the media begins: the index is measured before.
        let is_long = self.chunks.last().is_some_and(|(at, _)| *at > u64::from(u32::MAX / 2));
        let sizes = self.samples.iter().map(|(_, bytes)| *bytes).collect();
        Stbl {
            stsd: Stsd { codecs: vec![entry] },
            stts: Stts { entries: durations },
            stss: (self.keys.len() < self.samples.len() && !self.keys.is_empty())
                .then(|| Stss { entries: self.keys.clone() }),
            stsc: Stsc { entries: chunk_sizes },
            stsz: Stsz { samples: StszSamples::Different { sizes } },
            stco: short.ok().filter(|_| !is_long).map(|entries| Stco { entries }),
            co64: is_long.then(|| Co64 { entries: offsets.collect() }),
            ..Default::default()
        }
    }
}
