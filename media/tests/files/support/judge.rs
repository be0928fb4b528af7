//! Mixes a call and judges the file.

use super::{
    call::Call,
    film::{Film, Tile, decode_frames, middle, near},
    media::{Colour, FRAME_RATE},
};
use media::mixer::{self, Line};
use protocol::{limits::PART_BYTES, recording::Artifact};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, Read as _},
    ops::Deref,
};

/// The frames that are there, one by one.
const AS_STORED: [&str; 2] = ["-vsync", "passthrough"];

/// A mixed file and what the mix said about it.
pub struct Mixed {
    film: Film,
    pub artifact: Artifact,
    /// In the order they left.
    pub parts: Vec<(u16, u64)>,
    /// The picture of it, as it is judged.
    poster: Option<Vec<u8>>,
}

impl Deref for Mixed {
    type Target = Film;

    fn deref(&self) -> &Film {
        &self.film
    }
}

impl Mixed {
    /// Mixes the call, and checks what holds for every file: part sizes, box order, decodable without errors, and the
    /// stated duration in each stream.
    pub fn from(call: &Call) -> Self {
        let mut output = Vec::new();
        mixer::run(&call.directory(), &call.spec.capture_key, &mut output).unwrap();
        let Written { artifact, parts, poster } = read_output(&output);
        assert_eq!(artifact.poster, poster.is_some());
        let path = call.scratch().join("mixed.mp4");
        let order: Vec<_> = parts.iter().map(|(number, bytes)| (*number, bytes.len() as u64)).collect();
        let numbered: BTreeMap<_, _> = parts.into_iter().collect();
        let file = numbered.values().flatten().copied().collect::<Vec<_>>();
        fs::write(&path, &file).unwrap();
        assert_eq!(artifact.bytes, file.len() as u64);
        assert_eq!(order.last().unwrap().0, 1);
        let (last, full) = (numbered.len() as u16, PART_BYTES as u64);
        let fits = |(number, bytes): &(u16, u64)| *bytes == full || *number == last && *bytes < full;
        assert!(order.iter().all(fits), "{order:?}");
        let boxes = box_order(&file);
        let place = |kind| boxes.iter().position(|found| found == kind).unwrap();
        assert!(boxes[0] == "ftyp" && place("moov") < place("mdat"), "{boxes:?}");
        let poster = poster.map(|picture| {
            let path = call.scratch().join("poster.jpg");
            fs::write(&path, picture).unwrap();
            decode_frames(&path, &AS_STORED).remove(0)
        });
        let mixed = Self { film: Film::open(path, &AS_STORED), artifact, parts: order, poster };
        mixed.check_durations();
        mixed
    }

    /// The picture of the recording shows this.
    pub fn assert_poster(&self, tile: Tile, expected: Colour) {
        let found = middle(self.poster.as_ref().unwrap(), tile);
        assert!(near(found, expected), "{tile:?} of the poster is {found:?}, not {expected:?}");
    }

    fn check_durations(&self) {
        let stated = self.artifact.duration_ms as f64 / 1e3;
        let probed = self.probe(&[], "format=duration:stream=codec_name,duration,width,height");
        let streams = probed["streams"].as_array().unwrap();
        let codecs: Vec<_> = streams.iter().map(|stream| stream["codec_name"].as_str().unwrap()).collect();
        assert_eq!(codecs, ["h264", "aac"]);
        assert_eq!((streams[0]["width"].as_u64(), streams[0]["height"].as_u64()), (Some(1280), Some(720)));
        for found in streams.iter().chain([&probed["format"]]) {
            let duration: f64 = found["duration"].as_str().unwrap().parse().unwrap();
            assert!((duration - stated).abs() < 0.1, "{found} lasts {duration} s, not {stated} s");
        }
        let frames = self.frames.len() as f64 / FRAME_RATE as f64;
        assert!((frames - stated).abs() < 0.1, "{frames} s of frames in {stated} s");
    }
}

/// What a mix wrote.
struct Written {
    artifact: Artifact,
    parts: Vec<(u16, Vec<u8>)>,
    poster: Option<Vec<u8>>,
}

fn read_output(mut output: &[u8]) -> Written {
    let (mut parts, mut picture) = (Vec::new(), None);
    loop {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        match serde_json::from_str(&line).unwrap() {
            Line::Part { part, bytes } => {
                let mut content = vec![0; bytes as usize];
                output.read_exact(&mut content).unwrap();
                parts.push((part, content));
            }
            Line::Poster { poster } => {
                let mut content = vec![0; poster];
                output.read_exact(&mut content).unwrap();
                assert!(picture.replace(content).is_none(), "one picture");
            }
            Line::Progress { progress } => assert!((0.0..=1.0).contains(&progress)),
            Line::Done { done } => {
                assert!(output.is_empty());
                return Written { artifact: done, parts, poster: picture };
            }
            Line::Error { error } => panic!("{error}"),
        }
    }
}

fn box_order(mut file: &[u8]) -> Vec<String> {
    let mut boxes = Vec::new();
    while !file.is_empty() {
        let size = u32::from_be_bytes(file[..4].try_into().unwrap()) as usize;
        boxes.push(String::from_utf8_lossy(&file[4..8]).into_owned());
        file = &file[if size == 1 { u64::from_be_bytes(file[8..16].try_into().unwrap()) as usize } else { size }..];
    }
    boxes
}
