//! What StreamRec clients and their backends ask: tokens, sessions, supervisors, statistics.

use crate::{
    on_both_databases,
    support::{Browser, FakeNode, Page, TestServer},
};
use domain::{
    Access,
    api_keys::{self, AllowedNetworks, NewApiKey, Scope},
    applications::{self, Application},
};
use http::{Method, StatusCode};
use protocol::{
    ids::{RecordingId, RequestId, SessionId},
    link::{Answer, Command, Event, Query},
    names::DisplayName,
    recording::{Artifact, Delivery, FirstFrame, StartRefusal, StopCause},
    streamrec::{Confidential, TerminationCause, room_of, session_named},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::time::Duration;

/// An application with a master key, and whoever asks.
struct Tenant {
    access: Access,
    application: Application,
    master_key: String,
    browser: Browser,
}

impl Tenant {
    async fn of(server: &TestServer) -> Self {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let master_key = key(server, &access, Some(&application), Scope::Streamrec).await;
        Self { access, application, master_key, browser: server.browser() }
    }

    /// As curl does by itself.
    async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Page {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        self.browser.request(Method::POST, path, &headers, &body.to_string()).await
    }

    async fn token(&self, path: &str, mut body: Value) -> String {
        body["master_key"] = json!(self.master_key);
        let answer = self.post(path, None, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.json()["auth_token"].as_str().unwrap().to_owned()
    }

    async fn client_token(&self, client: &str) -> String {
        self.token("/auth_v2/client", json!({ "client_id": client })).await
    }

    async fn supervisor_token(&self, supervisor: &str, client: &str) -> String {
        self.token("/auth_v2/supervisor", json!({ "client_id": supervisor, "client_to_monitor": client })).await
    }

    async fn session(&self, client: &str) -> Page {
        let token = self.client_token(client).await;
        self.post("/api/v2/session", Some(&token), &json!({ "client_id": client })).await
    }

    async fn supervise(&self, supervisor: &str, client: &str) -> Page {
        let token = self.supervisor_token(supervisor, client).await;
        let body = json!({ "client_id": supervisor, "client_id_to_monitor": client });
        self.post("/api/v2/supervisor_session", Some(&token), &body).await
    }

    async fn get(&self, path: &str, token: &str) -> Page {
        let authorization = format!("Bearer {token}");
        self.browser.request(Method::GET, path, &[("authorization", &authorization)], "").await
    }
}

async fn key(server: &TestServer, access: &Access, application: Option<&Application>, scope: Scope) -> String {
    let new = NewApiKey {
        name: DisplayName::try_from("Backend".to_owned()).unwrap(),
        scopes: [scope].into_iter().collect(),
        application: application.map(|application| application.id),
        allowed_networks: AllowedNetworks::default(),
        expires_at: None,
    };
    api_keys::create(server.services(), access, new).await.unwrap().token.expose_secret().to_owned()
}

fn session_in(page: &Page) -> SessionId {
    assert_eq!(page.status, StatusCode::CREATED, "{page:?}");
    session_named(page.json()["session_id"].as_str().unwrap()).unwrap()
}

fn refusal(page: &Page) -> (u16, String, Value) {
    (page.status.as_u16(), page.code(), page.json()["termination_cause"].clone())
}

fn started(session: SessionId, at: u64) -> Event {
    Event::SessionStarted { session, at, webhook: None, version: None }
}

on_both_databases! {
    async fn the_documented_requests_open_a_session(server) {
        let tenant = Tenant::of(&server).await;
        let mut node = server.linked_node().await;
        let token = tenant.token("/auth_v2/client", json!({ "client_id": "c-0", "token_ttl_s": 3600 })).await;
        let page = tenant.post("/api/v2/session", Some(&token), &json!({ "client_id": "c-0" })).await;
        let session = session_in(&page);
        let answer = page.json();
        assert_eq!(answer["ws_endpoint"], "ws://localhost:3001/api/v2/io");
        assert_eq!(answer["ice_credentials"], json!({ "iceServers": [] }));
        assert_eq!(answer["session_id"], session.uuid().to_string());

        let asked = Query::OpenSession { session, token: Confidential::new(token), origin: None };
        let Answer::Session { grant } = node.ask(asked).await else { panic!("a session expected") };
        assert_eq!((grant.client.as_str(), &grant.room), ("c-0", &room_of(session)));
        let other = tenant.client_token("c-1").await;
        let refused = node.ask(Query::OpenSession { session, token: Confidential::new(other), origin: None }).await;
        assert_eq!(refused, Answer::SessionOver { cause: TerminationCause::ConnError });
        let joined = format!("{{\"appKey\":\"{}\",\"room\":\"{}\"}}", tenant.application.keys[0].id, room_of(session));
        let headers = [("content-type", "application/json")];
        let refused = tenant.browser.request(Method::POST, "/api/v1/join", &headers, &joined).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "room_reserved"));
    }

    async fn tokens_allow_what_they_are_for_and_end(server) {
        let tenant = Tenant::of(&server).await;
        let _node = server.linked_node().await;
        let client = tenant.client_token("c-0").await;
        let body = json!({ "client_id": "c-0" });
        let stats = format!("/api/v2/stats/{}/sessions", tenant.application.id);
        assert_eq!(refusal(&tenant.get(&stats, &client).await).0, 403);
        let other = tenant.post("/api/v2/session", Some(&client), &json!({ "client_id": "c-1" })).await;
        assert_eq!(refusal(&other), (403, "client_mismatch".to_owned(), Value::Null));
        let watching = json!({ "client_id": "c-0", "client_id_to_monitor": "c-0" });
        let refused = tenant.post("/api/v2/supervisor_session", Some(&client), &watching).await;
        assert_eq!(refusal(&refused).1, "permission_missing");
        for (token, code) in [(None, "token_required"), (Some("eyJ"), "token_invalid")] {
            let refused = tenant.post("/api/v2/session", token, &body).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, code));
        }

        let authorization = format!("Bearer {client}");
        let ended = tenant.browser.request(Method::DELETE, "/auth_v2/token", &[("authorization", &authorization)], "").await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
        assert_eq!(tenant.post("/api/v2/session", Some(&client), &body).await.code(), "token_invalid");

        let client = tenant.client_token("c-0").await;
        server.clock.advance(Duration::from_secs(86_399));
        assert_eq!(tenant.post("/api/v2/session", Some(&client), &json!({ "client_id": "c-1" })).await.status, 403);
        server.clock.advance(Duration::from_secs(1));
        assert_eq!(tenant.post("/api/v2/session", Some(&client), &body).await.code(), "token_expired");
    }

    async fn master_keys_are_for_one_application_and_have_the_scope(server) {
        let tenant = Tenant::of(&server).await;
        let unbound = key(&server, &tenant.access, None, Scope::Streamrec).await;
        let lacking = key(&server, &tenant.access, Some(&tenant.application), Scope::RoomsWrite).await;
        for (master_key, expected) in
            [(unbound, (403, "master_key_unbound")), (lacking, (403, "scope_missing")), ("guess".to_owned(), (401, "api_key_invalid"))]
        {
            let refused = tenant.post("/auth_v2/stats", None, &json!({ "master_key": master_key })).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), expected);
        }
        let refused = tenant.post("/auth_v2/client", None, &json!({ "master_key": tenant.master_key, "client_id": "" })).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "client_id_invalid"));
        let headers = [("content-type", "application/json")];
        let comma = tenant.browser.request(Method::POST, "/auth_v2/client", &headers, "{\"client_id\":\"sup-0\",}").await;
        assert_eq!((comma.status.as_u16(), comma.code().as_str()), (400, "invalid_body"));
        assert!(comma.text.contains("trailing comma"), "{comma:?}");
    }

    async fn a_client_has_one_session(server) {
        let tenant = Tenant::of(&server).await;
        let mut node = server.linked_node().await;
        let first = session_in(&tenant.session("c-0").await);
        let second = tenant.session("c-0").await;
        assert_eq!(refusal(&second), (409, "two_timer".to_owned(), json!("TWO_TIMER")));
        node.report(1, started(first, server.clock.unix_ms())).await;
        server.clock.advance(Duration::from_secs(10));
        assert_eq!(tenant.session("c-0").await.status, StatusCode::CONFLICT, "the first is unharmed");
        session_in(&tenant.session("c-1").await);

        let (at, cause) = (server.clock.unix_ms(), TerminationCause::TermByClient);
        node.report(2, Event::SessionEnded { session: first, at, cause }).await;
        let third = session_in(&tenant.session("c-0").await);
        assert_ne!(third, first);
        server.clock.advance(Duration::from_secs(10));
        node.send(&protocol::link::NodeMessage::Report { rooms: 0, peers: 0, recordings: vec![], leaving: false }).await;
        assert_ne!(node.reported(&tenant, "c-0").await, third, "one that nobody opened makes room");
    }

    async fn a_socket_may_come_back_with_a_token_that_expired_and_with_none_that_was_revoked(server) {
        let tenant = Tenant::of(&server).await;
        let mut node = server.linked_node().await;
        let token = tenant.token("/auth_v2/client", json!({ "client_id": "c-0", "token_ttl_s": 60 })).await;
        let session = session_in(&tenant.post("/api/v2/session", Some(&token), &json!({ "client_id": "c-0" })).await);
        let late = session_in(&tenant.session("c-1").await);
        let opens = |session, token: &str| Query::OpenSession { session, token: Confidential::new(token.to_owned()), origin: None };
        assert!(matches!(node.ask(opens(session, &token)).await, Answer::Session { .. }));
        server.clock.advance(Duration::from_secs(3600));
        assert!(matches!(node.ask(opens(session, &token)).await, Answer::Session { .. }), "what is recorded goes on");
        let other = Answer::SessionOver { cause: TerminationCause::ConnError };
        assert_eq!(node.ask(opens(late, &token)).await, other, "to begin it has to be good");
        let body = json!({ "master_key": tenant.master_key }).to_string();
        assert_eq!(tenant.browser.request(Method::DELETE, "/auth/c-0", &[], &body).await.status, StatusCode::NO_CONTENT);
        assert_eq!(node.ask(opens(session, &token)).await, other);
        let fresh = tenant.client_token("c-0").await;
        assert!(matches!(node.ask(opens(session, &fresh)).await, Answer::SessionOver { .. }), "made in the same instant");
        server.clock.advance(Duration::from_millis(1));
        let fresh = tenant.client_token("c-0").await;
        assert!(matches!(node.ask(opens(session, &fresh)).await, Answer::Session { .. }), "a second need not pass");
    }

    async fn three_supervisors_watch_an_active_client(server) {
        let tenant = Tenant::of(&server).await;
        let mut node = server.linked_node().await;
        let idle = (404, "no_active_agent".to_owned(), json!("NO_ACTIVE_AGENT"));
        assert_eq!(refusal(&tenant.supervise("s-0", "c-0").await), idle);
        let client = session_in(&tenant.session("c-0").await);
        assert_eq!(refusal(&tenant.supervise("s-0", "c-0").await), idle);
        node.report(1, started(client, server.clock.unix_ms())).await;

        let first = tenant.supervise("s-0", "c-0").await;
        let answer = first.json();
        let supervisor = session_in(&first);
        let watched = client.uuid().to_string();
        assert_eq!(answer["session_id_to_monitor"], watched);
        assert_eq!(answer["ws_endpoint"], format!("ws://localhost:3001/api/v2/supervisor_io/{watched}"));
        assert_eq!(refusal(&tenant.supervise("s-0", "c-0").await).2, "TWO_TIMER");
        for other in ["s-1", "s-2"] {
            session_in(&tenant.supervise(other, "c-0").await);
        }
        let full = tenant.supervise("s-3", "c-0").await;
        assert_eq!(refusal(&full), (409, "max_supervisors_per_agent".to_owned(), json!("MAX_SUPERVISORS_PER_AGENT")));

        let at = server.clock.unix_ms();
        node.report(2, Event::SessionEnded { session: supervisor, at, cause: TerminationCause::TermByClient }).await;
        session_in(&tenant.supervise("s-3", "c-0").await);
        node.report(3, Event::SessionEnded { session: client, at, cause: TerminationCause::ConnError }).await;
        assert_eq!(refusal(&tenant.supervise("s-4", "c-0").await), idle);
        let token = tenant.supervisor_token("s-3", "c-0").await;
        let (session, token) = (session_in(&first), Confidential::new(token));
        assert!(matches!(node.ask(Query::OpenSession { session, token, origin: None }).await, Answer::SessionOver { .. }));
    }

    async fn statistics_come_in_parts(server) {
        let tenant = Tenant::of(&server).await;
        let _node = server.linked_node().await;
        for client in ["c-0", "c-1", "c-2"] {
            session_in(&tenant.session(client).await);
            server.clock.advance(Duration::from_millis(5));
        }
        let token = tenant.token("/auth_v2/stats", json!({})).await;
        let now = domain::clock::to_date(server.clock.unix_ms());
        let path = format!("/api/v2/stats/{}/sessions?year={}&limit=2", tenant.application.id, now.format("%Y&month=%-m"));
        let first = tenant.get(&path, &token).await.json();
        assert_eq!(first["api_id"], json!(tenant.application.id));
        let clients = |page: &Value| {
            let sessions = page["sessions"].as_array().unwrap().iter();
            sessions.map(|session| session["client_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(clients(&first), ["c-2", "c-1"]);
        assert_eq!(first["sessions"][0]["state"], "CREATED");
        let next = format!("{path}&next_token={}", first["next_token"].as_str().unwrap());
        let second = tenant.get(&next, &token).await.json();
        assert_eq!((clients(&second), &second["next_token"]), (vec!["c-0".to_owned()], &Value::Null));
        let before = format!("/api/v2/stats/{}/sessions?year=2001&month=1", tenant.application.id);
        assert_eq!(clients(&tenant.get(&before, &token).await.json()), Vec::<String>::new());
        for (query, expected) in [("month=13&year=2026", 422), ("limit=0", 422), ("limit=x", 400), ("next_token=2", 422)] {
            let path = format!("/api/v2/stats/{}/recordings?{query}", tenant.application.id);
            assert_eq!(tenant.get(&path, &token).await.status.as_u16(), expected, "{query}");
        }
        assert_eq!(tenant.get("/api/v2/stats/eyeson/sessions", &token).await.status, StatusCode::FORBIDDEN);
    }

    async fn switches_and_origins_hold(server) {
        let tenant = Tenant::of(&server).await;
        let _node = server.linked_node().await;
        let (services, id) = (server.services(), tenant.application.id);
        applications::set_recording(services, &tenant.access, id, false).await.unwrap();
        assert_eq!(refusal(&tenant.session("c-0").await).1, "recording_off");
        applications::set_relay(services, &tenant.access, id, false).await.unwrap();
        assert_eq!(refusal(&tenant.session("c-0").await).1, "relay_required");
        applications::set_relay(services, &tenant.access, id, true).await.unwrap();
        applications::set_recording(services, &tenant.access, id, true).await.unwrap();
        let allowed = vec!["https://shop.example".to_owned()];
        applications::set_allowed_origins(services, &tenant.access, id, allowed).await.unwrap();
        let authorization = format!("Bearer {}", tenant.client_token("c-0").await);
        let from = |origin| {
            let headers = [("authorization", authorization.as_str()), ("origin", origin), ("sec-fetch-site", "cross-site")];
            let browser = &tenant.browser;
            async move { browser.request(Method::POST, "/api/v2/session", &headers, "{\"client_id\":\"c-0\"}").await }
        };
        let refused = from("https://evil.example").await;
        assert_eq!((refusal(&refused).1.as_str(), refused.header("access-control-allow-origin")), ("origin_not_allowed", "https://evil.example"));
        session_in(&from("https://shop.example").await);
        let asked = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
        let preflight = tenant.browser.request(Method::OPTIONS, "/api/v2/session", &asked, "").await;
        assert_eq!((preflight.status.as_u16(), preflight.header("access-control-allow-headers")), (204, "authorization, content-type"));
    }

    async fn a_revoked_master_key_ends_what_came_from_it(server) {
        let tenant = Tenant::of(&server).await;
        let mut node = server.linked_node().await;
        let token = tenant.client_token("c-0").await;
        let session = session_in(&tenant.session("c-0").await);
        let keys = api_keys::list(server.services(), &tenant.access).await.unwrap();
        api_keys::revoke(server.services(), &tenant.access, keys[0].id).await.unwrap();
        let (_, room) = node.command(|command| match command {
            Command::EndRoom { room, cause: StopCause::SwitchedOff, .. } => Some(room.clone()),
            _ => None,
        }).await;
        assert_eq!(room, room_of(session));
        let refused = tenant.post("/api/v2/session", Some(&token), &json!({ "client_id": "c-0" })).await;
        assert_eq!(refused.code(), "token_invalid");
    }

    async fn the_first_generation_has_a_session_for_each_recording(server) {
        let tenant = Tenant::of(&server).await;
        let mut node = server.linked_node().await;
        let token = tenant.token("/auth/old%20client", json!({})).await;
        let page = tenant.post("/api/session", Some(&token), &json!({ "client_id": "old client" })).await;
        assert_eq!(page.status, StatusCode::CREATED, "{page:?}");
        let answer = page.json();
        assert_eq!(answer["ws_endpoint"], "ws://localhost:3001/api/io");
        let session = session_named(answer["recording_id"].as_str().unwrap()).unwrap();
        node.report(1, started(session, server.clock.unix_ms())).await;
        let Answer::Recording { spec } = node.ask(upload(1, session, 0, "http://127.0.0.1:9/file")).await else {
            panic!("a recording expected")
        };
        assert_eq!(spec.id.uuid(), session.uuid());
        let body = json!({ "master_key": tenant.master_key }).to_string();
        let ended = tenant.browser.request(Method::DELETE, "/auth/old%20client", &[], &body).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
        let refused = tenant.post("/api/session", Some(&token), &json!({ "client_id": "old client" })).await;
        assert_eq!(refused.code(), "token_invalid");
    }
}

fn upload(number: u8, session: SessionId, stream: u8, url: &str) -> Query {
    let (request, url) = (RequestId::from_parts(1, [number; 10]), Confidential::new(url.to_owned()));
    Query::StartUpload { request, session, stream, url, webhook: None }
}

on_both_databases! {
    async fn streams_are_recorded_to_addresses_of_the_client(server) {
        let tenant = Tenant::of(&server).await;
        let mut node = server.linked_node().await;
        let session = session_in(&tenant.session("c-0").await);
        node.report(1, started(session, server.clock.unix_ms())).await;
        let refused = node.ask(upload(1, session, 0, "http://10.0.0.1/file")).await;
        assert_eq!(refused, Answer::Refused { refusal: StartRefusal::DestinationNotAllowed });
        let secret = "http://127.0.0.1:9/file?X-Amz-Date=20300101T000000Z&X-Amz-Expires=60&X-Amz-Signature=secret";
        let Answer::Recording { spec } = node.ask(upload(2, session, 0, secret)).await else { panic!("a recording expected") };
        assert_eq!((spec.delivery, &spec.room), (Delivery::Direct { stream: 0, expires_at: Some(1_893_456_060_000) }, &room_of(session)));
        let again = node.ask(upload(2, session, 0, secret)).await;
        assert_eq!(again, Answer::Recording { spec: spec.clone() });
        let twice = node.ask(upload(3, session, 0, secret)).await;
        assert_eq!(twice, Answer::Refused { refusal: StartRefusal::AlreadyRecording });
        let room = room_of(session);
        let refused = domain::recordings::start_in_room(server.services(), &tenant.access, tenant.application.id, &room).await;
        assert_eq!(refused.unwrap_err().code(), "room_of_session");
        server.clock.advance(Duration::from_millis(5));
        assert!(matches!(node.ask(upload(4, session, 1, secret)).await, Answer::Recording { .. }));
        assert_eq!(node.ask(Query::ResumeRecording { recording: spec.id }).await, Answer::Recording { spec: spec.clone() });
        let target = Query::UploadTarget { recording: spec.id };
        assert_eq!(node.ask(target.clone()).await, Answer::Target { url: Confidential::new(secret.to_owned()), revision: 1 });

        // The address refuses; the client names another one, which takes the file.
        let at = server.clock.unix_ms();
        node.report(2, Event::RecordingStarted { recording: spec.id, at }).await;
        node.report(3, Event::RecordingStopped { recording: spec.id, at: at + 1000, cause: StopCause::PeerRequest }).await;
        node.report(4, Event::UploadRefused { recording: spec.id, revision: 1, status: 403, detail: "AccessDenied".to_owned() }).await;
        assert!(matches!(node.ask(target.clone()).await, Answer::Held { .. }));
        let path = format!("/api/v2/recordings/{}/upload_url", spec.id.uuid());
        let body = json!({ "upload_url": "http://127.0.0.1:9/other" }).to_string();
        let put = |token: String| {
            let (browser, path, body) = (&tenant.browser, &path, &body);
            async move {
                let authorization = format!("Bearer {token}");
                browser.request(Method::PUT, path, &[("authorization", &authorization)], body).await
            }
        };
        assert_eq!(put(tenant.client_token("c-1").await).await.status, StatusCode::NOT_FOUND);
        assert_eq!(put(tenant.client_token("c-0").await).await.status, StatusCode::NO_CONTENT);
        node.command(|command| (*command == Command::UploadAgain { recording: spec.id }).then_some(())).await;
        assert_eq!(node.ask(target.clone()).await, Answer::Target { url: Confidential::new("http://127.0.0.1:9/other".to_owned()), revision: 2 });

        let artifact = Artifact { bytes: 10, duration_ms: 999, width: 640, height: 360, approximate_sync: false, poster: false };
        let first_frame = FirstFrame { written_at: Some(at + 5), captured_at: Some(at + 1) };
        node.report(5, Event::RecordingDelivered { recording: spec.id, artifact, first_frame }).await;
        node.command(|command| (*command == Command::RecordingDelivered { recording: spec.id }).then_some(())).await;
        assert_eq!(node.ask(target).await, Answer::Gone);
        assert_eq!(put(tenant.client_token("c-0").await).await.status, StatusCode::GONE);

        let token = tenant.token("/auth_v2/stats", json!({})).await;
        let page = tenant.get(&format!("/api/v2/stats/{}/recordings", tenant.application.id), &token).await.json();
        let told = page["recordings"].as_array().unwrap().iter().map(|each| each["state"].as_str().unwrap());
        assert_eq!(told.collect::<Vec<_>>(), ["RECORDING", "UPLOADED"]);
        assert_eq!(page["recordings"][1]["recording_id"], spec.id.uuid().to_string());
        let refused = domain::recordings::playback_url(server.services(), &tenant.access, spec.id).await.unwrap_err();
        assert_eq!(refused.code(), "recording_elsewhere");
    }
}

impl FakeNode {
    /// The next session of a client, once this node's latest report counts.
    async fn reported(&mut self, tenant: &Tenant, client: &str) -> SessionId {
        // Answers come after reports.
        let nothing = RecordingId::from_parts(1, [255; 10]);
        assert_eq!(self.ask(Query::ResumeRecording { recording: nothing }).await, Answer::Gone);
        session_in(&tenant.session(client).await)
    }
}
