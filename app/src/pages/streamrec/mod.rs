//! StreamRec: the sessions of clients and supervisors, their recordings, and what to paste to have some.

use super::{
    api::load_streamrec,
    view::{SessionView, StreamrecView},
};
use crate::{
    components::{Card, CopyBlock, CopyText, Instant, Notice, RecordingBadge, Tone},
    load::load,
};
use leptos::{either::Either, prelude::*};
use protocol::{
    ids::ApplicationId,
    streamrec::{SessionKind, SessionState},
};

/// What there is of StreamRec in an application.
#[component]
pub fn StreamrecCard(application: ApplicationId) -> impl IntoView {
    view! {
        <Card id="streamrec" title="StreamRec">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_streamrec(application)).await {
                        Ok(shown) => Either::Left(view! { <Streamrec shown/> }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </Card>
    }
}

#[component]
fn Streamrec(shown: StreamrecView) -> impl IntoView {
    let StreamrecView { address, sessions, public_key } = shown;
    let list = if sessions.is_empty() {
        Either::Left(view! { <p class="muted">"No client has had a session yet."</p> })
    } else {
        let rows = sessions.into_iter().map(|session| view! { <SessionRow session/> }).collect_view();
        Either::Right(view! {
            <div class="table-frame">
                <table class="table">
                    <thead><tr><th>"Who"</th><th>"State"</th><th>"Since"</th><th>"Recordings"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        })
    };
    let signed = public_key.map(|key| {
        view! {
            <p class="muted">"Messages to the webhook addresses of requests are signed. This public key verifies them:"</p>
            <CopyText value=key label="the public key of the webhooks"/>
        }
    });
    view! {
        <p class="muted">"One client's streams, each recorded as it is to an address that the client names, and watched by up to three supervisors."</p>
        {list}
        <details>
            <summary>"How to use it"</summary>
            <p class="muted">"The master key is an API key for this application with the scope streamrec. It stays on your server, which gets tokens for it:"</p>
            <CopyBlock value=token_lines(&address) label="the requests for tokens"/>
            <p class="muted">"In the page of the client:"</p>
            <CopyBlock value=client_lines(&address) label="the page of a client"/>
            <p class="muted">"In the page of a supervisor:"</p>
            <CopyBlock value=supervisor_lines(&address) label="the page of a supervisor"/>
            {signed}
        </details>
    }
}

#[component]
fn SessionRow(session: SessionView) -> impl IntoView {
    let who = match session.kind {
        SessionKind::Client => "Client",
        SessionKind::Supervisor => "Supervisor",
    };
    let (class, state) = match session.state {
        SessionState::Created => ("badge badge-busy", "Waiting"),
        SessionState::Active => ("badge badge-live", "Active"),
        SessionState::Terminated => ("badge", "Ended"),
    };
    let recordings = session.recordings.into_iter().map(|recording| {
        view! {
            <span class="identifier" title=recording.id.to_string()><RecordingBadge state=recording.state/></span>
        }
    });
    view! {
        <tr>
            <td><span class="identifier">{session.client}</span><span class="table-detail">{who}</span></td>
            <td><span class=class>{state}</span><span class="table-detail">{session.cause}</span></td>
            <td><Instant unix_ms=session.created_ms/></td>
            <td>{recordings.collect_view()}</td>
        </tr>
    }
}

fn token_lines(address: &str) -> String {
    format!(
        "curl {address}/auth_v2/client -d '{{\"master_key\":\"mdk_…\",\"client_id\":\"client-1\",\"token_ttl_s\":3600}}'\n\
         curl {address}/auth_v2/supervisor -d '{{\"master_key\":\"mdk_…\",\"client_id\":\"supervisor-1\",\"client_to_monitor\":\"client-1\"}}'"
    )
}

fn client_lines(address: &str) -> String {
    format!(
        "import eyeson from '{address}/sdk/streamrec.js';\n\
         const stream = await navigator.mediaDevices.getUserMedia({{ video: true, audio: true }});\n\
         await eyeson.connect('client-1', clientToken, stream, 'https://example.com/session-webhook');\n\
         await eyeson.startRecording(presignedPutUrl, 'https://example.com/upload-webhook');\n\
         await eyeson.stopRecording();\n\
         await eyeson.disconnect();"
    )
}

fn supervisor_lines(address: &str) -> String {
    format!(
        "import eyeson from '{address}/sdk/streamrec.js';\n\
         const watched = await eyeson.Supervisor.connect('supervisor-1', 'client-1', supervisorToken);\n\
         document.querySelector('video').srcObject = watched;"
    )
}
