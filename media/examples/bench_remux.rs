//! What passing a stream through costs: CPU of capturing one 720p stream of 1.5 Mbit/s and of making a WebM file of it,
//! beside `ffmpeg -c copy` and GStreamer's `webmmux`, which get the same media in a file, without RTP and encryption.
//! The must is 2 % of a core and 10 MB per stream.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to print")]

use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSink;
use media::{
    capture::{self, Codec, Record, SpoolBudget, TrackHeader, TrackKind},
    remux::Remux,
};
use protocol::{
    ids::{ApplicationId, PeerId, RecordingId, TrackId},
    names::RoomName,
    recording::{CaptureKey, RecordingSpec, StopCause},
};
use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

const SECONDS: u32 = 120;
const KEY: [u8; 32] = [1; 32];
const TRACKS: [(TrackKind, Codec, u8, u32); 2] =
    [(TrackKind::Video, Codec::Vp8, 96, 90_000), (TrackKind::Audio, Codec::Opus, 111, 48_000)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, from, to] = &arguments[..] {
        let (from, to, before) = (Path::new(from), Path::new(to), memory("VmRSS:"));
        if mode == "capture" {
            record(from, to);
        } else {
            remux(from, to);
        };
        return println!("{mode:<28} {:6.2} MB of memory at most (must 10)", memory("VmHWM:") - before);
    }
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    let clip = clip(scratch.path());
    let packets = path("packets");
    dump(&clip, &packets);
    fs::create_dir(path("spool")).unwrap();
    let this = std::env::current_exe().unwrap();
    let run = |mode: &str, from: PathBuf, to: PathBuf| {
        cpu_seconds(Command::new(&this).args([mode.to_owned()]).args([from, to]))
    };
    let capturing = run("capture", packets, path("spool"));
    let remuxing = run("remux", path("spool"), path("ours.webm"));
    let copying = cpu_seconds(
        Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y", "-i"])
            .arg(&clip)
            .args(["-c", "copy"])
            .arg(path("copy.webm")),
    );
    let description = format!(
        "filesrc location={} ! matroskademux name=d webmmux name=m ! filesink location={} \
         d.video_0 ! queue ! m.  d.audio_0 ! queue ! opusparse ! m.",
        clip.display(),
        path("gst.webm").display()
    );
    let muxing = cpu_seconds(Command::new("gst-launch-1.0").arg("-q").args(description.split_whitespace()));

    let bits = fs::metadata(&clip).unwrap().len() * 8 / u64::from(SECONDS);
    println!("one stream, VP8 + Opus, {SECONDS} s at {} kbit/s", bits / 1000);
    for (what, seconds) in [
        ("capture", capturing),
        ("remux", remuxing),
        ("capture + remux", capturing + remuxing),
        ("ffmpeg -c copy", copying),
        ("GStreamer demux + webmmux", muxing),
    ] {
        let (share, ratio) = (seconds * 100.0 / f64::from(SECONDS), remuxing / seconds);
        println!("{what:<28} {seconds:6.2} CPU s   {share:5.3} % of a core   our remux is {ratio:4.2}×");
    }
}

fn clip(scratch: &Path) -> PathBuf {
    let path = scratch.join("clip.webm");
    let seconds = SECONDS.to_string();
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30,noise=alls=8:allf=t"])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", &seconds])
        .args(["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "16", "-b:v", "1500k", "-minrate", "1500k"])
        .args(["-maxrate", "1500k", "-g", "300", "-c:a", "libopus", "-b:a", "32k"])
        .arg(&path)
        .status();
    assert!(done.unwrap().success());
    path
}

/// Writes the clip's packets by the time they are sent: track, time, length, packet.
fn dump(clip: &Path, output: &Path) {
    gst::init().unwrap();
    let mut packets: Vec<(u64, u8, Vec<u8>)> = Vec::new();
    for (track, (kind, ..)) in (0..).zip(TRACKS) {
        packets.extend(payload(clip, kind).into_iter().map(|(at, packet)| (at, track, packet)));
    }
    packets.sort_by_key(|packet| packet.0);
    let mut file = BufWriter::new(File::create(output).unwrap());
    for (at, track, packet) in packets {
        file.write_all(&[track]).unwrap();
        file.write_all(&at.to_be_bytes()).unwrap();
        file.write_all(&u16::try_from(packet.len()).unwrap().to_be_bytes()).unwrap();
        file.write_all(&packet).unwrap();
    }
    file.flush().unwrap();
}

fn payload(clip: &Path, kind: TrackKind) -> Vec<(u64, Vec<u8>)> {
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

/// The first child's part: captures the packets.
fn record(packets: &Path, spool: &Path) {
    let spec = RecordingSpec {
        id: RecordingId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        room: RoomName::try_from("bench".to_owned()).unwrap(),
        capture_key: CaptureKey::new(KEY),
        max_duration_seconds: 3600,
        idle_timeout_seconds: 3600,
        delivery: Default::default(),
    };
    let budget = Arc::new(SpoolBudget::open(spool, u64::MAX).unwrap());
    let handle = capture::start(&spool.join("capture"), &spec, 0, Arc::clone(&budget), |_| {}).unwrap();
    let tracks = TRACKS.map(|(kind, codec, payload_type, clock_rate)| {
        handle.open_track(TrackHeader {
            recording: spec.id,
            peer: PeerId::from_parts(1, [1; 10]),
            name: None,
            track: TrackId::from_parts(1, [payload_type; 10]),
            kind,
            codec,
            payload_type,
            clock_rate,
        })
    });
    let mut file = BufReader::new(File::open(packets).unwrap());
    let mut appended = 0;
    let mut head = [0; 11];
    while file.read_exact(&mut head).is_ok() {
        let at = u64::from_be_bytes(head[1..9].try_into().unwrap());
        let mut packet = vec![0; usize::from(u16::from_be_bytes([head[9], head[10]]))];
        file.read_exact(&mut packet).unwrap();
        appended += packet.len() as u64;
        handle.append(tracks[usize::from(head[0])], at, Record::Rtp(packet.into()));
        // Not as fast as it can: the queue is made for what arrives.
        while appended > budget.used() + 4_000_000 {
            thread::park_timeout(Duration::from_millis(5));
        }
    }
    handle.stop(u64::from(SECONDS) * 1_000_000, StopCause::PeerRequest);
    let finished = handle.finished();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(finished);
}

/// The second child's part: makes the file.
fn remux(spool: &Path, output: &Path) {
    let capture = capture::read(&spool.join("capture"), &CaptureKey::new(KEY)).unwrap();
    let remux = Remux::prepare(capture, |_| true).unwrap();
    let mut file = File::create(output).unwrap();
    remux.bytes().unwrap().for_each(|piece| file.write_all(&piece.unwrap()).unwrap());
}

/// This process's, in megabytes, as proc(5) calls it.
fn memory(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Runs a command; answers the CPU seconds of it and its children, as the shell counts them.
fn cpu_seconds(command: &mut Command) -> f64 {
    let mut timed = Command::new("sh");
    timed.args(["-c", "\"$@\" >&2 || exit 1; times", "sh"]).arg(command.get_program()).args(command.get_args());
    let done = timed.stderr(Stdio::inherit()).output().unwrap();
    assert!(done.status.success(), "{command:?}");
    let text = String::from_utf8(done.stdout).unwrap();
    let children = text.lines().last().unwrap();
    let seconds = children.split_whitespace().map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    });
    seconds.sum()
}
