//! Whatever a client sends, the connection answers or refuses; it never panics, because a worker serves many rooms.

use media::{
    clock,
    rtc::{Connection, ConnectionSettings, Datagram, Output, Transport, VideoFormat},
};
use proptest::prelude::*;
use std::{net::SocketAddr, time::Duration};

/// As headless Chromium offers two tracks and one receive slot.
const OFFER: &str = include_str!("fixtures/chromium_offer.sdp");

/// With the line ends of RFC 8866, whatever version control made of them.
fn offer() -> String {
    OFFER.lines().flat_map(|line| [line, "\r\n"]).collect()
}

fn local() -> SocketAddr {
    ([127, 0, 0, 1], 3003).into()
}

fn connection() -> Connection {
    let settings = ConnectionSettings {
        candidates: vec![(Transport::Udp, local())],
        ufrag: "00aabbccdd".into(),
        password: "0123456789abcdef0123456789abcdef".into(),
        first_ssrc: 1,
        two_way_slots: false,
        video: VideoFormat::default(),
        lost_after: Duration::from_secs(20),
    };
    let mut connection = Connection::new(clock::now(), settings).unwrap();
    connection.ensure_slots(1).unwrap();
    connection
}

#[test]
fn a_browsers_offer_is_answered() {
    let answer = connection().answer(clock::now(), offer()).unwrap();
    let directions: Vec<&str> = answer.lines().filter(|line| line.ends_with("only")).collect();
    assert_eq!(directions, ["a=recvonly", "a=recvonly", "a=sendonly", "a=sendonly"], "{answer}");
    assert!(answer.contains("a=ice-lite") && answer.contains(" 127.0.0.1 3003 typ host"), "{answer}");
    assert!(!answer.contains("rtx") && !answer.contains("H264"), "{answer}");
}

#[test]
fn a_peer_that_never_comes_is_given_up_when_its_time_is_over() {
    let mut connection = connection();
    let begin = clock::now();
    connection.answer(begin, offer()).unwrap();
    let mut failed = (1..60_u64).filter(|second| {
        connection.timeout(begin + Duration::from_secs(*second));
        std::iter::from_fn(|| connection.output()).any(|output| matches!(output, Output::Failed))
    });
    assert!(failed.next().is_some_and(|second| (20..23).contains(&second)));
}

/// What may happen to one line of an offer.
#[derive(Debug, Clone)]
enum Damage {
    Drop,
    Repeat,
    Cut(usize),
    Replace(String),
    Flip(usize, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::Drop),
        Just(Damage::Repeat),
        (0..80_usize).prop_map(Damage::Cut),
        "[a-z]=[ -~]{0,60}".prop_map(Damage::Replace),
        "m=(audio|video|application) [0-9]{1,6} [A-Z/]{0,20}( [0-9]{1,4}){0,4}".prop_map(Damage::Replace),
        "a=(mid|ssrc|rtpmap|extmap|fingerprint|candidate|setup|group|ssrc-group|simulcast|rid|fmtp):[ -~]{0,40}"
            .prop_map(Damage::Replace),
        (0..80_usize, any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
    ]
}

fn damaged(damages: &[(prop::sample::Index, Damage)]) -> String {
    let mut lines: Vec<Vec<u8>> = OFFER.lines().map(|line| line.as_bytes().to_vec()).collect();
    for (index, damage) in damages {
        let at = index.index(lines.len());
        match damage {
            Damage::Drop => drop(lines.remove(at)),
            Damage::Repeat => lines.insert(at, lines[at].clone()),
            Damage::Cut(length) => lines[at].truncate(*length),
            Damage::Replace(line) => lines[at] = line.clone().into_bytes(),
            Damage::Flip(position, byte) => {
                if let Some(old) = lines[at].get_mut(*position) {
                    *old = *byte;
                }
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    String::from_utf8_lossy(&lines.join(&b"\r\n"[..])).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_offers_are_survived(
        first in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..6),
        second in prop::collection::vec((any::<prop::sample::Index>(), damage()), 0..6),
    ) {
        let mut connection = connection();
        let now = clock::now();
        // Refused or answered, both are fine; so is a second offer on whatever state is left.
        let _ = connection.answer(now, damaged(&first));
        let _ = connection.answer(now, damaged(&second));
        connection.timeout(now);
        while connection.transmit().is_some() {}
        while connection.output().is_some() {}
    }

    #[test]
    fn any_datagram_is_survived(
        datagrams in prop::collection::vec((0u8..=255, prop::collection::vec(any::<u8>(), 0..200)), 1..20),
    ) {
        let mut connection = connection();
        let now = clock::now();
        connection.answer(now, offer()).unwrap();
        for (first, rest) in &datagrams {
            let bytes = [&[*first], rest.as_slice()].concat();
            connection.receive(now, Datagram { from: ([127, 0, 0, 1], 9).into(), local: local(), transport: Transport::Udp, bytes: &bytes });
        }
        connection.timeout(now);
        while connection.transmit().is_some() {}
    }
}
