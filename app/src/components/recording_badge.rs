use leptos::prelude::*;
use protocol::recording::RecordingState;

/// The state of a recording as a word and a colour.
#[component]
pub fn RecordingBadge(state: RecordingState) -> impl IntoView {
    let (class, word) = match state {
        RecordingState::Requested => ("badge badge-busy", "Starting"),
        RecordingState::Recording => ("badge badge-live", "Recording"),
        RecordingState::Stopping => ("badge badge-busy", "Stopping"),
        RecordingState::Mixing => ("badge badge-busy", "Mixing"),
        RecordingState::Uploading => ("badge badge-busy", "Uploading"),
        RecordingState::Ready => ("badge badge-good", "Ready"),
        RecordingState::Failed => ("badge badge-bad", "Failed"),
    };
    view! { <span class=class data-state=state.as_str()>{word}</span> }
}
