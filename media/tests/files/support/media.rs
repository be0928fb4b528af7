//! What a simulated peer sends: real video and Opus in RTP, of a coloured picture that flashes and a tone that beeps.

use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSrc};
use media::capture::Codec;
use std::thread;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Seconds each flash and beep lasts.
const MARK_SECONDS: f64 = 0.1;
pub const FRAME_RATE: u64 = 30;
const AUDIO_BLOCK: u64 = 480;

/// What is seen and heard.
#[derive(Debug, Clone)]
pub struct Content {
    pub colour: Colour,
    pub beep_hertz: f64,
    /// Seconds between flashes, and beeps; the first is at one period.
    pub period: f64,
    /// Frame sizes, in equal shares of the time.
    pub sizes: Vec<(usize, usize)>,
    /// Random pixels instead of the colour, to fill the encoder's budget.
    pub noise: bool,
}

/// An RTP packet and the seconds on the sender's clock at which its content was captured.
#[derive(Debug, Clone)]
pub struct Packet {
    pub captured: f64,
    pub bytes: Vec<u8>,
}

impl Content {
    fn is_marked(&self, seconds: f64) -> bool {
        seconds >= self.period && seconds % self.period < MARK_SECONDS
    }

    /// Encodes the picture with payload type 96.
    pub fn video(&self, codec: Codec, seconds: f64) -> Vec<Packet> {
        let frames = (seconds * FRAME_RATE as f64) as u64;
        let share = frames.div_ceil(self.sizes.len() as u64).max(1);
        let mut noise = 1u32;
        let content = self.clone();
        let encoder = match codec {
            Codec::Vp8 => {
                "vp8enc deadline=1 cpu-used=8 threads=2 target-bitrate=1500000 keyframe-max-dist=30 \
                 error-resilient=default ! rtpvp8pay pt=96 picture-id-mode=2 mtu=1200"
            }
            Codec::Vp9 => {
                "vp9enc deadline=1 cpu-used=8 threads=2 target-bitrate=1500000 keyframe-max-dist=30 lag-in-frames=0 \
                 ! rtpvp9pay pt=96 picture-id-mode=2 mtu=1200"
            }
            Codec::H264 => {
                "x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max=30 \
                 ! video/x-h264,profile=constrained-baseline \
                 ! rtph264pay pt=96 config-interval=-1 aggregate-mode=zero-latency mtu=1200"
            }
            Codec::Av1 | Codec::Opus => panic!("GStreamer sends no {codec:?} as video"),
        };
        encode(encoder, move |index| {
            (index < frames).then(|| {
                let size = content.sizes[(index / share) as usize];
                let seconds = index as f64 / FRAME_RATE as f64;
                let frame = content.frame(size, seconds, &mut noise);
                let caps = gst::Caps::builder("video/x-raw")
                    .field("format", "I420")
                    .field("width", size.0 as i32)
                    .field("height", size.1 as i32)
                    .field("framerate", gst::Fraction::new(FRAME_RATE as i32, 1))
                    .build();
                Raw { bytes: frame, nanoseconds: index * 1_000_000_000 / FRAME_RATE, caps }
            })
        })
    }

    fn frame(&self, (width, height): (usize, usize), seconds: f64, noise: &mut u32) -> Vec<u8> {
        let [red, green, blue] = if self.is_marked(seconds) { [255; 3] } else { self.colour }.map(f64::from);
        let luma = 16.0 + 0.257 * red + 0.504 * green + 0.098 * blue;
        let u = 128.0 - 0.148 * red - 0.291 * green + 0.439 * blue;
        let v = 128.0 + 0.439 * red - 0.368 * green - 0.071 * blue;
        let mut frame = vec![luma as u8; width * height];
        if self.noise {
            frame.iter_mut().for_each(|pixel| {
                *noise ^= *noise << 13;
                *noise ^= *noise >> 17;
                *noise ^= *noise << 5;
                *pixel = (*noise >> 24) as u8;
            });
        }
        frame.resize(width * height * 5 / 4, u as u8);
        frame.resize(width * height * 3 / 2, v as u8);
        frame
    }

    /// Encodes the sound as Opus with payload type 111.
    pub fn audio(&self, seconds: f64) -> Vec<Packet> {
        let blocks = (seconds * 48_000.0) as u64 / AUDIO_BLOCK;
        let content = self.clone();
        encode("opusenc bitrate=32000 ! rtpopuspay pt=111", move |index| {
            (index < blocks).then(|| {
                let samples = (index * AUDIO_BLOCK..(index + 1) * AUDIO_BLOCK).flat_map(|sample| {
                    let seconds = sample as f64 / 48_000.0;
                    let loud = if content.is_marked(seconds) { 12_000.0 } else { 0.0 };
                    let wave = loud * (seconds * content.beep_hertz * std::f64::consts::TAU).sin();
                    (wave as i16).to_le_bytes()
                });
                let caps = gst::Caps::builder("audio/x-raw")
                    .field("format", "S16LE")
                    .field("layout", "interleaved")
                    .field("rate", 48_000)
                    .field("channels", 1)
                    .build();
                Raw { bytes: samples.collect(), nanoseconds: index * 10_000_000, caps }
            })
        })
    }
}

struct Raw {
    bytes: Vec<u8>,
    nanoseconds: u64,
    caps: gst::Caps,
}

fn encode(encoder: &str, mut raw: impl FnMut(u64) -> Option<Raw> + Send + 'static) -> Vec<Packet> {
    gst::init().unwrap();
    let description =
        format!("appsrc name=raw format=time block=true max-bytes=4000000 ! {encoder} ! appsink name=rtp sync=false");
    let pipeline = gst::parse::launch(&description).unwrap().downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("raw").unwrap().downcast::<AppSrc>().unwrap();
    let sink = pipeline.by_name("rtp").unwrap().downcast::<AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let feeder = thread::spawn(move || {
        for index in 0.. {
            let Some(Raw { bytes, nanoseconds, caps }) = raw(index) else { break };
            let mut buffer = gst::Buffer::from_slice(bytes);
            buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_nseconds(nanoseconds));
            let sample = gst::Sample::builder().buffer(&buffer).caps(&caps).build();
            source.push_sample(&sample).unwrap();
        }
        source.end_of_stream().unwrap();
    });
    let mut packets = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        // Encoders may count from anywhere.
        let segment = sample.segment().unwrap().downcast_ref::<gst::ClockTime>().unwrap();
        let captured = segment.to_running_time(buffer.pts()).unwrap().nseconds() as f64 / 1e9;
        packets.push(Packet { captured, bytes: buffer.map_readable().unwrap().to_vec() });
    }
    feeder.join().unwrap();
    pipeline.set_state(gst::State::Null).unwrap();
    packets
}
