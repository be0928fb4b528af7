use super::{
    api::{SetRecording, SetRelay},
    view::MissingCondition,
};
use crate::{
    components::{Card, FormNotice},
    note::Form,
    paths,
};
use leptos::{prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

/// Media Relay and Recording.
#[component]
pub fn SwitchesCard(
    application: ApplicationId,
    relay: bool,
    recording: bool,
    missing: Vec<MissingCondition>,
) -> impl IntoView {
    view! {
        <Card id="switches" title="Calls">
            <div class="setting">
                <div class="setting-text">
                    <h3 id="relay-label">"Media Relay"</h3>
                    <p id="relay-help" class="muted">
                        "Audio and video go through Mixdown's node. When off, participants connect to each other directly. Switching it ends running calls of this application; recordings of them are delivered."
                    </p>
                </div>
                <form method="post" action=SetRelay::url()>
                    <input type="hidden" name="application" value=application.to_string()/>
                    <SwitchButton on=relay label="relay-label" help="relay-help"/>
                </form>
                <FormNotice form=Form::Relay/>
            </div>
            <div class="setting">
                <div class="setting-text">
                    <h3 id="recording-label">"Recording"</h3>
                    <p id="recording-help" class="muted">
                        "Participants may start recordings. Switching it off stops the running ones within seconds and delivers what they captured."
                    </p>
                </div>
                <form method="post" action=SetRecording::url()>
                    <input type="hidden" name="application" value=application.to_string()/>
                    <SwitchButton on=recording label="recording-label" help="recording-help"/>
                </form>
                <FormNotice form=Form::Recording/>
                <Conditions missing/>
            </div>
        </Card>
    }
}

/// A button that says what pressing it brings about; the form carries the new position.
#[component]
fn SwitchButton(on: bool, label: &'static str, help: &'static str) -> impl IntoView {
    view! {
        <input type="hidden" name="on" value=(!on).to_string()/>
        <button
            type="submit"
            role="switch"
            class="switch"
            aria-checked=on.to_string()
            aria-labelledby=label
            aria-describedby=help
        >
            <span class="switch-track" aria-hidden="true"></span>
            <span class="switch-word" aria-hidden="true">{if on { "On" } else { "Off" }}</span>
        </button>
    }
}

/// What Recording still needs, each with the way to get it.
#[component]
fn Conditions(missing: Vec<MissingCondition>) -> impl IntoView {
    if missing.is_empty() {
        return None;
    }
    let items = missing.into_iter().map(|condition| {
        let advice = match condition.code.as_str() {
            "relay_required" => view! { "Switch it on above." }.into_any(),
            "storage_not_validated" => {
                view! { <a href=paths::STORAGE>"Open the storage and validate it."</a> }.into_any()
            }
            "plan_required" => view! { "Ask whoever runs this installation to change the plan." }.into_any(),
            _ => ().into_any(),
        };
        view! { <li data-condition=condition.code>{condition.sentence}" "{advice}</li> }
    });
    Some(view! {
        <div class="notice conditions">
            <p>"Recording needs:"</p>
            <ul>{items.collect_view()}</ul>
        </div>
    })
}
