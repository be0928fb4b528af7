//! The GStreamer pipeline of a mix: every track decoded, placed and mixed, encoded, and muxed into parts.

use super::{
    MixError,
    branch::{add_audio, add_video},
    elements::{SAMPLE_RATE, add, add_caps, link_to_pad, picture_caps, probe_buffers, request_pad, sound_caps},
    layout::{HEIGHT, WIDTH},
    part_sink::PartSink,
    plan::Plan,
    poster::Poster,
};
use crate::timing::Nanoseconds;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSrc;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Pictures per second of the mix.
const FRAME_RATE: i32 = 30;
/// A sound track is moved into place when its clock's drift has added up to this; half of what is noticed.
const ALIGNMENT: gst::ClockTime = gst::ClockTime::from_mseconds(20);
/// Silence comes in buffers of 10 ms.
const SILENCE_SAMPLES: i32 = 480;
/// Samples the AAC encoder puts before the first one. The file carries no edit list to take them off again, as not
/// every player honours one; instead all audio is mixed this much earlier.
const AAC_PRIMING: i64 = 1024;

/// How much earlier audio is mixed, to come out at its time.
pub const AUDIO_ADVANCE: Nanoseconds = AAC_PRIMING * 1_000_000_000 / SAMPLE_RATE as Nanoseconds;

/// What the index grows by with each second, and half as much again: four bytes for each of 30 pictures and 47 pieces
/// of sound, and for each key frame and chunk.
const INDEX_BYTES_PER_SECOND: i64 = 512;
/// The index of nothing, amply.
const INDEX_BYTES: i64 = 16 * 1024;

/// Bytes to set aside for the index of a mix.
pub fn index_room(duration: Nanoseconds) -> usize {
    let seconds = duration / 1_000_000_000 + 1;
    usize::try_from(seconds.saturating_mul(INDEX_BYTES_PER_SECOND) + INDEX_BYTES).unwrap_or(0)
}

/// The built pipeline and where its tracks go in.
pub struct MixPipeline {
    pub pipeline: gst::Pipeline,
    /// In the plan's order.
    pub audio: Vec<AppSrc>,
    pub video: Vec<AppSrc>,
    /// Recording's time of the last mixed picture.
    pub position: Arc<AtomicU64>,
    pub poster: Poster,
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
    let audio_mixer =
        add(&pipeline, "audiomixer", |mixer| mixer.set_property("alignment-threshold", ALIGNMENT.nseconds()))?;
    let activity = Arc::new(AtomicU64::new(0));
    let position = Arc::new(AtomicU64::new(0));
    add_output(&pipeline, [&compositor, &audio_mixer], sink, &activity)?;
    watch_position(&compositor, &position);
    let poster = Poster::watch(plan, &compositor);
    add_background(&pipeline, &compositor, plan.duration)?;
    add_silence(&pipeline, &audio_mixer, plan.duration)?;
    let audio: Result<_, _> =
        plan.audio.iter().map(|track| add_audio(&pipeline, &audio_mixer, &track.timed.log.header)).collect();
    let video: Result<_, _> = plan
        .video
        .iter()
        .map(|track| add_video(&pipeline, &compositor, &track.timed.log.header, &track.steps))
        .collect();
    Ok(MixPipeline { pipeline, audio: audio?, video: video?, position, poster, activity })
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
