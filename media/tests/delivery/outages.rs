//! What may go wrong between the spool and the bucket. In the end the file is there once and whole, and the spool empty.

use super::{
    bucket::Bucket,
    control_plane::{Asked, ControlPlane, Reaction, spec},
    node::{FILE, Node, PARTS},
};
use protocol::{
    link::{Answer, Destination, Event, PartRefusal},
    recording::StopCause,
};
use tokio::net::TcpListener;

fn upload(name: &str) -> Reaction {
    let destination = Destination { ca_certificate: None, trusted: true };
    Reaction::Answer(Answer::Upload { upload: name.to_owned(), destination })
}

fn parts(url: String) -> Reaction {
    Reaction::Answer(Answer::Parts { urls: vec![url] })
}

/// A control plane that signs every part, and answers the n-th wish to begin an upload as the test says.
async fn control_plane(
    bucket: &Bucket,
    mut begin: impl FnMut(usize, Option<PartRefusal>) -> Reaction + Send + 'static,
) -> ControlPlane {
    let (bucket, mut begun) = (bucket.clone(), 0);
    ControlPlane::start(move |asked| match asked {
        Asked::Begin { refused } => {
            begun += 1;
            begin(begun, refused)
        }
        Asked::Sign { upload, number } => parts(bucket.url(&upload, number)),
    })
    .await
}

/// Follows the recording to its end, and checks what the customer and the spool have then.
async fn delivered(mut control_plane: ControlPlane, node: &Node, bucket: &Bucket, name: &str) {
    let stopped = control_plane.event().await;
    assert!(matches!(stopped, Event::RecordingStopped { cause: StopCause::PeerRequest, .. }), "{stopped:?}");
    let mixing = control_plane.event().await;
    assert_eq!(mixing, Event::RecordingMixing { recording: spec().id }, "told once, however often it is mixed");
    let uploaded = control_plane.event().await;
    let Event::RecordingUploaded { recording, upload, parts, artifact } = uploaded else { panic!("{uploaded:?}") };
    assert_eq!((recording, upload.as_str()), (spec().id, name));
    assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(artifact.bytes, FILE.len() as u64);
    assert_eq!(String::from_utf8(bucket.object(name)).unwrap(), FILE);
    assert_eq!(control_plane.command_applied().await, 1);
    assert!(!node.has_capture(), "the spool still has what the customer has");
    assert_eq!(control_plane.event_now(), None);
}

fn refusal(status: u16, code: &str) -> Option<PartRefusal> {
    Some(PartRefusal { status: Some(status), detail: code.to_owned() })
}

#[tokio::test]
async fn a_held_recording_is_kept_and_not_mixed_until_its_storage_works() {
    let bucket = Bucket::start().await;
    let (held, mut holds) = tokio::sync::mpsc::channel(4);
    let control_plane = control_plane(&bucket, move |count, _| {
        if count > 2 {
            return upload("upload");
        }
        held.try_send(()).unwrap();
        Reaction::Answer(Answer::Held { retry_seconds: 0 })
    })
    .await;
    let node = Node::start(&control_plane).await;
    for _ in 0..2 {
        holds.recv().await.unwrap();
        assert!(node.has_capture());
        assert_eq!(node.mixes(), 0);
    }
    delivered(control_plane, &node, &bucket, "upload").await;
    assert_eq!(node.mixes(), 1);
}

#[tokio::test]
async fn a_held_recording_that_is_given_up_leaves_nothing() {
    let bucket = Bucket::start().await;
    let (asked, mut questions) = tokio::sync::mpsc::channel(4);
    let mut control_plane = control_plane(&bucket, move |count, _| {
        asked.try_send(()).unwrap();
        Reaction::Answer(if count == 1 { Answer::Held { retry_seconds: 1 } } else { Answer::Gone })
    })
    .await;
    let node = Node::start(&control_plane).await;
    control_plane.event().await;
    questions.recv().await.unwrap();
    assert!(node.has_capture());
    questions.recv().await.unwrap();
    node.erased().await;
    assert_eq!(node.mixes(), 0);
    assert_eq!(control_plane.event_now(), None);
}

#[tokio::test]
async fn a_bucket_that_refuses_is_told_of_and_another_one_is_used() {
    let bucket = Bucket::start().await;
    bucket.refuse(403, "AccessDenied");
    let recovered = bucket.clone();
    let control_plane = control_plane(&bucket, move |count, refused| match count {
        1 => upload("first"),
        _ => {
            assert_eq!(refused, refusal(403, "AccessDenied"));
            recovered.recover();
            upload("second")
        }
    })
    .await;
    let node = Node::start(&control_plane).await;
    delivered(control_plane, &node, &bucket, "second").await;
    assert_eq!(bucket.numbers("first"), [] as [u16; 0]);
    assert_eq!(bucket.refusals(), 3, "a refusal is not argued with for long");
}

#[tokio::test]
async fn an_outage_in_the_middle_that_outlasts_the_attempt_ends_in_one_whole_file() {
    let bucket = Bucket::start().await;
    let (failing, mut begun) = (bucket.clone(), 0);
    let control_plane = ControlPlane::start(move |asked| match asked {
        Asked::Begin { refused } => {
            begun += 1;
            assert_eq!(refused, if begun == 1 { None } else { refusal(503, "SlowDown") });
            if begun == 3 {
                failing.recover();
            }
            upload(["first", "second", "third"][begun - 1])
        }
        Asked::Sign { upload, number } => {
            // The store goes down when the first part is through.
            if (upload.as_str(), number) == ("first", PARTS[1].0) {
                failing.refuse(503, "SlowDown");
            }
            parts(failing.url(&upload, number))
        }
    })
    .await;
    let node = Node::start(&control_plane).await;
    delivered(control_plane, &node, &bucket, "third").await;
    assert_eq!(bucket.numbers("first"), [PARTS[0].0]);
    assert_eq!(node.mixes(), 3);
}

#[tokio::test]
async fn a_short_outage_costs_no_second_mix() {
    let bucket = Bucket::start().await;
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let (signing, mut failures) = (bucket.clone(), 0);
    let control_plane = ControlPlane::start(move |asked| match asked {
        Asked::Begin { .. } => upload("upload"),
        Asked::Sign { number: 3, .. } if failures < 2 => {
            failures += 1;
            parts(format!("http://{nobody}/"))
        }
        Asked::Sign { upload, number } => parts(signing.url(&upload, number)),
    })
    .await;
    let node = Node::start(&control_plane).await;
    delivered(control_plane, &node, &bucket, "upload").await;
    assert_eq!(bucket.numbers("upload"), PARTS.map(|(number, _)| number));
    assert_eq!(node.mixes(), 1);
}

#[tokio::test]
async fn a_lost_control_plane_resumes_the_same_upload() {
    let bucket = Bucket::start().await;
    let (signing, mut begun, mut hung_up) = (bucket.clone(), false, false);
    let control_plane = ControlPlane::start(move |asked| match asked {
        Asked::Begin { .. } => {
            assert!(!std::mem::replace(&mut begun, true), "the upload was begun before");
            upload("upload")
        }
        Asked::Sign { number: 3, .. } if !std::mem::replace(&mut hung_up, true) => Reaction::HangUp,
        Asked::Sign { upload, number } => parts(signing.url(&upload, number)),
    })
    .await;
    let node = Node::start(&control_plane).await;
    delivered(control_plane, &node, &bucket, "upload").await;
    assert_eq!(bucket.numbers("upload"), PARTS.map(|(number, _)| number), "no part was sent twice");
    assert_eq!(node.mixes(), 1);
}

#[tokio::test]
async fn what_the_bucket_lost_is_uploaded_again() {
    let bucket = Bucket::start().await;
    let (signing, mut begun) = (bucket.clone(), 0);
    let mut control_plane = ControlPlane::start_insatiable(3, move |asked| match asked {
        Asked::Begin { .. } => {
            begun += 1;
            upload(["first", "second", "third"][begun - 1])
        }
        Asked::Sign { upload, number } => parts(signing.url(&upload, number)),
    })
    .await;
    let node = Node::start(&control_plane).await;
    for (name, number) in ["first", "second", "third"].into_iter().zip(1..) {
        assert_eq!(control_plane.command_applied().await, number);
        assert_eq!(String::from_utf8(bucket.object(name)).unwrap(), FILE);
    }
    assert!(!node.has_capture());
    assert_eq!(node.mixes(), 3);
}

#[tokio::test]
async fn a_customers_endpoint_on_a_private_address_is_not_reached() {
    let bucket = Bucket::start().await;
    let reached = bucket.clone();
    let control_plane = control_plane(&bucket, move |count, refused| {
        if count == 1 {
            let destination = Destination { ca_certificate: None, trusted: false };
            return Reaction::Answer(Answer::Upload { upload: "theirs".to_owned(), destination });
        }
        let detail = "the address is not allowed".to_owned();
        assert_eq!(refused, Some(PartRefusal { status: None, detail }));
        assert_eq!(reached.numbers("theirs"), [] as [u16; 0]);
        upload("ours")
    })
    .await;
    let node = Node::start(&control_plane).await;
    delivered(control_plane, &node, &bucket, "ours").await;
}
