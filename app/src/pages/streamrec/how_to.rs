use crate::{
    components::{CopyBlock, CopyText},
    paths,
};
use leptos::prelude::*;

/// What to paste to have sessions.
#[component]
pub fn HowTo(
    /// Of this installation.
    address: String,
    public_key: Option<String>,
) -> impl IntoView {
    let signed = public_key.map(|key| {
        view! {
            <p class="muted">"Messages to the webhook addresses of requests are signed. This public key verifies them:"</p>
            <CopyText value=key label="the public key of the webhooks"/>
        }
    });
    view! {
        <p class="muted">
            "The master key is an "<a href=paths::API_KEYS>"API key"</a>
            " for this application with the scope streamrec. It stays on your server, which gets tokens for it:"
        </p>
        <CopyBlock value=token_lines(&address) label="the requests for tokens"/>
        <p class="muted">"In the page of the client:"</p>
        <CopyBlock value=client_lines(&address) label="the page of a client"/>
        <p class="muted">"In the page of a supervisor:"</p>
        <CopyBlock value=supervisor_lines(&address) label="the page of a supervisor"/>
        {signed}
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
        "import {{ Supervisor }} from '{address}/sdk/streamrec.js';\n\
         const watched = await Supervisor.connect('supervisor-1', supervisorToken, 'client-1');\n\
         document.querySelector('video').srcObject = watched;"
    )
}
