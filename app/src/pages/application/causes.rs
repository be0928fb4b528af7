//! Why recordings ended, in sentences.

use protocol::recording::{FailureCause, StopCause};

/// What a person should know about how a recording stopped; nothing when a participant stopped it.
pub fn stopped(cause: StopCause) -> Option<&'static str> {
    match cause {
        StopCause::PeerRequest => None,
        StopCause::ConsoleRequest => Some("Stopped from the console."),
        StopCause::ApiRequest => Some("Stopped by an API key."),
        StopCause::SwitchedOff => {
            Some("Stopped because Recording or Media Relay was switched off, or the key was revoked.")
        }
        StopCause::MaxDuration => Some("Stopped at the longest duration this application allows."),
        StopCause::RoomEmpty => Some("Stopped because everyone had left the room."),
        StopCause::SpoolFull => {
            Some("Stopped because the media node had no disk space left. What was captured before is in the file.")
        }
        StopCause::Shutdown => Some("Stopped because the media node was shut down."),
        StopCause::NodeCrash => {
            Some("The media process ended without warning. Up to a second may be missing at the end.")
        }
    }
}

/// Why there is no file, and what to do about it.
pub fn failed(
    cause: FailureCause,
    // It was to go to an address that its client chose.
    elsewhere: bool,
) -> &'static str {
    match cause {
        FailureCause::UploadFailed | FailureCause::StorageUnavailable if elsewhere => {
            "The address that the client chose did not take the file, and no other one did within a day."
        }
        FailureCause::CaptureLost => {
            "Nothing was captured. Check that participants were sending audio or video through Media Relay."
        }
        FailureCause::MixFailed => "The capture could not be turned into a file. The log of the media node says why.",
        FailureCause::UploadFailed => "The bucket did not accept the file. Validate the storage and record again.",
        FailureCause::StorageUnavailable => {
            "The bucket did not take the file for as long as recordings are held. Repair the storage."
        }
        FailureCause::NodeLost => {
            "The media node did not come back. Check that it is running and can reach the control plane."
        }
    }
}
