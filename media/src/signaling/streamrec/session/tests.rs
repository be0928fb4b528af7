use super::*;
use protocol::streamrec::Confidential;

fn recording(number: u8) -> RecordingId {
    RecordingId::from_parts(1, [number; 10])
}

fn started(number: u8) -> StreamRecording {
    StreamRecording { id: recording(number), max_duration_seconds: 60, address_expires_at: None }
}

fn wanted(stream: u8) -> Wanted {
    Wanted { stream, url: Confidential::new("https://bucket.example".to_owned()), webhook: None }
}

fn offer() -> Option<Description> {
    Some(Description::Offer("v=0".to_owned()))
}

fn begin() -> Incoming {
    Incoming::Begin { sdp: offer(), webhook: Some("https://hook".to_owned()), version: None }
}

fn stop() -> Incoming {
    Incoming::Stop { cause: TerminationCause::TermByClient }
}

fn answer() -> ServerMessage {
    ServerMessage::Answer { sdp: "v=0 answer".to_owned() }
}

fn record(wanted: Vec<Wanted>) -> Incoming {
    Incoming::Record { sdp: None, wanted, webhook: None }
}

fn news(state: RecordingSignal, number: u8) -> ServerMessage {
    ServerMessage::RecordingState { state, recording: Some(recording(number)), url: None, error: None }
}

fn states(effects: &[Effect]) -> Vec<(u8, &'static str)> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Say(Outgoing::Recording(standing)) => Some((standing.stream, standing.state)),
        _ => None,
    });
    told.collect()
}

fn active() -> Session {
    let mut session = Session::new(SessionKind::Client, Generation::V2);
    assert_eq!(session.said(begin()), [Effect::Offer { sdp: "v=0".to_owned() }]);
    let effects = session.heard(answer());
    assert_eq!(effects[1], Effect::Begin { webhook: Some("https://hook".to_owned()), version: None });
    session
}

#[test]
fn a_client_records_its_streams_each_for_itself() {
    let mut session = active();
    let effects = session.said(record(vec![wanted(0), wanted(2)]));
    assert_eq!(effects, [Effect::Record(wanted(0)), Effect::Record(wanted(2))]);
    assert_eq!(states(&session.said(record(vec![wanted(0)]))), [(0, RECORDING_FAILED)], "it is being decided");
    assert_eq!(states(&session.decided(0, Ok(started(1)), 5)), [(0, RECORDING_RUNS)]);
    assert_eq!(states(&session.decided(2, Err(StartRefusal::RecordingOff), 5)), [(2, RECORDING_FAILED)]);
    assert_eq!(session.said(record(vec![wanted(2)])), [Effect::Record(wanted(2))], "a refusal is not for ever");
    session.decided(2, Ok(started(2)), 6);
    assert_eq!(states(&session.welcome_back()), [(0, RECORDING_RUNS), (2, RECORDING_RUNS)]);

    let one = session.said(Incoming::StopRecording { recording: Some(recording(2)) });
    assert_eq!(one, [Effect::StopRecording(recording(2))]);
    assert_eq!(states(&session.heard(news(RecordingSignal::Stop, 2))), [(2, RECORDING_UPLOADS)]);
    assert_eq!(states(&session.heard(news(RecordingSignal::Link, 2))), [(2, RECORDING_UPLOADED)]);
    let rest = session.said(Incoming::StopRecording { recording: None });
    assert_eq!(rest, [Effect::StopRecording(recording(1))]);
    assert_eq!(states(&session.said(record(vec![wanted(3)]))), [(3, RECORDING_FAILED)], "there are three streams");
    assert_eq!(states(&session.said(record(vec![]))), [(0, RECORDING_FAILED)]);
}

#[test]
fn a_stop_that_is_faster_than_the_decision_counts() {
    let mut session = active();
    session.said(record(vec![wanted(0)]));
    assert_eq!(session.said(Incoming::StopRecording { recording: None }), []);
    assert_eq!(session.decided(0, Ok(started(1)), 5)[1], Effect::StopRecording(recording(1)));
    session.said(record(vec![wanted(1)]));
    assert_eq!(session.decided(1, Ok(started(2)), 5).len(), 1, "one stop is for one start");

    let mut session = Session::new(SessionKind::Client, Generation::V2);
    session.said(begin());
    session.said(record(vec![wanted(0)]));
    session.said(Incoming::StopRecording { recording: None });
    let effects = session.heard(answer());
    assert!(!effects.contains(&Effect::Record(wanted(0))), "{effects:?}");
}

#[test]
fn an_address_that_expires_early_is_warned_of() {
    for (expires_at, warned) in [(None, false), (Some(65_000), false), (Some(64_999), true)] {
        let mut session = active();
        session.said(record(vec![wanted(0)]));
        let started = StreamRecording { address_expires_at: expires_at, ..started(1) };
        let effects = session.decided(0, Ok(started), 5000);
        let [Effect::Say(Outgoing::Recording(standing))] = &effects[..] else { panic!("one message expected") };
        assert_eq!((standing.address_expires_at, standing.msg.is_some()), (expires_at, warned));
    }
}

#[test]
fn the_first_generation_begins_and_records_in_one() {
    let mut session = Session::new(SessionKind::Client, Generation::V1);
    let start = Incoming::Record { sdp: offer(), wanted: vec![wanted(0)], webhook: Some("https://hook".to_owned()) };
    assert_eq!(session.said(start), [Effect::Offer { sdp: "v=0".to_owned() }]);
    let effects = session.heard(answer());
    assert_eq!(effects[1..], [Effect::Begin { webhook: None, version: None }, Effect::Record(wanted(0))]);
    session.decided(0, Ok(started(1)), 5);
    let stopped = session.heard(news(RecordingSignal::Stop, 1));
    assert_eq!(stopped.last(), Some(&Effect::Say(Outgoing::RecordingStop)));
}

#[test]
fn sessions_end_once_and_say_why() {
    let causes = [
        (ByeReason::Shutdown, TerminationCause::ServiceShutdown),
        (ByeReason::ConnectionLost, TerminationCause::PeerconnFailed),
        (ByeReason::RelayChanged, TerminationCause::ServiceShutdown),
    ];
    for (reason, cause) in causes {
        let mut session = active();
        let effects = session.heard(ServerMessage::Bye { reason });
        assert_eq!(effects, [Effect::Say(Outgoing::Terminated { cause, msg: None }), Effect::End(cause)]);
        assert!(session.said(stop()).is_empty() && session.said(begin()).is_empty());
    }
    assert_eq!(active().no_media(true)[1], Effect::End(TerminationCause::NoPacketReceived));
    assert_eq!(active().no_media(false)[1], Effect::End(TerminationCause::ConnTimeout));
    assert_eq!(active().said(stop())[1], Effect::End(TerminationCause::TermByClient));
}

#[test]
fn what_is_not_sane_changes_nothing_or_is_named() {
    let mut session = Session::new(SessionKind::Client, Generation::V2);
    for message in [
        Incoming::Candidate,
        Incoming::Unknown { name: "sing".to_owned() },
        Incoming::Update { sdp: offer() },
        record(vec![wanted(0)]),
        Incoming::StopRecording { recording: None },
    ] {
        assert_eq!(session.said(message), []);
    }
    assert!(!session.has_begun());
    let nothing = Incoming::Begin { sdp: None, webhook: None, version: None };
    assert_eq!(session.said(nothing)[1], Effect::End(TerminationCause::SdpError));
    let mut session = Session::new(SessionKind::Client, Generation::V2);
    session.said(begin());
    let (code, message, cause) = (ErrorCode::InvalidDescription, "No.".to_owned(), TerminationCause::SdpError);
    let garbage = ServerMessage::Error { code, message: message.clone(), fatal: false };
    let terminated = Outgoing::Terminated { cause, msg: Some(message) };
    assert_eq!(session.heard(garbage), [Effect::Say(terminated), Effect::End(cause)]);

    let mut supervisor = Session::new(SessionKind::Supervisor, Generation::V2);
    supervisor.said(begin());
    supervisor.heard(answer());
    assert_eq!(supervisor.said(record(vec![wanted(0)])), [], "supervisors record nothing");
}
