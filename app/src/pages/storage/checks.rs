//! Validations as people follow them: steps that appear one after the other, and what earlier ones found.

use super::{
    HealthLine,
    api::{ValidateStorage, load_storage_state},
    view::{StepOutcome, StepView, StorageState, ValidationState, ValidationView},
};
use crate::{
    components::{Card, CopyControl, FormNotice, Instant},
    error::ErrorKind,
    note::Form,
    paths,
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use protocol::ids::StorageId;
use std::time::Duration;

/// How often a visible page looks again while a validation runs.
const REFRESH: Duration = Duration::from_millis(700);

/// Whether the storage works, and the latest validation step by step.
#[component]
pub fn ValidationCard(storage: StorageId, state: StorageState, may_change: bool) -> impl IntoView {
    let running = state.is_running();
    view! {
        <Card id="validation" title="Does it work?">
            <LiveState storage state/>
            {running.then(|| view! {
                <noscript>
                    // With the address: a browser would not load a page again whose address has a fragment.
                    <meta http-equiv="refresh" content=format!("3;url={}", paths::storage(storage))/>
                    <a class="button button-small" href=paths::storage(storage)>"Look again"</a>
                </noscript>
            })}
            {may_change.then(|| view! {
                <form method="post" action=ValidateStorage::url()>
                    <input type="hidden" name="storage" value=storage.to_string()/>
                    <button type="submit" class="button">"Check again"</button>
                </form>
                <FormNotice form=Form::Validation/>
            })}
        </Card>
    }
    .into_any()
}

/// Kept fresh where a script can look again.
#[island]
fn LiveState(storage: StorageId, state: StorageState) -> impl IntoView {
    let state = RwSignal::new(state);
    follow(storage, state);
    view! {
        {move || {
            let StorageState { health, validated_ms, validation } = state.get();
            view! {
                <HealthLine health validated_ms/>
                {validation.map(|validation| view! { <Progress validation/> })}
            }
        }}
    }
}

/// Looks again until the validation has ended. What is shown stays when the server does not answer.
fn follow(storage: StorageId, state: RwSignal<StorageState>) {
    let look = move || {
        if !state.with_untracked(StorageState::is_running) || document().hidden() {
            return;
        }
        spawn_local(async move {
            match load_storage_state(storage).await {
                Ok(fresh) if state.with_untracked(|shown| *shown != fresh) => state.set(fresh),
                Err(error) if error.kind == ErrorKind::SignedOut => {
                    let _ = window().location().reload();
                }
                _ => {}
            }
        });
    };
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(look, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[component]
fn Progress(validation: ValidationView) -> impl IntoView {
    let ValidationView { cause, state, started_ms, steps, .. } = validation;
    let current = steps.iter().position(|step| step.outcome == StepOutcome::Running);
    let summary = match (state, current) {
        (ValidationState::Running, Some(at)) => format!("Step {} of {}: {}", at + 1, steps.len(), steps[at].label),
        (ValidationState::Running, None) => "The check begins in a moment.".to_owned(),
        (ValidationState::Passed, _) => "Everything a recording needs works.".to_owned(),
        (ValidationState::Failed, _) => {
            "Something a recording needs does not work. It says below what to do.".to_owned()
        }
    };
    let ended = state != ValidationState::Running;
    view! {
        <p role="status">{summary}</p>
        <ol class="steps" data-validation=state.as_str()>
            {steps.into_iter().map(|step| view! { <StepItem step/> }).collect_view()}
        </ol>
        {ended.then(|| view! { <p class="hint">{cause}", "<Instant unix_ms=started_ms/>" UTC"</p> })}
    }
}

#[component]
fn StepItem(step: StepView) -> impl IntoView {
    let (class, mark, word) = match step.outcome {
        StepOutcome::Waiting => ("step", "M8 8h.01", "waiting"),
        StepOutcome::Running => ("step step-running", "M8 2.500a5.500 5.500 0 1 1-5.500 5.500", "running"),
        StepOutcome::Passed => ("step step-passed", "M3 8.500l3.500 3.500L13 4.500", "passed"),
        StepOutcome::Warning => ("step step-warning", "M8 3v6M8 12.500h.01", "warning"),
        StepOutcome::Failed => ("step step-failed", "M4 4l8 8M12 4l-8 8", "failed"),
        StepOutcome::Skipped => ("step", "M4 8h8", "skipped"),
    };
    let advice = (step.finding.is_some() || step.remedy.is_some() || step.snippet.is_some()).then(|| {
        view! {
            <div class="step-advice">
                {step.finding.map(|finding| view! { <p class="step-finding">{finding}</p> })}
                {step.remedy.map(|remedy| view! { <p>{remedy}</p> })}
                {step.snippet.map(|snippet| view! {
                    <div class="copy-block">
                        <pre tabindex="0">{snippet.clone()}</pre>
                        <CopyControl value=snippet label="what to paste".to_owned()/>
                    </div>
                })}
            </div>
        }
    });
    view! {
        <li class=class data-outcome=word>
            <svg class="step-mark" viewBox="0 0 16 16" aria-hidden="true"><path d=mark/></svg>
            <span>{step.label}<span class="visually-hidden">": "{word}</span></span>
            {advice}
        </li>
    }
}

/// What the validations before the latest one found.
#[component]
pub fn History(validations: Vec<ValidationView>) -> impl IntoView {
    if validations.is_empty() {
        return None;
    }
    let rows = validations.into_iter().map(|validation| {
        let (class, word) = match validation.state {
            ValidationState::Running => ("badge badge-busy", "Running"),
            ValidationState::Passed => ("badge badge-good", "Passed"),
            ValidationState::Failed => ("badge badge-bad", "Failed"),
        };
        let telling = |step: &StepView| matches!(step.outcome, StepOutcome::Failed | StepOutcome::Warning);
        let found = validation.steps.into_iter().find(telling);
        let found = found.map(|step| step.finding.unwrap_or(step.label));
        view! {
            <tr>
                <td data-label="When"><Instant unix_ms=validation.started_ms/></td>
                <td data-label="Result"><span class=class>{word}</span></td>
                <td data-label="Why">{validation.cause}</td>
                <td data-label="Found" class="wrap">{found}</td>
            </tr>
        }
    });
    Some(view! {
        <Card id="history" title="Earlier checks">
            <div class="table-frame">
                <table class="table">
                    <caption class="visually-hidden">"Earlier checks, newest first"</caption>
                    <thead>
                        <tr><th scope="col">"When (UTC)"</th><th scope="col">"Result"</th><th scope="col">"Why"</th><th scope="col">"Found"</th></tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </Card>
    })
}
