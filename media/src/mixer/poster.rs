//! One picture of the mix, so that lists and mails show what a recording is of.

use super::{
    MixError,
    elements::{add, add_caps, picture_caps, probe_buffers},
    layout::{HEIGHT, WIDTH},
    plan::Plan,
};
use crate::timing::Nanoseconds;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSrc};
use std::sync::{Arc, Mutex, PoisonError};

/// Half of the mix, each way.
const POSTER_WIDTH: u32 = WIDTH / 2;
const POSTER_HEIGHT: u32 = HEIGHT / 2;
/// JPEG quality, 0 to 100; a grid of faces takes some 40 kB.
const QUALITY: i32 = 80;
/// After the first camera is seen: by then it has found its exposure, and its owner the camera.
const SETTLED: Nanoseconds = 5_000_000_000;
/// One picture is encoded long before.
const ENCODED_WITHIN: gst::ClockTime = gst::ClockTime::from_seconds(10);

/// Keeps one picture while the mix passes.
pub struct Poster {
    kept: Arc<Mutex<Option<gst::Buffer>>>,
}

impl Poster {
    /// Watches the compositor for the first picture at or after the time that suits the plan; without a camera there is
    /// nothing to see.
    pub fn watch(plan: &Plan, compositor: &gst::Element) -> Self {
        let kept = Arc::new(Mutex::new(None));
        if let Some(at) = best_time(plan) {
            let place = Arc::clone(&kept);
            probe_buffers(compositor, "src", move |buffer| {
                let time = buffer.pts().and_then(|time| Nanoseconds::try_from(time.nseconds()).ok());
                let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
                if place.is_none() && time.is_some_and(|time| time >= at) {
                    *place = Some(buffer.clone());
                }
            });
        }
        Self { kept }
    }

    /// The picture as JPEG, when there was one.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn encode(&self) -> Result<Option<Vec<u8>>, MixError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.map(|picture| encode(&picture)).transpose()
    }
}

/// Halfway to the end at the latest, so that there is one however short the recording is.
fn best_time(plan: &Plan) -> Option<Nanoseconds> {
    let shown = plan.video.iter().flat_map(|track| &track.steps);
    let first = shown.filter(|(_, tile)| tile.is_some()).map(|&(start, _)| start).min()?;
    Some(first + SETTLED.min((plan.duration - first) / 2))
}

fn encode(picture: &gst::BufferRef) -> Result<Vec<u8>, MixError> {
    let pipeline = gst::Pipeline::new();
    let format = picture_caps(WIDTH, HEIGHT).field("framerate", gst::Fraction::new(1, 1)).build();
    let source = AppSrc::builder().caps(&format).format(gst::Format::Time).build();
    pipeline.add(&source)?;
    let scale = add(&pipeline, "videoscale", |_| {})?;
    let filter = add_caps(&pipeline, &picture_caps(POSTER_WIDTH, POSTER_HEIGHT).build())?;
    let encoder = add(&pipeline, "jpegenc", |encoder| encoder.set_property("quality", QUALITY))?;
    let sink = AppSink::builder().sync(false).build();
    pipeline.add(&sink)?;
    gst::Element::link_many([source.upcast_ref(), &scale, &filter, &encoder, sink.upcast_ref()])?;
    pipeline.set_state(gst::State::Playing).map_err(|_| MixError::Unlinkable)?;
    let mut only = picture.copy();
    if let Some(only) = only.get_mut() {
        only.set_pts(gst::ClockTime::ZERO);
    }
    // A refusal shows as the sample that does not come.
    let _ = source.push_buffer(only);
    let _ = source.end_of_stream();
    let sample = sink.try_pull_sample(ENCODED_WITHIN);
    let stopped = pipeline.set_state(gst::State::Null);
    let bytes = sample.as_ref().and_then(|sample| sample.buffer()).and_then(|buffer| buffer.map_readable().ok());
    let bytes = bytes.ok_or(MixError::NoPoster)?.to_vec();
    stopped.map_err(|_| MixError::Unlinkable)?;
    Ok(bytes)
}
