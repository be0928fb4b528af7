//! Looks at and listens to a file, with ffmpeg and ffprobe.

use super::media::{Colour, FRAME_RATE};
use std::{
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

/// A file's pictures and sound. The index of each is its time.
pub struct Film {
    pub path: PathBuf,
    pub frames: Vec<Vec<u8>>,
    sound: Vec<f32>,
}

impl Film {
    /// Decodes a file, which must be possible without a complaint. `timing` says which frames there
    /// are.
    pub fn open(path: PathBuf, timing: &[&str]) -> Self {
        ffmpeg(&["-xerror", "-i", text(&path), "-f", "null", "-"]);
        let mut film = Self { path, frames: Vec::new(), sound: Vec::new() };
        let streams = film.probe(&[], "stream=codec_type");
        for stream in streams["streams"].as_array().unwrap() {
            match stream["codec_type"].as_str().unwrap() {
                "video" => film.frames = decode_frames(&film.path, timing),
                _ => film.sound = decode_sound(&film.path),
            }
        }
        film
    }

    /// What ffprobe says about `entries`.
    pub fn probe(&self, arguments: &[&str], entries: &str) -> serde_json::Value {
        let mut command = Command::new("ffprobe");
        command.args(["-v", "error", "-of", "json"]).args(arguments).args(["-show_entries", entries]);
        serde_json::from_slice(&run(command.arg(&self.path))).unwrap()
    }

    /// Mean colour in the middle of a tile.
    pub fn colour(&self, seconds: f64, tile: Tile) -> Colour {
        middle(&self.frames[(seconds * FRAME_RATE as f64) as usize], tile)
    }

    pub fn assert_colour(&self, seconds: f64, tile: Tile, expected: Colour) {
        let found = self.colour(seconds, tile);
        assert!(near(found, expected), "{tile:?} at {seconds} s is {found:?}, not {expected:?}");
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

/// Runs to success without a word on standard error.
fn run(command: &mut Command) -> Vec<u8> {
    let done = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && complaint.is_empty(), "{command:?}: {complaint}");
    done.stdout
}

/// What ffmpeg writes to its standard output, without complaint.
pub fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    run(Command::new("ffmpeg").args(["-v", "error", "-nostdin"]).args(arguments))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn decode_frames(path: &Path, timing: &[&str]) -> Vec<Vec<u8>> {
    let filter = format!("scale={WIDTH}:{HEIGHT}:flags=area");
    let picture = ["-i", text(path), "-map", "0:v", "-vf", &filter];
    let raw = ffmpeg(&[&picture, timing, &["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]].concat());
    raw.chunks_exact(WIDTH * HEIGHT * 3).map(<[u8]>::to_vec).collect()
}

/// Mono samples whose index is their time.
fn decode_sound(path: &Path) -> Vec<f32> {
    let filter = "aresample=async=1:first_pts=0";
    let raw = ffmpeg(&["-i", text(path), "-map", "0:a", "-af", filter, "-ac", "1", "-ar", "48000", "-f", "f32le", "-"]);
    raw.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

pub fn middle(frame: &[u8], tile: Tile) -> Colour {
    let (width, height) = (tile.width / 2, tile.height / 2);
    mean(frame, Tile { x: tile.x + width / 2, y: tile.y + height / 2, width, height })
}

pub fn near(found: Colour, expected: Colour) -> bool {
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
