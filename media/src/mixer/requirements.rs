//! What the mixer needs of the system, asked for when the node starts: a codec that is missing then is a sentence for
//! the operator, found missing after a call it would be a lost recording.

use super::MixError;
use gstreamer as gst;

/// Elements of the pipeline, by the Debian package that brings them.
const PACKAGES: [(&str, &[&str]); 5] = [
    (
        "gstreamer1.0-plugins-base",
        &[
            "appsrc",
            "audioconvert",
            "audiomixer",
            "audioresample",
            "audiotestsrc",
            "compositor",
            "opusdec",
            "videoscale",
            "videotestsrc",
        ],
    ),
    ("gstreamer1.0-plugins-good", &["jpegenc", "mp4mux", "rtpopusdepay", "rtpvp8depay", "vp8dec"]),
    ("gstreamer1.0-plugins-bad", &["h264parse"]),
    ("gstreamer1.0-plugins-ugly", &["x264enc"]),
    ("gstreamer1.0-libav", &["avenc_aac"]),
];

/// Looks whether everything is installed.
///
/// # Errors
/// The first package that is not, or GStreamer itself does not start.
pub fn check() -> Result<(), MixError> {
    gst::init().map_err(MixError::Start)?;
    for (package, elements) in PACKAGES {
        for element in elements {
            if gst::ElementFactory::find(element).is_none() {
                return Err(MixError::MissingPackage { element, package });
            }
        }
    }
    Ok(())
}
