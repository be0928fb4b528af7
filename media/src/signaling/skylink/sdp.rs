//! Translates session descriptions between a client and the room.
//!
//! The room numbers its slots from 0 and the client numbers its own media from 0, each unaware of the other. So that
//! offers that cross cannot mean different things by one number, a slot's `mid` gets an `s` for the client and a
//! client's `mid` gets a `c` for the room. What a slot carries at the moment is known here only; for the room it always
//! sends. A client sends on a slot's line, too, when its page adds a track: browsers take the first line that is free.

use crate::rtc::MediaKind;
use std::collections::BTreeMap;

const DIRECTIONS: [&str; 4] = ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"];

/// A description of the client, as the room is to have it.
#[derive(Debug, PartialEq, Eq)]
pub struct FromClient {
    pub sdp: String,
    /// Its media lines, those of slots included, and whether it sends on them.
    pub sends: BTreeMap<String, bool>,
}

/// One medium of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotLine {
    /// As the client knows it.
    pub mid: String,
    pub slot: usize,
    pub kind: MediaKind,
}

/// How a description of the room is to be written for the client.
#[derive(Debug)]
pub struct Writing<'a> {
    /// Of the slots that carry something, the stream by the client's `mid`.
    pub streams: &'a BTreeMap<String, String>,
    /// On which lines the client sends, by its latest offer.
    pub sends: &'a BTreeMap<String, bool>,
    pub answering: bool,
    /// 0.9 clients make `inactive` of directions that they recognize in answers. With a space at the end they do not
    /// recognize them, and browsers do.
    pub hide_directions: bool,
}

/// Reads an offer or answer of the client.
#[must_use]
pub fn from_client(sdp: &str) -> FromClient {
    let (head, sections) = sections(sdp);
    let mut lines_sent_on = BTreeMap::new();
    let mut out = Vec::new();
    for line in head {
        out.push(with_mids(line, room_mid));
    }
    for section in sections {
        let mid = value(&section, "a=mid:").unwrap_or_default();
        let of_slot = is_of_slot(mid);
        let sends = section.iter().any(|line| matches!(line.trim_end(), "a=sendrecv" | "a=sendonly"));
        if !is_data(&section) {
            lines_sent_on.insert(mid.to_owned(), sends);
        }
        let direction = match (of_slot, sends) {
            (false, _) => "a=sendonly",
            (true, true) => "a=sendrecv",
            (true, false) => "a=recvonly",
        };
        for line in section {
            out.push(match line.trim_end() {
                line if DIRECTIONS.contains(&line) => direction.to_owned(),
                line if line.starts_with("a=mid:") => format!("a=mid:{}", room_mid(mid)),
                line if line.starts_with("a=fmtp:") => tidy_parameters(line),
                line => line.to_owned(),
            });
        }
    }
    FromClient { sdp: joined(&out), sends: lines_sent_on }
}

/// An offer of an early client for the media of one peer: only the odd spelling has to go.
#[must_use]
pub fn tidied(sdp: &str) -> String {
    let tidy = |line: &str| {
        let line = line.trim_end();
        if line.starts_with("a=fmtp:") { tidy_parameters(line) } else { line.to_owned() }
    };
    joined(&sdp.lines().map(tidy).filter(|line| !line.is_empty()).collect::<Vec<_>>())
}

/// The media of slots in an offer of the room.
#[must_use]
pub fn slot_lines(sdp: &str) -> Vec<SlotLine> {
    let (_, sections) = sections(sdp);
    let line = |section: &Vec<&str>| {
        let mid = client_mid(value(section, "a=mid:")?);
        slot_number(&mid)?;
        let slot = value(section, "a=msid:slot-")?.split(' ').next()?.parse().ok()?;
        let kind = if section.first()?.starts_with("m=audio") { MediaKind::Audio } else { MediaKind::Video };
        Some(SlotLine { mid, slot, kind })
    };
    sections.iter().filter_map(line).collect()
}

/// Writes an offer or answer of the room for the client.
#[must_use]
pub fn for_client(sdp: &str, writing: &Writing<'_>) -> String {
    let (head, sections) = sections(sdp);
    let mut out: Vec<String> = head.into_iter().map(|line| with_mids(line, client_mid)).collect();
    for section in sections {
        write_section(&section, writing, &mut out);
    }
    joined(&out)
}

fn write_section(section: &[&str], writing: &Writing<'_>, out: &mut Vec<String>) {
    let mid = client_mid(value(section, "a=mid:").unwrap_or_default());
    let of_slot = is_of_slot(&mid);
    let stream = writing.streams.get(&mid);
    let direction = match (of_slot, stream.is_some(), writing.sends.get(&mid)) {
        (true, true, Some(true)) => "sendrecv",
        (true, true, _) => "sendonly",
        (true, false, Some(true)) => "recvonly",
        (true, false, _) => "inactive",
        (false, _, Some(false)) if writing.answering => "inactive",
        (false, ..) => "recvonly",
    };
    let track = section.first().map_or("", |line| if line.starts_with("m=audio") { "audio" } else { "video" });
    for line in section {
        let line = line.trim_end();
        if DIRECTIONS.contains(&line) {
            out.push(format!("a={direction}{}", if writing.hide_directions { " " } else { "" }));
        } else if line.starts_with("a=mid:") {
            out.push(format!("a=mid:{mid}"));
        } else if of_slot && (line.starts_with("a=msid:") || line.starts_with("a=ssrc")) {
            // Without a stream there is nothing to announce; the browser would make a track of it.
            let Some(stream) = stream else { continue };
            out.push(match line.split_once(" msid:") {
                Some((ssrc, _)) => format!("{ssrc} msid:{stream} {stream}-{track}"),
                None if line.starts_with("a=msid:") => format!("a=msid:{stream} {stream}-{track}"),
                None => line.to_owned(),
            });
        } else {
            out.push(line.to_owned());
        }
    }
}

/// The lines before the first medium, and those of each.
fn sections(sdp: &str) -> (Vec<&str>, Vec<Vec<&str>>) {
    let (mut head, mut media) = (Vec::new(), Vec::<Vec<&str>>::new());
    for line in sdp.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with("m=") {
            media.push(vec![line]);
        } else if let Some(section) = media.last_mut() {
            section.push(line);
        } else {
            head.push(line);
        }
    }
    (head, media)
}

fn value<'a>(section: &[&'a str], name: &str) -> Option<&'a str> {
    section.iter().find_map(|line| line.strip_prefix(name)).map(str::trim_end)
}

fn is_data(section: &[&str]) -> bool {
    section.first().is_some_and(|line| line.starts_with("m=application"))
}

/// Whether a line with this name of the client's is one of a slot.
#[must_use]
pub fn is_of_slot(mid: &str) -> bool {
    slot_number(mid).is_some()
}

/// The number in the client's name of a slot's medium.
fn slot_number(mid: &str) -> Option<&str> {
    mid.strip_prefix('s').filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn room_mid(mid: &str) -> String {
    slot_number(mid).map_or_else(|| format!("c{mid}"), str::to_owned)
}

fn client_mid(mid: &str) -> String {
    mid.strip_prefix('c').map_or_else(|| format!("s{mid}"), str::to_owned)
}

fn with_mids(line: &str, rename: impl Fn(&str) -> String) -> String {
    match line.trim_end().strip_prefix("a=group:BUNDLE") {
        Some(mids) => {
            mids.split_whitespace().fold("a=group:BUNDLE".to_owned(), |group, mid| format!("{group} {}", rename(mid)))
        }
        None => line.trim_end().to_owned(),
    }
}

/// 0.9 clients leave empty parameters behind when they rewrite a line.
fn tidy_parameters(line: &str) -> String {
    let Some((payload, parameters)) = line.split_once(' ') else { return line.to_owned() };
    let kept: Vec<&str> = parameters.split(';').map(str::trim).filter(|parameter| !parameter.is_empty()).collect();
    format!("{payload} {}", kept.join(";"))
}

fn joined(lines: &[String]) -> String {
    let mut sdp = lines.join("\r\n");
    sdp.push_str("\r\n");
    sdp
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFER: &str = "v=0\r\na=group:BUNDLE 0 1 2 s0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\na=fmtp:111 ;minptime=10;;useinbandfec=1;\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:s0\r\na=inactive\r\n";

    const ROOM: &str = "v=0\r\na=group:BUNDLE c0 0 1\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:c0\r\na=recvonly\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=msid:slot-0 slot-0-audio\r\na=ssrc:7 cname:slot-0\r\n\
        a=ssrc:7 msid:slot-0 slot-0-audio\r\na=sendonly\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=msid:slot-0 slot-0-video\r\na=ssrc:8 cname:slot-0\r\na=sendonly\r\n";

    #[test]
    fn the_room_gets_the_clients_media_as_sending_and_slots_as_receiving() {
        let read = from_client(OFFER);
        assert_eq!(read.sends, BTreeMap::from([("0".into(), true), ("1".into(), false), ("s0".into(), false)]));
        assert_eq!(
            read.sdp,
            "v=0\r\na=group:BUNDLE c0 c1 c2 0\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:c0\r\na=sendonly\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:c1\r\na=sendonly\r\n\
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:c2\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n"
        );
    }

    #[test]
    fn the_client_sees_only_slots_that_carry_something() {
        let lines = slot_lines(ROOM);
        let line = |mid: &str, kind| SlotLine { mid: mid.into(), slot: 0, kind };
        assert_eq!(lines, [line("s0", MediaKind::Audio), line("s1", MediaKind::Video)]);
        let streams = BTreeMap::from([("s0".to_owned(), "ann".to_owned())]);
        let sends = BTreeMap::new();
        let writing = Writing { streams: &streams, sends: &sends, answering: false, hide_directions: false };
        assert_eq!(
            for_client(ROOM, &writing),
            "v=0\r\na=group:BUNDLE 0 s0 s1\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:s0\r\na=msid:ann ann-audio\r\na=ssrc:7 cname:slot-0\r\n\
            a=ssrc:7 msid:ann ann-audio\r\na=sendonly\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:s1\r\na=inactive\r\n"
        );
    }

    #[test]
    fn answers_take_what_is_sent_and_hide_directions_from_those_who_spoil_them() {
        let (streams, sends) = (BTreeMap::new(), BTreeMap::from([("0".to_owned(), false)]));
        let writing = Writing { streams: &streams, sends: &sends, answering: true, hide_directions: true };
        let answer = for_client(ROOM, &writing);
        assert_eq!(answer.matches("a=inactive \r\n").count(), 3, "{answer}");
    }

    #[test]
    fn a_client_may_send_on_the_line_of_a_slot() {
        let read = from_client(&OFFER.replace("a=inactive", "a=sendrecv"));
        assert!(read.sdp.ends_with("a=mid:0\r\na=sendrecv\r\n"), "{}", read.sdp);
        let streams = BTreeMap::from([("s0".to_owned(), "ann".to_owned())]);
        for (streams, answering, direction) in [
            (&streams, true, "a=sendrecv"),
            (&streams, false, "a=sendrecv"),
            (&BTreeMap::new(), true, "a=recvonly"),
            (&BTreeMap::new(), false, "a=recvonly"),
        ] {
            let writing = Writing { streams, sends: &read.sends, answering, hide_directions: false };
            let written = for_client(ROOM, &writing);
            let line = written.split("m=audio").nth(2).unwrap();
            assert!(line.lines().any(|line| line == direction), "{written}");
        }
    }

    proptest! {
        #[test]
        fn foreign_descriptions_never_panic(sdp in "(m=(audio|video)|a=mid:|a=group:BUNDLE|a=msid:slot-|[ -~]|\n){0,40}") {
            let read = from_client(&sdp);
            let _ = slot_lines(&read.sdp);
            let streams = BTreeMap::new();
            let writing = Writing { streams: &streams, sends: &read.sends, answering: true, hide_directions: true };
            let _ = for_client(&read.sdp, &writing);
        }
    }
}
