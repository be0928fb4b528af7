use crate::support::{HERE, Received, TestNode, World, on_both};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    Access,
    api_keys::{self, AllowedNetworks, NewApiKey, Scope},
    applications::Application,
    nodes,
    notifications::endpoints,
    recordings,
    streamrec::{
        public_key,
        sessions::{self, ClientRequest, SupervisorRequest},
        tokens::{self, Grant},
        uploads::{self, Replacer, UploadRequest},
    },
};
use protocol::{
    ids::{BootId, RecordingId, RequestId, SessionId},
    link::{Answer, Event},
    names::{ClientName, DisplayName},
    recording::{Artifact, FirstFrame, RecordingState, StopCause},
    streamrec::{Confidential, Generation, SessionState, TerminationCause},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

const SECRET: &str = "signature-that-opens-the-bucket";

struct Tenant {
    access: Access,
    demo: Application,
    key: SecretString,
    node: TestNode,
}

impl Tenant {
    async fn of(world: &World) -> Self {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let new = NewApiKey {
            name: DisplayName::try_from("Backend".to_owned()).unwrap(),
            scopes: [Scope::Streamrec].into_iter().collect(),
            application: Some(demo.id),
            allowed_networks: AllowedNetworks::default(),
            expires_at: None,
        };
        let key = api_keys::create(&world.services, &access, new).await.unwrap().token;
        Self { access, demo, key, node: world.node().await }
    }

    async fn token(&self, world: &World, grant: Grant) -> String {
        let access = api_keys::authenticate(&world.services, self.key.expose_secret(), HERE).await.unwrap();
        let token = tokens::mint(&world.services, &access, grant, None).await.unwrap();
        token.expose_secret().to_owned()
    }

    /// An active session of a client, whose end is told to this world's outside.
    async fn client(&self, world: &World, name: &str) -> SessionId {
        let client = client(name);
        let token = self.token(world, Grant::Client { client: client.clone() }).await;
        let request = ClientRequest { client, generation: Generation::V2, origin: None };
        let session = sessions::open(&world.services, &token, request).await.unwrap().session;
        self.started(world, session).await;
        session
    }

    async fn started(&self, world: &World, session: SessionId) {
        let (webhook, version) = (Some(world.outside.hook_url().to_string()), Some("v3.0.0".to_owned()));
        world.event(&self.node, Event::SessionStarted { session, at: world.clock.unix_ms(), webhook, version }).await;
    }

    async fn recording(&self, world: &World, session: SessionId) -> RecordingId {
        let request = UploadRequest {
            request: RequestId::from_parts(1, [world.number(); 10]),
            session,
            stream: 0,
            url: Confidential::new(format!("{}?{SECRET}", world.outside.hook_url())),
            webhook: Some(world.outside.hook_url().to_string()),
        };
        let id = uploads::start(&world.services, self.node.id, request).await.unwrap().unwrap().id;
        let at = world.clock.unix_ms();
        world.event(&self.node, Event::RecordingStarted { recording: id, at }).await;
        let cause = StopCause::PeerRequest;
        world.event(&self.node, Event::RecordingStopped { recording: id, at: at + 60_000, cause }).await;
        id
    }
}

fn client(name: &str) -> ClientName {
    ClientName::try_from(name.to_owned()).unwrap()
}

fn artifact() -> Artifact {
    Artifact { bytes: 1234, duration_ms: 59_990, width: 640, height: 360, approximate_sync: false, poster: false }
}

async fn told(world: &World) -> Vec<Received> {
    world.run_jobs().await;
    world.outside.state(|outside| std::mem::take(&mut outside.hooks))
}

fn body(hook: &Received) -> Value {
    serde_json::from_slice(&hook.body).unwrap()
}

on_both! {
    async fn webhooks_say_what_backends_expect_and_are_signed(world: World) {
        let tenant = Tenant::of(&world).await;
        let session = tenant.client(&world, "c-0").await;
        let id = tenant.recording(&world, session).await;
        let first_frame = FirstFrame { written_at: Some(1_795_251_600_120), captured_at: Some(1_795_251_600_020) };
        let delivered = Event::RecordingDelivered { recording: id, artifact: artifact(), first_frame };
        world.event(&tenant.node, delivered).await;
        let hook = told(&world).await.remove(0);
        assert_eq!(body(&hook), json!({
            "status": "upload_ready", "msg": "upload done", "rec_id": id.uuid().to_string(), "client_id": "c-0",
            "recording_started_at": "2026-11-21T09:00:00.000Z",
            "recording_first_frame_written_at": "2026-11-21T09:00:00.120Z",
            "recording_first_peerframe_captured_at": "2026-11-21T09:00:00.020Z",
            "recording_stopped_at": "2026-11-21T09:01:00.000Z",
            "recording_file_duration_ms": 59_990, "recording_file_size_bytes": 1234,
        }));
        let key = public_key(&world.services, &tenant.access, tenant.demo.id).await.unwrap();
        let key = BASE64_STANDARD.decode(key.strip_prefix("whpk_").unwrap()).unwrap();
        let signature = hook.headers["webhook-signature"].strip_prefix("v1a,").unwrap();
        let signature = BASE64_STANDARD.decode(signature).unwrap();
        let (name, time) = (&hook.headers["webhook-id"], &hook.headers["webhook-timestamp"]);
        let content = [format!("{name}.{time}.").as_bytes(), &hook.body].concat();
        UnparsedPublicKey::new(&ED25519, key).verify(&content, &signature).unwrap();

        assert!(endpoints::list(&world.services, &tenant.access, tenant.demo.id).await.unwrap().is_empty());
        let recording = recordings::get(&world.services, &tenant.access, id).await.unwrap();
        assert_eq!((recording.state, recording.bucket.as_str()), (RecordingState::Ready, "localhost"));
    }
}

on_both! {
    async fn an_address_that_refuses_is_told_of_and_forgotten_after_a_day(world: World) {
        let tenant = Tenant::of(&world).await;
        let session = tenant.client(&world, "c-0").await;
        let id = tenant.recording(&world, session).await;
        assert!(world.cells().await.iter().all(|(_, cell)| !cell.contains(SECRET)), "the address is stored sealed");
        let refused = |revision, status, detail: &str| Event::UploadRefused { recording: id, revision, status, detail: detail.to_owned() };
        world.event(&tenant.node, refused(1, 403, "AccessDenied")).await;
        let told_of = body(&told(&world).await.remove(0));
        assert_eq!((&told_of["status"], &told_of["upload_status_code"]), (&json!("upload_failed"), &json!(403)));
        assert!(matches!(uploads::target(&world.services, tenant.node.id, id).await.unwrap(), Answer::Held { .. }));

        // Another address is tried; its failure is told, too.
        let token = tenant.token(&world, Grant::Client { client: client("c-0") }).await;
        let (name, url) = (id.uuid().to_string(), format!("{}?Expires=1&Signature=a", world.outside.hook_url()));
        uploads::replace_url(&world.services, Replacer::Client(&token), &name, &url).await.unwrap();
        assert!(matches!(uploads::target(&world.services, tenant.node.id, id).await.unwrap(), Answer::Target { .. }));
        world.event(&tenant.node, refused(1, 403, "late")).await;
        assert!(told(&world).await.is_empty(), "news of the first address say nothing about the second");
        assert!(matches!(uploads::target(&world.services, tenant.node.id, id).await.unwrap(), Answer::Target { revision: 2, .. }));
        world.event(&tenant.node, refused(2, 0, "silent")).await;
        let told_of = body(&told(&world).await.remove(0));
        assert_eq!(told_of["upload_status_code"], 0);
        let msg = told_of["msg"].as_str().unwrap();
        assert!(msg.ends_with("silent (the address expired at 1970-01-01T00:00:01.000Z)"), "{msg}");

        for _ in 0..25 {
            world.advance(3600);
            let report = nodes::Report { recordings: vec![id], ..Default::default() };
            nodes::report(&world.services, tenant.node.id, report).await.unwrap();
            world.run_jobs().await;
        }
        let recording = recordings::get(&world.services, &tenant.access, id).await.unwrap();
        assert_eq!(recording.state, RecordingState::Failed);
        assert_eq!(uploads::target(&world.services, tenant.node.id, id).await.unwrap(), Answer::Gone);
        let again = told(&world).await.iter().filter(|hook| body(hook)["status"] == "upload_failed").count();
        assert_eq!(again, 0, "what was told is not told again");
    }
}

on_both! {
    async fn a_recording_that_is_lost_is_never_silent(world: World) {
        let tenant = Tenant::of(&world).await;
        let session = tenant.client(&world, "c-0").await;
        let id = tenant.recording(&world, session).await;
        let cause = protocol::recording::FailureCause::CaptureLost;
        world.event(&tenant.node, Event::RecordingFailed { recording: id, cause, detail: String::new() }).await;
        let told_of = body(&told(&world).await.remove(0));
        assert_eq!((&told_of["status"], &told_of["upload_status_code"]), (&json!("upload_failed"), &json!(0)));
    }
}

on_both! {
    async fn sessions_end_with_their_client_and_their_node(world: World) {
        let tenant = Tenant::of(&world).await;
        let session = tenant.client(&world, "c-0").await;
        let (supervisor, watched) = (client("s-0"), client("c-0"));
        let grant = Grant::Supervisor { supervisor: supervisor.clone(), client: watched.clone() };
        let token = tenant.token(&world, grant).await;
        let request = SupervisorRequest { supervisor, client: watched, session: None, origin: None };
        let watching = sessions::open_supervisor(&world.services, &token, request).await.unwrap().session;
        tenant.started(&world, watching).await;
        let (at, cause) = (world.clock.unix_ms(), TerminationCause::PeerconnFailed);
        world.event(&tenant.node, Event::SessionEnded { session, at, cause }).await;
        world.event(&tenant.node, Event::SessionEnded { session, at, cause: TerminationCause::ConnError }).await;
        let mut told_of: Vec<_> = told(&world).await.iter().map(body).collect();
        told_of.sort_by_key(|body| body["status"].to_string());
        let said = told_of.iter().map(|body| (body["status"].as_str().unwrap(), body["termination_cause"].as_str().unwrap()));
        let expected = [("session_finished", "PEERCONN_FAILED"), ("supervisor_session_finished", "AGENT_SESSION_TERM")];
        assert_eq!(said.collect::<Vec<_>>(), expected);
        assert_eq!(told_of[0]["session_id"], session.uuid().to_string());
        assert_eq!(told_of[1]["session_id_to_monitor"], session.uuid().to_string());

        world.advance(1);
        let next = tenant.client(&world, "c-0").await;
        nodes::register(&world.services, tenant.node.id, BootId::from_parts(2, [2; 10]), "ws://localhost:3001", 0)
            .await
            .unwrap();
        assert_eq!(body(&told(&world).await.remove(0))["termination_cause"], "CONN_ERROR");
        let (listed, more) = sessions::list(&world.services, &tenant.access, tenant.demo.id, None).await.unwrap();
        assert!(!more && listed.len() == 3 && listed.iter().all(|each| each.state == SessionState::Terminated));
        assert_eq!(listed[0].id, next);

        // A node that is silent, and a session that nobody opens.
        world.advance(1);
        tenant.client(&world, "c-1").await;
        world.advance(300);
        world.run_jobs().await;
        let (listed, _) = sessions::list(&world.services, &tenant.access, tenant.demo.id, None).await.unwrap();
        assert_eq!(listed[0].state, SessionState::Active, "media goes on while the control plane hears of nobody");
        for _ in 0..40 {
            world.advance(30);
            world.run_jobs().await;
        }
        let (listed, _) = sessions::list(&world.services, &tenant.access, tenant.demo.id, None).await.unwrap();
        assert_eq!(listed[0].cause, Some(TerminationCause::ConnError));
        assert!(sessions::list(&world.services, &world.stranger().await, tenant.demo.id, None).await.is_err());
    }
}
