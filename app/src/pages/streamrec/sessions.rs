use super::view::{SessionView, StreamRecordingView};
use crate::{
    components::{Elapsed, Instant},
    format,
};
use leptos::prelude::*;
use protocol::{
    recording::RecordingState,
    streamrec::{SessionKind, SessionState},
};

/// Sessions, each with what was recorded in it.
#[component]
pub fn SessionTable(sessions: Vec<SessionView>) -> impl IntoView {
    let rows = sessions.into_iter().map(|session| view! { <SessionRows session/> }).collect_view();
    view! {
        <div class="table-frame">
            <table class="table sessions">
                <caption class="visually-hidden">"Sessions, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"State"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"Since (UTC)"</th>
                        <th scope="col">"Duration"</th>
                        <th scope="col">"Ended by"</th>
                    </tr>
                </thead>
                {rows}
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn SessionRows(session: SessionView) -> impl IntoView {
    let who = match session.kind {
        SessionKind::Client => "Client",
        SessionKind::Supervisor => "Supervisor",
    };
    let (class, state) = match session.state {
        SessionState::Created => ("badge badge-busy", "Waiting"),
        SessionState::Active => ("badge badge-live", "Active"),
        SessionState::Terminated => ("badge", "Ended"),
    };
    let recordings = session.recordings.into_iter().map(|recording| view! { <RecordingRow recording/> }).collect_view();
    view! {
        <tbody data-session=session.id.to_string()>
            <tr>
                <td data-label="State"><span class=class>{state}</span></td>
                <th scope="row" data-label="Who" class="wrap"><span>{session.client}<span class="table-detail">{who}</span></span></th>
                <td data-label="Since"><Instant unix_ms=session.created_ms/></td>
                <td data-label="Duration">{session.duration_ms.map(|ms| view! { <Elapsed ms/> })}</td>
                <td data-label="Ended by">{session.cause.map(|cause| view! { <code>{cause}</code> })}</td>
            </tr>
            {recordings}
        </tbody>
    }
    .into_any()
}

#[component]
fn RecordingRow(recording: StreamRecordingView) -> impl IntoView {
    let (class, word) = badge(&recording);
    let length = recording.duration_ms.map(|ms| view! { <Elapsed ms/> });
    let size = recording.bytes.map(format::size);
    view! {
        <tr class="session-recording" data-recording=recording.id.to_string()>
            <td data-label="Recording"><span class=class data-state=recording.state.as_str()>{word}</span></td>
            <td data-label="Stream" colspan="2" class="wrap">
                <span>{format!("Stream {} to {}", recording.stream, recording.destination)}<span class="table-detail">{recording.remark}</span></span>
            </td>
            <td data-label="Length" colspan="2"><span>{length}<span class="table-detail">{size}</span></span></td>
        </tr>
    }
    .into_any()
}

/// Nothing is mixed here, so what follows a recording is its way to its address.
fn badge(recording: &StreamRecordingView) -> (&'static str, &'static str) {
    match recording.state {
        _ if recording.waits => ("badge badge-bad", "Not taken"),
        RecordingState::Requested => ("badge badge-busy", "Starting"),
        RecordingState::Recording => ("badge badge-live", "Recording"),
        RecordingState::Stopping | RecordingState::Mixing | RecordingState::Uploading => {
            ("badge badge-busy", "Uploading")
        }
        RecordingState::Ready => ("badge badge-good", "Uploaded"),
        RecordingState::Failed => ("badge badge-bad", "Failed"),
    }
}
