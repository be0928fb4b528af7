//! One track's way into the mix: its own bin, so that what goes wrong in it is known to be this track's fault.

use super::{
    MixError,
    elements::{add, add_caps, link_to_pad, picture_caps, probe_buffers, request_pad, sound_caps},
    layout::Tile,
    scene::{Step, tile_at},
};
use crate::{capture::TrackHeader, timing::Nanoseconds};
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSrc, AppStreamType};
use gstreamer_controller::{DirectControlBinding, InterpolationControlSource, InterpolationMode, prelude::*};
use std::sync::{Mutex, PoisonError};

/// Packets waiting before a track's decoder, in bytes.
const SOURCE_BYTES: u64 = 1024 * 1024;

fn add_source(bin: &gst::Bin, header: &TrackHeader, media: &str, encoding: &str) -> Result<AppSrc, MixError> {
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
    bin.add(&source)?;
    Ok(source)
}

/// Adds an audio track; answers where its packets go in.
pub fn add_audio(
    pipeline: &gst::Pipeline,
    audio_mixer: &gst::Element,
    header: &TrackHeader,
) -> Result<AppSrc, MixError> {
    let bin = gst::Bin::with_name(&header.track.to_string());
    let source = add_source(&bin, header, "audio", "OPUS")?;
    let depay = add(&bin, "rtpopusdepay", |_| {})?;
    let decoder = add(&bin, "opusdec", |decoder| {
        decoder.set_property("plc", true);
        decoder.set_property("use-inband-fec", true);
    })?;
    let convert = add(&bin, "audioconvert", |_| {})?;
    let resample = add(&bin, "audioresample", |_| {})?;
    let filter = add_caps(&bin, &sound_caps())?;
    gst::Element::link_many([source.upcast_ref(), &depay, &decoder, &convert, &resample, &filter])?;
    join(pipeline, &bin, &filter, &request_pad(audio_mixer)?)?;
    Ok(source)
}

/// Adds a video track that is seen as `steps` say; answers where its packets go in.
pub fn add_video(
    pipeline: &gst::Pipeline,
    compositor: &gst::Element,
    header: &TrackHeader,
    steps: &[Step],
) -> Result<AppSrc, MixError> {
    let bin = gst::Bin::with_name(&header.track.to_string());
    let source = add_source(&bin, header, "video", "VP8")?;
    let depay = add(&bin, "rtpvp8depay", |depay| depay.set_property("wait-for-keyframe", true))?;
    let decoder = match gst::ElementFactory::find("avdec_vp8") {
        Some(_) => add(&bin, "avdec_vp8", |decoder| decoder.set_property("max-threads", 1i32))?,
        None => add(&bin, "vp8dec", |_| {})?,
    };
    let scale = add(&bin, "videoscale", |scale| {
        scale.set_property_from_str("method", "bilinear");
        scale.set_property("add-borders", true);
    })?;
    let filter = add(&bin, "capsfilter", |_| {})?;
    gst::Element::link_many([source.upcast_ref(), &depay, &decoder, &scale, &filter])?;
    scale_to_tiles(&scale, &filter, steps.to_vec());
    let pad = request_pad(compositor)?;
    // A camera that falls silent leaves its last picture until its tile goes.
    pad.set_property("repeat-after-eos", true);
    control_tile(&pad, steps)?;
    join(pipeline, &bin, &filter, &pad)?;
    Ok(source)
}

fn join(pipeline: &gst::Pipeline, bin: &gst::Bin, last: &gst::Element, pad: &gst::Pad) -> Result<(), MixError> {
    let inner = last.static_pad("src").ok_or(MixError::Unlinkable)?;
    bin.add_pad(&gst::GhostPad::with_target(&inner)?)?;
    pipeline.add(bin)?;
    link_to_pad(bin.upcast_ref(), pad)
}

/// Scales each picture to the size of the tile it will be seen in, so that the compositor only has to copy it.
fn scale_to_tiles(scale: &gst::Element, filter: &gst::Element, steps: Vec<Step>) {
    let filter = filter.clone();
    let current = Mutex::new(None::<Tile>);
    probe_buffers(scale, "sink", move |buffer| {
        let time = buffer.pts().and_then(|time| Nanoseconds::try_from(time.nseconds()).ok()).unwrap_or(0);
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
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
