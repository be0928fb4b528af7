//! A recording that outgrows its file system. The recording runs in a process of its own, whose spool is a file system
//! of one megabyte where the machine lets us make one, and files of limited size elsewhere.

use super::{
    bucket::Bucket,
    control_plane::{Asked, ControlPlane, Reaction, spec},
    node::Node,
    support::{
        self,
        client::{AUDIO, Client, VIDEO, run},
    },
};
use protocol::{
    link::{Answer, Destination, Event},
    native::{ClientMessage, RecordingSignal},
    recording::StopCause,
};
use std::{path::Path, process::Command};
use tokio::sync::mpsc;

/// A program that runs its arguments on a small file system, in the directory that is its own first argument.
const SMALL_FILE_SYSTEM: &str = r#"mount -t tmpfs -o size=1m spool "$1" && cd "$1" && shift && exec "$@""#;
/// The same with small files: 256 kB, in the unit of `ulimit`. Without the signal, writing more is an error.
const SMALL_FILES: &str = r#"cd "$1" && shift && trap '' XFSZ && ulimit -f 512 && exec "$@""#;
/// Fills a packet, so that the disk is full soon.
const PAYLOAD: [u8; 1100] = [0x10; 1100];

#[test]
fn a_full_disk_ends_the_recording_and_what_was_captured_is_delivered() {
    let spool = tempfile::tempdir().unwrap();
    let may_mount = unshared(spool.path(), &["true"]).output().is_ok_and(|tried| tried.status.success());
    let arguments = [
        std::env::current_exe().unwrap().to_str().unwrap().to_owned(),
        "--exact".to_owned(),
        "full_disk::recording_on_a_small_disk".to_owned(),
        "--ignored".to_owned(),
        "--nocapture".to_owned(),
    ];
    let arguments = arguments.each_ref().map(String::as_str);
    let mut command = if may_mount { unshared(spool.path(), &arguments) } else { limited(spool.path(), &arguments) };
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn unshared(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", SMALL_FILE_SYSTEM, "sh"]).arg(directory).args(arguments);
    command
}

fn limited(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SMALL_FILES, "sh"]).arg(directory).args(arguments);
    command
}

#[tokio::test]
#[ignore = "the test above runs it where the disk is small"]
async fn recording_on_a_small_disk() {
    let bucket = Bucket::start().await;
    let signing = bucket.clone();
    let mut control_plane = ControlPlane::start(move |asked| {
        Reaction::Answer(match asked {
            Asked::Begin { .. } => Answer::Upload {
                upload: "upload".to_owned(),
                destination: Destination { ca_certificate: None, trusted: true },
            },
            Asked::Sign { upload, number } => Answer::Parts { urls: vec![signing.url(&upload, number)] },
        })
    })
    .await;
    let mut relay = support::Node::start();
    let requests = std::mem::replace(&mut relay.requests, mpsc::channel(1).1);
    let spool = std::env::current_dir().unwrap();
    let mixer = env!("CARGO_BIN_EXE_mixdown-media").into();
    let node = Node::with(&spool, relay.workers.clone(), mixer, &control_plane);
    let mut recording = tokio::task::JoinSet::new();
    recording.spawn(node.recorder.clone().run(requests));

    let mut anna = Client::join(&relay, "lobby", 1, Some(1000)).await;
    run(&relay, &mut [&mut anna], |clients| clients[0].connected).await;
    relay.say("lobby", &anna.person, ClientMessage::StartRecording).await;
    assert_eq!(anna.person.recording_state().await, (RecordingSignal::Start, Some(spec().id)));
    assert!(matches!(control_plane.event().await, Event::RecordingStarted { .. }));

    let mut stopped = None;
    let mut n = 0_u16;
    run(&relay, &mut [&mut anna], |clients| {
        for _ in 0..20 {
            clients[0].publish(VIDEO, n, u32::from(n) * 3000, &PAYLOAD);
            clients[0].publish(AUDIO, n, u32::from(n) * 960, &PAYLOAD);
            n = n.wrapping_add(1);
        }
        stopped = control_plane.event_now();
        stopped.is_some()
    })
    .await;
    assert!(matches!(stopped, Some(Event::RecordingStopped { cause: StopCause::SpoolFull, .. })), "{stopped:?}");
    assert!(matches!(control_plane.event().await, Event::RecordingMixing { .. }));
    let uploaded = control_plane.event().await;
    let Event::RecordingUploaded { artifact, .. } = uploaded else { panic!("{uploaded:?}") };
    let file = bucket.object("upload");
    assert_eq!((artifact.bytes, &file[4..8]), (file.len() as u64, b"ftyp".as_slice()));
    assert!(artifact.duration_ms > 0);
    control_plane.command_applied().await;
    assert!(!node.has_capture());
}
