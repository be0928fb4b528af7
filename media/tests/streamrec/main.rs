//! The sockets of StreamRec clients and supervisors, beside a control plane that says yes.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the support of tests is test code too")]

mod support;

use futures_util::{SinkExt as _, StreamExt as _};
use media::signaling::Patience;
use protocol::{limits::SIGNALING_MESSAGE_BYTES, recording::StartRefusal, streamrec::TerminationCause};
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};
use support::{Client, Node, OFFER, PATIENCE, TOKEN, client_session, early_session, offer, supervisor_session};
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_come_in_three_ways_and_must_be_good() {
    let node = Node::start(Patience::default()).await;
    let address = format!("ws://{}/api/v2/io", node.address);
    let mut in_header = address.as_str().into_client_request().unwrap();
    in_header.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    let mut as_protocol = address.as_str().into_client_request().unwrap();
    as_protocol.headers_mut().insert("sec-websocket-protocol", TOKEN.parse().unwrap());
    let in_url = format!("{address}?auth_token={TOKEN}").as_str().into_client_request().unwrap();
    for request in [in_header, as_protocol, in_url] {
        let mut client = Client(connect_async(request).await.unwrap().0);
        client.say(client_session(), "session_start", &json!({ "sdp": offer() })).await;
        client.heard("sdp_update").await;
        client.say(client_session(), "session_stop", &json!({})).await;
        assert_eq!(client.terminated().await, "TERM_BY_CLIENT");
    }
    for (token, cause) in [("", "CONN_ERROR"), ("?auth_token=guess", "TWO_TIMER")] {
        let mut client = Client(connect_async(format!("{address}{token}")).await.unwrap().0);
        client.say(client_session(), "session_start", &json!({ "sdp": offer() })).await;
        assert_eq!(client.terminated().await, cause);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_and_goes_on_talking_hears_why() {
    let node = Node::start(Patience::default()).await;
    let mut refused = node.socket_with("guess").await;
    refused.say(client_session(), "session_start", &json!({ "sdp": offer() })).await;
    refused.go_on_talking().await;
    assert_eq!(refused.terminated().await, "TWO_TIMER");
    assert!(refused.0.next().await.is_none(), "closed, not reset");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreign_is_survived() {
    let mut node = Node::start(Patience::default()).await;
    let mut client = node.socket().await;
    for text in ["", "null", "[]", "{", "{\"type\":7}", "{\"type\":\"candidate\",\"data\":{\"candidate\":null}}"] {
        client.send(text.to_owned()).await;
    }
    client.0.send(Message::binary(vec![0; 100])).await.unwrap();
    client.say(client_session(), "candidate", &json!({ "candidate": null })).await;
    client.say(client_session(), "sing", &json!({})).await;
    client.say(client_session(), "session_start", &json!({ "sdp": offer() })).await;
    client.heard("sdp_update").await;
    client.say(client_session(), "recording_start", &json!({ "upload_url": "https://bucket.example" })).await;
    let state = client.heard("recording_state").await["data"].clone();
    assert_eq!((&state["state"], &state["msg"]), (&json!("FAILED"), &json!(StartRefusal::RecordingOff.sentence())));
    client
        .send(json!({ "type": "recording_stop", "session_id": client_session().uuid().to_string() }).to_string())
        .await;

    // A frame that is not even read costs the socket and not the session.
    let large = " ".repeat(SIGNALING_MESSAGE_BYTES * 4);
    let _ = client.0.send(Message::text(large)).await;
    let mut again = node.socket().await;
    again.say(client_session(), "recording_start", &json!({})).await;
    assert_eq!(again.heard("recording_state").await["data"]["state"], "FAILED");
    again.say(client_session(), "session_terminate", &json!({})).await;
    assert_eq!(again.terminated().await, "TERM_BY_CLIENT");
    assert_eq!(node.ended().await, (client_session(), TerminationCause::TermByClient));
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_instead_of_an_offer_ends_the_session() {
    let mut node = Node::start(Patience::default()).await;
    for sdp in [json!({ "type": "offer", "sdp": "garbage" }), json!({ "type": "answer", "sdp": OFFER }), json!(null)] {
        let mut client = node.socket().await;
        client.say(client_session(), "session_start", &json!({ "sdp": sdp })).await;
        assert_eq!(client.terminated().await, "SDP_ERROR");
        assert_eq!(node.ended().await, (client_session(), TerminationCause::SdpError));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_in_time_ends_the_session() {
    let short = Duration::from_millis(1);
    let mut node = Node::start(Patience { unopened: short, ..Patience::default() }).await;
    let mut silent = node.socket().await;
    assert_eq!(silent.terminated().await, "CONN_TIMEOUT");

    node = Node::start(Patience { media: short, ..Patience::default() }).await;
    let mut client = node.socket().await;
    client.say(client_session(), "session_start", &json!({ "sdp": offer() })).await;
    assert_eq!(client.terminated().await, "CONN_TIMEOUT", "media has no way here");

    node = Node::start(Patience { socket: short, ..Patience::default() }).await;
    let client = node.client().await;
    drop(client);
    assert_eq!(node.ended().await, (client_session(), TerminationCause::ConnError));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_socket_is_a_good_bye() {
    let mut node = Node::start(Patience::default()).await;
    let mut client = node.client().await;
    client.0.close(None).await.unwrap();
    assert_eq!(node.ended().await, (client_session(), TerminationCause::TermByClient));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_goes_away_says_good_bye() {
    let mut node = Node::start(Patience::default()).await;
    let mut client = node.client().await;
    let frame = CloseFrame { code: CloseCode::Away, reason: "".into() };
    client.0.close(Some(frame)).await.unwrap();
    assert_eq!(node.ended().await, (client_session(), TerminationCause::TermByClient));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_comes_back_while_nobody_can_be_asked() {
    let mut node = Node::start(Patience::default()).await;
    drop(node.client().await);
    node.plane.silent.store(true, Ordering::Relaxed);
    for token in ["eyJ-other", TOKEN] {
        let mut back = node.socket_with(token).await;
        back.say(client_session(), "recording_start", &json!({})).await;
        if token == TOKEN {
            assert_eq!(back.heard("recording_state").await["data"]["state"], "FAILED");
            back.say(client_session(), "session_stop", &json!({})).await;
            assert_eq!(back.terminated().await, "TERM_BY_CLIENT");
        } else {
            let closed = timeout(PATIENCE, back.0.next()).await.unwrap().unwrap().unwrap();
            let Message::Close(Some(frame)) = closed else { panic!("closed without a word: {closed:?}") };
            assert_eq!(frame.code, CloseCode::Again);
        }
    }
    assert_eq!(node.ended().await, (client_session(), TerminationCause::TermByClient));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_gets_nothing_is_warned_of() {
    let node = Node::start(Patience::default()).await;
    let mut client = node.socket().await;
    let data = json!({ "sdp": offer(), "webhook_url": "http://10.0.0.1/hook" });
    client.say(client_session(), "session_start", &data).await;
    let warning = client.heard("warning").await;
    assert!(warning["data"]["msg"].as_str().unwrap().starts_with("Nothing is sent to the webhook address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_end_with_their_client() {
    let mut node = Node::start(Patience::default()).await;
    let mut early = node.socket().await;
    early.say(supervisor_session(), "supervisor_join_session", &json!({ "sdp": offer() })).await;
    assert_eq!(early.terminated().await, "NO_ACTIVE_AGENT");
    assert_eq!(node.ended().await, (supervisor_session(), TerminationCause::NoActiveAgent));

    let mut client = node.client().await;
    let mut supervisor = node.socket().await;
    supervisor.say(supervisor_session(), "supervisor_join_session", &json!({ "sdp": offer() })).await;
    supervisor.heard("sdp_update").await;
    client.say(client_session(), "session_stop", &json!({})).await;
    assert_eq!(supervisor.terminated().await, "AGENT_SESSION_TERM");
    let mut ended = [node.ended().await, node.ended().await];
    ended.sort_by_key(|(session, _)| *session);
    let expected = [
        (client_session(), TerminationCause::TermByClient),
        (supervisor_session(), TerminationCause::AgentSessionTerm),
    ];
    assert_eq!(ended, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_could_see_nothing_hears_why() {
    let mut node = Node::start(Patience::default()).await;
    let _client = node.client().await;
    let mut supervisor = node.socket().await;
    let sdp = json!({ "type": "offer", "sdp": OFFER.replace("VP8/90000", "VP7/90000") });
    supervisor.say(supervisor_session(), "supervisor_join_session", &json!({ "sdp": sdp })).await;
    let data = supervisor.heard("session_terminated").await["data"].clone();
    let msg = "The pictures are VP8, which the offer lacks.";
    assert_eq!(data, json!({ "termination_cause": "SDP_ERROR", "msg": msg }));
    assert_eq!(node.ended().await, (supervisor_session(), TerminationCause::SdpError));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_says_so() {
    let mut node = Node::start(Patience::default()).await;
    let mut client = node.client().await;
    node.workers.shut_down().await;
    assert_eq!(client.terminated().await, "SERVICE_SHUTDOWN");
    assert_eq!(node.ended().await, (client_session(), TerminationCause::ServiceShutdown));
    timeout(PATIENCE, node.registry.ended()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_ends_what_has_not_begun_and_takes_nobody() {
    let node = Node::start(Patience::default()).await;
    let mut silent = node.socket().await;
    silent.say(client_session(), "candidate", &json!({ "candidate": null })).await;
    silent.say(client_session(), "recording_start", &json!({})).await;
    node.link.leave();
    timeout(PATIENCE, node.plane.left.notified()).await.unwrap();
    let ended = node.registry.clone();
    let (cause, ()) = tokio::join!(silent.terminated(), ended.ended());
    assert_eq!(cause, "SERVICE_SHUTDOWN");
    let mut late = node.socket().await;
    late.say(client_session(), "session_start", &json!({ "sdp": offer() })).await;
    assert_eq!(late.terminated().await, "SERVICE_SHUTDOWN");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_generation_begins_with_its_recording() {
    let node = Node::start(Patience::default()).await;
    let mut client = node.socket().await;
    let id = early_session().uuid().to_string();
    let data = json!({ "sdp": offer(), "upload_url": "https://bucket.example", "webhook_url": "https://hook" });
    client.send(json!({ "type": "recording_start", "client_id": "c-0", "rec_id": id, "data": data }).to_string()).await;
    assert_eq!(client.heard("sdp_update").await["rec_id"], id);
    assert_eq!(client.heard("recording_state").await["data"]["state"], "FAILED");
}
