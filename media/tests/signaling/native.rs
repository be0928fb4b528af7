//! The native protocol.

use crate::door::{Door, PATIENCE, SECRET, Socket, join_claims, peer_id, signed};
use futures_util::{SinkExt as _, StreamExt as _};
use media::signaling::Limits;
use protocol::{
    limits::SIGNALING_MESSAGE_BYTES,
    native::{ClientMessage, ErrorCode, PROTOCOL_VERSION, ServerMessage},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

/// Connects to the native door.
async fn socket(door: &Door) -> Client {
    Client(door.web_socket("/native").await)
}

/// Connects and says hello with a token that is valid for so many seconds.
async fn hello(door: &Door, peer: u8, seconds: i64) -> Client {
    let mut client = socket(door).await;
    let token = signed(&join_claims(peer, "room", seconds), &SECRET);
    let hello = ClientMessage::Hello { protocol: PROTOCOL_VERSION, token };
    client.0.send(Message::text(serde_json::to_string(&hello).unwrap())).await.unwrap();
    client
}

async fn join(door: &Door, peer: u8) -> Client {
    let mut client = hello(door, peer, 60).await;
    assert!(matches!(client.next().await, ServerMessage::Welcome { .. }));
    client
}

struct Client(Socket);

impl Client {
    async fn next(&mut self) -> ServerMessage {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a message in time") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The last words of the node: an error, and the code it closes with.
    async fn refusal(&mut self) -> (ErrorCode, CloseCode) {
        let ServerMessage::Error { code, fatal: true, .. } = self.next().await else { panic!("no fatal error") };
        match timeout(PATIENCE, self.0.next()).await.expect("a close in time") {
            Some(Ok(Message::Close(Some(frame)))) => (code, frame.code),
            other => panic!("{other:?}"),
        }
    }
}

/// Whether the node ended the connection, with or without an answer.
async fn is_cut_off(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("an end in time");
    !String::from_utf8_lossy(&rest).contains("101 Switching")
}

#[tokio::test]
async fn an_expired_token_is_told_so_and_the_room_notices_nothing() {
    let door = Door::open(Limits::default()).await;
    let mut anna = join(&door, 1).await;
    let mut late = hello(&door, 2, -1).await;
    assert_eq!(late.refusal().await, (ErrorCode::TokenExpired, CloseCode::Normal));
    let _ben = join(&door, 3).await;
    let ServerMessage::PeerJoined { peer } = anna.next().await else { panic!("somebody else was heard of") };
    assert_eq!(peer.id, peer_id(3));
}

#[tokio::test]
async fn an_oversized_message_is_answered_and_a_monstrous_one_ends_with_its_reason() {
    let door = Door::open(Limits::default()).await;
    let mut anna = join(&door, 1).await;
    anna.0.send(Message::text(" ".repeat(SIGNALING_MESSAGE_BYTES + 1))).await.unwrap();
    assert!(matches!(anna.next().await, ServerMessage::Error { code: ErrorCode::MessageTooLarge, fatal: false, .. }));
    let monstrous = || Message::text(" ".repeat(3 * SIGNALING_MESSAGE_BYTES));
    anna.0.send(monstrous()).await.unwrap();
    assert_eq!(anna.refusal().await, (ErrorCode::MessageTooLarge, CloseCode::Size));
    let mut stranger = socket(&door).await;
    stranger.0.send(monstrous()).await.unwrap();
    assert_eq!(stranger.refusal().await, (ErrorCode::MessageTooLarge, CloseCode::Size));
}

#[tokio::test]
async fn strangers_who_say_nothing_make_room_for_those_who_do() {
    let door = Door::open(Limits { doorstep: 3, ..Limits::default() }).await;
    let mut anna = join(&door, 1).await;
    let (silent, upgraded, _recent) = (door.tcp().await, socket(&door).await, door.tcp().await);
    let mut ben = join(&door, 2).await;
    assert!(is_cut_off(silent).await);
    let _another = door.tcp().await;
    let _chris = join(&door, 3).await;
    let Client(mut upgraded) = upgraded;
    let end = timeout(PATIENCE, upgraded.next()).await.expect("an end in time");
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
    // Whoever is in does not stand on the doorstep any more.
    for n in [2, 3] {
        let ServerMessage::PeerJoined { peer } = anna.next().await else { panic!("Anna lost something") };
        assert_eq!(peer.id, peer_id(n));
    }
    assert!(matches!(ben.next().await, ServerMessage::PeerJoined { .. }));
}

#[tokio::test]
async fn a_request_head_that_never_ends_is_cut_off() {
    let door = Door::open(Limits { head_time: Duration::from_millis(50), ..Limits::default() }).await;
    let mut slow = door.tcp().await;
    slow.write_all(b"GET /native HTTP/1.1\r\nHost: local").await.unwrap();
    assert!(is_cut_off(slow).await);
    join(&door, 1).await;
}
