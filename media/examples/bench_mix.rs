//! What a mix costs beside ffmpeg's `xstack`, `amix` and `libx264 veryfast`, on the same four 720p streams: CPU seconds
//! of the whole process, and how near each result comes to the composed picture (SSIM).
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to print")]

use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSink;
use media::{
    capture::{self, Codec, Record, SpoolBudget, TrackHeader, TrackKind},
    mixer::{self, Line},
};
use protocol::{
    ids::{ApplicationId, PeerId, RecordingId, TrackId},
    names::RoomName,
    recording::{CaptureKey, RecordingSpec, StopCause},
};
use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
};

const SECONDS: u32 = 10;
const KEY: [u8; 32] = [1; 32];
/// Pictures with different amounts of change, roughened like a webcam's.
const PICTURES: [&str; 4] = [
    "testsrc2=size=640x360:rate=30",
    "mandelbrot=size=640x360:rate=30",
    "life=size=320x180:rate=30:mold=10:ratio=0.1:death_color=#C83232:life_color=#00ff00",
    "testsrc2=size=640x360:rate=30,hue=h=90:s=2",
];
/// The mix's own encoder settings, for the comparison of everything but the encoder.
const SAME_ENCODER: &str = "mbtree=0:rc-lookahead=0:bframes=0:scenecut=0";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, directory, output] = &arguments[..]
        && mode == "mix"
    {
        return mix(Path::new(directory), Path::new(output));
    }
    let scratch = tempfile::tempdir().unwrap();
    let clips: Vec<PathBuf> =
        PICTURES.iter().zip(0..).map(|(picture, number)| clip(scratch.path(), picture, number)).collect();
    let directory = record(scratch.path(), &clips);
    let reference = scratch.path().join("reference.mp4");
    ffmpeg(&clips, &["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-c:a", "aac"], &reference);

    let path = |name: &str| scratch.path().join(name);
    let ours = path("ours.mp4");
    let this = std::env::current_exe().unwrap();
    let mix_seconds = cpu_seconds(Command::new(this).arg("mix").arg(&directory).arg(&ours));
    let sound = ["-c:a", "aac", "-b:a", "128k"];
    let stock = [
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "60", "-threads", "2", "-maxrate", "2500k",
        "-bufsize", "2500k",
    ];
    let stock_seconds = ffmpeg(&clips, &[&stock[..], &sound].concat(), &path("stock.mp4"));
    let same = [&stock[..], &["-x264-params", SAME_ENCODER], &sound].concat();
    let same_seconds = ffmpeg(&clips, &same, &path("same.mp4"));

    println!("4 × 720p VP8 + Opus, {SECONDS} s → 720p30 H.264 + AAC");
    for (what, seconds, file) in [
        ("mixdown", mix_seconds, ours),
        ("ffmpeg veryfast", stock_seconds, path("stock.mp4")),
        ("ffmpeg, our x264 settings", same_seconds, path("same.mp4")),
    ] {
        let (ratio, ssim) = (mix_seconds / seconds, ssim(&file, &reference));
        let size = fs::metadata(&file).unwrap().len();
        println!("{what:<28} {seconds:7.2} CPU s   mixdown is {ratio:4.2}×   SSIM {ssim}   {size:9} bytes");
    }
}

/// The child's part: mixes and puts the file together.
fn mix(directory: &Path, output: &Path) {
    let (reader, writer) = io::pipe().unwrap();
    let output = output.to_owned();
    let assemble = thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut parts = std::collections::BTreeMap::new();
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 0 {
            match serde_json::from_str(&line).unwrap() {
                Line::Part { part, bytes } => {
                    let mut content = vec![0; usize::try_from(bytes).unwrap()];
                    reader.read_exact(&mut content).unwrap();
                    parts.insert(part, content);
                }
                Line::Poster { poster } => reader.read_exact(&mut vec![0; poster]).unwrap(),
                Line::Progress { .. } | Line::Done { .. } | Line::Error { .. } => {}
            }
            line.clear();
        }
        let mut file = File::create(output).unwrap();
        parts.values().for_each(|part| file.write_all(part).unwrap());
    });
    mixer::run(directory, &CaptureKey::new(KEY), writer).unwrap();
    assemble.join().unwrap();
}

fn clip(scratch: &Path, picture: &str, number: u32) -> PathBuf {
    let path = scratch.join(format!("clip{number}.webm"));
    let picture = format!("{picture},scale=1280:720:flags=bilinear,noise=alls=6:allf=t,format=yuv420p");
    let tone = format!("sine=frequency={}:sample_rate=48000", 300 + 200 * number);
    let seconds = SECONDS.to_string();
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &tone, "-t", &seconds])
        .args([
            "-c:v",
            "libvpx",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-b:v",
            "1M",
            "-c:a",
            "libopus",
            "-b:a",
            "32k",
        ])
        .arg(&path)
        .status();
    assert!(done.unwrap().success());
    path
}

/// Writes the clips as a capture, every packet arriving when it was sent.
fn record(scratch: &Path, clips: &[PathBuf]) -> PathBuf {
    gst::init().unwrap();
    let id = RecordingId::from_parts(1, [1; 10]);
    let spec = RecordingSpec {
        id,
        application: ApplicationId::from_parts(1, [1; 10]),
        room: RoomName::try_from("bench".to_owned()).unwrap(),
        capture_key: CaptureKey::new(KEY),
        max_duration_seconds: 3600,
        idle_timeout_seconds: 3600,
        delivery: Default::default(),
    };
    let directory = scratch.join("capture");
    let budget = Arc::new(SpoolBudget::open(scratch, u64::MAX).unwrap());
    let handle = capture::start(&directory, &spec, 0, Arc::clone(&budget), |_| {}).unwrap();
    let mut appended = 0;
    for (clip, number) in clips.iter().zip(1..) {
        for (kind, codec, payload_type, clock_rate) in
            [(TrackKind::Video, Codec::Vp8, 96, 90_000), (TrackKind::Audio, Codec::Opus, 111, 48_000)]
        {
            let peer = PeerId::from_parts(1, [number; 10]);
            let id = TrackId::from_parts(1, [number * 2 + payload_type % 2; 10]);
            let header =
                TrackHeader { recording: spec.id, peer, name: None, track: id, kind, codec, payload_type, clock_rate };
            let track = handle.open_track(header);
            for (sent_us, packet) in packets(clip, kind) {
                appended += packet.len() as u64;
                // In the middle of a frame's time, so that rounding does not move it to the next one.
                handle.append(track, sent_us + 10_000, Record::Rtp(packet.into()));
                while appended > budget.used() + 1_000_000 {
                    thread::yield_now();
                }
            }
        }
    }
    handle.stop(u64::from(SECONDS) * 1_000_000, StopCause::PeerRequest);
    let finished = handle.finished();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(finished);
    directory
}

fn packets(clip: &Path, kind: TrackKind) -> Vec<(u64, Vec<u8>)> {
    let payload = match kind {
        TrackKind::Video => "d.video_0 ! rtpvp8pay pt=96 picture-id-mode=2 mtu=1200",
        TrackKind::Audio => "d.audio_0 ! opusparse ! rtpopuspay pt=111",
    };
    let description =
        format!("filesrc location={} ! matroskademux name=d {payload} ! appsink name=s sync=false", clip.display());
    let pipeline = gst::parse::launch(&description).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("s").unwrap().downcast::<AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut packets = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        packets.push((buffer.pts().unwrap().useconds(), buffer.map_readable().unwrap().to_vec()));
    }
    pipeline.set_state(gst::State::Null).unwrap();
    packets
}

/// Mixes the clips with ffmpeg; answers its CPU seconds.
fn ffmpeg(clips: &[PathBuf], encoder: &[&str], output: &Path) -> f64 {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    for clip in clips {
        command.arg("-i").arg(clip);
    }
    let scaled: String = (0..clips.len()).map(|i| format!("[{i}:v]fps=30,scale=640:360:flags=area[v{i}];")).collect();
    let labels = |kind: &str| (0..clips.len()).map(|i| format!("[{kind}{i}]")).collect::<String>();
    let sounds: String = (0..clips.len()).map(|i| format!("[{i}:a]")).collect();
    let count = clips.len();
    let graph = format!(
        "{scaled}{}xstack=inputs={count}:layout=0_0|w0_0|0_h0|w0_h0,format=yuv420p[v];{sounds}amix=inputs={count}:normalize=0[a]",
        labels("v")
    );
    command.args(["-filter_complex", &graph, "-map", "[v]", "-map", "[a]"]);
    cpu_seconds(command.args(encoder).args(["-t", &SECONDS.to_string(), "-movflags", "+faststart"]).arg(output))
}

/// Runs a command; answers the CPU seconds of it and its children, as the shell counts them.
fn cpu_seconds(command: &mut Command) -> f64 {
    let mut timed = Command::new("sh");
    timed.args(["-c", "\"$@\" || exit 1; times", "sh"]).arg(command.get_program()).args(command.get_args());
    let done = timed.stderr(Stdio::inherit()).output().unwrap();
    assert!(done.status.success(), "{command:?}");
    let text = String::from_utf8(done.stdout).unwrap();
    let children = text.lines().last().unwrap();
    children
        .split_whitespace()
        .map(|time| {
            let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
            minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
        })
        .sum()
}

fn ssim(file: &Path, reference: &Path) -> String {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "info", "-nostdin", "-i"]).arg(file).arg("-i").arg(reference);
    let done = command.args(["-lavfi", "[0:v][1:v]ssim", "-f", "null", "-"]).output().unwrap();
    let text = String::from_utf8_lossy(&done.stderr);
    let value = text.rsplit_once("All:").and_then(|(_, rest)| rest.split_whitespace().next());
    value.map_or_else(|| "unknown".to_owned(), |value| value.chars().take(6).collect())
}
