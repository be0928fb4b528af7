//! StreamRec: what the pages of an application show of it.

use crate::{
    error::ConsoleError,
    pages::{
        application::causes,
        streamrec::view::{SessionView, StreamRecordingView, StreamrecView},
    },
    server::{failure, unix_ms},
};
use domain::{
    Access, Services,
    access::Permission,
    applications,
    notifications::endpoints,
    streamrec::{
        self,
        sessions::{self, Session, SessionRecording},
    },
};
use protocol::{
    ids::{ApplicationId, SessionId},
    recording::RecordingState,
};

/// Sessions of an application, newest first, beginning after one.
pub async fn streamrec(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    after: Option<SessionId>,
) -> Result<StreamrecView, ConsoleError> {
    let name = applications::get(services, access, application).await.map_err(failure)?.name.to_string();
    let (sessions, more) = sessions::list(services, access, application, after).await.map_err(failure)?;
    let (public_key, webhooks) = if access.may(Permission::ViewWebhooks) {
        let key = streamrec::public_key(services, access, application).await.map_err(failure)?;
        (Some(key), endpoints::requested(services, access, application).await.map_err(failure)?)
    } else {
        (None, Vec::new())
    };
    let now_ms = services.clock().unix_ms();
    Ok(StreamrecView {
        application,
        name,
        address: services.settings().public_url.origin().ascii_serialization(),
        next: sessions.last().filter(|_| more).map(|session| session.id.to_string()),
        sessions: sessions.into_iter().map(|session| SessionView::of(session, now_ms)).collect(),
        public_key,
        webhooks: webhooks.into_iter().map(Into::into).collect(),
    })
}

impl SessionView {
    fn of(session: Session, now_ms: u64) -> Self {
        let until_ms = session.stopped_at.map_or(now_ms, |at| unix_ms(at.timestamp_millis()));
        let lasted = |from_ms| until_ms.saturating_sub(unix_ms(from_ms));
        Self {
            id: session.id,
            kind: session.kind,
            client: session.client.to_string(),
            state: session.state,
            cause: session.cause.map(|cause| cause.to_string()),
            created_ms: unix_ms(session.created_at.timestamp_millis()),
            duration_ms: session.started_at.map(|at| lasted(at.timestamp_millis())),
            recordings: session.recordings.into_iter().map(|each| StreamRecordingView::of(each, now_ms)).collect(),
        }
    }
}

impl StreamRecordingView {
    fn of(recording: SessionRecording, now_ms: u64) -> Self {
        let until_ms = recording.stopped_at.map_or(now_ms, |at| unix_ms(at.timestamp_millis()));
        let captured = recording.started_at.map(|at| until_ms.saturating_sub(unix_ms(at.timestamp_millis())));
        Self {
            id: recording.id,
            stream: recording.stream + 1,
            state: recording.state,
            waits: recording.refused.is_some() && !recording.state.is_final(),
            remark: remark(&recording),
            duration_ms: recording.duration_ms.or(captured),
            bytes: recording.bytes,
            destination: recording.destination,
        }
    }
}

fn remark(recording: &SessionRecording) -> Option<String> {
    let answered = recording.refused.map(|status| match status {
        0 => "The address did not take the file".to_owned(),
        status => format!("The address answered {status} and did not take the file"),
    });
    match (recording.state, answered) {
        (RecordingState::Ready, _) => None,
        (RecordingState::Failed, Some(answered)) => {
            Some(format!("{answered}, and no other one did. The file is gone."))
        }
        (RecordingState::Failed, None) => recording.failure.map(|cause| causes::failed(cause, true).to_owned()),
        (_, Some(answered)) => {
            let id = recording.id.uuid();
            Some(format!("{answered}. For a day another one may be named: PUT /api/v2/recordings/{id}/upload_url"))
        }
        (_, None) => None,
    }
}
