//! Mixes a call and judges the file.

use super::{call::Call, film::Film, media::FRAME_RATE};
use media::mixer::{self, Line};
use protocol::{limits::PART_BYTES, recording::Artifact};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, Read as _},
    ops::Deref,
};

/// A mixed file and what the mix said about it.
pub struct Mixed {
    film: Film,
    pub artifact: Artifact,
    /// In the order they left.
    pub parts: Vec<(u16, u64)>,
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
        let (artifact, parts) = read_output(&output);
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
        let mixed = Self { film: Film::open(path, &["-vsync", "passthrough"]), artifact, parts: order };
        mixed.check_durations();
        mixed
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

fn read_output(mut output: &[u8]) -> (Artifact, Vec<(u16, Vec<u8>)>) {
    let mut parts = Vec::new();
    loop {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        match serde_json::from_str(&line).unwrap() {
            Line::Part { part, bytes } => {
                let mut content = vec![0; bytes as usize];
                output.read_exact(&mut content).unwrap();
                parts.push((part, content));
            }
            Line::Progress { progress } => assert!((0.0..=1.0).contains(&progress)),
            Line::Done { done } => {
                assert!(output.is_empty());
                return (done, parts);
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
