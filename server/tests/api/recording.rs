//! One recording from the request to the verified object, with a node that captures nothing.

use crate::{
    on_both_databases,
    support::{FakeNode, TestServer, receiver::Receiver},
};
use domain::{
    Access,
    applications::{self, Application},
    mail,
    notifications::sending::{self, Except},
    recordings,
};
use http::StatusCode;
use md5::{Digest as _, Md5};
use protocol::{
    ids::RecordingId,
    limits::PART_BYTES,
    link::{Answer, Command, Event, Query},
    names::DisplayName,
    recording::{Artifact, FailureCause, RecordingState, StartRefusal, StopCause, UploadedPart},
    webhook::EventType,
};
use reqwest::Client;
use std::time::Duration;

/// Stands for a picture.
pub(crate) const POSTER: &[u8] = b"a picture of the call";

/// A demo application, a node that captures nothing, and somebody who follows links.
pub(crate) struct Scene {
    pub(crate) server: TestServer,
    pub(crate) access: Access,
    pub(crate) application: Application,
    pub(crate) node: FakeNode,
    pub(crate) client: Client,
}

impl Scene {
    pub(crate) async fn set(server: TestServer) -> Self {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let node = server.linked_node().await;
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { server, access, application, node, client }
    }

    pub(crate) async fn start(&mut self) -> RecordingId {
        let application = self.application.clone();
        self.start_in(1, &application).await
    }

    async fn start_in(&mut self, number: u8, application: &Application) -> RecordingId {
        let query = FakeNode::start_query(number, application.id, application.keys[0].id, "stand/up ..");
        match self.node.ask(query).await {
            Answer::Recording { spec } => spec.id,
            other => panic!("a recording expected: {other:?}"),
        }
    }

    /// Reports the call and its end, as events 1 to 3.
    pub(crate) async fn capture(&mut self, recording: RecordingId) {
        let at = self.server.clock.unix_ms();
        self.node.report(1, Event::RecordingStarted { recording, at }).await;
        self.node.report(2, Event::RecordingStopped { recording, at: at + 8000, cause: StopCause::PeerRequest }).await;
        self.node.report(3, Event::RecordingMixing { recording }).await;
    }

    /// Uploads real parts by signed URLs, the first one last.
    async fn upload(&mut self, recording: RecordingId, parts: &[Vec<u8>]) -> (String, Vec<UploadedPart>) {
        let Answer::Upload { upload, .. } = self.node.ask(Query::BeginUpload { recording, refused: None }).await else {
            panic!("an upload expected")
        };
        let numbers: Vec<u16> = (1..=u16::try_from(parts.len()).unwrap()).collect();
        let query = Query::SignParts { recording, upload: upload.clone(), parts: numbers.clone() };
        let Answer::Parts { urls } = self.node.ask(query).await else { panic!("part URLs expected") };
        let mut uploaded = Vec::new();
        for ((number, url), bytes) in numbers.into_iter().zip(urls).zip(parts).rev() {
            let response = self.client.put(url).body(bytes.clone()).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let etag = response.headers()["etag"].to_str().unwrap().to_owned();
            let md5 = hex::encode(Md5::digest(bytes));
            uploaded.push(UploadedPart { number, etag, md5, bytes: bytes.len() as u64 });
        }
        uploaded.reverse();
        (upload, uploaded)
    }

    /// Puts a picture of the recording beside it.
    async fn put_poster(&mut self, recording: RecordingId, upload: &str) {
        let query = Query::SignPoster { recording, upload: upload.to_owned() };
        let Answer::Poster { url, headers } = self.node.ask(query).await else { panic!("a URL expected") };
        let put = headers.into_iter().fold(self.client.put(url), |put, (name, value)| put.header(name, value));
        put.body(POSTER).send().await.unwrap().error_for_status().unwrap();
    }

    pub(crate) async fn finish(&mut self, recording: RecordingId, parts: &[Vec<u8>]) {
        let (upload, uploaded) = self.upload(recording, parts).await;
        self.put_poster(recording, &upload).await;
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        let artifact =
            Artifact { bytes, duration_ms: 8000, width: 1280, height: 720, approximate_sync: false, poster: true };
        self.node.report(4, Event::RecordingUploaded { recording, upload, parts: uploaded, artifact }).await;
    }

    /// Ends a recording that captured nothing, as one event.
    pub(crate) async fn fail(&mut self, sequence: u64, recording: RecordingId) {
        let failed = Event::RecordingFailed { recording, cause: FailureCause::CaptureLost, detail: "test".to_owned() };
        self.node.report(sequence, failed).await;
    }

    pub(crate) async fn ready(&mut self) -> (RecordingId, String) {
        let (_, ready) = self
            .node
            .command(|command| match command {
                Command::RecordingReady { recording, url } => Some((*recording, url.clone())),
                _ => None,
            })
            .await;
        ready
    }
}

fn two_parts() -> Vec<Vec<u8>> {
    let pattern = |length: usize, seed: usize| (0..length).map(|i| ((i * 31 + seed) % 251) as u8).collect();
    vec![pattern(PART_BYTES, 1), pattern(70_001, 2)]
}

on_both_databases! {
    async fn a_recording_becomes_a_verified_object_and_everybody_hears_of_it(server) {
        let mut scene = Scene::set(server).await;
        let mut receiver = Receiver::start().await;
        let services = scene.server.services().clone();
        let (access, application) = (scene.access.clone(), scene.application.id);
        let secret = receiver.subscribe(&services, &access, application, &[EventType::RecordingReady]).await;
        receiver.answer_with(StatusCode::INTERNAL_SERVER_ERROR);

        let recording = scene.start().await;
        scene.capture(recording).await;
        let parts = two_parts();
        scene.finish(recording, &parts).await;

        let (ready, url) = scene.ready().await;
        assert_eq!(ready, recording);
        let object = scene.client.get(&url).send().await.unwrap();
        assert_eq!(object.status(), StatusCode::OK);
        assert!(object.bytes().await.unwrap() == parts.concat(), "the object is what was uploaded");

        let found = recordings::get(&services, &access, recording).await.unwrap();
        assert_eq!(found.state, RecordingState::Ready);
        assert_eq!(found.bytes, Some(parts.iter().map(|part| part.len() as u64).sum()));
        assert_eq!(found.duration_ms, Some(8000));
        assert!(found.object_key.starts_with(&application.to_string()), "{}", found.object_key);
        assert!(found.object_key.split('/').all(|segment| !segment.is_empty() && segment != ".."), "{}", found.object_key);

        let first = receiver.delivery().await;
        assert!(first.is_signed_with(&secret));
        let body = first.json();
        assert_eq!(body["type"], "recording.ready");
        assert_eq!(body["data"]["recording"], recording.to_string());
        assert_eq!(body["data"]["state"], "ready");

        // It was answered with 500, so it comes again when it is due, under the same identifier.
        receiver.answer_with(StatusCode::OK);
        let clock = scene.server.clock.clone();
        let again = crate::support::soon("the second attempt", async {
            loop {
                clock.advance(Duration::from_secs(60));
                tokio::select! {
                    biased;
                    delivery = receiver.next() => break delivery,
                    ran = sending::run_due(&services) => drop(ran.unwrap()),
                }
            }
        })
        .await;
        assert!(again.is_signed_with(&secret));
        assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
        assert_eq!(again.body, first.body);

        let mails = mail::list(&services, &access).await.unwrap();
        assert!(mails.iter().any(|mail| mail.text.contains(&recording.to_string()) || mail.text.contains("stand/up ..")), "{mails:?}");
    }

    async fn the_console_plays_and_downloads_what_is_ready(server) {
        let mut scene = Scene::set(server).await;
        let recording = scene.start().await;
        scene.capture(recording).await;
        scene.finish(recording, &[b"tiny".to_vec()]).await;
        scene.ready().await;

        let browser = scene.server.browser();
        crate::support::server::sign_in(&browser).await;
        let page = browser.visit(&format!("/applications/{}", scene.application.id)).await;
        assert!(page.text.contains(&recording.to_string()), "{}", page.text);
        let origin = scene.server.plane.store.endpoint.origin().ascii_serialization();
        assert!(page.header("content-security-policy").contains(&origin), "{:?}", page.headers);

        let download = browser.get(&format!("/api/console/download?recording={recording}")).await;
        let file = scene.client.get(download.location().expect("a redirect to the object")).send().await.unwrap();
        assert!(file.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert_eq!(file.text().await.unwrap(), "tiny");
    }

    async fn a_missing_condition_refuses_the_start_by_name(server) {
        let mut scene = Scene::set(server).await;
        let services = scene.server.services().clone();
        let (id, key) = (scene.application.id, scene.application.keys[0].id);
        applications::set_recording(&services, &scene.access, id, false).await.unwrap();
        let answer = scene.node.ask(FakeNode::start_query(1, id, key, "standup")).await;
        assert_eq!(answer, Answer::Refused { refusal: StartRefusal::RecordingOff });
        applications::set_relay(&services, &scene.access, id, false).await.unwrap();
        let answer = scene.node.ask(FakeNode::start_query(2, id, key, "standup")).await;
        assert_eq!(answer, Answer::Refused { refusal: StartRefusal::RelayRequired });
        applications::revoke_key(&services, &scene.access, id, key).await.unwrap();
        let answer = scene.node.ask(FakeNode::start_query(3, id, key, "standup")).await;
        assert_eq!(answer, Answer::Refused { refusal: StartRefusal::ApplicationGone });
    }

    async fn a_node_cannot_touch_the_recordings_of_another(server) {
        let mut scene = Scene::set(server).await;
        let recording = scene.start().await;
        let mut other = FakeNode::connect(&scene.server, FakeNode::identity(2)).await;
        other.hello(0).await;
        assert_eq!(other.ask(Query::BeginUpload { recording, refused: None }).await, Answer::Gone);
        assert_eq!(other.ask(Query::ResumeRecording { recording }).await, Answer::Gone);
        assert!(matches!(scene.node.ask(Query::BeginUpload { recording, refused: None }).await, Answer::Upload { .. }));
    }

    async fn an_endpoint_takes_only_its_share_of_the_places_for_webhooks(server) {
        let mut scene = Scene::set(server).await;
        let services = scene.server.services().clone();
        let mut slow = Receiver::start().await;
        slow.hang();
        let application = scene.application.clone();
        slow.subscribe(&services, &scene.access, application.id, &[]).await;
        for number in 1..=6 {
            let recording = scene.start_in(number, &application).await;
            scene.fail(number.into(), recording).await;
        }
        for _ in 0..4 {
            slow.delivery().await;
        }
        for waiting in [1, 1, 0] {
            let left = sending::claim(&services, 10, &Except::default()).await.unwrap();
            assert_eq!(left.len(), waiting, "two wait until one of the four has ended");
        }
    }

    async fn a_receiver_that_hangs_delays_no_other(server) {
        let mut scene = Scene::set(server).await;
        let services = scene.server.services().clone();
        let name = DisplayName::try_from("Second".to_owned()).unwrap();
        let second = applications::create(&services, &scene.access, name).await.unwrap();
        applications::set_recording(&services, &scene.access, second.id, true).await.unwrap();
        let (mut slow, mut quick) = (Receiver::start().await, Receiver::start().await);
        slow.hang();
        let first = scene.application.clone();
        for (application, receiver) in [(first.id, &slow), (second.id, &quick)] {
            receiver.subscribe(&services, &scene.access, application, &[]).await;
        }

        let stuck = scene.start_in(1, &first).await;
        scene.fail(1, stuck).await;
        slow.delivery().await;
        let fine = scene.start_in(2, &second).await;
        scene.fail(2, fine).await;
        let delivery = quick.delivery().await;
        assert_eq!(delivery.json()["type"], "recording.failed");
        assert_eq!(delivery.json()["data"]["recording"], fine.to_string());
    }
}
