//! The GStreamer pipeline of a mix: every track decoded, placed and mixed, encoded, and muxed into parts.

use super::{
    MixError,
    clock::Nanoseconds,
    layout::{HEIGHT, Tile, WIDTH},
    part_sink::PartSink,
    plan::Plan,
    scene::{Step, tile_at},
};
use crate::capture::TrackHeader;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSrc, AppStreamType};
use gstreamer_controller::{DirectControlBinding, InterpolationControlSource, InterpolationMode, prelude::*};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Pictures per second of the mix.
const FRAME_RATE: i32 = 30;
/// Samples per second of the mix.
const SAMPLE_RATE: i32 = 48_000;
/// Silence comes in buffers of 10 ms.
const SILENCE_SAMPLES: i32 = 480;
/// Packets waiting before a track's decoder, in bytes.
const SOURCE_BYTES: u64 = 1024 * 1024;
/// Samples the AAC encoder puts before the first one. The file carries no edit list to take them off again, as not
/// every player honours one; instead all audio is mixed this much earlier.
const AAC_PRIMING: i64 = 1024;

/// How much earlier audio is mixed, to come out at its time.
pub const AUDIO_ADVANCE: Nanoseconds = AAC_PRIMING * 1_000_000_000 / SAMPLE_RATE as Nanoseconds;

/// The built pipeline and where its tracks go in.
pub struct MixPipeline {
    pub pipeline: gst::Pipeline,
    /// In the plan's order.
    pub audio: Vec<AppSrc>,
    pub video: Vec<AppSrc>,
    /// Recording's time of the last mixed picture.
    pub position: Arc<AtomicU64>,
    /// Counts encoded buffers; stands still when the mix does.
    pub activity: Arc<AtomicU64>,
}

/// Builds the pipeline of `plan`.
///
/// # Errors
/// An element is missing or refuses to be linked.
pub fn build(plan: &Plan, sink: &PartSink) -> Result<MixPipeline, MixError> {
    let pipeline = gst::Pipeline::new();
    let compositor =
        add(&pipeline, "compositor", |compositor| compositor.set_property_from_str("background", "black"))?;
    let audio_mixer = add(&pipeline, "audiomixer", |_| {})?;
    let activity = Arc::new(AtomicU64::new(0));
    let position = Arc::new(AtomicU64::new(0));
    add_output(&pipeline, [&compositor, &audio_mixer], sink, &activity)?;
    watch_position(&compositor, &position);
    add_background(&pipeline, &compositor, plan.duration)?;
    add_silence(&pipeline, &audio_mixer, plan.duration)?;
    let audio: Result<_, _> =
        plan.audio.iter().map(|track| add_audio(&pipeline, &audio_mixer, &track.log.header)).collect();
    let video: Result<_, _> =
        plan.video.iter().map(|track| add_video(&pipeline, &compositor, &track.log.header, &track.steps)).collect();
    Ok(MixPipeline { pipeline, audio: audio?, video: video?, position, activity })
}

fn add(
    pipeline: &gst::Pipeline,
    factory: &'static str,
    set_up: impl FnOnce(&gst::Element),
) -> Result<gst::Element, MixError> {
    let element = gst::ElementFactory::make(factory).build().map_err(|_| MixError::MissingElement(factory))?;
    set_up(&element);
    pipeline.add(&element)?;
    Ok(element)
}

fn add_caps(pipeline: &gst::Pipeline, caps: &gst::Caps) -> Result<gst::Element, MixError> {
    add(pipeline, "capsfilter", |filter| filter.set_property("caps", caps))
}

fn picture_caps(width: u32, height: u32) -> gst::caps::Builder<gst::caps::NoFeature> {
    gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", i32::try_from(width).unwrap_or(i32::MAX))
        .field("height", i32::try_from(height).unwrap_or(i32::MAX))
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
}

fn sound_caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", SAMPLE_RATE)
        .field("channels", 2)
        .build()
}

/// Encoders, muxer and sink behind the two mixers. The encoder is most of a mix's cost: x264's `veryfast` without
/// lookahead takes 60 % of its time for an SSIM 0.003 lower. Constant quality, capped by an explicit buffer model,
/// for without one x264enc caps silently at its default bitrate.
fn add_output(
    pipeline: &gst::Pipeline,
    [compositor, audio_mixer]: [&gst::Element; 2],
    sink: &PartSink,
    activity: &Arc<AtomicU64>,
) -> Result<(), MixError> {
    let picture = picture_caps(WIDTH, HEIGHT).field("framerate", gst::Fraction::new(FRAME_RATE, 1)).build();
    let picture = add_caps(pipeline, &picture)?;
    let waiting = |queue: &gst::Element| queue.set_property("max-size-bytes", 0u32);
    let before_encoder = add(pipeline, "queue", |queue| {
        waiting(queue);
        queue.set_property("max-size-buffers", 8u32);
    })?;
    let encoder = add(pipeline, "x264enc", |encoder| {
        encoder.set_property_from_str("speed-preset", "veryfast");
        encoder.set_property_from_str("pass", "qual");
        encoder.set_property("quantizer", 23u32);
        encoder.set_property("bitrate", 2500u32);
        encoder.set_property("vbv-buf-capacity", 1000u32);
        encoder.set_property("key-int-max", 60u32);
        encoder.set_property("threads", 2u32);
        encoder.set_property("option-string", "mbtree=0:rc-lookahead=0:bframes=0:scenecut=0");
    })?;
    let parser = add(pipeline, "h264parse", |_| {})?;
    let encoded_picture = add(pipeline, "queue", waiting)?;
    let sound = add_caps(pipeline, &sound_caps())?;
    let convert = add(pipeline, "audioconvert", |_| {})?;
    let audio_encoder = add(pipeline, "avenc_aac", |encoder| encoder.set_property("bitrate", 128_000i32))?;
    let encoded_sound = add(pipeline, "queue", waiting)?;
    let muxer = add(pipeline, "mp4mux", |_| {})?;
    pipeline.add(sink)?;
    gst::Element::link_many([compositor, &picture, &before_encoder, &encoder, &parser, &encoded_picture, &muxer])?;
    gst::Element::link_many([audio_mixer, &sound, &convert, &audio_encoder, &encoded_sound, &muxer])?;
    muxer.link(sink)?;
    for encoder in [&encoder, &audio_encoder] {
        let activity = Arc::clone(activity);
        probe_buffers(encoder, "src", move |_| {
            activity.fetch_add(1, Ordering::Relaxed);
        });
    }
    Ok(())
}

fn probe_buffers(element: &gst::Element, pad: &str, each: impl Fn(&gst::Buffer) + Send + Sync + 'static) {
    if let Some(pad) = element.static_pad(pad) {
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(buffer) = info.buffer() {
                each(buffer);
            }
            gst::PadProbeReturn::Ok
        });
    }
}

fn watch_position(compositor: &gst::Element, position: &Arc<AtomicU64>) {
    let position = Arc::clone(position);
    probe_buffers(compositor, "src", move |buffer| {
        if let Some(time) = buffer.pts() {
            position.store(time.nseconds(), Ordering::Relaxed);
        }
    });
}

/// An invisible picture as long as the recording: the mix begins, lasts and ends with it, whoever is there.
fn add_background(pipeline: &gst::Pipeline, compositor: &gst::Element, duration: Nanoseconds) -> Result<(), MixError> {
    let frames = duration.saturating_mul(i64::from(FRAME_RATE)).saturating_add(999_999_999) / 1_000_000_000;
    let source = add(pipeline, "videotestsrc", |source| {
        source.set_property_from_str("pattern", "black");
        source.set_property("num-buffers", i32::try_from(frames).unwrap_or(i32::MAX));
    })?;
    let picture = picture_caps(16, 16).field("framerate", gst::Fraction::new(FRAME_RATE, 1)).build();
    let filter = add_caps(pipeline, &picture)?;
    source.link(&filter)?;
    let pad = request_pad(compositor)?;
    pad.set_property("alpha", 0.0);
    link_to_pad(&filter, &pad)
}

fn add_silence(pipeline: &gst::Pipeline, audio_mixer: &gst::Element, duration: Nanoseconds) -> Result<(), MixError> {
    let buffers = duration.saturating_add(9_999_999) / 10_000_000;
    let source = add(pipeline, "audiotestsrc", |source| {
        source.set_property_from_str("wave", "silence");
        source.set_property("samplesperbuffer", SILENCE_SAMPLES);
        source.set_property("num-buffers", i32::try_from(buffers).unwrap_or(i32::MAX));
    })?;
    let filter = add_caps(pipeline, &sound_caps())?;
    source.link(&filter)?;
    link_to_pad(&filter, &request_pad(audio_mixer)?)
}

fn request_pad(element: &gst::Element) -> Result<gst::Pad, MixError> {
    element.request_pad_simple("sink_%u").ok_or(MixError::Unlinkable)
}

fn link_to_pad(element: &gst::Element, pad: &gst::Pad) -> Result<(), MixError> {
    let source = element.static_pad("src").ok_or(MixError::Unlinkable)?;
    source.link(pad).map_err(|_| MixError::Unlinkable)?;
    Ok(())
}

fn add_source(pipeline: &gst::Pipeline, header: &TrackHeader, media: &str, encoding: &str) -> Result<AppSrc, MixError> {
    let caps = gst::Caps::builder("application/x-rtp")
        .field("media", media)
        .field("encoding-name", encoding)
        .field("payload", i32::from(header.payload_type))
        .field("clock-rate", i32::try_from(header.clock_rate).unwrap_or(i32::MAX));
    let source = AppSrc::builder()
        .caps(&caps.build())
        .format(gst::Format::Time)
        .stream_type(AppStreamType::Stream)
        .block(true)
        .max_bytes(SOURCE_BYTES)
        .build();
    pipeline.add(&source)?;
    Ok(source)
}

fn add_audio(pipeline: &gst::Pipeline, audio_mixer: &gst::Element, header: &TrackHeader) -> Result<AppSrc, MixError> {
    let source = add_source(pipeline, header, "audio", "OPUS")?;
    let depay = add(pipeline, "rtpopusdepay", |_| {})?;
    let decoder = add(pipeline, "opusdec", |decoder| {
        decoder.set_property("plc", true);
        decoder.set_property("use-inband-fec", true);
    })?;
    let convert = add(pipeline, "audioconvert", |_| {})?;
    let resample = add(pipeline, "audioresample", |_| {})?;
    let filter = add_caps(pipeline, &sound_caps())?;
    gst::Element::link_many([source.upcast_ref(), &depay, &decoder, &convert, &resample, &filter])?;
    link_to_pad(&filter, &request_pad(audio_mixer)?)?;
    Ok(source)
}

fn add_video(
    pipeline: &gst::Pipeline,
    compositor: &gst::Element,
    header: &TrackHeader,
    steps: &[Step],
) -> Result<AppSrc, MixError> {
    let source = add_source(pipeline, header, "video", "VP8")?;
    let depay = add(pipeline, "rtpvp8depay", |depay| depay.set_property("wait-for-keyframe", true))?;
    let decoder = match gst::ElementFactory::find("avdec_vp8") {
        Some(_) => add(pipeline, "avdec_vp8", |decoder| decoder.set_property("max-threads", 1i32))?,
        None => add(pipeline, "vp8dec", |_| {})?,
    };
    let scale = add(pipeline, "videoscale", |scale| {
        scale.set_property_from_str("method", "bilinear");
        scale.set_property("add-borders", true);
    })?;
    let filter = add(pipeline, "capsfilter", |_| {})?;
    gst::Element::link_many([source.upcast_ref(), &depay, &decoder, &scale, &filter])?;
    scale_to_tiles(&scale, &filter, steps.to_vec());
    let pad = request_pad(compositor)?;
    // A camera that falls silent leaves its last picture until its tile goes.
    pad.set_property("repeat-after-eos", true);
    control_tile(&pad, steps)?;
    link_to_pad(&filter, &pad)?;
    Ok(source)
}

/// Scales each picture to the size of the tile it will be seen in, so that the compositor only has to copy it.
fn scale_to_tiles(scale: &gst::Element, filter: &gst::Element, steps: Vec<Step>) {
    let filter = filter.clone();
    let current = std::sync::Mutex::new(None::<Tile>);
    probe_buffers(scale, "sink", move |buffer| {
        let time = buffer.pts().and_then(|time| Nanoseconds::try_from(time.nseconds()).ok()).unwrap_or(0);
        let mut current = current.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(tile) = tile_at(&steps, time).or(*current) else { return };
        if current.is_none_or(|current| (current.width, current.height) != (tile.width, tile.height)) {
            filter.set_property("caps", picture_caps(tile.width, tile.height).build());
        }
        *current = Some(tile);
    });
}

/// Lets the pad follow its picture's tiles. Width and height are set as well, for a picture that stands still over
/// a change of tiles still has its former size.
fn control_tile(pad: &gst::Pad, steps: &[Step]) -> Result<(), MixError> {
    let control = |property: &str, value: fn(Tile) -> u32| {
        let values = InterpolationControlSource::new();
        values.set_mode(InterpolationMode::None);
        let mut last = tile_at(steps, 0).map_or(0, value);
        for &(start, tile) in steps {
            last = tile.map_or(last, value);
            let start = gst::ClockTime::from_nseconds(u64::try_from(start).unwrap_or(0));
            let number = if property == "alpha" { f64::from(u8::from(tile.is_some())) } else { f64::from(last) };
            values.set(start, number);
        }
        pad.add_control_binding(&DirectControlBinding::new_absolute(pad, property, &values))
    };
    control("xpos", |tile| tile.x)?;
    control("ypos", |tile| tile.y)?;
    control("width", |tile| tile.width)?;
    control("height", |tile| tile.height)?;
    control("alpha", |_| 0)?;
    Ok(())
}
