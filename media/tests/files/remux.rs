//! Remuxed files, judged by what is seen and heard.

use crate::support::{
    call::{Call, NETWORK_SECONDS, Peer, peer_id},
    film::{FULL, ffmpeg},
    media::{Colour, Content},
    remuxed::{Remuxed, file, prepare},
};
use media::{
    capture::{Codec, TrackHeader, TrackKind},
    remux::RemuxError,
};
use std::fs;

const RED: Colour = [200, 30, 30];
const BLUE: Colour = [30, 30, 200];
const HERTZ: f64 = 1000.0;
const MAX_OFFSET_MS: f64 = 40.0;
/// From NTP's beginning to Unix's, in seconds.
const NTP_TO_UNIX: f64 = 2_208_988_800.0;

fn content() -> Content {
    Content { colour: RED, beep_hertz: HERTZ, period: 1.0, sizes: vec![(320, 180)], noise: false }
}

fn all(_: &TrackHeader) -> bool {
    true
}

#[test]
fn a_bad_network_leaves_sound_and_picture_together() {
    let peer = Peer {
        drift_ppm: 80.0,
        loss: 0.02,
        repaired: 1.0,
        video_delay: 0.12,
        joins: 0.5,
        ..Peer::new(content(), 10.0)
    };
    let remuxed = Remuxed::from(&Call::record(&[peer], 10.0, true), all);
    let facts = &remuxed.facts;
    assert!((270..285).contains(&facts.video.as_ref().unwrap().frames), "{facts:?}");
    assert!(!facts.approximate_sync);
    let (offset, pairs) = remuxed.lip_sync(FULL, HERTZ);
    assert!(offset.abs() < MAX_OFFSET_MS && pairs >= 8, "{offset} ms, {pairs} pairs");
    let first = remuxed.beeps(HERTZ)[0];
    assert!((first - 1.0).abs() < MAX_OFFSET_MS / 1e3, "the first beep at {first} s");

    let captured = facts.first_frame_captured_ms.unwrap() as f64;
    let expected = (3.9e9 + 1234.5678 - NTP_TO_UNIX) * 1e3;
    assert!((captured - expected).abs() < 2.0, "captured at {captured}, not {expected}");
    let written = facts.first_frame_written_ms as f64 - 1_700_000_000_000.0;
    assert!(((0.5 + NETWORK_SECONDS + 0.12) * 1e3..900.0).contains(&written), "written after {written} ms");
}

#[test]
fn without_sender_reports_arrival_keeps_them_together() {
    let peer = Peer { sends_reports: false, drift_ppm: -60.0, loss: 0.02, ..Peer::new(content(), 6.0) };
    let remuxed = Remuxed::from(&Call::record(&[peer], 6.0, true), all);
    assert_eq!((remuxed.facts.approximate_sync, remuxed.facts.first_frame_captured_ms), (true, None));
    let (offset, pairs) = remuxed.lip_sync(FULL, HERTZ);
    assert!(offset.abs() < MAX_OFFSET_MS && pairs >= 4, "{offset} ms, {pairs} pairs");
}

#[test]
fn unrepaired_loss_freezes_but_never_breaks() {
    let peer = Peer { loss: 0.05, repaired: 0.0, ..Peer::new(content(), 8.0) };
    let remuxed = Remuxed::from(&Call::record(&[peer], 8.0, true), all);
    assert!((20..200).contains(&remuxed.facts.video.as_ref().unwrap().frames), "{:?}", remuxed.facts);
    remuxed.assert_colour(5.5, FULL, RED);
    assert_eq!(remuxed.beeps(HERTZ).len(), 7);
}

#[test]
fn frames_change_size_and_shape() {
    let content = Content { sizes: vec![(640, 360), (1920, 1080), (360, 640)], ..content() };
    let call = Call::record(&[Peer::new(content, 6.0)], 6.0, true);
    let remuxed = Remuxed::from(&call, all);
    let video = remuxed.facts.video.as_ref().unwrap();
    assert_eq!((video.width, video.height), (1920, 1080));
    for seconds in [1.5, 3.5, 5.5] {
        remuxed.assert_colour(seconds, FULL, RED);
    }
    let sizes = remuxed.probe(&["-select_streams", "v"], "frame=width,height");
    let mut sizes: Vec<_> = sizes["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| (frame["width"].as_u64().unwrap(), frame["height"].as_u64().unwrap()))
        .collect();
    sizes.dedup();
    assert_eq!(sizes, [(640, 360), (1920, 1080), (360, 640)]);
}

#[test]
fn pictures_of_other_codecs_change_their_size_and_stay_with_their_sound() {
    for codec in [Codec::Vp9, Codec::H264] {
        let content = Content { sizes: vec![(640, 360), (360, 640)], ..content() };
        let peer =
            Peer { codec, drift_ppm: 80.0, loss: 0.02, video_delay: 0.12, joins: 0.5, ..Peer::new(content, 8.0) };
        let remuxed = Remuxed::from(&Call::record(&[peer], 8.0, true), all);
        assert_eq!(
            remuxed.facts.video.as_ref().map(|video| (video.codec, video.width, video.height)),
            Some((codec, 640, 640))
        );
        let (offset, pairs) = remuxed.lip_sync(FULL, HERTZ);
        assert!(offset.abs() < MAX_OFFSET_MS && pairs >= 6, "{codec:?}: {offset} ms, {pairs} pairs");
        for seconds in [1.5, 6.5] {
            remuxed.assert_colour(seconds, FULL, RED);
        }
    }
}

#[test]
fn unrepaired_loss_breaks_no_codec() {
    for codec in [Codec::Vp9, Codec::H264] {
        let content = Content { period: 100.0, ..content() };
        let peer = Peer { codec, loss: 0.05, repaired: 0.0, ..Peer::new(content, 6.0) };
        let remuxed = Remuxed::from(&Call::record(&[peer], 6.0, true), all);
        assert!((15..175).contains(&remuxed.facts.video.as_ref().unwrap().frames), "{codec:?}: {:?}", remuxed.facts);
        remuxed.assert_colour(4.5, FULL, RED);
    }
}

#[test]
fn a_killed_capture_plays_up_to_its_torn_end() {
    let call = Call::record(&[Peer::new(content(), 4.0)], 4.0, false);
    for log in [1, 2].map(|number| call.track_log(number)) {
        let bytes = fs::read(&log).unwrap();
        fs::write(&log, &bytes[..bytes.len() - 20]).unwrap();
    }
    let remuxed = Remuxed::from(&call, all);
    assert!((3800..4000).contains(&remuxed.facts.duration_ms), "{:?}", remuxed.facts);
    assert_eq!(remuxed.flashes(FULL).len(), 3);
}

#[test]
fn sound_or_picture_alone_is_a_file_too() {
    let call = Call::record(&[Peer::new(content(), 3.0)], 3.0, true);
    let sound = Remuxed::from(&call, |track| track.kind == TrackKind::Audio);
    assert_eq!((sound.facts.video.is_none(), sound.beeps(HERTZ).len()), (true, 2));
    let picture = Remuxed::from(&call, |track| track.kind == TrackKind::Video);
    assert_eq!((picture.facts.audio.is_none(), picture.flashes(FULL).len()), (true, 2));
}

#[test]
fn another_peer_is_not_in_the_file() {
    let other = Peer { noise: 1.0, ..Peer::new(content(), 3.0) };
    let call = Call::record(&[Peer::new(content(), 3.0), other], 3.0, true);
    let remuxed = Remuxed::from(&call, |track| track.peer == peer_id(1));
    assert_eq!(remuxed.flashes(FULL).len(), 2);
    assert!(matches!(prepare(&call, |track| track.peer == peer_id(9)), Err(RemuxError::Empty)));
}

#[test]
fn a_track_that_is_published_again_goes_on() {
    let first = Peer::new(content(), 3.0);
    let again = Peer { joins: 4.0, ..Peer::new(Content { colour: BLUE, ..content() }, 7.0) };
    let remuxed = Remuxed::from(&Call::record(&[first, again], 7.0, true), all);
    remuxed.assert_colour(1.5, FULL, RED);
    remuxed.assert_colour(3.5, FULL, RED);
    remuxed.assert_colour(5.5, FULL, BLUE);
    assert!((6800..7050).contains(&remuxed.facts.duration_ms), "{:?}", remuxed.facts);
}

#[test]
fn a_picture_that_stands_still_and_a_long_silence_keep_their_length() {
    let peer = Peer { camera_stops: 1.5, ..Peer::new(Content { period: 100.0, ..content() }, 9.0) };
    let remuxed = Remuxed::from(&Call::record(&[peer], 9.0, true), all);
    assert!((8800..9000).contains(&remuxed.facts.duration_ms), "{:?}", remuxed.facts);
}

#[test]
fn players_can_begin_anywhere() {
    let call = Call::record(&[Peer::new(content(), 20.0)], 20.0, true);
    let remuxed = Remuxed::from(&call, all);
    let path = remuxed.path.to_str().unwrap();
    let frame = ffmpeg(&[
        "-ss",
        "14.5",
        "-i",
        path,
        "-frames:v",
        "1",
        "-vf",
        "scale=1:1",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]);
    assert!(frame.iter().zip(RED).all(|(&found, expected)| found.abs_diff(expected) < 40), "{frame:?}");
}

#[test]
fn noise_among_the_packets_stays_out_or_harmless() {
    for noise in [0.02, 0.3] {
        let call = Call::record(&[Peer { noise, ..Peer::new(content(), 4.0) }], 4.0, true);
        let remux = prepare(&call, all).unwrap();
        assert_eq!(file(&remux).len() as u64, remux.facts().bytes);
    }
}
