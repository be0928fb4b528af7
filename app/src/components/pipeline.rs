use leptos::prelude::*;
use protocol::recording::RecordingState;

const STEPS: [&str; 4] = ["Call", "Capture", "Mix", "Bucket"];

/// How far a recording is on its way from the call to the bucket.
#[component]
pub fn Pipeline(state: RecordingState) -> impl IntoView {
    let current = current_step(state);
    let steps = STEPS.iter().enumerate().map(|(at, name)| {
        let class = match at.cmp(&current) {
            std::cmp::Ordering::Less => "pipeline-step is-done",
            std::cmp::Ordering::Equal => "pipeline-step is-current",
            std::cmp::Ordering::Greater => "pipeline-step",
        };
        view! { <li class=class aria-current=(at == current).then_some("step")>{*name}</li> }
    });
    view! { <ol class="pipeline" aria-label="Progress">{steps.collect_view()}</ol> }
}

/// The step at work; past the last one when the recording is ready.
fn current_step(state: RecordingState) -> usize {
    match state {
        RecordingState::Requested => 0,
        RecordingState::Recording | RecordingState::Stopping => 1,
        RecordingState::Mixing => 2,
        RecordingState::Uploading => 3,
        RecordingState::Ready | RecordingState::Failed => STEPS.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strip_only_moves_forward() {
        for &from in RecordingState::ALL {
            for &to in RecordingState::ALL {
                assert!(!from.can_become(to) || current_step(to) >= current_step(from), "{from} to {to}");
            }
        }
    }
}
