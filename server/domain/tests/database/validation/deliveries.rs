//! Recordings that are delivered into customers' buckets, as a media node does it.

use super::{ACTIONS, Cloud, REGION, add, aim, facing, facing_as, trust_with, with_key, with_role};
use crate::support::{TestNode, World, client, on_both};
use domain::{
    Access,
    recordings::{self, Recording},
    revision::Expected,
    storage::{self, Encryption, Health, Standing, Storage, StorageInput, StorageKind},
};
use protocol::{
    ids::RecordingId,
    link::{Answer, Event, PartRefusal},
    recording::{Artifact, RecordingState, UploadedPart},
};
use reqwest::Response;
use sha2::{Digest, Sha256};

const HOUR: u64 = 3600;
/// Stands for a picture.
const POSTER: &[u8] = b"a picture of the call";

/// The file: a part as small as S3 allows, and the rest.
fn parts() -> [Vec<u8>; 2] {
    [(0..5 << 20).map(|index: u32| index.to_le_bytes()[1]).collect(), vec![7; 1 << 20]]
}

async fn begin(world: &World, node: &TestNode, id: RecordingId, refused: Option<&PartRefusal>) -> Answer {
    recordings::begin_upload(&world.services, node.id, id, refused).await.unwrap()
}

/// Sends one part; the bucket's answer, if there is one.
async fn send(world: &World, node: &TestNode, id: RecordingId, upload: &str, number: u16) -> Option<Response> {
    let answer = recordings::sign_parts(&world.services, node.id, id, upload, &[number]).await.unwrap();
    let Answer::Parts { urls } = answer else { panic!("{answer:?}") };
    client().put(&urls[0]).body(parts()[usize::from(number) - 1].clone()).send().await.ok()
}

fn sent(number: u16, answer: Option<Response>) -> UploadedPart {
    let answer = answer.unwrap().error_for_status().unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let md5 = etag.trim_matches('"').to_owned();
    UploadedPart { number, etag, md5, bytes: parts()[usize::from(number) - 1].len() as u64 }
}

/// Sends a picture of the recording.
async fn send_poster(world: &World, node: &TestNode, id: RecordingId, upload: &str) {
    let answer = recordings::sign_poster(&world.services, node.id, id, upload).await.unwrap();
    let Answer::Poster { url, headers } = answer else { panic!("{answer:?}") };
    let request = headers.into_iter().fold(client().put(url), |request, (name, value)| request.header(name, value));
    request.body(POSTER).send().await.unwrap().error_for_status().unwrap();
}

async fn uploaded(
    world: &World,
    node: &TestNode,
    recording: RecordingId,
    upload: &str,
    parts: Vec<UploadedPart>,
    poster: bool,
) {
    let bytes = parts.iter().map(|part| part.bytes).sum();
    let artifact = Artifact { bytes, duration_ms: 61_000, width: 1280, height: 720, approximate_sync: false, poster };
    world.event(node, Event::RecordingUploaded { recording, upload: upload.to_owned(), parts, artifact }).await;
}

/// Sends the whole file without any trouble.
async fn upload(world: &World, node: &TestNode, id: RecordingId) {
    let answer = begin(world, node, id, None).await;
    let Answer::Upload { upload, .. } = answer else { panic!("{answer:?}") };
    let mut parts = Vec::new();
    for number in [2, 1] {
        parts.push(sent(number, send(world, node, id, &upload, number).await));
    }
    send_poster(world, node, id, &upload).await;
    uploaded(world, node, id, &upload, parts, true).await;
    world.run_jobs().await;
}

/// Puts the org on this storage and starts a recording.
async fn record(world: &World, access: &Access, storage: &Storage) -> (TestNode, RecordingId) {
    storage::use_as(&world.services, access, storage.id, &Expected::Any, Standing::Primary).await.unwrap();
    let demo = world.demo(access).await;
    let node = world.node().await;
    let id = world.start(&node, &world.start_request(&demo, "Team call")).await.unwrap().id;
    (node, id)
}

/// The bucket holds this recording, once and intact, its picture if there is one, and nothing else.
async fn delivered(world: &World, access: &Access, cloud: &Cloud, id: RecordingId) -> (Recording, serde_json::Value) {
    let recording = recordings::get(&world.services, access, id).await.unwrap();
    assert_eq!(recording.state, RecordingState::Ready);
    let mut objects = cloud.objects();
    let poster = recording.poster.then(|| format!("{}.jpg", recording.object_key));
    assert_eq!(
        objects.keys().collect::<Vec<_>>(),
        [&recording.object_key].into_iter().chain(&poster).collect::<Vec<_>>()
    );
    assert!(cloud.uploads().is_empty());
    let object = objects.remove(&recording.object_key).unwrap();
    assert_eq!(object["sha256"], hex::encode(Sha256::digest(parts().concat())));
    (recording, object)
}

/// An org whose storage is reached by a role that trusts us.
async fn by_role(world: &mut World, cloud: &Cloud) -> (Access, Storage) {
    let own = cloud.mixdown();
    let access = facing_as(world, cloud, &own).await;
    let external_id = storage::overview(&world.services, &access).await.unwrap().external_id;
    let role = cloud.role("recordings", &trust_with(&own.arn, &external_id), &cloud.policy(&ACTIONS));
    let (storage, _) = add(world, &access, StorageKind::AwsRole, &with_role(cloud, &role)).await;
    (access, storage)
}

on_both! {
    async fn objects_are_what_the_storage_says(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let input = StorageInput {
            account: cloud.account.clone(),
            encryption: Encryption::S3,
            storage_class: "STANDARD_IA".into(),
            metadata: "department=support".into(),
            tags: "cost-centre=47 11\nkept=yes".into(),
            key_template: "{date}/{room}/{recording}.{ext}".into(),
            ..with_key(&cloud, &user)
        };
        let (storage, _) = add(&world, &access, StorageKind::AwsKeys, &input).await;
        let (node, id) = record(&world, &access, &storage).await;
        upload(&world, &node, id).await;
        let (recording, object) = delivered(&world, &access, &cloud, id).await;
        assert_eq!(recording.object_key, format!("calls/2026-11-21/team-call/{id}.mp4"));
        assert_eq!((&object["encryption"], &object["storage_class"]), (&"AES256".into(), &"STANDARD_IA".into()));
        assert_eq!(object["tags"], serde_json::json!({ "cost-centre": "47 11", "kept": "yes" }));
        let metadata = |name: &str| object["metadata"][name].as_str().unwrap().to_owned();
        assert_eq!(metadata("content-type"), "video/mp4");
        assert_eq!(metadata("x-amz-meta-department"), "support");
        assert_eq!(metadata("x-amz-meta-mixdown-recording"), id.to_string());
        let poster = &cloud.objects()[&format!("{}.jpg", recording.object_key)];
        assert_eq!(poster["sha256"], hex::encode(Sha256::digest(POSTER)));
        assert_eq!(poster["metadata"]["content-type"], "image/jpeg");
        for same in ["encryption", "storage_class", "tags"] {
            assert_eq!(poster[same], object[same], "{same}");
        }
    }
}

on_both! {
    async fn a_role_is_used_for_one_object_at_a_time(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let (access, storage) = by_role(&mut world, &cloud).await;
        assert!(!cloud.session_may("s3:PutObject", "calls/another.mp4"));
        let (node, id) = record(&world, &access, &storage).await;
        upload(&world, &node, id).await;
        let (recording, _) = delivered(&world, &access, &cloud, id).await;
        assert!(cloud.session_may("s3:PutObject", &recording.object_key));
        assert!(!cloud.session_may("s3:PutObject", "calls/another.mp4"));
        assert!(!cloud.session_may("s3:DeleteBucket", ""));
        recordings::playback_url(&world.services, &access, id).await.unwrap();
        assert!(cloud.session_may("s3:GetObject", &recording.object_key));
        let poster = recordings::poster_url(&world.services, &access, id).await.unwrap();
        let shown = client().get(poster).send().await.unwrap().error_for_status().unwrap();
        assert_eq!(shown.headers()["content-type"], "image/jpeg");
        assert_eq!(shown.bytes().await.unwrap(), POSTER);
        assert!(!cloud.session_may("s3:PutObject", &recording.object_key));
        assert_eq!(storage.region, REGION);
    }
}

on_both! {
    async fn a_session_that_ends_early_is_replaced(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let (access, storage) = by_role(&mut world, &cloud).await;
        let (node, id) = record(&world, &access, &storage).await;
        let Answer::Upload { upload: begun, .. } = begin(&world, &node, id, None).await else { panic!("no upload") };
        cloud.expire_sessions();
        let refused = send(&world, &node, id, &begun, 1).await.unwrap();
        assert_eq!(refused.status(), 400);
        assert!(refused.text().await.unwrap().contains("ExpiredToken"));
        let refused = PartRefusal { status: Some(400), detail: "ExpiredToken".into() };
        begin(&world, &node, id, Some(&refused)).await;
        world.run_jobs().await;
        let health = storage::get(&world.services, &access, storage.id).await.unwrap().health;
        assert_eq!(health, Health::Working);
        upload(&world, &node, id).await;
        delivered(&world, &access, &cloud, id).await;
    }
}

on_both! {
    async fn outages_in_the_middle_of_an_upload_cost_nothing_but_time(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let (storage, _) = add(&world, &access, StorageKind::AwsKeys, &with_key(&cloud, &user)).await;
        let (node, id) = record(&world, &access, &storage).await;
        let Answer::Upload { upload, .. } = begin(&world, &node, id, None).await else { panic!("no upload") };
        let first = sent(1, send(&world, &node, id, &upload, 1).await);
        cloud.stop();
        for _ in 0..4 {
            assert!(send(&world, &node, id, &upload, 2).await.is_none());
            world.advance(60);
            world.run_jobs().await;
        }
        // The control plane is lost as well; another one goes on with the same upload.
        aim(&mut world, &cloud, None).await;
        cloud.start_again();
        let second = sent(2, send(&world, &node, id, &upload, 2).await);
        cloud.stop();
        uploaded(&world, &node, id, &upload, vec![first, second], false).await;
        for _ in 0..10 {
            world.run_jobs().await;
            world.advance(60);
        }
        let state = |recording: Recording| recording.state;
        assert_eq!(state(recordings::get(&world.services, &access, id).await.unwrap()), RecordingState::Uploading);
        let degraded = storage::get(&world.services, &access, storage.id).await.unwrap().health;
        assert!(matches!(degraded, Health::Degraded { .. }), "{degraded:?}");

        cloud.start_again();
        for _ in 0..2 {
            world.advance(HOUR / 2);
            world.run_jobs().await;
        }
        delivered(&world, &access, &cloud, id).await;
    }
}
