//! What a node does when a file is mixed.

use super::{TestNode, World};
use domain::{applications::Application, recordings};
use protocol::{
    ids::RecordingId,
    link::{Answer, Event},
    recording::{Artifact, UploadedPart},
};

const PARTS: [&[u8]; 2] = [b"first part", b"second"];

/// A page or a node that follows URLs.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build().unwrap()
}

/// Uploads two parts as a node does, and reports it.
pub async fn upload(world: &World, node: &TestNode, recording: RecordingId, bytes: u64) {
    let services = &world.services;
    let Answer::Upload { upload, .. } = recordings::begin_upload(services, node.id, recording, None).await.unwrap()
    else {
        panic!("no upload")
    };
    let answer = recordings::sign_parts(services, node.id, recording, &upload, &[2, 1]).await.unwrap();
    let Answer::Parts { urls } = answer else { panic!("{answer:?}") };
    let client = client();
    let mut parts = Vec::new();
    for (number, url) in [2u16, 1].into_iter().zip(urls) {
        let body = PARTS[usize::from(number) - 1];
        let answer = client.put(url).body(body).send().await.unwrap().error_for_status().unwrap();
        let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
        parts.push(UploadedPart { number, etag, md5: "0".repeat(32), bytes: body.len() as u64 });
    }
    let artifact =
        Artifact { bytes, duration_ms: 61_000, width: 1280, height: 720, approximate_sync: false, poster: false };
    world.event(node, Event::RecordingUploaded { recording, upload, parts, artifact }).await;
}

impl World {
    /// A recording of 16 bytes that is ready.
    pub async fn recorded(&self, node: &TestNode, application: &Application, room: &str) -> RecordingId {
        let id = self.start(node, &self.start_request(application, room)).await.unwrap().id;
        upload(self, node, id, 16).await;
        self.run_jobs().await;
        id
    }
}
