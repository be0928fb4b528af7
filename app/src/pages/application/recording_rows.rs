use super::{
    api::StopRecording,
    causes,
    view::{RecordingView, poster_address},
};
use crate::{
    components::{Elapsed, Instant, Pipeline, RecordingBadge},
    format,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::recording::RecordingState;

/// Length of the longest recording in the list; bars are drawn beside it.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    longest_ms: u64,
}

impl Scale {
    pub fn of(recordings: &[RecordingView]) -> Self {
        Self { longest_ms: recordings.iter().filter_map(|recording| recording.duration_ms).max().unwrap_or(0) }
    }

    /// Width of a bar, in hundredths; never invisible.
    fn percent(self, ms: u64) -> u64 {
        (ms * 100).checked_div(self.longest_ms).unwrap_or(0).clamp(2, 100)
    }
}

/// One recording: a row, and below it what a person should know.
#[component]
pub fn RecordingRows(
    recording: RecordingView,
    scale: Scale,
    /// This page, without the player.
    here: String,
) -> impl IntoView {
    let remark = remark(&recording);
    let id = recording.id.to_string();
    let stream = recording.stream.clone().map(|stream| view! { <span class="table-detail">{stream}</span> });
    let (room, started_ms, duration_ms) = (recording.room.clone(), recording.started_ms, recording.duration_ms);
    // Nothing is mixed of a stream.
    let state = match recording.state {
        RecordingState::Stopping | RecordingState::Mixing if recording.elsewhere => RecordingState::Uploading,
        state => state,
    };
    let on_hold = recording.on_hold;
    // The room is named beside it, so it says nothing to who does not see it.
    let poster = (is_playable(&recording) && recording.poster).then(|| {
        let address = poster_address(recording.id);
        view! { <img class="recording-poster" src=address alt="" width="96" height="54" loading="lazy"/> }
    });
    let size = recording.bytes.map(|bytes| {
        let picture = recording.picture.map(|(width, height)| format!("{width} × {height}"));
        view! { {format::size(bytes)}<span class="table-detail">{picture}</span> }
    });
    view! {
        <tbody class="recording" data-recording=id>
            <tr>
                <td data-label="State">
                    <span class="badges">
                        <RecordingBadge state/>
                        {on_hold.then(|| view! { <span class="badge badge-busy">"On hold"</span> })}
                    </span>
                </td>
                <th scope="row" data-label="Room" class="wrap"><span class="recording-room">{poster}<span>{room}{stream}</span></span></th>
                <td data-label="Started"><Instant unix_ms=started_ms/></td>
                <td data-label="Duration">{duration_ms.map(|ms| view! { <Length ms scale/> })}</td>
                <td data-label="Size" class="number">{size}</td>
                <td class="table-actions"><Actions recording here/></td>
            </tr>
            {remark.map(|remark| view! { <tr class="recording-remark"><td colspan="6">{remark}</td></tr> })}
        </tbody>
    }
}

/// What the second row says: the way still to go, or why it ended as it did.
fn remark(recording: &RecordingView) -> Option<AnyView> {
    if !recording.state.is_final() {
        let state = recording.state;
        return match (recording.elsewhere, state) {
            (false, _) => Some(view! { <Pipeline state/> }.into_any()),
            (true, RecordingState::Requested | RecordingState::Recording) => None,
            // What the address says is told with its session.
            (true, _) => {
                Some(view! { <p class="muted">"On its way to the address that its client chose."</p> }.into_any())
            }
        };
    }
    if let Some(deletion) = &recording.deletion {
        let (deleted_ms, cause) = (deletion.deleted_ms, deletion.cause.clone());
        return Some(view! {
            <p class="muted">
                {match deleted_ms {
                    Some(at) => Either::Left(view! { "Deleted from the bucket on "<Instant unix_ms=at/>" UTC, "{cause}"." }),
                    None => Either::Right(view! { "Being deleted from the bucket, "{cause}"." }),
                }}
            </p>
        }.into_any());
    }
    let failed = recording
        .failure_cause
        .filter(|_| recording.state == RecordingState::Failed)
        .map(|cause| causes::failed(cause, recording.elsewhere));
    let sentence = failed.or_else(|| recording.stop_cause.and_then(causes::stopped))?;
    Some(view! { <p class="muted">{sentence}</p> }.into_any())
}

/// A duration with a bar as long as it is beside the others.
#[component]
fn Length(ms: u64, scale: Scale) -> impl IntoView {
    view! {
        <Elapsed ms/>
        <svg class="length" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
            <rect class="length-track" width="100" height="4"/>
            <rect class="length-bar" width=scale.percent(ms).to_string() height="4"/>
        </svg>
    }
}

/// Whether the file is there to be played.
pub fn is_playable(recording: &RecordingView) -> bool {
    recording.state == RecordingState::Ready && recording.deletion.is_none() && !recording.elsewhere
}

#[component]
fn Actions(recording: RecordingView, here: String) -> impl IntoView {
    let id = recording.id.to_string();
    let of_room = format!(" the recording of {}", recording.room);
    let with =
        |word: &str, place: &str| format!("{here}{}{word}={id}#{place}", if here.contains('?') { '&' } else { '?' });
    let action = |address: String, text: &'static str| {
        let of_room = of_room.clone();
        view! { <a class="button button-small" href=address>{text}<span class="visually-hidden">{of_room}</span></a> }
    };
    if recording.state.is_final() {
        let file = is_playable(&recording).then(|| {
            let download = format!("/api/console/download?recording={id}");
            (action(with("play", "player"), "Play"), action(download, "Download"))
        });
        return Some(view! { {file}{action(with("manage", "manage"), "Manage")} }.into_any());
    }
    matches!(recording.state, RecordingState::Requested | RecordingState::Recording).then(|| {
        view! {
            <form method="post" action=StopRecording::url()>
                <input type="hidden" name="recording" value=id.clone()/>
                <button type="submit" class="button button-small button-danger">"Stop"<span class="visually-hidden">{of_room.clone()}</span></button>
            </form>
        }.into_any()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_never_too_wide_or_invisible() {
        let scale = Scale { longest_ms: 1000 };
        assert_eq!((scale.percent(0), scale.percent(500), scale.percent(1000)), (2, 50, 100));
        assert_eq!(Scale { longest_ms: 0 }.percent(0), 2);
    }
}
