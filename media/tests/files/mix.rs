//! Whole recordings through the real capture and the real mix, judged by what is seen and heard.

use crate::support::{
    call::{Call, NETWORK_SECONDS, Peer},
    film::{FULL, LEFT, RIGHT, Tile},
    judge::Mixed,
    media::{Colour, Content},
};
use media::mixer::{self, Line, MixError};
use protocol::recording::CaptureKey;
use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

const RED: Colour = [200, 30, 30];
const BLUE: Colour = [30, 30, 200];
const BLACK: Colour = [0, 0, 0];
const WHITE: Colour = [235, 235, 235];
const ANNA_HERTZ: f64 = 1000.0;
const BEN_HERTZ: f64 = 2000.0;
/// What a viewer does not notice.
const MAX_OFFSET_MS: f64 = 40.0;

fn anna() -> Content {
    Content { colour: RED, beep_hertz: ANNA_HERTZ, period: 1.0, sizes: vec![(320, 180)], noise: false }
}

fn ben() -> Content {
    Content { colour: BLUE, beep_hertz: BEN_HERTZ, period: 1.3, sizes: vec![(320, 180)], noise: false }
}

#[test]
fn two_peers_on_bad_networks_stay_in_sync_and_in_place() {
    let anna = Peer { loss: 0.02, repaired: 1.0, video_delay: 0.12, ..Peer::new(anna(), 14.0) };
    let ben =
        Peer { joins: 3.3, drift_ppm: 80.0, loss: 0.02, repaired: 0.9, video_delay: 0.15, ..Peer::new(ben(), 11.0) };
    let mixed = Mixed::from(&Call::record(&[anna, ben], 14.0, true));
    assert!(!mixed.artifact.approximate_sync);
    mixed.assert_colour(2.5, FULL, RED);
    mixed.assert_colour(6.5, LEFT, RED);
    mixed.assert_colour(6.5, RIGHT, BLUE);
    mixed.assert_colour(12.5, FULL, RED);
    // Five seconds in, when Anna's picture flashes.
    mixed.assert_poster(LEFT, WHITE);
    mixed.assert_poster(RIGHT, BLUE);
    let (offset, pairs) = mixed.lip_sync(LEFT, ANNA_HERTZ);
    assert!(offset.abs() < MAX_OFFSET_MS && pairs >= 10, "Anna: {offset} ms, {pairs} pairs");
    let (offset, pairs) = mixed.lip_sync(RIGHT, BEN_HERTZ);
    assert!(offset.abs() < MAX_OFFSET_MS && pairs >= 3, "Ben: {offset} ms, {pairs} pairs");
    let heard = mixed.beeps(BEN_HERTZ)[0];
    assert!((heard - (3.3 + 1.3 + NETWORK_SECONDS)).abs() < MAX_OFFSET_MS / 1e3, "Ben's first beep at {heard} s");
}

#[test]
fn without_sender_reports_arrival_keeps_them_together() {
    let anna = Peer { sends_reports: false, drift_ppm: -60.0, loss: 0.02, ..Peer::new(anna(), 6.0) };
    let mixed = Mixed::from(&Call::record(&[anna], 6.0, true));
    assert!(mixed.artifact.approximate_sync);
    let (offset, pairs) = mixed.lip_sync(FULL, ANNA_HERTZ);
    assert!(offset.abs() < MAX_OFFSET_MS && pairs >= 4, "{offset} ms, {pairs} pairs");
}

#[test]
fn one_second_is_a_recording() {
    let content = Content { period: 0.4, ..anna() };
    let mixed = Mixed::from(&Call::record(&[Peer::new(content, 2.0)], 1.0, true));
    mixed.assert_colour(0.3, FULL, RED);
    let (offset, pairs) = mixed.lip_sync(FULL, ANNA_HERTZ);
    assert!(offset.abs() < MAX_OFFSET_MS && pairs >= 1, "{offset} ms, {pairs} pairs");
}

#[test]
fn nobody_there_is_black_and_silent() {
    let mixed = Mixed::from(&Call::record(&[], 2.0, true));
    mixed.assert_colour(1.0, FULL, BLACK);
    assert!(mixed.peak() < 0.001);
    assert!(!mixed.artifact.poster, "there is nothing to see");
    assert_eq!(mixed.artifact.duration_ms, 2000);
}

#[test]
fn stopped_at_once_is_still_a_film() {
    Mixed::from(&Call::record(&[], 0.0, true));
}

#[test]
fn audio_alone_has_no_tile() {
    let silent_camera = Peer { has_audio: false, ..Peer::new(anna(), 3.0) };
    let voice = Peer { has_video: false, ..Peer::new(ben(), 3.0) };
    let mixed = Mixed::from(&Call::record(&[silent_camera, voice], 3.0, true));
    mixed.assert_colour(2.5, FULL, RED);
    assert_eq!(mixed.beeps(BEN_HERTZ).len(), 2);

    let voice = Peer { has_video: false, ..Peer::new(ben(), 2.0) };
    let mixed = Mixed::from(&Call::record(&[voice], 2.0, true));
    mixed.assert_colour(1.5, FULL, BLACK);
    assert_eq!(mixed.beeps(BEN_HERTZ).len(), 1);
}

#[test]
fn a_killed_capture_plays_up_to_its_torn_end() {
    let call = Call::record(&[Peer::new(anna(), 4.0)], 4.0, false);
    for log in [1, 2].map(|number| call.track_log(number)) {
        let bytes = fs::read(&log).unwrap();
        fs::write(&log, &bytes[..bytes.len() - 20]).unwrap();
    }
    let mixed = Mixed::from(&call);
    assert!((3900..4100).contains(&mixed.artifact.duration_ms), "{} ms", mixed.artifact.duration_ms);
    mixed.assert_colour(3.5, FULL, RED);
    assert_eq!(mixed.flashes(FULL).len(), 3);
}

#[test]
fn damage_in_the_middle_costs_only_that_track() {
    let call = Call::record(&[Peer::new(anna(), 4.0), Peer { joins: 0.0, ..Peer::new(ben(), 4.0) }], 4.0, true);
    let log = call.track_log(1);
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, bytes).unwrap();
    let mixed = Mixed::from(&call);
    mixed.assert_colour(3.5, RIGHT, BLUE);
    assert_eq!(mixed.beeps(ANNA_HERTZ).len(), 3);
}

#[test]
fn frames_change_size_and_shape() {
    let content = Content { sizes: vec![(320, 180), (240, 240), (640, 360)], ..anna() };
    let mixed = Mixed::from(&Call::record(&[Peer::new(content, 6.0)], 6.0, true));
    for seconds in [1.5, 3.5, 5.5] {
        mixed.assert_colour(seconds, FULL, RED);
    }
    let left_edge = Tile { x: 0, y: 0, width: 10, height: 36 };
    mixed.assert_colour(1.5, left_edge, RED);
    mixed.assert_colour(3.5, left_edge, BLACK);
}

#[test]
fn unrepaired_loss_freezes_but_never_breaks() {
    let anna = Peer { loss: 0.05, repaired: 0.0, ..Peer::new(anna(), 6.0) };
    let mixed = Mixed::from(&Call::record(&[anna], 6.0, true));
    mixed.assert_colour(5.5, FULL, RED);
    assert_eq!(mixed.beeps(ANNA_HERTZ).len(), 5);
}

#[test]
fn one_peers_noise_is_not_the_others_loss() {
    for noise in [1.0, 0.1] {
        let ben = Peer { noise, ..Peer::new(ben(), 4.0) };
        let mixed = Mixed::from(&Call::record(&[Peer::new(anna(), 4.0), ben], 4.0, true));
        mixed.assert_colour(3.5, LEFT, RED);
        assert_eq!(mixed.beeps(ANNA_HERTZ).len(), 3);
    }
}

#[test]
fn a_tile_stays_while_its_picture_stands_still() {
    let anna = Peer { camera_stops: 1.5, ..Peer::new(Content { period: 100.0, ..anna() }, 9.0) };
    let ben = Peer { joins: 3.0, ..Peer::new(ben(), 6.0) };
    let mixed = Mixed::from(&Call::record(&[anna, ben], 9.0, true));
    mixed.assert_colour(2.5, FULL, RED);
    mixed.assert_colour(4.9, LEFT, RED);
    mixed.assert_colour(4.9, RIGHT, BLUE);
    mixed.assert_colour(8.0, FULL, RED);
}

#[test]
fn a_large_file_leaves_in_parts() {
    let content = Content { sizes: vec![(320, 180)], noise: true, ..anna() };
    let mixed = Mixed::from(&Call::record(&[Peer::new(content, 54.0)], 54.0, true));
    assert!(mixed.parts.len() >= 4 && mixed.parts[0].0 == 2, "{:?}", mixed.parts);
    assert_eq!(mixed.beeps(ANNA_HERTZ).len(), 53);
}

#[test]
fn the_mix_process_takes_its_key_from_standard_input() {
    let call = Call::record(&[], 1.0, true);
    for (key, code, last) in [("07", 0, r#"{"done":"#), ("08", 1, r#"{"error":"#)] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mixdown-media"))
            .args(["mix", "--dir"])
            .arg(call.directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(format!("{}\n", key.repeat(32)).as_bytes()).unwrap();
        let done = process.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(code));
        let said = String::from_utf8_lossy(&done.stdout);
        let line = said.rsplit_once(last).unwrap().1;
        assert_eq!(line.find('\n'), Some(line.len() - 1), "{line}");
    }
}

#[test]
fn another_key_ends_with_a_sentence() {
    let call = Call::record(&[], 1.0, true);
    let mut output = Vec::new();
    let error = mixer::run(&call.directory(), &CaptureKey::new([8; 32]), &mut output).unwrap_err();
    assert!(matches!(error, MixError::Capture(_)));
    assert_eq!(serde_json::from_slice::<Line>(&output).unwrap(), Line::Error { error: error.to_string() });
}
