//! StreamRec: what the page of an application shows of it.

use crate::{
    pages::application::view::{SessionRecordingView, SessionView, StreamrecView},
    server::unix_ms,
};
use domain::{Services, streamrec::sessions::Session};

impl StreamrecView {
    pub fn of(services: &Services, sessions: Vec<Session>, public_key: Option<String>) -> Self {
        let address = services.settings().public_url.origin().ascii_serialization();
        Self { address, sessions: sessions.into_iter().map(Into::into).collect(), public_key }
    }
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        let recordings = session.recordings.into_iter();
        Self {
            kind: session.kind,
            client: session.client.to_string(),
            state: session.state,
            cause: session.cause.map(|cause| cause.to_string()),
            created_ms: unix_ms(session.created_at.timestamp_millis()),
            recordings: recordings.map(|(id, state)| SessionRecordingView { id, state }).collect(),
        }
    }
}
