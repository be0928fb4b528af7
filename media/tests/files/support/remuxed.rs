//! Remuxes a call and judges the file.

use super::{call::Call, film::Film};
use gstreamer::{self as gst, prelude::*};
use media::{
    capture::{self, Codec, TrackHeader},
    remux::{Container, Facts, Remux, RemuxError},
};
use std::{
    fs,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Frames at the times a player shows them.
const AS_PLAYED: [&str; 4] = ["-vsync", "cfr", "-r", "30"];
const DECODING_SECONDS: u64 = 60;

/// A remuxed file and what was said about it before.
pub struct Remuxed {
    film: Film,
    pub facts: Facts,
}

impl Deref for Remuxed {
    type Target = Film;

    fn deref(&self) -> &Film {
        &self.film
    }
}

/// What a call's tracks would make.
pub fn prepare(call: &Call, wanted: impl Fn(&TrackHeader) -> bool) -> Result<Remux, RemuxError> {
    Remux::prepare(capture::read(&call.directory(), &call.spec.capture_key).unwrap(), wanted)
}

/// The whole file.
pub fn file(remux: &Remux) -> Vec<u8> {
    remux.bytes().unwrap().map(Result::unwrap).collect::<Vec<_>>().concat()
}

/// What FFmpeg calls a codec.
fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "opus",
        Codec::Vp8 => "vp8",
        Codec::Vp9 => "vp9",
        Codec::H264 => "h264",
        Codec::Av1 => "av1",
    }
}

impl Remuxed {
    /// Remuxes the call, and checks what holds for every file: its size, the stated duration, the stated frames, each
    /// of which two decoders can use.
    pub fn from(call: &Call, wanted: impl Fn(&TrackHeader) -> bool) -> Self {
        let remux = prepare(call, wanted).unwrap();
        let (facts, file) = (remux.facts().clone(), file(&remux));
        assert_eq!(file.len() as u64, facts.bytes);
        let path = call.scratch().join("remuxed");
        fs::write(&path, file).unwrap();
        let remuxed = Self { film: Film::open(path, &AS_PLAYED), facts };
        remuxed.check_streams();
        remuxed.check_gstreamer();
        remuxed
    }

    fn check_streams(&self) {
        let probed = self
            .probe(&["-count_packets"], "format=format_name,duration:stream=codec_name,width,height,nb_read_packets");
        let format = match self.facts.container {
            Container::Webm => "webm",
            Container::Mp4 => "mp4",
        };
        assert!(probed["format"]["format_name"].as_str().unwrap().contains(format));
        let duration: f64 = probed["format"]["duration"].as_str().unwrap().parse().unwrap();
        assert!((duration * 1e3 - self.facts.duration_ms as f64).abs() < 0.5, "{duration} s in {:?}", self.facts);
        let packets = |stream: &serde_json::Value| stream["nb_read_packets"].as_str().unwrap().parse::<u64>().unwrap();
        let mut streams = probed["streams"].as_array().unwrap().iter();
        if let Some(video) = &self.facts.video {
            let stream = streams.next().unwrap();
            assert_eq!((stream["codec_name"].as_str(), packets(stream)), (Some(name(video.codec)), video.frames));
            let size = (stream["width"].as_u64(), stream["height"].as_u64());
            // Of the others FFmpeg tells what the first picture says, not what the container does.
            assert!(
                video.codec != Codec::Vp8 || size == (Some(video.width.into()), Some(video.height.into())),
                "{size:?}"
            );
        }
        if let Some(audio) = &self.facts.audio {
            let stream = streams.next().unwrap();
            assert_eq!((stream["codec_name"].as_str(), packets(stream)), (Some("opus"), audio.packets));
        }
        assert!(streams.next().is_none());
    }

    fn check_gstreamer(&self) {
        gst::init().unwrap();
        let demuxer = match self.facts.container {
            Container::Webm => "matroskademux",
            Container::Mp4 => "qtdemux",
        };
        let mut description = format!("filesrc location={} ! {demuxer} name=file ", self.path.display());
        if let Some(video) = &self.facts.video {
            let (parser, decoder) = (if video.codec == Codec::H264 { "h264parse !" } else { "" }, name(video.codec));
            description += &format!("file.video_0 ! queue ! {parser} avdec_{decoder} ! fakesink name=pictures ");
        }
        if self.facts.audio.is_some() {
            description += "file.audio_0 ! queue ! opusdec ! fakesink name=sounds";
        }
        let pipeline = gst::parse::launch(&description).unwrap().downcast::<gst::Pipeline>().unwrap();
        let pictures = Arc::<AtomicU64>::default();
        if let Some(sink) = pipeline.by_name("pictures") {
            let pictures = Arc::clone(&pictures);
            sink.static_pad("sink").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                pictures.fetch_add(1, Ordering::Relaxed);
                gst::PadProbeReturn::Ok
            });
        }
        pipeline.set_state(gst::State::Playing).unwrap();
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let limit = gst::ClockTime::from_seconds(DECODING_SECONDS);
        let end = pipeline.bus().unwrap().timed_pop_filtered(limit, &ends).unwrap();
        pipeline.set_state(gst::State::Null).unwrap();
        assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
        let expected = self.facts.video.as_ref().map_or(0, |video| video.frames);
        assert_eq!(pictures.load(Ordering::Relaxed), expected, "pictures that GStreamer shows");
    }
}
