//! The mix process from its input to its last line.

use super::{
    feed::feed,
    layout::{HEIGHT, WIDTH},
    output::Output,
    part_sink::PartSink,
    parts::{Part, PartError},
    pipeline::{AUDIO_ADVANCE, MixPipeline, build, index_room},
    plan::{Plan, PlannedTrack, plan},
};
use crate::{capture, timing::Nanoseconds};
use gstreamer::{self as gst, glib, prelude::*};
use protocol::recording::{Artifact, CaptureKey};
use std::{
    io::{self, Write},
    path::Path,
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// A mix in which nothing moved for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// How often progress and the bus are looked at while no part is ready.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Parts waiting for the reader of the output.
const WAITING_PARTS: usize = 1;
/// Added to the process's niceness: live calls on the same node come first.
const NICENESS: i32 = 10;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum MixError {
    #[error("the capture cannot be read: {0}")]
    Capture(#[from] capture::CaptureError),
    #[error("GStreamer does not start")]
    Start(#[source] glib::Error),
    #[error("GStreamer's element {0} is missing; a package is not installed")]
    MissingElement(&'static str),
    #[error("the package {package} is not installed: GStreamer's element {element} is missing")]
    MissingPackage { element: &'static str, package: &'static str },
    #[error("GStreamer's elements do not fit together")]
    Unlinkable,
    #[error("the pipeline failed in {element}: {message}")]
    Pipeline { element: String, message: String },
    #[error("the file cannot be written in parts: {0}")]
    Parts(#[from] PartError),
    #[error("the picture of it could not be encoded")]
    NoPoster,
    #[error("nothing moved for {} seconds", STUCK_AFTER.as_secs())]
    Stuck,
    #[error("the output is closed")]
    Output(#[source] io::Error),
    #[error("a thread cannot be started")]
    Thread(#[source] io::Error),
}

impl From<glib::BoolError> for MixError {
    fn from(_: glib::BoolError) -> Self {
        Self::Unlinkable
    }
}

/// Mixes the capture in `directory` and writes the file's parts to `output`, as [`super::Line`] has it.
///
/// # Errors
/// The capture cannot be read or mixed; the same sentence went to `output`.
pub fn run(directory: &Path, key: &CaptureKey, output: impl Write) -> Result<(), MixError> {
    let mut output = Output::new(output);
    let mixed = mix(directory, key, &mut output);
    let written = match &mixed {
        Ok(artifact) => output.done(artifact.clone()),
        Err(error) => output.error(&error.to_string()),
    };
    mixed.and(written.map_err(MixError::Output))
}

fn mix(directory: &Path, key: &CaptureKey, output: &mut Output<impl Write>) -> Result<Artifact, MixError> {
    if rustix::process::nice(NICENESS).is_err() {
        tracing::warn!("the mix runs at normal priority");
    }
    gst::init().map_err(MixError::Start)?;
    let plan = plan(capture::read(directory, key)?)?;
    let (sender, parts) = sync_channel(WAITING_PARTS);
    let built = build(&plan, &PartSink::new(sender, index_room(plan.duration)))?;
    let result = thread::scope(|scope| {
        let spawned = start_feeding(scope, &plan, &built);
        let result = spawned.and_then(|()| Mixing { built: &built, parts, duration: plan.duration }.drive(output));
        // Whatever happened, the feeders must find their sources closed, or the scope never ends.
        let stopped = built.pipeline.set_state(gst::State::Null);
        result.and(stopped.map(|_| ()).map_err(|_| MixError::Unlinkable))
    });
    result?;
    let poster = write_poster(&built, output)?;
    Ok(Artifact {
        bytes: output.bytes(),
        duration_ms: u64::try_from(plan.duration / 1_000_000).unwrap_or(0),
        width: WIDTH,
        height: HEIGHT,
        approximate_sync: plan.approximate_sync,
        poster,
    })
}

/// A recording without a picture of it is a recording all the same.
fn write_poster(built: &MixPipeline, output: &mut Output<impl Write>) -> Result<bool, MixError> {
    match built.poster.encode() {
        Ok(Some(poster)) => output.poster(&poster).map(|()| true).map_err(MixError::Output),
        Ok(None) => Ok(false),
        Err(error) => {
            tracing::warn!(%error, "the recording gets no poster");
            Ok(false)
        }
    }
}

fn start_feeding<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    plan: &'scope Plan,
    built: &'scope MixPipeline,
) -> Result<(), MixError> {
    // Sources take nothing before they are started, so that what is pushed next waits instead of being refused.
    built.pipeline.set_state(gst::State::Playing).map_err(|_| MixError::Unlinkable)?;
    let audio = plan.audio.iter().zip(&built.audio).map(|(track, source)| (track, source, AUDIO_ADVANCE));
    let video = plan.video.iter().zip(&built.video).map(|(track, source)| (track, source, 0));
    for (track, source, advance) in audio.chain(video) {
        let track: &PlannedTrack = track;
        thread::Builder::new()
            .name("feed".to_owned())
            .spawn_scoped(scope, move || feed(track, source, plan.duration, advance))
            .map_err(MixError::Thread)?;
    }
    Ok(())
}

/// The running pipeline, seen from the output's side.
struct Mixing<'a> {
    built: &'a MixPipeline,
    parts: Receiver<Result<Part, PartError>>,
    duration: Nanoseconds,
}

impl Mixing<'_> {
    /// Writes parts as they come until part 1, the last one, is out.
    fn drive(&self, output: &mut Output<impl Write>) -> Result<(), MixError> {
        let mut moved = (0, crate::clock::now());
        loop {
            match self.parts.recv_timeout(LOOK_EVERY) {
                Ok(part) => {
                    let part = part?;
                    output.part(&part).map_err(MixError::Output)?;
                    if part.number == 1 {
                        return Ok(());
                    }
                    moved.1 = crate::clock::now();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.failure().unwrap_or(PartError::NoIndex.into())),
            }
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
            self.check_movement(&mut moved)?;
            output.progress(self.progress()).map_err(MixError::Output)?;
        }
    }

    fn check_movement(&self, moved: &mut (u64, Instant)) -> Result<(), MixError> {
        let activity = self.built.activity.load(Ordering::Relaxed);
        if activity != moved.0 {
            *moved = (activity, crate::clock::now());
        }
        if moved.1.elapsed() < STUCK_AFTER { Ok(()) } else { Err(MixError::Stuck) }
    }

    fn progress(&self) -> f64 {
        self.built.position.load(Ordering::Relaxed) as f64 / self.duration as f64
    }

    /// The first error on the bus that is not one track's own: what a decoder cannot use, noise or a picture without
    /// its beginning, must not cost the others their recording.
    fn failure(&self) -> Option<MixError> {
        let pipeline = &self.built.pipeline;
        let bus = pipeline.bus()?;
        while let Some(message) = bus.pop_filtered(&[gst::MessageType::Error]) {
            let gst::MessageView::Error(error) = message.view() else { continue };
            let element = error.src().map_or_else(String::new, |source| source.name().to_string());
            let message = error.error().to_string();
            let parent = error.src().and_then(gst::prelude::GstObjectExt::parent);
            match parent.filter(|parent| parent != pipeline.upcast_ref::<gst::Object>()) {
                Some(track) => tracing::warn!(track = %track.name(), element, message, "a track ends early in the mix"),
                None => {
                    tracing::warn!(details = ?error.debug(), "the mix's pipeline failed");
                    return Some(MixError::Pipeline { element, message });
                }
            }
        }
        None
    }
}
