//! Looks at and listens to a mixed file, with ffmpeg and ffprobe.

use super::{
    call::Call,
    media::{Colour, FRAME_RATE},
};
use media::mixer::{self, Line};
use protocol::{limits::PART_BYTES, recording::Artifact};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, Read as _},
    path::{Path, PathBuf},
    process::Command,
};

/// Frames are judged at this size.
const WIDTH: usize = 64;
const HEIGHT: usize = 36;
/// Samples per loudness value, 5 ms.
const BLOCK: usize = 240;

/// A tile, in the judged frames' pixels.
#[derive(Debug, Clone, Copy)]
pub struct Tile {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

pub const FULL: Tile = Tile { x: 0, y: 0, width: 64, height: 36 };
pub const LEFT: Tile = Tile { x: 0, y: 9, width: 32, height: 18 };
pub const RIGHT: Tile = Tile { x: 32, y: 9, width: 32, height: 18 };

/// A mixed file and what the mix said about it.
pub struct Mixed {
    path: PathBuf,
    pub artifact: Artifact,
    /// In the order they left.
    pub parts: Vec<(u16, u64)>,
    /// The picture of it, as it is judged.
    poster: Option<Vec<u8>>,
    frames: Vec<Vec<u8>>,
    sound: Vec<f32>,
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
        ffmpeg(&["-xerror", "-i", text(&path), "-f", "null", "-"]);
        let poster = poster.map(|picture| {
            let path = call.scratch().join("poster.jpg");
            fs::write(&path, picture).unwrap();
            decode_frames(&path).remove(0)
        });
        let mixed =
            Self { frames: decode_frames(&path), sound: decode_sound(&path), path, artifact, parts: order, poster };
        mixed.check_durations();
        mixed
    }

    fn check_durations(&self) {
        let stated = self.artifact.duration_ms as f64 / 1e3;
        let entries = "format=duration:stream=codec_name,duration,width,height";
        let probed = run(Command::new("ffprobe").args([
            "-v",
            "error",
            "-show_entries",
            entries,
            "-of",
            "json",
            text(&self.path),
        ]));
        let probed: serde_json::Value = serde_json::from_slice(&probed).unwrap();
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

    /// Mean colour in the middle of a tile.
    pub fn colour(&self, seconds: f64, tile: Tile) -> Colour {
        middle(&self.frames[(seconds * FRAME_RATE as f64) as usize], tile)
    }

    pub fn assert_colour(&self, seconds: f64, tile: Tile, expected: Colour) {
        let found = self.colour(seconds, tile);
        assert!(near(found, expected), "{tile:?} at {seconds} s is {found:?}, not {expected:?}");
    }

    /// The picture of the recording shows this.
    pub fn assert_poster(&self, tile: Tile, expected: Colour) {
        let found = middle(self.poster.as_ref().unwrap(), tile);
        assert!(near(found, expected), "{tile:?} of the poster is {found:?}, not {expected:?}");
    }

    /// Seconds at which flashes begin in a tile.
    pub fn flashes(&self, tile: Tile) -> Vec<f64> {
        let bright: Vec<bool> = (0..self.frames.len())
            .map(|index| self.colour((index as f64 + 0.5) / FRAME_RATE as f64, tile).iter().all(|&part| part > 190))
            .collect();
        rises(&bright, 1).into_iter().map(|index| index as f64 / FRAME_RATE as f64).collect()
    }

    /// Seconds at which beeps of a pitch begin.
    pub fn beeps(&self, hertz: f64) -> Vec<f64> {
        let loud: Vec<bool> = self.sound.chunks_exact(BLOCK).map(|block| loudness(block, hertz) > 0.08).collect();
        rises(&loud, 20).into_iter().map(|index| (index * BLOCK) as f64 / 48_000.0).collect()
    }

    /// Milliseconds the beep comes after its flash: the median, and how many pairs there are.
    pub fn lip_sync(&self, tile: Tile, hertz: f64) -> (f64, usize) {
        let beeps = self.beeps(hertz);
        let nearest = |flash: f64| beeps.iter().map(|beep| beep - flash).min_by(|a, b| a.abs().total_cmp(&b.abs()));
        let mut offsets: Vec<f64> = self
            .flashes(tile)
            .into_iter()
            .filter_map(nearest)
            .filter(|offset| offset.abs() < 0.4)
            .map(|offset| offset * 1e3)
            .collect();
        offsets.sort_by(f64::total_cmp);
        eprintln!("{hertz} Hz: beep after flash {offsets:.1?} ms");
        (offsets.get(offsets.len() / 2).copied().unwrap_or(f64::NAN), offsets.len())
    }

    /// The loudest the file gets, 0 to 1.
    pub fn peak(&self) -> f32 {
        self.sound.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
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

/// Runs to success without a word on standard error.
fn run(command: &mut Command) -> Vec<u8> {
    let done = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && complaint.is_empty(), "{command:?}: {complaint}");
    done.stdout
}

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    run(Command::new("ffmpeg").args(["-v", "error", "-nostdin"]).args(arguments))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn decode_frames(path: &Path) -> Vec<Vec<u8>> {
    let filter = format!("scale={WIDTH}:{HEIGHT}:flags=area");
    let raw = ffmpeg(&[
        "-i",
        text(path),
        "-map",
        "0:v",
        "-vf",
        &filter,
        "-vsync",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]);
    raw.chunks_exact(WIDTH * HEIGHT * 3).map(<[u8]>::to_vec).collect()
}

/// Mono samples whose index is their time.
fn decode_sound(path: &Path) -> Vec<f32> {
    let filter = "aresample=async=1:first_pts=0";
    let raw = ffmpeg(&["-i", text(path), "-map", "0:a", "-af", filter, "-ac", "1", "-ar", "48000", "-f", "f32le", "-"]);
    raw.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn middle(frame: &[u8], tile: Tile) -> Colour {
    let (width, height) = (tile.width / 2, tile.height / 2);
    mean(frame, Tile { x: tile.x + width / 2, y: tile.y + height / 2, width, height })
}

fn near(found: Colour, expected: Colour) -> bool {
    found.iter().zip(expected).all(|(&found, expected)| found.abs_diff(expected) < 40)
}

fn mean(frame: &[u8], area: Tile) -> Colour {
    let pixels =
        (area.y..area.y + area.height).flat_map(|y| (area.x..area.x + area.width).map(move |x| (y * WIDTH + x) * 3));
    let mut sums = [0usize; 3];
    for pixel in pixels {
        sums.iter_mut().zip(&frame[pixel..pixel + 3]).for_each(|(sum, &part)| *sum += usize::from(part));
    }
    sums.map(|sum| (sum / (area.width * area.height)) as u8)
}

/// Goertzel: the amplitude of one frequency.
fn loudness(block: &[f32], hertz: f64) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * hertz / 48_000.0).cos();
    let (last, before) =
        block.iter().fold((0.0, 0.0), |(last, before), &sample| (f64::from(sample) + turn * last - before, last));
    let power = last * last + before * before - turn * last * before;
    2.0 * power.max(0.0).sqrt() / block.len() as f64
}

/// Indices at which a value turns true after `rest` false ones.
fn rises(values: &[bool], rest: usize) -> Vec<usize> {
    (1..values.len())
        .filter(|&index| values[index] && !values[index.saturating_sub(rest)..index].contains(&true))
        .collect()
}
