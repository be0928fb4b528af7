//! Building blocks of the pipeline.

use super::MixError;
use gstreamer::{self as gst, prelude::*};

/// Samples per second of the mix.
pub const SAMPLE_RATE: i32 = 48_000;

/// Makes an element, sets it up and adds it.
pub fn add(
    bin: &impl IsA<gst::Bin>,
    factory: &'static str,
    set_up: impl FnOnce(&gst::Element),
) -> Result<gst::Element, MixError> {
    let element = gst::ElementFactory::make(factory).build().map_err(|_| MixError::MissingElement(factory))?;
    set_up(&element);
    bin.as_ref().add(&element)?;
    Ok(element)
}

/// Fixes the format of what passes.
pub fn add_caps(bin: &impl IsA<gst::Bin>, caps: &gst::Caps) -> Result<gst::Element, MixError> {
    add(bin, "capsfilter", |filter| filter.set_property("caps", caps))
}

/// A picture of the mix or of a tile, planar throughout so that nothing is converted.
pub fn picture_caps(width: u32, height: u32) -> gst::caps::Builder<gst::caps::NoFeature> {
    gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", i32::try_from(width).unwrap_or(i32::MAX))
        .field("height", i32::try_from(height).unwrap_or(i32::MAX))
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
}

/// The mix's sound before encoding.
pub fn sound_caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", SAMPLE_RATE)
        .field("channels", 2)
        .build()
}

/// A new input of a mixer.
pub fn request_pad(element: &gst::Element) -> Result<gst::Pad, MixError> {
    element.request_pad_simple("sink_%u").ok_or(MixError::Unlinkable)
}

pub fn link_to_pad(element: &gst::Element, pad: &gst::Pad) -> Result<(), MixError> {
    let source = element.static_pad("src").ok_or(MixError::Unlinkable)?;
    source.link(pad).map_err(|_| MixError::Unlinkable)?;
    Ok(())
}

/// Calls `each` with every buffer that passes the pad.
pub fn probe_buffers(element: &gst::Element, pad: &str, each: impl Fn(&gst::Buffer) + Send + Sync + 'static) {
    if let Some(pad) = element.static_pad(pad) {
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(buffer) = info.buffer() {
                each(buffer);
            }
            gst::PadProbeReturn::Ok
        });
    }
}
